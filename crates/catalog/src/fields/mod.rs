//! Owns what the fields of a reply claim about a file: its digests, other places that have it, and
//! lists that describe it. The grammars are in `digest`, `vendor` and `link`. Believes nothing:
//! which claims are used is the downloader's to say.
//!
//! ```
//! use catalog::fields::{Answer, Claims, Covers};
//! use url::Url;
//!
//! let url = Url::parse("https://download.example.org/a.iso").unwrap();
//! let digest = "SHA-256=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
//! let fields: [(&str, &[u8]); 3] = [
//!     ("Digest", digest.as_bytes()),
//!     ("Link", b"<https://de.example.net/a.iso>; rel=duplicate; pri=1; geo=de"),
//!     ("Link", br#"<a.iso.meta4>; rel=describedby; type="application/metalink4+xml""#),
//! ];
//! let claims = Claims::read(fields, Answer::Redirect, &url);
//! assert_eq!(claims.digests[0].covers, Covers::File);
//! assert_eq!(claims.mirrors().count(), 1);
//! let described = &claims.links.described_by[0];
//! assert_eq!(described.url.as_str(), "https://download.example.org/a.iso.meta4");
//! ```
mod claim;
mod digest;
pub mod link;
#[cfg(test)]
mod tests;
mod vendor;

use url::Url;

use self::link::{Duplicate, Links};
use crate::checksum::{Checksum, Strength};
use crate::limits::FIELD_BYTES;

pub use self::claim::{Answer, Claim, Covers, Field};

/// All that the fields of one reply claim.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Claims {
    /// Digests, the most trusted algorithm first.
    pub digests: Vec<Claim>,
    /// The length of the file in bytes, where a redirect tells it (`X-Linked-Size`).
    pub size: Option<u64>,
    /// The version of the repository that the file is of, where a hub tells it (`X-Repo-Commit`).
    pub revision: Option<String>,
    /// Other places that have the file, and lists that describe it.
    pub links: Links,
}

impl Claims {
    /// Reads the fields of the reply of `url`, with names in any case, in their order.
    ///
    /// A digest that is malformed, or of an algorithm that nobody here knows, claims nothing.
    pub fn read<'a>(
        fields: impl IntoIterator<Item = (&'a str, &'a [u8])>,
        answer: Answer,
        url: &Url,
    ) -> Self {
        let mut read = Fields::default();
        for (name, value) in fields {
            read.add(name, value);
        }
        let mut claims = Self {
            links: link::read(&read.link, url),
            size: read.size,
            revision: read.revision.take(),
            ..Self::default()
        };
        read.digests(answer, &mut claims.digests);
        // The sort is stable: of equal algorithms the field that was read first is first.
        claims
            .digests
            .sort_by_key(|claim| claim.checksum.algorithm());
        claims
    }

    /// Returns the mirrors that may be used: none unless the reply claims a digest of the file that
    /// proves what a mirror sends (RFC 6249 §6).
    pub fn mirrors(&self) -> impl Iterator<Item = &Duplicate> {
        let is_proven = self.digests.iter().any(|claim| {
            claim.covers == Covers::File
                && claim.checksum.algorithm().strength() == Strength::Proves
        });
        let mirrors = is_proven.then_some(&self.links.duplicates);
        mirrors.into_iter().flatten()
    }
}

/// The fields that matter, before it is known what they speak of.
#[derive(Default)]
struct Fields {
    /// Values of fields that are lists, all of one name as one.
    repr_digest: Vec<u8>,
    content_digest: Vec<u8>,
    link: Vec<u8>,
    /// Digests of the other fields.
    claims: Vec<(Checksum, Field)>,
    size: Option<u64>,
    revision: Option<String>,
    /// The file is sent in a coded form, such as gzip, so that digests are of that form.
    is_coded: bool,
    /// The stored form is a coded one, of which the store's digests are.
    is_stored_coded: bool,
    /// The store's digest is one of the digests of parts.
    is_composite: bool,
}

impl Fields {
    fn add(&mut self, name: &str, value: &[u8]) {
        if value.len() > FIELD_BYTES {
            return;
        }
        // No name that matters is longer; what is longer is not copied.
        if name.len() > 40 {
            return;
        }
        let name = name.to_ascii_lowercase();
        match name.as_str() {
            "link" => join(&mut self.link, value),
            "repr-digest" => join(&mut self.repr_digest, value),
            "content-digest" => join(&mut self.content_digest, value),
            "content-encoding" => self.is_coded |= is_coding(value),
            _ => {
                if let Ok(text) = str::from_utf8(value) {
                    self.add_text(&name, text.trim());
                }
            }
        }
    }

    fn add_text(&mut self, name: &str, text: &str) {
        match name {
            "digest" => {
                let found = digest::instance(text).map(|checksum| (checksum, Field::Digest));
                self.claims.extend(found);
            }
            "x-linked-size" => self.size = vendor::size(text).or(self.size),
            "x-repo-commit" => self.revision = vendor::revision(text).or(self.revision.take()),
            "x-goog-stored-content-encoding" => self.is_stored_coded |= is_coding(text.as_bytes()),
            "x-amz-checksum-type" => self.is_composite |= !text.eq_ignore_ascii_case("full_object"),
            _ => vendor::read(name, text, &mut self.claims),
        }
        self.claims.truncate(crate::limits::LINKS);
    }

    /// Adds what the digests are of.
    fn digests(&self, answer: Answer, claims: &mut Vec<Claim>) {
        let mut add = |checksum, field| {
            if let Some(covers) = self.covers(field, answer) {
                let claim = Claim {
                    checksum,
                    covers,
                    field,
                };
                if !claims.contains(&claim) {
                    claims.push(claim);
                }
            }
        };
        for (bytes, field) in [
            (&self.repr_digest, Field::ReprDigest),
            (&self.content_digest, Field::ContentDigest),
        ] {
            for checksum in digest::dictionary(bytes) {
                add(checksum, field);
            }
        }
        for &(checksum, field) in &self.claims {
            add(checksum, field);
        }
    }

    /// Returns what the digests of a field are of, or `None` if it is nothing that is saved.
    fn covers(&self, field: Field, answer: Answer) -> Option<Covers> {
        match (field, answer) {
            // Of the bytes as they are sent, whatever their coding; those of a redirect are a page.
            (Field::ContentDigest | Field::ContentMd5, Answer::Redirect) => None,
            (Field::ContentDigest | Field::ContentMd5, Answer::Whole | Answer::Part) => {
                Some(Covers::Content)
            }
            // A redirect's coding is that of its page.
            (Field::ReprDigest | Field::Digest, Answer::Whole | Answer::Part) if self.is_coded => {
                None
            }
            (Field::Google, _) if self.is_stored_coded => None,
            (Field::Amazon, _) if self.is_composite => None,
            // Some servers hash what they send.
            (Field::Digest | Field::Amazon, Answer::Part) => Some(Covers::FileOrContent),
            (
                Field::ReprDigest
                | Field::Digest
                | Field::LinkedEtag
                | Field::Artifactory
                | Field::Google
                | Field::Amazon
                | Field::Azure
                | Field::Backblaze
                | Field::Docker,
                _,
            ) => Some(Covers::File),
        }
    }
}

/// Adds a line of a list field to the others; past the limit the field says no more.
fn join(all: &mut Vec<u8>, value: &[u8]) {
    if all.len() + value.len() + 2 > FIELD_BYTES {
        return;
    }
    if !all.is_empty() {
        all.extend_from_slice(b", ");
    }
    all.extend_from_slice(value);
}

fn is_coding(value: &[u8]) -> bool {
    let value = value.trim_ascii();
    !value.is_empty() && !value.eq_ignore_ascii_case(b"identity")
}
