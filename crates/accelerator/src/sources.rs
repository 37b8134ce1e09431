//! Owns the places that the file can be had from, as those who send requests know them: one
//! transport each, with what it has learned of its place. One source is a list of one. Decides
//! nothing; the scheduler says which is asked.

use std::num::NonZeroU16;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use scheduler::SourceId;

use crate::redact::SafeUrl;
use crate::settings::InvalidSetting;
use crate::task::Task;
use crate::transport::Transport;
use crate::transport::whom::Whom;

/// Every source; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Sources {
    all: Arc<[Arc<Transport>]>,
    /// The most connections to each, in the same order.
    most: Arc<[Option<NonZeroU16>]>,
    /// The place in the list of the one that last had the file.
    served: Arc<AtomicUsize>,
    /// The place in the list of the one that was asked last.
    asked: Arc<AtomicUsize>,
}

impl Sources {
    pub(crate) fn new(task: &Task) -> Result<Self, InvalidSetting> {
        let places = || std::iter::once(&task.home).chain(&task.mirrors);
        let all = places().map(|place| Ok(Arc::new(Transport::new(task, place)?)));
        let most = places().map(|place| place.connections).collect();
        Ok(Self::of_all(
            all.collect::<Result<_, InvalidSetting>>()?,
            most,
        ))
    }

    fn of_all(all: Arc<[Arc<Transport>]>, most: Arc<[Option<NonZeroU16>]>) -> Self {
        Self {
            all,
            most,
            served: Arc::default(),
            asked: Arc::default(),
        }
    }

    /// Returns one of them, as the only one there is.
    pub(crate) fn only(&self, id: SourceId) -> Self {
        let most = self.most[usize::from(id.0)];
        Self::of_all(Arc::new([Arc::clone(self.of(id))]), Arc::new([most]))
    }

    /// Returns the limits on the connections to each source, where there are any.
    pub(crate) fn limits(&self) -> impl Iterator<Item = (SourceId, NonZeroU16)> {
        let ids = (0..).map(SourceId);
        ids.zip(self.most.iter())
            .filter_map(|(id, most)| Some((id, (*most)?)))
    }

    pub(crate) fn count(&self) -> NonZeroU16 {
        let count = u16::try_from(self.all.len()).ok().and_then(NonZeroU16::new);
        count.expect("a task has a URL, and few others")
    }

    pub(crate) fn are_several(&self) -> bool {
        self.all.len() > 1
    }

    fn of(&self, id: SourceId) -> &Arc<Transport> {
        &self.all[usize::from(id.0)]
    }

    /// Returns the one to send a request to.
    pub(crate) fn ask(&self, id: SourceId) -> Arc<Transport> {
        self.asked.store(id.0.into(), Ordering::Relaxed);
        Arc::clone(self.of(id))
    }

    /// Returns the one that last had the file: the first, before any had.
    pub(crate) fn ask_who_served(&self) -> Arc<Transport> {
        let served = self.served.load(Ordering::Relaxed);
        self.asked.store(served, Ordering::Relaxed);
        Arc::clone(&self.all[served])
    }

    /// Returns which one that is.
    pub(crate) fn serving(&self) -> SourceId {
        let at = self.served.load(Ordering::Relaxed);
        SourceId(u16::try_from(at).expect("there are few"))
    }

    /// Notes that one has the file.
    pub(crate) fn served(&self, id: SourceId) {
        self.served.store(id.0.into(), Ordering::Relaxed);
    }

    /// Returns the URL of a source, without its secrets.
    pub(crate) fn url(&self, id: SourceId) -> SafeUrl {
        self.of(id).url()
    }

    /// Returns the number of requests that were sent.
    pub(crate) fn requests(&self) -> u64 {
        self.all.iter().map(|transport| transport.requests()).sum()
    }

    /// Returns the URL that a good reply came from, that of the first source if it gave any.
    pub(crate) fn answered_at(&self) -> Option<SafeUrl> {
        self.all.iter().find_map(|it| it.answered_at())
    }

    /// Reports whether a good reply came from a host out in the world, or by way of one.
    pub(crate) fn answered_from_outside(&self) -> bool {
        self.all.iter().any(|it| it.answered_from_outside())
    }

    /// Returns the server that was asked last.
    pub(crate) fn asked(&self) -> Option<Whom> {
        self.all[self.asked.load(Ordering::Relaxed)].asked()
    }
}
