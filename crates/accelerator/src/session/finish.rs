//! Owns the last steps of a file of which nothing is missing: it is proven, and gets its name.
//! Knows no network.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use range_core::digest::{Digest, DigestAlgorithm};
use range_core::units::ByteCount;
use range_store::{OlderVersions, Provenance, ResumableFile};

use super::remains::can_be_continued;
use super::{Proven, Session};
use crate::blocking;
use crate::digester::Digester;
use crate::driver::{self, Fetched};
use crate::error::{Cause, Error, ErrorKind};
use crate::events::Event;
use crate::generation::Generation;
use crate::piece_checker::hash;
use crate::pieces::PieceBook;
use crate::progress::Phase;
use crate::report::{Completion, Report, Verification};
use crate::sink;
use crate::stored_url;
use crate::target::Target;

impl Session {
    /// Makes sure that the file is whole and has the digests that are expected.
    pub(super) async fn prove(
        &self,
        target: &Arc<Target>,
        fetched: &mut Fetched,
        length: u64,
    ) -> Result<Proven, Error> {
        self.progress.set_phase(Phase::Verifying);
        self.events.send(Event::Verifying);
        let file = match &fetched.file {
            Some(file) => file.clone(),
            None => sink::create(target, empty_file(fetched.generation.as_ref()), false).await?,
        };
        fetched.file = Some(file.clone());
        if file.length().is_none() {
            // A journal does not tell of a coding. Without validators only the URL or a digest
            // joins coded bytes to the file: they may be published, and are never continued.
            let known = fetched.generation.as_ref();
            let known = known.filter(|_| fetched.coding.is_none());
            let validators = known.map(|known| known.validators.clone());
            file.settle(length, &target.description(validators.unwrap_or_default()))?;
        }
        if let Some(expected) = self.task.settings.length
            && expected.0 != length
        {
            let cause = Cause::OtherLength {
                expected,
                actual: ByteCount(length),
            };
            return Err(Error::new(ErrorKind::Corrupt, cause).keeping(true));
        }
        if !fetched.are_pieces_proven {
            self.check_pieces(&file, length).await?;
        }
        let claimed = fetched
            .server_digest
            .filter(|_| self.heeds_server_digest(fetched));
        let expected = match claimed {
            Some(claimed) => vec![claimed],
            None => self.task.settings.digests.clone(),
        };
        let digester = fetched.digester.take();
        let digests = self.digest(digester, &file, length, &expected).await;
        let digests = digests.map_err(|error| error.of_claim(claimed.is_some()))?;
        Ok(Proven {
            file,
            length,
            digests,
            is_claimed: claimed.is_some(),
        })
    }

    /// Reports whether the file has to have the digest that its server claims. A coded file is not
    /// what the claim is of.
    fn heeds_server_digest(&self, fetched: &Fetched) -> bool {
        fetched.coding.is_none() && self.task.heeds_server_digest()
    }

    /// Gives the file its name. The older versions make way for it.
    pub(super) async fn publish(
        self,
        target: &Target,
        proven: Proven,
        fetched: Fetched,
        mut older: OlderVersions,
    ) -> Result<Report, Error> {
        self.progress.set_phase(Phase::Publishing);
        self.events.send(Event::Publishing);
        let generation = fetched.generation.as_ref();
        let modified = generation.and_then(|known| known.validators.last_modified);
        let modified = modified.filter(|_| self.task.settings.remote_time);
        let modified = modified.map(|date| UNIX_EPOCH + Duration::from_secs(date.unix_seconds()));
        let (file, how) = (proven.file, self.task.publish());
        let provenance = self.provenance(&fetched);
        let (adopted, place) = (self.adopted.clone(), target.location().clone());
        let published = blocking::run(move |_| {
            adopted.make_way(&place)?;
            // An older version that could not be removed harms nobody.
            let _cleared = older.give_way_to(&file);
            file.publish(how, modified, provenance.as_ref())
        });
        let published = published
            .await?
            .map_err(|error| Error::from(error).keeping(can_be_continued(&self.task, &fetched)))?;
        // The file has its name and is complete; a journal that could not be removed harms nobody.
        drop(published.loose_end);
        let pieces = self.proven_pieces(proven.length);
        let verified = match pieces {
            Some(algorithm) if proven.digests.is_empty() && algorithm.is_weak() => {
                Verification::WeakDigest
            }
            Some(_) if proven.digests.is_empty() => Verification::Digest,
            _ if proven.is_claimed => of_claim(&proven.digests),
            _ => self.verified(generation, fetched.all_agree),
        };
        let expected = fetched.expected.as_ref();
        let media_type = expected.and_then(|expected| expected.media_type.as_ref());
        let remote = self.remote(generation, media_type);
        let report = self.report(
            Completion::Downloaded,
            proven.length,
            verified,
            proven.digests,
            fetched.coding.clone(),
            remote,
        );
        Ok(Report {
            pieces,
            is_claimed: proven.is_claimed,
            ..report
        })
    }

    /// Returns the algorithm of the hashes that all pieces of a complete file have.
    fn proven_pieces(&self, length: u64) -> Option<DigestAlgorithm> {
        let pieces = self.task.settings.pieces.as_ref()?;
        pieces.check_size(length).ok()?;
        driver::algorithm_of(&self.task).filter(|_| length > 0)
    }

    /// Returns where the file is from, if the server has told one version of it from others all
    /// along.
    fn provenance(&self, fetched: &Fetched) -> Option<Provenance> {
        let validators = &fetched.generation.as_ref()?.validators;
        // Weak validators never agree, and yet are those of the file, unless a digest has let other
        // ones pass.
        let may_disagree = !validators.is_strong() && !self.task.expects_digest();
        let is_one_version = fetched.all_agree || may_disagree;
        // The record would vouch for bytes of which nothing but samples was compared.
        let is_sampled = self.adopted.is_some() && !self.task.expects_digest();
        (is_one_version && !is_sampled && !self.doubts_validators).then(|| Provenance {
            source: stored_url::sealed(&self.task.url),
            validators: validators.clone(),
            media_type: media_type(fetched),
            coding: fetched.coding.clone(),
        })
    }

    /// Fails if a piece of the file is wrong. They are checked here where no wrong one could be
    /// fetched again.
    async fn check_pieces(&self, file: &ResumableFile, length: u64) -> Result<(), Error> {
        let pieces = self.task.settings.pieces.as_ref();
        let (Some(pieces), Some(algorithm)) = (pieces, driver::algorithm_of(&self.task)) else {
            return Ok(());
        };
        let Some(book) = PieceBook::new(pieces, length, file.block_size()) else {
            return Ok(());
        };
        let stop = Arc::new(AtomicBool::new(false));
        let _stops = StopOnDrop(Arc::clone(&stop));
        for (range, expected) in book.ranges().zip(pieces.iter()) {
            let (file, stop) = (file.clone(), Arc::clone(&stop));
            let mut cancelled = self.cancelled.clone();
            let actual = tokio::select! {
                biased;
                Ok(_) = cancelled.wait_for(|told| *told) => {
                    return Err(Error::new(ErrorKind::Cancelled, Cause::Cancelled).keeping(true));
                }
                actual = blocking::run(move |_| hash(&file, range, algorithm, &stop)) => actual?,
            };
            if actual?.is_none_or(|actual| Some(actual) != expected.digest()) {
                let cause = Cause::WrongPiece { range };
                return Err(Error::new(ErrorKind::Corrupt, cause).keeping(true));
            }
        }
        Ok(())
    }

    /// Returns the digests that were expected, or an error if the file has another one.
    async fn digest(
        &self,
        digester: Option<Digester>,
        file: &ResumableFile,
        length: u64,
        expected: &[Digest],
    ) -> Result<Vec<Digest>, Error> {
        if expected.is_empty() {
            return Ok(Vec::new());
        }
        let algorithms: Vec<_> = expected.iter().map(Digest::algorithm).collect();
        let digester = digester.filter(|known| known.algorithms() == algorithms);
        let start = || Digester::start(file.clone(), algorithms);
        let mut digester = digester.unwrap_or_else(start);
        let mut cancelled = self.cancelled.clone();
        let digests = tokio::select! {
            biased;
            Ok(_) = cancelled.wait_for(|told| *told) => {
                return Err(Error::new(ErrorKind::Cancelled, Cause::Cancelled).keeping(true));
            }
            digests = digester.finish(length) => digests?,
        };
        match mismatch(expected, &digests) {
            Some(error) => Err(error.keeping(true)),
            None => Ok(digests),
        }
    }
}

/// Returns the evidence that a digest is which the server claims.
fn of_claim(digests: &[Digest]) -> Verification {
    if digests.iter().all(|digest| digest.algorithm().is_weak()) {
        Verification::WeakDigest
    } else {
        Verification::ServerDigest
    }
}

/// Ends the hashing of a piece that nobody waits for any more.
struct StopOnDrop(Arc<AtomicBool>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Returns the error of a file that has other digests than are expected.
pub(super) fn mismatch(expected: &[Digest], actual: &[Digest]) -> Option<Error> {
    let mut pairs = expected.iter().zip(actual);
    let (expected, actual) = pairs.find(|(expected, actual)| expected != actual)?;
    let cause = Cause::DigestMismatch {
        expected: *expected,
        actual: *actual,
    };
    Some(Error::new(ErrorKind::Corrupt, cause))
}

fn media_type(fetched: &Fetched) -> Option<String> {
    let media_type = fetched.expected.as_ref()?.media_type.as_ref()?;
    Some(media_type.as_str().to_owned())
}

fn empty_file(generation: Option<&Generation>) -> Generation {
    Generation {
        length: Some(0),
        validators: generation
            .map(|known| known.validators.clone())
            .unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests;
