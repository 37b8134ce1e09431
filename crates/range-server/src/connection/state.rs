//! Owns what the responses of a connection and its socket tell each other. Moves no byte.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use futures::task::AtomicWaker;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::clock;
use crate::pace::{Bucket, Pace};
use crate::send_queue;

/// Longest a reset waits for bytes before it to be acknowledged.
const RESET_PATIENCE: Duration = Duration::from_secs(10);

/// The time between two looks at that.
const RESET_CHECK: Duration = Duration::from_millis(2);

/// The state that the responses of a connection and its socket share.
pub(crate) struct ConnectionState {
    /// Counted from 1.
    pub(crate) number: u64,
    pub(crate) peer: SocketAddr,
    pub(super) is_to_be_reset: AtomicBool,
    /// From when on it is broken, if it is to be.
    breaks: Mutex<Option<Instant>>,
    /// True if there is such a moment.
    will_break: AtomicBool,
    /// The waker of the task that polls the socket while nothing moves.
    pub(super) poller: AtomicWaker,
    /// The system's number of the socket, once there is one.
    pub(super) inode: OnceLock<u64>,
    /// The number of responses that wait on purpose.
    pub(super) held: AtomicUsize,
    /// The bucket that responses are sent out of, from the first it was for.
    bucket: Mutex<Option<(Bucket, Arc<Pace>)>>,
    /// Lets URLs hold it up, until it ends.
    hold_permit: Mutex<Option<OwnedSemaphorePermit>>,
}

impl ConnectionState {
    pub(crate) fn new(number: u64, peer: SocketAddr) -> Self {
        Self {
            number,
            peer,
            is_to_be_reset: AtomicBool::new(false),
            breaks: Mutex::default(),
            will_break: AtomicBool::new(false),
            poller: AtomicWaker::new(),
            inode: OnceLock::new(),
            held: AtomicUsize::new(0),
            bucket: Mutex::default(),
            hold_permit: Mutex::default(),
        }
    }

    /// Makes the connection end with a reset when its socket is dropped, and waits until the
    /// peer's system has acknowledged what was sent: a reset takes back what was not.
    pub(crate) async fn prepare_reset(&self) {
        let deadline = clock::now() + RESET_PATIENCE;
        while let Some(inode) = self.inode.get()
            && send_queue::length(*inode).is_some_and(|bytes| bytes > 0)
            && clock::now() < deadline
        {
            tokio::time::sleep(RESET_CHECK).await;
        }
        self.is_to_be_reset.store(true, Ordering::Release);
    }

    /// Resets the connection at that moment, whatever is under way over it. Of several moments the
    /// first counts.
    pub(crate) fn break_at(&self, moment: Instant) {
        let mut breaks = self.breaks.lock().unwrap_or_else(PoisonError::into_inner);
        *breaks = Some(breaks.map_or(moment, |earlier| earlier.min(moment)));
        drop(breaks);
        if moment <= clock::now() {
            // It may end before anybody asks the socket.
            self.is_to_be_reset.store(true, Ordering::Release);
        }
        self.will_break.store(true, Ordering::Release);
        self.poller.wake();
    }

    /// When it breaks, if it does.
    pub(super) fn breaks(&self) -> Option<Instant> {
        let will_break = self.will_break.load(Ordering::Acquire);
        let breaks = || *self.breaks.lock().unwrap_or_else(PoisonError::into_inner);
        will_break.then(breaks)?
    }

    /// Returns true if it broke.
    pub(crate) fn is_broken(&self) -> bool {
        self.breaks().is_some_and(|moment| moment <= clock::now())
    }

    /// Takes the connection's place among those that URLs may hold up. False when all are taken.
    pub(crate) fn may_be_held(&self, places: &Arc<Semaphore>) -> bool {
        let permit = &self.hold_permit;
        let mut permit = permit.lock().unwrap_or_else(PoisonError::into_inner);
        if permit.is_none() {
            *permit = Arc::clone(places).try_acquire_owned().ok();
        }
        permit.is_some()
    }

    /// Keeps the connection from counting as stalled until what is returned is dropped.
    pub(crate) fn hold_on(&self) -> Held<'_> {
        Held::new(&self.held)
    }

    /// The bucket of this connection, which begins to fill when it is first asked for.
    pub(crate) fn bucket(&self, wanted: Bucket) -> Arc<Pace> {
        let mut bucket = self.bucket.lock().unwrap_or_else(PoisonError::into_inner);
        match &*bucket {
            Some((own, pace)) if *own == wanted => Arc::clone(pace),
            _ => {
                let pace = Arc::new(Pace::in_quanta(wanted, clock::now()));
                *bucket = Some((wanted, Arc::clone(&pace)));
                pace
            }
        }
    }

    /// Waits on purpose, without the connection counting as stalled.
    pub(crate) async fn hold(&self, delay: Duration) {
        let _held = self.hold_on();
        tokio::time::sleep(delay).await;
    }
}

/// One response that waits on purpose, until it is dropped.
pub(crate) struct Held<'a>(&'a AtomicUsize);

impl<'a> Held<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::AcqRel);
        Self(count)
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}
