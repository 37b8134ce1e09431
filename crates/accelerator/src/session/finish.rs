//! Owns what is done with a file of which nothing is missing: it is proven, and gets its name.
//! Knows no network.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use range_core::digest::Digest;
use range_store::{Failpoint, Store};

use super::{Proven, Session};
use crate::digester::Digester;
use crate::driver::{self, Fetched};
use crate::error::{Cause, Error, ErrorKind};
use crate::events::Event;
use crate::generation::Generation;
use crate::keeper::Keeper;
use crate::progress::Phase;
use crate::report::Report;
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
        let keeper = match &fetched.keeper {
            Some(keeper) => keeper.clone(),
            None => driver::create(target, empty_file(fetched.generation.as_ref())).await?,
        };
        fetched.keeper = Some(keeper.clone());
        if keeper.length.is_none() {
            let known = fetched.generation.as_ref();
            let validators = known.map(|known| known.validators.clone());
            target.settle(&keeper, validators.unwrap_or_default(), length)?;
        }
        let digests = self
            .digest(fetched.digester.take(), &keeper, length)
            .await?;
        Ok(Proven {
            keeper,
            length,
            digests,
        })
    }

    /// Gives the file its name.
    pub(super) async fn publish(self, proven: Proven, fetched: Fetched) -> Result<Report, Error> {
        self.progress.set_phase(Phase::Publishing);
        self.events.send(Event::Publishing);
        Failpoint::PublishBegun.reached();
        let part = Arc::clone(&proven.keeper.part);
        let generation = fetched.generation.as_ref();
        let modified = generation.and_then(|known| known.validators.last_modified);
        if let Some(date) = modified.filter(|_| self.task.settings.remote_time) {
            part.set_modified(UNIX_EPOCH + Duration::from_secs(date.unix_seconds()));
        }
        let how = self.task.publish();
        let keeper = proven.keeper;
        let published = tokio::task::spawn_blocking(move || keeper.publish(how)).await;
        let published =
            published.map_err(|_| Error::new(ErrorKind::Internal, Cause::WorkerLost))??;
        // The file has its name and is complete; a journal that could not be removed harms nobody.
        drop(published.loose_end);
        Failpoint::Published.reached();
        let verified = self.verified(generation, fetched.all_agree);
        Ok(self.report(
            proven.length,
            verified,
            proven.digests,
            fetched.coding.clone(),
        ))
    }

    /// The digests that were expected, or an error when one of them is another.
    async fn digest(
        &self,
        digester: Option<Digester>,
        keeper: &Keeper,
        length: u64,
    ) -> Result<Vec<Digest>, Error> {
        let expected = &self.task.settings.digests;
        if expected.is_empty() {
            return Ok(Vec::new());
        }
        let digester = digester.unwrap_or_else(|| {
            let store = Arc::clone(&keeper.part) as Arc<dyn Store>;
            Digester::start(store, self.task.algorithms())
        });
        let digests = digester.finish(length).await?;
        for (expected, actual) in expected.iter().zip(&digests) {
            if expected != actual {
                let cause = Cause::DigestMismatch {
                    expected: *expected,
                    actual: *actual,
                };
                return Err(Error::new(ErrorKind::Corrupt, cause).resumable(true));
            }
        }
        Ok(digests)
    }
}

fn empty_file(generation: Option<&Generation>) -> Generation {
    Generation {
        length: Some(0),
        validators: generation
            .map(|known| known.validators.clone())
            .unwrap_or_default(),
    }
}
