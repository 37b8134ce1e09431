//! Owns the snapshot of how far a download is, which listeners poll at their own pace.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use range_core::units::{ByteCount, BytesPerSecond};
use range_core::{ByteRange, RangeSet};

use crate::clock::Clock;
use crate::speed::{self, Speed};

/// The step that a download is at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Phase {
    /// The download waits for the first reply.
    #[default]
    Connecting,
    /// Room is reserved for the file, which takes long where a file system writes zeros.
    Reserving,
    /// Bytes arrive, or those of an earlier run are read back.
    Fetching,
    /// Every byte is there; the digest is being finished.
    Verifying,
    /// The file is put on the disk and under its final name.
    Publishing,
}

/// The progress of a download.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Progress {
    /// The step that it is at.
    pub phase: Phase,
    /// Time since it began.
    pub elapsed: Duration,
    /// The length of the file, once known.
    pub length: Option<u64>,
    /// The ranges that are in the part file.
    pub received: RangeSet,
    /// The ranges that an earlier run claims and that are not read back yet.
    pub claimed: RangeSet,
    /// The ranges that the connections still have to fetch, one for each.
    pub in_flight: Vec<ByteRange>,
    /// The number of bytes that the digest has covered.
    pub digested: u64,
    /// The bytes fetched in a second, on average over the last four seconds.
    pub rate: BytesPerSecond,
    /// The counts, which only grow.
    pub tally: Tally,
}

impl Progress {
    /// Returns the number of bytes that are here: those that were received, and those that an
    /// earlier run left and that are not read back yet.
    pub fn present(&self) -> u64 {
        self.received.len() + self.claimed.len()
    }

    /// Returns the time that the rest takes at the present [`rate`](Self::rate); `None` at a
    /// standstill, or while the length is unknown.
    pub fn time_left(&self) -> Option<Duration> {
        let rest = self.length?.saturating_sub(self.present());
        speed::time_left(ByteCount(rest), self.rate)
    }
}

/// The counts of one run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tally {
    /// Bytes of an earlier run that were kept.
    pub resumed_bytes: u64,
    /// Bytes that arrived and were written.
    pub fetched_bytes: u64,
    /// Bytes that arrived and were of no use.
    pub wasted_bytes: u64,
    /// Most connections at once.
    pub connections_peak: usize,
    /// Requests that were sent, redirects included.
    pub requests: u64,
    /// Attempts that failed and were made again.
    pub retries: u64,
}

/// Gives the latest snapshot; cheap to clone.
///
/// ```no_run
/// # async fn example() -> Result<(), accelerator::Error> {
/// use accelerator::{ByteCount, Download, Settings};
/// use std::time::Duration;
///
/// let settings = Settings::default();
/// let download = Download::new("https://example.org/disk.img", "/tmp/disk.img", settings)?;
/// let progress = download.progress();
/// let watch = async {
///     loop {
///         tokio::time::sleep(Duration::from_secs(1)).await;
///         let now = progress.snapshot();
///         println!("{} at {}", ByteCount(now.present()), now.rate);
///         if let Some(left) = now.time_left() {
///             println!("{} s left", left.as_secs());
///         }
///     }
/// };
/// tokio::select! {
///     report = download.run() => println!("{} bytes", report?.bytes),
///     () = watch => {}
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct ProgressHandle(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    progress: Progress,
    speed: Speed,
    /// The clock of the run, once it has begun.
    clock: Option<Clock>,
}

impl ProgressHandle {
    /// Returns the latest snapshot, which is at most 0.1 seconds old while bytes arrive. Its rate
    /// is that of this moment.
    pub fn snapshot(&self) -> Progress {
        let kept = self.lock();
        let now = kept.clock.map(|clock| clock.now().since_start());
        let rate = now.map(|now| kept.speed.rate(now));
        Progress {
            rate: rate.unwrap_or_default(),
            ..kept.progress.clone()
        }
    }

    /// Begins to measure the rate.
    pub(crate) fn start(&self, clock: Clock) {
        self.lock().clock = Some(clock);
    }

    pub(crate) fn set(&self, progress: Progress) {
        let mut kept = self.lock();
        kept.speed
            .note(progress.elapsed, progress.tally.fetched_bytes);
        kept.progress = progress;
    }

    pub(crate) fn set_phase(&self, phase: Phase) {
        self.lock().progress.phase = phase;
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        // A snapshot is replaced whole, so a panic elsewhere cannot leave half of one.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_of_an_earlier_run_are_present_and_take_no_time() {
        let mut progress = Progress {
            length: Some(1000),
            rate: BytesPerSecond(100),
            ..Progress::default()
        };
        progress.received.insert(ByteRange::new(0, 100).unwrap());
        progress.claimed.insert(ByteRange::new(100, 300).unwrap());
        assert_eq!(progress.present(), 300);
        assert_eq!(progress.time_left(), Some(Duration::from_secs(7)));
        progress.length = None;
        assert_eq!(progress.time_left(), None);
    }

    #[test]
    fn there_is_no_rate_before_the_download_runs() {
        let handle = ProgressHandle::default();
        handle.set(Progress::default());
        assert_eq!(handle.snapshot().rate, BytesPerSecond(0));
    }
}
