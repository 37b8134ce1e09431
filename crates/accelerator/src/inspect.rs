//! Owns what can be told about a part file from its journal. Reads only; needs no lock.

use std::path::Path;

use range_core::RangeSet;
use range_core::digest::Digest;
use range_core::journal;
use range_core::limits;
use range_core::units::ByteCount;
use range_store::{AppendLog, Directory, PartNames};

use crate::error::{Cause, Error, ErrorKind};

/// What a part file holds, as its journal claims. Only resuming proves it.
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
    /// How many bytes of the journal could not be believed: a torn last record, as a rule.
    pub torn: u64,
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
    let log = AppendLog::open(&Directory::open(directory)?, &names)?;
    let bytes = log.read_all(ByteCount(limits::JOURNAL_MAX))?;
    let decoded = journal::decode(&bytes)
        .map_err(|error| Error::new(ErrorKind::Disk, Cause::Journal(error)))?;
    let header = decoded.header;
    let ranges = decoded
        .blocks
        .iter()
        .filter_map(|(block, _)| header.block_size.range_of(*block, header.length));
    Ok(Inspection {
        claimed: ranges.collect(),
        length: header.length,
        entity_tag: header
            .validators
            .entity_tag
            .as_ref()
            .map(ToString::to_string),
        last_modified: header.validators.last_modified.map(|date| date.to_string()),
        digests: header.digests,
        url: header.url,
        torn: bytes.len() as u64 - decoded.believed,
    })
}
