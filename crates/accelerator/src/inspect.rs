//! Owns the view of a part file: the claims of its journal, and the proof of reading it back.
//! Changes nothing; needs no lock.

use std::ops::ControlFlow;
use std::path::Path;

use range_core::RangeSet;
use range_core::digest::Digest;
use range_store::{Directory, Finding, Keeping, Location, PartNames};

use crate::error::{Cause, Error, ErrorKind};
use crate::stored_url;

/// The content of a part file, as its journal claims. [Reading it back](Self::verify) proves it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Inspection {
    /// The URL, as it was stored: without secrets.
    pub url: String,
    /// The length of the whole file.
    pub length: u64,
    /// The claimed bytes.
    pub claimed: RangeSet,
    /// `ETag` of the generation, if there was one.
    pub entity_tag: Option<String>,
    /// `Last-Modified` of the generation, if there was one.
    pub last_modified: Option<String>,
    /// The digests the download was told to expect.
    pub digests: Vec<Digest>,
    /// The number of bytes of the journal that could not be believed: as a rule a torn last record.
    pub torn: u64,
    stored: range_store::Inspection,
}

/// The results of reading a part file back, so far.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Checked {
    /// The bytes that agree with their hashes.
    pub verified: RangeSet,
    /// The bytes that do not, or are missing. A download fetches them again.
    pub rejected: RangeSet,
    /// The claimed bytes that were not read yet.
    pub left: RangeSet,
}

impl Inspection {
    /// Reads every claimed block back and compares its hash. Takes no lock and changes nothing, so
    /// that a download that is under way goes on.
    ///
    /// Blocks for as long as the disk takes. `progress` is called after every block. Fails when
    /// there is no part file, or it cannot be read.
    pub fn verify(&self, mut progress: impl FnMut(&Checked)) -> Result<Checked, Error> {
        let mut checked = Checked {
            left: self.claimed.clone(),
            ..Checked::default()
        };
        let all = self.stored.verify(|finding| {
            let (range, set) = match finding {
                Finding::Verified(range) => (range, &mut checked.verified),
                Finding::Rejected(range) => (range, &mut checked.rejected),
            };
            set.insert(range);
            checked.left.remove(range);
            progress(&checked);
            ControlFlow::Continue(())
        })?;
        debug_assert!(all.is_continue(), "nothing breaks it off");
        Ok(checked)
    }
}

/// Reads the journal of `part`, a path that ends in `.part`.
pub fn inspect(part: &Path) -> Result<Inspection, Error> {
    let directory = match part.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let final_name = part
        .file_stem()
        .filter(|_| part.extension() == Some("part".as_ref()));
    let final_name = final_name.ok_or_else(|| {
        let part = part.as_os_str().to_owned();
        Error::new(ErrorKind::Invalid, Cause::NotAPartName { part })
    })?;
    let names = PartNames::new(final_name)?;
    let directory = Directory::open(directory)?;
    let location = Location::new(directory, names, Keeping::default());
    let stored = range_store::Inspection::of(location)?
        .map_err(|error| Error::new(ErrorKind::Disk, Cause::Journal(error)))?;
    let header = stored.header();
    Ok(Inspection {
        claimed: stored.claims().ranges().collect(),
        length: header.length,
        entity_tag: header
            .validators
            .entity_tag
            .as_ref()
            .map(ToString::to_string),
        last_modified: header.validators.last_modified.map(|date| date.to_string()),
        digests: header.digests.clone(),
        url: stored_url::shown(&header.url).to_owned(),
        torn: stored.torn(),
        stored,
    })
}
