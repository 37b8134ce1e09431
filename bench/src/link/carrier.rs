//! Owns carrying packets in one direction, from device to device, when the queue says so. Decides
//! nothing about them.
use std::collections::VecDeque;
use std::io;
use std::num::NonZeroU64;
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::setpriority_process;
use rustix::thread::{gettid, set_current_timer_slack};
use tun_rs::SyncDevice;

use super::packet::{LONGEST, Parcel};
use super::queue::{Fate, Queue};

/// The interval at which the end of the link is looked for where no packet comes.
const GLANCE: Duration = Duration::from_millis(50);
/// Reads between two looks at what is due.
const BATCH: usize = 32;
/// The emulator is to be where the delay comes from, not what it waits for.
const PRIORITY: i32 = -20;
/// A packet that is carried later than this is counted as late.
const PUNCTUAL: Duration = Duration::from_millis(2);

/// The fate of the packets so far.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) arrived: AtomicU64,
    pub(super) lost: AtomicU64,
    pub(super) dropped: AtomicU64,
    /// Handed over so late that the link was another than was asked for.
    pub(super) late: AtomicU64,
    /// Refused by the device.
    pub(super) refused: AtomicU64,
}

/// One direction.
pub(super) struct Carrier<'a> {
    pub(super) from: &'a SyncDevice,
    pub(super) to: &'a SyncDevice,
    pub(super) queue: Queue,
    pub(super) tally: &'a Tally,
    pub(super) ended: &'a AtomicBool,
}

/// Something on its way.
struct Due {
    at: Duration,
    bytes: Vec<u8>,
    packets: u64,
}

impl Carrier<'_> {
    /// Carries until the link has ended.
    pub(super) fn run(mut self) -> io::Result<()> {
        hurry();
        let start = Instant::now();
        let mut under_way = VecDeque::new();
        let mut buffer = vec![0; LONGEST];
        while !self.ended.load(Ordering::Relaxed) {
            self.deliver(&mut under_way, start);
            if !self.collect(&mut under_way, &mut buffer, start)? {
                let next = under_way.front().map(|due: &Due| due.at);
                let wait = next.map_or(GLANCE, |at| at.saturating_sub(start.elapsed()));
                self.wait(wait.min(GLANCE))?;
            }
        }
        Ok(())
    }

    fn deliver(&self, under_way: &mut VecDeque<Due>, start: Instant) {
        while let Some(due) = under_way.pop_front_if(|due| due.at <= start.elapsed()) {
            let late = start.elapsed() > due.at + PUNCTUAL;
            match self.to.send(&due.bytes) {
                Ok(_) => add(&self.tally.arrived, due.packets),
                Err(_) => add(&self.tally.refused, due.packets),
            }
            if late {
                add(&self.tally.late, due.packets);
            }
        }
    }

    /// Returns whether there may be more to read.
    fn collect(
        &mut self,
        under_way: &mut VecDeque<Due>,
        buffer: &mut [u8],
        start: Instant,
    ) -> io::Result<bool> {
        for _ in 0..BATCH {
            match self.from.recv(buffer) {
                Ok(length) => self.accept(under_way, &buffer[..length], start.elapsed())?,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    fn accept(
        &mut self,
        under_way: &mut VecDeque<Due>,
        read: &[u8],
        now: Duration,
    ) -> io::Result<()> {
        let mut parcel = Parcel::new(read)?;
        let lengths = parcel.lengths();
        let fates: Vec<Fate> = lengths
            .map(|length| self.queue.offer(now, length))
            .collect();
        let count = |fate| fates.iter().filter(|&&other| other == fate).count() as u64;
        add(&self.tally.lost, count(Fate::Lost));
        add(&self.tally.dropped, count(Fate::Dropped));
        let is_whole = fates.iter().all(|fate| matches!(fate, Fate::Arrives(_)));
        if let (true, Some(&Fate::Arrives(at))) = (is_whole, fates.last()) {
            // Packets that nothing parts arrive as a network card would hand them over: together.
            under_way.push_back(Due {
                at,
                bytes: parcel.bytes().to_vec(),
                packets: fates.len() as u64,
            });
        } else if fates.len() > 1 {
            for (fate, bytes) in fates.into_iter().zip(parcel.split()?) {
                if let Fate::Arrives(at) = fate {
                    let packets = 1;
                    under_way.push_back(Due { at, bytes, packets });
                }
            }
        }
        Ok(())
    }

    /// Until something can be read, or for so long.
    fn wait(&self, at_most: Duration) -> io::Result<()> {
        let timeout = Timespec::try_from(at_most).map_err(io::Error::other)?;
        let mut readable = [PollFd::from_borrowed_fd(self.from.as_fd(), PollFlags::IN)];
        match poll(&mut readable, Some(&timeout)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// Has this thread run before all others, and woken when it asked to be.
pub(super) fn hurry() {
    // Where that is refused, what is late for it is counted all the same. The usual slack of a
    // timer is 50 us, four times what a packet takes on a fast link.
    let _prompt = set_current_timer_slack(NonZeroU64::new(1));
    let _first = setpriority_process(Some(gettid()), PRIORITY);
}

fn add(counter: &AtomicU64, packets: u64) {
    counter.fetch_add(packets, Ordering::Relaxed);
}
