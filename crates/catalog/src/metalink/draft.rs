//! Owns a document while it is read: its entries, and the limits and rules that both versions
//! share. Knows no element.

use std::collections::HashSet;
use std::num::NonZeroU64;

use url::Url;

use super::document::{Metalink, Origin, Version};
use super::error::Problem;
use super::remark::{Remarks, Said};
use crate::checksum::{Algorithm, Checksum};
use crate::entry::{Entry, Pieces, PiecesError, Signature};
use crate::limits::{FILES, SOURCES, SOURCES_OF_FILE};
use crate::name::{RelativeName, first_clash};
use crate::source::{Source, SourceUrl};
use crate::told::told;

/// The document as far as it was read.
pub(super) struct Draft<'a> {
    base: Option<&'a Url>,
    entries: Vec<Entry>,
    /// The number of sources that the entries have.
    sources: usize,
    origin: Option<Origin>,
    remarks: Remarks,
}

impl<'a> Draft<'a> {
    pub(super) fn new(base: Option<&'a Url>) -> Self {
        Self {
            base,
            entries: Vec::new(),
            sources: 0,
            origin: None,
            remarks: Remarks::default(),
        }
    }

    /// Begins a file.
    pub(super) fn file(&mut self, name: Option<&str>) -> Result<Entry, Problem> {
        if self.entries.len() == FILES {
            return Err(Problem::Files);
        }
        let text = name.ok_or(Problem::Nameless)?;
        let name = RelativeName::parse(text).map_err(|error| {
            let told = told(text);
            Problem::Name { told, error }
        })?;
        Ok(Entry::new(name))
    }

    /// Notes something that is not used.
    pub(super) fn remark(&mut self, entry: &Entry, said: Said) {
        self.remarks.add(entry.name.as_str(), said);
    }

    pub(super) fn origin(&mut self, text: &str, is_dynamic: bool) {
        // One that is no URL is of no use, and does no harm.
        if let Ok(url) = SourceUrl::parse(text, self.base) {
            self.origin = Some(Origin { url, is_dynamic });
        }
    }

    /// Takes the size, `None` if it was too long to be read.
    pub(super) fn size(&mut self, entry: &mut Entry, text: Option<&str>) -> Result<(), Problem> {
        let Some(size) = text.and_then(decimal) else {
            self.remark(entry, Said::Size);
            return Ok(());
        };
        match entry.size.replace(size) {
            Some(other) if other != size => Err(Problem::Sizes(told(entry.name.as_str()))),
            _ => Ok(()),
        }
    }

    /// Takes a checksum of the whole file.
    pub(super) fn checksum(
        &mut self,
        entry: &mut Entry,
        name: &str,
        digits: Option<&str>,
    ) -> Result<(), Problem> {
        let Some(algorithm) = Algorithm::named(name) else {
            self.remark(entry, Said::Algorithm(told(name)));
            return Ok(());
        };
        let Some(checksum) = digits.and_then(|digits| Checksum::from_hex(algorithm, digits)) else {
            self.remark(entry, Said::Checksum(algorithm));
            return Ok(());
        };
        entry.checksums.add(checksum).map_err(|error| {
            let told = told(entry.name.as_str());
            Problem::Contradiction { told, error }
        })
    }

    /// Takes the hashes of the pieces, unless there are others of a more trusted algorithm.
    pub(super) fn pieces(&mut self, entry: &mut Entry, found: Result<Pieces, PiecesError>) {
        match found {
            Ok(pieces) => {
                let known = entry.pieces.as_ref().map(Pieces::algorithm);
                if known.is_none_or(|known| pieces.algorithm() < known) {
                    entry.pieces = Some(pieces);
                }
            }
            Err(error) => self.remark(entry, Said::Pieces(error)),
        }
    }

    pub(super) fn signature(&mut self, entry: &mut Entry, media_type: &str, text: Option<&str>) {
        match text.and_then(|text| Signature::new(media_type, text)) {
            Some(signature) => {
                entry.signature.get_or_insert(signature);
            }
            None => self.remark(entry, Said::Signature),
        }
    }

    /// Takes a source, whose URL is `text`, or `None` if that was too long to be read.
    pub(super) fn source(
        &mut self,
        entry: &mut Entry,
        text: Option<&str>,
        describe: impl FnOnce(SourceUrl) -> Source,
    ) -> Result<(), Problem> {
        let url = text
            .ok_or(crate::source::UrlError::TooLong)
            .and_then(|text| SourceUrl::parse(text, self.base));
        match url {
            Err(error) => self.remark(entry, Said::Url(error)),
            Ok(_) if entry.sources.len() == SOURCES_OF_FILE || self.sources == SOURCES => {
                return Err(Problem::Sources);
            }
            Ok(url) => {
                self.sources += 1;
                entry.sources.push(describe(url));
            }
        }
        Ok(())
    }

    /// Ends a file.
    pub(super) fn add(&mut self, mut entry: Entry) {
        // The order of equal ones is the document's, and the first of two mentions counts.
        entry.sources.sort_by_key(|source| source.priority);
        let mut seen = HashSet::new();
        let is_first: Vec<_> = entry
            .sources
            .iter()
            .map(|source| seen.insert(source.url.as_str()))
            .collect();
        drop(seen);
        let mut is_first = is_first.into_iter();
        entry
            .sources
            .retain(|_| is_first.next().unwrap_or_default());
        if let (Some(size), Some(pieces)) = (entry.size, &entry.pieces)
            && let Err(error) = pieces.check_size(size)
        {
            entry.pieces = None;
            self.remark(&entry, Said::Pieces(error));
        }
        self.entries.push(entry);
    }

    pub(super) fn finish(self, version: Version) -> Result<Metalink, Problem> {
        if self.entries.is_empty() {
            return Err(Problem::Empty);
        }
        if let Some(name) = first_clash(self.entries.iter().map(|entry| &entry.name)) {
            return Err(Problem::Clash(told(name.as_str())));
        }
        Ok(Metalink {
            version,
            entries: self.entries,
            origin: self.origin,
            remarks: self.remarks,
        })
    }
}

/// Hashes of pieces while they are read.
pub(super) struct PiecesDraft {
    algorithm: Algorithm,
    length: Option<NonZeroU64>,
    // One behind the other, as the document has them.
    hashes: Vec<u8>,
    /// The place that the document gives to each, where it gives any.
    places: Vec<u32>,
    is_malformed: bool,
}

impl PiecesDraft {
    pub(super) fn new(algorithm: Algorithm, length: Option<&str>) -> Self {
        let length = length.and_then(decimal).and_then(NonZeroU64::new);
        Self {
            algorithm,
            length,
            hashes: Vec::new(),
            places: Vec::new(),
            is_malformed: length.is_none(),
        }
    }

    /// Adds a hash, of which `place` is the number if pieces are numbered.
    pub(super) fn add(&mut self, digits: Option<&str>, place: Option<&str>) {
        let checksum = digits.and_then(|digits| Checksum::from_hex(self.algorithm, digits));
        match checksum {
            Some(checksum) if !self.is_malformed => {
                self.hashes.extend_from_slice(checksum.bytes());
                if let Some(place) = place {
                    // One that is no number is in nobody's place.
                    self.places.push(place.parse().unwrap_or(u32::MAX));
                }
            }
            _ => {
                self.is_malformed = true;
                self.hashes = Vec::new();
                self.places = Vec::new();
            }
        }
    }

    pub(super) fn finish(self) -> Result<Pieces, PiecesError> {
        let length = self.length.ok_or(PiecesError::Malformed)?;
        if self.is_malformed {
            return Err(PiecesError::Malformed);
        }
        let hashes = if self.places.is_empty() {
            self.hashes
        } else {
            in_place(&self.hashes, self.algorithm.length(), &self.places)?
        };
        Pieces::new(self.algorithm, length, hashes)
    }
}

/// Returns hashes of `length` bytes in the order of `places`, which are all from 0 on.
fn in_place(hashes: &[u8], length: usize, places: &[u32]) -> Result<Vec<u8>, PiecesError> {
    let count = hashes.len() / length;
    if places.len() != count {
        return Err(PiecesError::Malformed);
    }
    let mut ordered = vec![0; hashes.len()];
    let mut is_taken = vec![false; count];
    for (hash, &place) in hashes.chunks_exact(length).zip(places) {
        let place = usize::try_from(place).map_err(|_| PiecesError::Malformed)?;
        match is_taken.get_mut(place) {
            Some(is_taken) if !*is_taken => *is_taken = true,
            _ => return Err(PiecesError::Malformed),
        }
        ordered[place * length..][..length].copy_from_slice(hash);
    }
    Ok(ordered)
}

/// Reads digits, and nothing but digits.
pub(super) fn decimal(text: &str) -> Option<u64> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok())?
}
