//! Owns what the responses of a connection and its socket tell each other. Moves no byte.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::Duration;

use futures::task::AtomicWaker;
use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::clock;
use crate::limits::Limits;
use crate::pace::{Bucket, Pace};
use crate::send_queue;

/// Longest a reset waits for bytes before it to be acknowledged.
const RESET_PATIENCE: Duration = Duration::from_secs(10);

/// The time between two looks at that.
const RESET_CHECK: Duration = Duration::from_millis(2);

/// The time between two looks at whether a peer has left whose bytes nobody reads yet.
const PEER_CHECK: Duration = Duration::from_millis(100);

/// Longest time that URLs keep a connection on which nothing moves, from the first that does.
const MAX_STANDSTILL: Duration = Duration::from_mins(10);

/// The state that the responses of a connection and its socket share.
pub(crate) struct ConnectionState {
    /// Counted from 1.
    pub(crate) number: u64,
    pub(crate) peer: SocketAddr,
    pub(super) is_to_be_reset: AtomicBool,
    /// From when on it is broken, if it is to be, and why.
    breaks: Mutex<Option<(Instant, Broken)>>,
    /// True if there is such a moment.
    will_break: AtomicBool,
    /// The waker of the task that polls the socket while nothing moves.
    pub(super) poller: AtomicWaker,
    /// Tells that there is such a moment, or an earlier one.
    breaks_changed: Notify,
    /// The system's number of the socket, once there is one.
    pub(super) inode: OnceLock<u64>,
    /// The number of responses that wait on purpose.
    pub(super) held: AtomicUsize,
    /// The bucket that responses are sent out of, from the first it was for.
    bucket: Mutex<Option<(Bucket, Arc<Pace>)>>,
    /// Lets URLs hold it up, until it ends.
    hold_permit: Mutex<Option<OwnedSemaphorePermit>>,
    /// The socket, as long as it is open.
    socket: OnceLock<Weak<TcpStream>>,
    turns: Arc<Semaphore>,
    /// The number of requests that are not answered to the end.
    under_way: AtomicUsize,
    began: Instant,
    /// The moment a response last came further, in milliseconds since it began.
    progress: AtomicU64,
}

/// The reason why a connection is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Broken {
    /// A fault has the server be away.
    Outage,
    /// It was held up, and its peer has left or has had its time.
    GivenUp,
}

/// The way a URL holds a connection up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Hold {
    /// Its bytes come slowly.
    Slow,
    /// It may send nothing for a while.
    Still,
}

/// The doing of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Activity {
    /// No request is under way.
    Idle,
    /// The server takes its time over a response.
    Held,
    /// A response waits for its peer.
    Sending,
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
            breaks_changed: Notify::new(),
            inode: OnceLock::new(),
            held: AtomicUsize::new(0),
            bucket: Mutex::default(),
            hold_permit: Mutex::default(),
            socket: OnceLock::new(),
            turns: Arc::new(Semaphore::new(Limits::ANSWERED_AT_ONCE)),
            under_way: AtomicUsize::new(0),
            began: clock::now(),
            progress: AtomicU64::new(0),
        }
    }

    /// Takes note of the socket, which stays its owner's to close.
    pub(super) fn attach(&self, socket: &Arc<TcpStream>) {
        if let Ok(stat) = rustix::fs::fstat(socket) {
            let _ = self.inode.set(stat.st_ino);
        }
        let _ = self.socket.set(Arc::downgrade(socket));
    }

    /// Counts a request as under way until what is returned is dropped.
    pub(crate) fn begin(self: &Arc<Self>) -> UnderWay {
        self.under_way.fetch_add(1, Ordering::AcqRel);
        self.move_on();
        let (connection, turn) = (Arc::clone(self), None);
        UnderWay { connection, turn }
    }

    /// Takes note that a response has come further.
    pub(crate) fn move_on(&self) {
        let millis = clock::now().duration_since(self.began).as_millis();
        let millis = u64::try_from(millis).unwrap_or(u64::MAX);
        self.progress.store(millis, Ordering::Release);
    }

    /// Tells what it does, and for how long nothing has come further.
    pub(crate) fn activity(&self, now: Instant) -> (Activity, Duration) {
        let moved = self.began + Duration::from_millis(self.progress.load(Ordering::Acquire));
        let still = now.saturating_duration_since(moved);
        let activity = if self.under_way.load(Ordering::Acquire) == 0 {
            Activity::Idle
        } else if self.held.load(Ordering::Acquire) > 0 {
            Activity::Held
        } else {
            Activity::Sending
        };
        (activity, still)
    }

    /// Makes the connection end with a reset when its socket is dropped, which takes back what its
    /// peer did not read.
    pub(crate) fn reset_at_end(&self) {
        self.is_to_be_reset.store(true, Ordering::Release);
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
        self.reset_at_end();
    }

    /// Resets the connection at that moment, because the server is to be away, whatever is under
    /// way over it. Of several moments the first counts.
    pub(crate) fn break_at(&self, moment: Instant) {
        self.end_at(moment, Broken::Outage);
    }

    fn end_at(&self, moment: Instant, why: Broken) {
        let mut breaks = self.breaks.lock().unwrap_or_else(PoisonError::into_inner);
        let new = (moment, why);
        *breaks = Some(breaks.map_or(new, |earlier| earlier.min(new)));
        drop(breaks);
        if moment <= clock::now() {
            // It may end before anybody asks the socket.
            self.reset_at_end();
        }
        self.will_break.store(true, Ordering::Release);
        self.poller.wake();
        self.breaks_changed.notify_one();
    }

    /// Ends when the connection is to break.
    pub(crate) async fn until_broken(&self) {
        loop {
            let changed = self.breaks_changed.notified();
            let Some(moment) = self.breaks() else {
                changed.await;
                continue;
            };
            if tokio::time::timeout_at(moment, changed).await.is_err() {
                return self.reset_at_end();
            }
        }
    }

    /// The moment it breaks, if it does.
    pub(super) fn breaks(&self) -> Option<Instant> {
        self.broken().map(|(moment, _)| moment)
    }

    fn broken(&self) -> Option<(Instant, Broken)> {
        let will_break = self.will_break.load(Ordering::Acquire);
        let breaks = || *self.breaks.lock().unwrap_or_else(PoisonError::into_inner);
        will_break.then(breaks)?
    }

    /// Returns true if the server's being away broke it.
    pub(crate) fn meets_outage(&self) -> bool {
        let now = clock::now();
        self.broken()
            .is_some_and(|(moment, why)| moment <= now && why == Broken::Outage)
    }

    /// Takes the connection's place among those that URLs may hold up. False when all are taken.
    pub(crate) fn may_be_held(&self, hold: Hold, places: &Arc<Semaphore>) -> bool {
        let permit = &self.hold_permit;
        let mut permit = permit.lock().unwrap_or_else(PoisonError::into_inner);
        if permit.is_none() {
            *permit = Arc::clone(places).try_acquire_owned().ok();
        }
        let may = permit.is_some();
        drop(permit);
        if may && hold == Hold::Still {
            self.end_at(clock::now() + MAX_STANDSTILL, Broken::GivenUp);
        }
        may
    }

    /// Reports whether it has a place among those that URLs hold up.
    pub(crate) fn is_held_by_url(&self) -> bool {
        let permit = self.hold_permit.lock();
        permit.unwrap_or_else(PoisonError::into_inner).is_some()
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

    /// Waits on purpose, without the connection counting as stalled. False when the peer has left
    /// meanwhile; the connection is then given up.
    pub(crate) async fn hold(&self, delay: Duration) -> bool {
        let _held = self.hold_on();
        tokio::select! {
            () = tokio::time::sleep(delay) => true,
            () = self.peer_left() => {
                self.end_at(clock::now(), Broken::GivenUp);
                false
            }
        }
    }

    /// Ends when the peer has closed its side, also where nobody reads from the socket. Over
    /// HTTP/2, whose connection is read all the time, that ends with the connection.
    pub(crate) async fn peer_left(&self) {
        let Some(socket) = self.socket.get().and_then(Weak::upgrade) else {
            return;
        };
        while let Ok(ready) = socket.ready(Interest::READABLE).await {
            if ready.is_read_closed() {
                return;
            }
            // The data it has sent is nobody's business now, and would be told again at once.
            tokio::time::sleep(PEER_CHECK).await;
        }
    }
}

/// A request under way, until it is dropped.
pub(crate) struct UnderWay {
    connection: Arc<ConnectionState>,
    turn: Option<OwnedSemaphorePermit>,
}

impl UnderWay {
    /// Waits until few enough responses are being sent over the connection.
    pub(crate) async fn wait_for_turn(&mut self) {
        let turns = Arc::clone(&self.connection.turns);
        self.turn = turns.acquire_owned().await.ok();
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.connection.move_on();
        self.connection.under_way.fetch_sub(1, Ordering::AcqRel);
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
