//! Owns what a session makes of a file that has the final name and is to be gone on from: which of
//! its blocks are taken, which of those the server is asked for as well, and what follows if they
//! differ. Knows nothing of how blocks are copied.

use std::sync::Arc;

use range_core::ByteRange;
use range_core::block::BlockHash;
use range_store::disk::Kind;
use range_store::{OlderVersions, ResumableFile, StoreError};
use scheduler::Body;

use super::remains::find;
use super::{Session, Start};
use crate::blocking::{self, Wanted};
use crate::driver::Fetched;
use crate::error::{Cause, Error, ErrorKind};
use crate::events::{Event, RestartReason};
use crate::first::{self, First};
use crate::generation::Generation;
use crate::progress::Phase;
use crate::settings::Exists;
use crate::target::{Earlier, Found, Target};
use crate::threads::run_on;
use crate::transport::judge_reply::accept;
use crate::transport::media_type::MediaType;

/// The version that a file is copied into, and the media type of the reply that told of it.
struct Version {
    generation: Generation,
    media_type: MediaType,
}

impl Session {
    /// Copies what is there into a part file, as if an earlier run had fetched it, unless there is
    /// a part file already. Returns a reply to the first request, if there is one.
    pub(super) async fn adopt(
        &mut self,
        target: &Arc<Target>,
        first: Option<First>,
    ) -> Result<Option<First>, Error> {
        if self.task.settings.exists != Exists::Continue {
            return Ok(first);
        }
        let looking = Arc::clone(target);
        let (entry, has_part) = blocking::run(move |_| {
            let place = looking.location();
            Ok::<_, StoreError>((place.final_entry()?, place.has_part()))
        })
        .await??;
        let Some(entry) = entry else {
            return Ok(first);
        };
        self.adopted.is_there = true;
        if entry.kind != Kind::Regular || has_part || !self.task.settings.resume {
            return Ok(first);
        }
        let first = match first {
            Some(first) => first,
            None => self.ask_what_there_is().await?,
        };
        let version = self.version(&first)?;
        if let Some(version) = version.filter(|of| of.generation.length >= Some(entry.length)) {
            self.progress.set_phase(Phase::Verifying);
            let copying = Arc::clone(target);
            let copied = blocking::run(move |wanted| copy(&copying, &version, wanted));
            self.adopted.copied = Some(self.unless_cancelled(copied).await??);
        }
        Ok(Some(first))
    }

    async fn ask_what_there_is(&self) -> Result<First, Error> {
        let config = self.task.scheduling(*self.rate_limit.borrow(), self.clock);
        let ask = first::ask(config, self.sources.clone(), self.events.clone());
        let asked = run_on(&self.pool, ask);
        self.unless_cancelled(asked).await?
    }

    /// Returns the version of the remote file, if a later request can be joined to it.
    fn version(&self, first: &First) -> Result<Option<Version>, Error> {
        let accepted = accept(first.request, None, &first.reply.head)?;
        let generation = accepted.generation;
        let is_joined = generation.validators.is_strong() || self.task.expects_digest();
        let has_ranges = matches!(accepted.body, Body::Part { .. });
        let can_be = has_ranges && is_joined && accepted.coding.is_none();
        Ok(can_be.then_some(Version {
            generation,
            media_type: accepted.media_type,
        }))
    }

    async fn unless_cancelled<T>(
        &self,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let mut cancelled = self.cancelled.clone();
        tokio::select! {
            biased;
            Ok(_) = cancelled.wait_for(|told| *told) => {
                Err(Error::new(ErrorKind::Cancelled, Cause::Cancelled))
            }
            done = work => done,
        }
    }

    /// Chooses the blocks that are fetched although they were taken from the file that is there.
    /// After an interruption those are the claimed ones that it has.
    pub(super) async fn take_samples(
        &mut self,
        target: &Arc<Target>,
        found: Found,
    ) -> Result<Found, Error> {
        let Found::Earlier(mut earlier) = found else {
            self.adopted.copied = None;
            return Ok(found);
        };
        if self.adopted.is_there {
            let taken = match self.adopted.copied.take() {
                Some(copied) => copied,
                None => self.shared(target, &earlier).await?,
            };
            self.adopted.take(taken, &mut earlier.claims);
            if self.adopted.is_some() {
                // The samples join what was taken to the rest.
                earlier.is_mixed &= self.sources.are_several();
            }
        }
        Ok(Found::Earlier(earlier))
    }

    async fn shared(
        &self,
        target: &Arc<Target>,
        earlier: &Earlier,
    ) -> Result<Vec<ByteRange>, Error> {
        let (looking, claims) = (Arc::clone(target), earlier.claims.clone());
        let shared = blocking::run(move |wanted| {
            let file = looking.location().open_final()?;
            claims.shared_with(|range| file.hash_block(range), || wanted.proceed())
        });
        Ok(self.unless_cancelled(shared).await??)
    }

    /// Compares the samples with what was fetched in their places. Returns how it goes on if one
    /// differs.
    pub(super) async fn differs(
        &mut self,
        target: &Arc<Target>,
        older: &mut OlderVersions,
        fetched: &mut Fetched,
    ) -> Result<Option<Start>, Error> {
        let Some(samples) = self.adopted.taken().map(|taken| taken.samples.clone()) else {
            return Ok(None);
        };
        let Some(file) = fetched.file.clone() else {
            return Ok(None);
        };
        let same = blocking::run(move |_| are_the_same(&file, &samples));
        if same.await?? {
            return Ok(None);
        }
        fetched.file = None;
        fetched.digester = None;
        self.fetch_what_was_taken(target, older).map(Some)
    }

    /// Returns how it goes on without what was taken, after a file that does not have the digest.
    pub(super) fn forsake(
        &mut self,
        target: &Arc<Target>,
        older: &mut OlderVersions,
        fetched: Fetched,
    ) -> Result<Start, Error> {
        drop(fetched);
        self.fetch_what_was_taken(target, older)
    }

    fn fetch_what_was_taken(
        &mut self,
        target: &Target,
        older: &mut OlderVersions,
    ) -> Result<Start, Error> {
        let taken = self.adopted.forget();
        let reason = RestartReason::OtherFile;
        self.events.send(Event::Restarting { reason });
        let mut found = find(target, older, true)?;
        if let Found::Earlier(earlier) = &mut found {
            earlier.claims.retain(|range| !taken.is_taken_only(range));
            earlier.is_mixed &= self.sources.are_several();
        }
        Ok(self.begin(found))
    }
}

/// Copies the file that has the final name into a part file, and returns what was copied. Leaves no
/// part file if that is nothing.
fn copy(target: &Target, version: &Version, wanted: &Wanted) -> Result<Vec<ByteRange>, Error> {
    let from = target.location().open_final()?;
    let file = target.create(&version.generation, false)?;
    // Only the user's word joins these bytes to the file.
    file.note_several()?;
    file.note_media_type(version.media_type.as_str())?;
    let copied = file.adopt(&from, || wanted.proceed());
    if !copied.as_ref().is_ok_and(|copied| !copied.is_empty()) {
        file.discard()?;
    }
    Ok(copied?)
}

/// Reports whether the file has in these places what their hashes say.
fn are_the_same(
    file: &ResumableFile,
    samples: &[(ByteRange, BlockHash)],
) -> Result<bool, StoreError> {
    for (range, hash) in samples {
        if file.hash_block(*range)? != *hash {
            return Ok(false);
        }
    }
    Ok(true)
}
