//! Owns what may become of a run in a world: which files are right, which exit codes, what it may
//! claim. Runs nothing.

use std::io::Read;

use flate2::read::GzDecoder;
use range_server::Version;
use range_server::synthetic::{self, Seed};

use crate::claims::Claim;
use crate::effects::{Harm, Wrong};
use crate::program::Ended;
use crate::world::{Content, Stop, World};

/// A message in place of a file is no longer than this.
pub(crate) const MESSAGE: u64 = 1024;

/// A version of the file, as the server has had it: of a file, one for each time it was replaced.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Edition {
    pub(crate) number: u8,
    pub(crate) length: u64,
}

/// Circumstances beside the world that decide which exit codes are right.
#[derive(Clone, Copy, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own, and all of them combine"
)]
pub(crate) struct Circumstances {
    pub(crate) with_faults: bool,
    /// Whether another run of the same command was there.
    pub(crate) has_rival: bool,
    /// Whether the file was complete before.
    pub(crate) is_published: bool,
    /// Whether the file was replaced, in this run or before.
    pub(crate) is_replaced: bool,
}

impl World {
    /// The bytes of an edition.
    pub(crate) fn bytes(&self, edition: Edition) -> Vec<u8> {
        let mut bytes = vec![0; usize::try_from(edition.length).unwrap()];
        synthetic::fill(self.edition_seed(edition.number), 0, &mut bytes);
        bytes
    }

    /// The seed of an edition's bytes.
    pub(crate) fn edition_seed(&self, number: u8) -> Seed {
        Seed(self.seed).of_version(Version(number))
    }

    /// Whether the bytes are one version of the file from the first to the last: that with the
    /// checksum, where there is one.
    pub(crate) fn is_right(&self, found: &[u8], editions: &[Edition]) -> bool {
        if self.checksum {
            return found == self.bytes(editions[0]);
        }
        editions.iter().any(|&edition| {
            self.versions().any(|version| {
                let lengths = self.lengths(edition.length);
                let length = found.len() as u64;
                lengths.contains(&length)
                    && self
                        .served(edition, version, length)
                        .is_some_and(|served| served == found)
            })
        })
    }

    /// Whether what a part file claims to hold is of one version, as far as replies tell versions
    /// apart.
    pub(crate) fn is_of_one_version(
        &self,
        claim: &Claim,
        part: &[u8],
        editions: &[Edition],
    ) -> bool {
        // With a checksum another run may go on from another version: the checksum decides.
        let is_untold = self.only_a_checksum_tells()
            || (self.checksum && (self.changes() || self.has("version")))
            || self.has("gzip")
            || self.has("status");
        let is_served = |edition: &Edition, version: u8| {
            let length = match self.content {
                Content::Computed(_) => claim.length,
                Content::File => claim.length.min(edition.length),
            };
            let served = self.served(*edition, version, length);
            served.is_some_and(|served| {
                claim.ranges.iter().all(|&(start, end)| {
                    let range = usize::try_from(start).unwrap()..usize::try_from(end).unwrap();
                    part.get(range.clone()) == served.get(range)
                })
            })
        };
        let could_be = |edition: &&Edition| self.lengths(edition.length).contains(&claim.length);
        let mut editions = editions.iter().filter(could_be);
        claim.present == 0
            || is_untold
            || editions.any(|edition| self.versions().any(|version| is_served(edition, version)))
    }

    /// As [`World::is_right`], of a file in a content coding.
    pub(crate) fn is_right_in_gzip(&self, found: &[u8], editions: &[Edition]) -> bool {
        let mut decoded = Vec::new();
        let read = GzDecoder::new(found).read_to_end(&mut decoded);
        read.is_ok() && self.has("gzip") && self.is_right(&decoded, editions)
    }

    /// Whether the bytes are a message in place of the file, where nobody could have known.
    pub(crate) fn is_message(&self, found: &[u8], most: u64) -> bool {
        let is_meant = self.of("status").any(|wrong| wrong.argument() == "200");
        let length = found.len() as u64;
        let is_message = length <= MESSAGE && most <= length;
        let is_text = found.iter().all(|byte| byte.is_ascii() && *byte != 0);
        !self.checksum && is_meant && is_message && is_text
    }

    /// The numbers that faults serve other versions under.
    fn versions(&self) -> impl Iterator<Item = u8> {
        let named = self.of("version").filter_map(Wrong::number);
        let named = named.filter_map(|number| u8::try_from(number).ok());
        std::iter::once(0).chain(named)
    }

    /// How long an edition is, or is said to be.
    fn lengths(&self, length: u64) -> Vec<u64> {
        let named = ["length", "complete-length", "content-length"];
        let named = named.iter().flat_map(|name| self.of(name));
        let named = named.filter_map(Wrong::number);
        std::iter::once(length).chain(named).collect()
    }

    /// Returns the bytes that are served of an edition under another version's number.
    fn served(&self, edition: Edition, version: u8, length: u64) -> Option<Vec<u8>> {
        match self.content {
            Content::Computed(_) => {
                let number = edition.number + version;
                Some(self.bytes(Edition { number, length }))
            }
            Content::File => {
                let mut bytes = self.bytes(edition);
                if length > edition.length {
                    return None;
                }
                bytes.truncate(usize::try_from(length).unwrap());
                for byte in &mut bytes {
                    *byte ^= version;
                }
                Some(bytes)
            }
        }
    }

    /// Why a run must not have ended so, if it must not.
    pub(crate) fn objection(&self, ended: &Ended, now: Circumstances) -> Option<String> {
        let code = ended.code();
        let harms = |harm| now.with_faults && self.harms(harm);
        // What an earlier run was given is kept.
        let was_misled = self.changes() || self.has("version") || self.harms(Harm::Lies);
        let changes = now.is_replaced || (now.with_faults && self.changes());
        let is_allowed = match code {
            0 => true,
            3 => {
                let all = [
                    Harm::Breaks,
                    Harm::Refuses,
                    Harm::Changes,
                    Harm::Lies,
                    Harm::Absurd,
                ];
                all.into_iter().any(harms) || (now.with_faults && changes)
            }
            4 => [Harm::Refuses, Harm::Changes, Harm::Lies]
                .into_iter()
                .any(harms),
            5 => now.with_faults && changes,
            6 => self.checksum && (now.is_replaced || was_misled),
            // What has no length cannot be mapped.
            7 => {
                harms(Harm::Absurd)
                    || (now.with_faults && self.is_mapped() && self.may_lack_a_length())
            }
            8 => now.has_rival || (now.is_published && !self.has_final),
            130 => ended.told == Some(Stop::Interrupt),
            143 => ended.told == Some(Stop::Terminate),
            137 => ended.told == Some(Stop::Kill),
            _ => false,
        };
        (!is_allowed).then(|| format!("EXIT {code}: nothing here leads to it"))
    }

    /// Why what a finished run says of itself is not so, if it is not.
    pub(crate) fn false_claim(&self, ended: &Ended, with_faults: bool) -> Option<String> {
        let verified = ended.last()["verified"].as_str()?;
        let is_shown = match (verified, self.checksum) {
            ("digest", true) => true,
            ("validator", false) => {
                let is_off = with_faults && self.of("no-validators").any(|wrong| wrong.is_constant);
                let is_bare = self.content == Content::Computed("&etag=none&last-modified=none");
                !is_off && (!is_bare || self.has("etag"))
            }
            ("none", false) => !self.has_one_validator() || !self.wrongs.is_empty(),
            _ => false,
        };
        (!is_shown).then(|| format!("FALSE CLAIM: verified by {verified}"))
    }
}
