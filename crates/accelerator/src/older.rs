//! Owns the older versions of the file that wait on the disk until the newer one is complete: what
//! was fetched is given up for nothing less. Knows no network.

use range_core::http::validator::Agreement;
use range_store::aside::{self, Place};
use range_store::journal::{self, Decoded, Verdict};
use range_store::{AppendLog, Directory, PLACES, PartNames, StoreError};

use crate::generation::Generation;
use crate::keeper::Keeper;
use crate::target::read;

/// The versions that wait beside a download.
#[derive(Debug)]
pub(crate) struct OlderVersions {
    directory: Directory,
    names: PartNames,
    digest_expected: bool,
    /// Those that were set aside by this run, which keep their locks.
    held: [Option<Keeper>; PLACES],
}

impl OlderVersions {
    pub(crate) fn new(directory: Directory, names: PartNames, digest_expected: bool) -> Self {
        Self {
            directory,
            names,
            digest_expected,
            held: [const { None }; PLACES],
        }
    }

    /// Undoes a move that a kill has cut off.
    pub(crate) fn recover(&mut self) -> Result<(), StoreError> {
        for at in 0..PLACES {
            if aside::look(&self.directory, &self.names, at)? == Place::Interrupted {
                self.put_back(at)?;
            }
        }
        Ok(())
    }

    /// Where the version waits that a reply is of.
    pub(crate) fn place_of(&self, generation: &Generation) -> Option<usize> {
        self.usable()
            .find(|(_, journal)| is_of(journal, generation))
            .map(|(at, _)| at)
    }

    /// Where the version waits of which most was fetched.
    pub(crate) fn fullest(&self) -> Option<usize> {
        self.usable()
            .max_by_key(|(_, journal)| journal.blocks.len())
            .map(|(at, _)| at)
    }

    /// Sets a version aside, but not to the place `taken`. Where no place is free it takes that of
    /// the version of which less was fetched.
    pub(crate) fn set_aside(
        &mut self,
        keeper: Keeper,
        taken: Option<usize>,
    ) -> Result<(), StoreError> {
        let fetched = |at: &usize| {
            let usable = self.usable().find(|(place, _)| place == at);
            usable.map_or(0, |(_, journal)| journal.blocks.len())
        };
        let is_ours = |at: &usize| {
            let place = aside::look(&self.directory, &self.names, *at);
            !matches!(place, Ok(Place::Foreign))
        };
        let places = (0..PLACES).filter(|at| Some(*at) != taken);
        // Where nothing is ours, the store says what is in the way.
        let at = places
            .min_by_key(|at| (!is_ours(at), fetched(at)))
            .expect("there are two places");
        self.held[at] = None;
        aside::set_aside(&keeper.part, at)?;
        self.held[at] = Some(keeper);
        Ok(())
    }

    /// Gives a version the download's names again.
    pub(crate) fn put_back(&mut self, at: usize) -> Result<(), StoreError> {
        self.held[at] = None;
        aside::put_back(&self.directory, &self.names, at)
    }

    /// Removes all: a newer version is complete, or nothing of an earlier run is wanted.
    pub(crate) fn clear(&mut self) -> Result<(), StoreError> {
        self.held = [const { None }; PLACES];
        aside::clear(&self.directory, &self.names)
    }

    /// The versions that the next run could continue. What cannot be read counts as none.
    fn usable(&self) -> impl Iterator<Item = (usize, Decoded)> + '_ {
        (0..PLACES).filter_map(|at| Some((at, self.journal(at)?)))
    }

    fn journal(&self, at: usize) -> Option<Decoded> {
        let place = aside::look(&self.directory, &self.names, at).ok()?;
        if place != Place::Taken {
            return None;
        }
        // This run may hold it itself. Whoever continues with it opens it anew, and locks it.
        let log = AppendLog::open_to_read(&self.directory, &self.names.aside(at)).ok()?;
        match journal::judge(read(&log).ok()?, self.digest_expected) {
            Verdict::Continue(decoded) => Some(*decoded),
            Verdict::StartOver(_) | Verdict::Leave(_) => None,
        }
    }
}

fn is_of(journal: &Decoded, generation: &Generation) -> bool {
    let header = &journal.header;
    generation.length == Some(header.length)
        && header.validators.compare(&generation.validators) == Agreement::Same
}
