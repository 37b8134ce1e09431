//! Owns the points at which a test can kill this process. Knows nothing of the work done there.
//!
//! Only a build with the feature `failpoints` can be killed. It reads `SHEAVE_FAILPOINT`, e.g.
//! `BlockWritten:3`, and dies as by `kill -9` when any thread reaches that point for the third
//! time. In any other build a point does nothing.

/// A moment between two steps that change the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Failpoint {
    /// The part file exists and is empty.
    PartCreated,
    /// The journal exists, with its header.
    JournalCreated,
    /// The part file has its blocks reserved, if the file system can reserve them.
    PartReserved,
    /// A block is completely written, and nothing claims it.
    BlockWritten,
    /// A block is written and claimed.
    BlockRecorded,
    /// A checkpoint was requested.
    CheckpointBegun,
    /// A checkpoint has put the data on the disk.
    DataSynced,
    /// A checkpoint has put the journal on the disk.
    JournalSynced,
    /// A checkpoint is complete.
    CheckpointDone,
    /// An earlier run's part file is locked, and its journal cut after its last valid record.
    EarlierFound,
    /// A block of an earlier run was read back and hashed.
    BlockVerified,
    /// The part file was removed, and its journal was not yet.
    PartDiscarded,
    /// The part file of an older version has moved aside, and its journal has not yet.
    PartSetAside,
    /// An older version has moved aside.
    SetAside,
    /// Every byte is proven.
    PublishBegun,
    /// The part file has the permissions of the final one.
    PermissionsSet,
    /// The final name exists.
    FinalNamePlaced,
    /// The final name survives a power cut.
    DirectorySynced,
    /// All work is done; only the process has not ended.
    Published,
}

impl Failpoint {
    /// Every point.
    pub const ALL: [Self; 19] = [
        Self::PartCreated,
        Self::JournalCreated,
        Self::PartReserved,
        Self::BlockWritten,
        Self::BlockRecorded,
        Self::CheckpointBegun,
        Self::DataSynced,
        Self::JournalSynced,
        Self::CheckpointDone,
        Self::EarlierFound,
        Self::BlockVerified,
        Self::PartDiscarded,
        Self::PartSetAside,
        Self::SetAside,
        Self::PublishBegun,
        Self::PermissionsSet,
        Self::FinalNamePlaced,
        Self::DirectorySynced,
        Self::Published,
    ];

    /// Reaches a point, which does nothing in this build.
    #[cfg(not(feature = "failpoints"))]
    #[inline]
    pub const fn reached(self) {}

    /// Reaches a point. Does not return if the process is to be killed there.
    #[cfg(feature = "failpoints")]
    pub fn reached(self) {
        armed::reached(self);
    }
}

#[cfg(feature = "failpoints")]
mod armed {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::Failpoint;

    const VARIABLE: &str = "SHEAVE_FAILPOINT";

    /// The point that kills, and the number of times it must still be reached.
    static ARMED: OnceLock<Option<(String, AtomicU64)>> = OnceLock::new();

    pub(super) fn reached(point: Failpoint) {
        let Some((name, left)) = ARMED.get_or_init(read) else {
            return;
        };
        if *name == format!("{point:?}") && left.fetch_sub(1, Ordering::SeqCst) == 1 {
            let own = rustix::process::getpid();
            rustix::process::kill_process(own, rustix::process::Signal::KILL)
                .expect("a process may kill itself");
        }
    }

    fn read() -> Option<(String, AtomicU64)> {
        #[expect(
            clippy::disallowed_methods,
            reason = "a build that can be killed is told so from outside, past all settings"
        )]
        let value = std::env::var(VARIABLE).ok()?;
        let (name, times) = value.split_once(':').expect("it is written NAME:TIMES");
        let times = times.parse().expect("the times are a number");
        assert!(
            Failpoint::ALL
                .iter()
                .any(|point| name == format!("{point:?}")),
            "{name} is no failpoint"
        );
        Some((name.to_owned(), AtomicU64::new(times)))
    }
}
