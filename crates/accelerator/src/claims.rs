//! Owns what a server claims of the file's digest, and when that is believed. Computes none.

use catalog::fields::{Answer, Claims, Covers};
use range_core::digest::{Digest, DigestAlgorithm};

/// The digests that one reply claims, those of its redirects first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Claimed(Vec<Claim>);

/// A claim of one reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Claim {
    digest: Digest,
    /// True if some servers make it of the part that they send. It is believed once a reply with
    /// another part says the same.
    is_doubtful: bool,
}

impl Claimed {
    /// Adds what a reply, or a redirect to it, says.
    pub(crate) fn add(&mut self, claims: &Claims, answer: Answer) {
        for claim in &claims.digests {
            let is_doubtful = match (claim.covers, answer) {
                // The content of a reply that is not coded, and has the whole file, is the file.
                (Covers::File, _) | (Covers::Content, Answer::Whole) => false,
                (Covers::FileOrContent, _) => true,
                (Covers::Content, Answer::Part | Answer::Redirect) => continue,
            };
            if let Some(digest) = claim.checksum.digest() {
                self.0.push(Claim {
                    digest,
                    is_doubtful,
                });
            }
        }
    }
}

/// The claims of all replies of a version together.
#[derive(Clone, Debug, Default)]
pub(crate) struct ServerDigests {
    believed: Vec<Digest>,
    doubtful: Vec<Digest>,
    /// The algorithms of which two replies claim different digests.
    contradicted: Vec<DigestAlgorithm>,
}

impl ServerDigests {
    /// Hears what an accepted reply claims. One that has the same part as another may make the same
    /// mistake, so that `is_another` says that its part begins elsewhere.
    pub(crate) fn hear(&mut self, claimed: &Claimed, is_another: bool) {
        let mut heard: Vec<DigestAlgorithm> = Vec::new();
        for claim in &claimed.0 {
            let algorithm = claim.digest.algorithm();
            // Of one reply, the first word counts: a redirect's is that of the server asked.
            if heard.contains(&algorithm) || self.contradicted.contains(&algorithm) {
                continue;
            }
            heard.push(algorithm);
            self.weigh(*claim, is_another);
        }
    }

    fn weigh(&mut self, claim: Claim, is_another: bool) {
        let algorithm = claim.digest.algorithm();
        let of = |digest: &&Digest| digest.algorithm() == algorithm;
        if let Some(known) = self.believed.iter().find(of) {
            let is_same = *known == claim.digest;
            if !is_same && !claim.is_doubtful {
                self.believed.retain(|known| known.algorithm() != algorithm);
                self.contradicted.push(algorithm);
            }
            return;
        }
        if !claim.is_doubtful {
            self.believed.push(claim.digest);
            return;
        }
        match self.doubtful.iter().find(of) {
            Some(known) if *known == claim.digest && is_another => {
                self.believed.push(claim.digest);
            }
            Some(known) if *known == claim.digest => {}
            // It is made of the part: each reply has another one.
            Some(_) => self.contradicted.push(algorithm),
            None => self.doubtful.push(claim.digest),
        }
    }

    /// Returns the most trusted digest that is believed.
    pub(crate) fn best(&self) -> Option<Digest> {
        let believed = self.believed.iter().copied();
        believed.min_by_key(|digest| {
            let trusted = catalog::Algorithm::named(digest.algorithm().name());
            (trusted.is_none(), trusted)
        })
    }
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;

    const SHA: &str = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    const OTHER: &str = "AAAAQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";

    fn claimed(fields: &[(&str, &str)], answer: Answer) -> Claimed {
        let url = Url::parse("https://a.example/f").unwrap();
        let fields = fields.iter().map(|(name, value)| (*name, value.as_bytes()));
        let mut claimed = Claimed::default();
        claimed.add(&Claims::read(fields, answer, &url), answer);
        claimed
    }

    fn name(digests: &ServerDigests) -> Option<&'static str> {
        digests.best().map(|digest| digest.algorithm().name())
    }

    #[test]
    fn a_digest_of_the_representation_is_believed_at_once_and_the_strongest_counts() {
        let mut digests = ServerDigests::default();
        let md5 = claimed(
            &[("Digest", "MD5=1B2M2Y8AsgTpgAmY7PhCfg==")],
            Answer::Redirect,
        );
        digests.hear(&md5, false);
        assert_eq!(name(&digests), Some("md5"));
        let sha = format!("sha-256=:{SHA}:");
        digests.hear(&claimed(&[("Repr-Digest", &sha)], Answer::Part), true);
        assert_eq!(name(&digests), Some("sha-256"));
    }

    #[test]
    fn a_digest_that_may_be_of_a_part_is_believed_once_another_part_has_it() {
        let say = |value: &str| claimed(&[("Digest", &format!("SHA-256={value}"))], Answer::Part);
        let mut digests = ServerDigests::default();
        digests.hear(&say(SHA), false);
        digests.hear(&say(SHA), false);
        assert_eq!(digests.best(), None, "the same part was asked for again");
        digests.hear(&say(SHA), true);
        assert!(digests.best().is_some());
        let mut of_parts = ServerDigests::default();
        of_parts.hear(&say(SHA), false);
        of_parts.hear(&say(OTHER), true);
        of_parts.hear(&say(OTHER), true);
        assert_eq!(of_parts.best(), None);
    }

    #[test]
    fn claims_that_contradict_each_other_are_nobodys() {
        let say = |value: &str| {
            claimed(
                &[("Repr-Digest", &format!("sha-256=:{value}:"))],
                Answer::Part,
            )
        };
        let mut digests = ServerDigests::default();
        digests.hear(&say(SHA), false);
        digests.hear(&say(OTHER), true);
        digests.hear(&say(SHA), true);
        assert_eq!(digests.best(), None);
    }

    #[test]
    fn the_content_of_a_whole_reply_is_the_file_and_of_a_part_it_is_not() {
        let value = format!("sha-256=:{SHA}:");
        for (answer, is_believed) in [(Answer::Whole, true), (Answer::Part, false)] {
            let mut digests = ServerDigests::default();
            digests.hear(&claimed(&[("Content-Digest", &value)], answer), true);
            assert_eq!(digests.best().is_some(), is_believed, "{answer:?}");
        }
    }
}
