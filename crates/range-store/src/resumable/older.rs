//! Owns the older versions of the file that wait on the disk until the newer one is complete:
//! fetched bytes are given up for nothing less. Knows nothing of what makes a version newer.

use super::aside::{self, Place};
use super::file::ResumableFile;
use super::journal::{self, Decoded, Header, Verdict};
use super::location::Location;
use super::stored;
use crate::append_log::AppendLog;
use crate::disk::{Directory, Disk};
use crate::error::StoreError;
use crate::names::PLACES;

/// The versions that wait beside a file.
#[derive(Debug)]
pub struct OlderVersions<D: Disk = Directory> {
    location: Location<D>,
    digest_expected: bool,
    /// The versions that this run set aside, which keep their locks.
    held: [Option<ResumableFile<D>>; PLACES],
}

impl<D: Disk> OlderVersions<D> {
    /// Finds the versions of the file at `location`. `digest_expected` decides which of them can be
    /// resumed: see [`journal::judge`].
    pub fn new(location: Location<D>, digest_expected: bool) -> Self {
        Self {
            location,
            digest_expected,
            held: [const { None }; PLACES],
        }
    }

    /// Undoes a move that a kill interrupted.
    pub fn recover(&mut self) -> Result<(), StoreError> {
        for at in 0..PLACES {
            if self.look(at)? == Place::Interrupted {
                self.put_back(at)?;
            }
        }
        Ok(())
    }

    /// Returns the place of a version whose journal satisfies `is_wanted`.
    pub fn find(&self, is_wanted: impl Fn(&Header) -> bool) -> Option<usize> {
        self.usable()
            .find(|(_, journal)| is_wanted(&journal.header))
            .map(|(at, _)| at)
    }

    /// Returns the place of the version with the most fetched bytes.
    pub fn fullest(&self) -> Option<usize> {
        self.usable()
            .max_by_key(|(_, journal)| journal.blocks.len())
            .map(|(at, _)| at)
    }

    /// Sets a version aside, but not to the place `taken`. If no place is free, it replaces the
    /// version with fewer fetched bytes.
    pub fn set_aside(
        &mut self,
        file: ResumableFile<D>,
        taken: Option<usize>,
    ) -> Result<(), StoreError> {
        let fetched = |at: &usize| {
            let usable = self.usable().find(|(place, _)| place == at);
            usable.map_or(0, |(_, journal)| journal.blocks.len())
        };
        let is_ours = |at: &usize| !matches!(self.look(*at), Ok(Place::Foreign));
        let places = (0..PLACES).filter(|at| Some(*at) != taken);
        // If nothing is ours, the store reports the obstacle.
        let at = places
            .min_by_key(|at| (!is_ours(at), fetched(at)))
            .expect("there are two places");
        self.held[at] = None;
        aside::set_aside(file.part(), at)?;
        self.held[at] = Some(file);
        Ok(())
    }

    /// Moves a version back to the file's own names.
    pub fn put_back(&mut self, at: usize) -> Result<(), StoreError> {
        self.held[at] = None;
        aside::put_back(self.location.folder(), self.location.names(), at)
    }

    /// Removes all versions, because a newer one is complete. If any version waits, the newer one
    /// reaches the disk first.
    pub fn give_way_to(&mut self, newer: &ResumableFile<D>) -> Result<(), StoreError> {
        let waits = |at| matches!(self.look(at), Ok(Place::Taken));
        if (0..PLACES).any(waits) {
            newer.secure()?;
        }
        self.clear()
    }

    /// Removes all versions, because nothing of an earlier run is wanted.
    pub fn clear(&mut self) -> Result<(), StoreError> {
        self.held = [const { None }; PLACES];
        aside::clear(self.location.folder(), self.location.names())
    }

    /// Returns the versions that the next run could resume. A version that cannot be read is left
    /// out.
    fn usable(&self) -> impl Iterator<Item = (usize, Decoded)> + '_ {
        (0..PLACES).filter_map(|at| Some((at, self.journal(at)?)))
    }

    fn journal(&self, at: usize) -> Option<Decoded> {
        if self.look(at).ok()? != Place::Taken {
            return None;
        }
        // This run may hold it itself. Code that resumes it opens and locks it anew.
        let (folder, names) = (self.location.folder(), self.location.names());
        let log = AppendLog::open_to_read(folder, &names.aside(at)).ok()?;
        let journal = stored::read(&log, self.location.division()).ok()?;
        let takes_several = self.location.takes_several();
        match journal::judge(journal, self.digest_expected, takes_several) {
            Verdict::Continue(decoded) => Some(*decoded),
            Verdict::StartOver(_) | Verdict::Leave(_) => None,
        }
    }

    fn look(&self, at: usize) -> Result<Place, StoreError> {
        aside::look(self.location.folder(), self.location.names(), at)
    }
}
