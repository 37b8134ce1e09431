//! Owns what a round is: a file, a server, a way to download, and when to kill. All of it grows
//! from the round's seed.

use std::time::Duration;

use range_store::Failpoint;

use crate::dice::Dice;

pub(crate) const MIB: u64 = 1 << 20;

/// One round.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) seed: u64,
    pub(crate) length: u64,
    pub(crate) connections: u64,
    /// The program's further arguments, but for the checksum.
    pub(crate) arguments: Vec<&'static str>,
    /// True if the file's digest is expected.
    pub(crate) checksum: bool,
    pub(crate) server: ServerKind,
    /// The time the transfer takes at the rate the server sends at.
    pub(crate) transfer: Duration,
    /// The runs that are killed, in order. One that ends before it is killed ends the round.
    pub(crate) runs: Vec<Run>,
}

/// A run that is to be killed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    pub(crate) kill: Kill,
    /// True if the remote file changes when the run is over.
    pub(crate) then_change: bool,
}

/// When a run is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kill {
    /// The n-th time it reaches a point.
    At(Failpoint, u64),
    /// So long after its start.
    After(Duration),
}

/// The ways in which the server treats ranges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ServerKind {
    /// As it should.
    Honest,
    /// Rightly, but without anything to tell generations apart.
    NoValidators,
    /// Not at all.
    IgnoresRanges,
    /// Not at all, and without saying how long the file is.
    LengthUnknown,
}

impl ServerKind {
    /// Returns whether the journal claims blocks; else a kill costs whatever had arrived.
    pub(crate) const fn claims_blocks(self) -> bool {
        !matches!(self, Self::LengthUnknown)
    }
}

impl Case {
    pub(crate) fn grow(seed: u64) -> Self {
        let dice = &mut Dice::new(seed);
        // Three rounds in four walk through the failpoints, so that none depends on luck.
        let points = Failpoint::ALL.len() as u64;
        let point = (seed % 4 < 3).then(|| Failpoint::ALL[usize::try_from(seed % points).unwrap()]);
        let mut case = Self {
            seed,
            length: length(dice),
            connections: dice.pick(&[1, 2, 3, 4, 8, 16]),
            arguments: dice
                .pick(&[&[][..], &["--write", "mapped"], &["--write", "positioned"]])
                .to_vec(),
            checksum: dice.one_in(3),
            server: match dice.below(10) {
                0 => ServerKind::NoValidators,
                1 => ServerKind::IgnoresRanges,
                2 => ServerKind::LengthUnknown,
                _ => ServerKind::Honest,
            },
            transfer: dice.time_below(Duration::from_millis(400)),
            runs: Vec::new(),
        };
        if case.server == ServerKind::LengthUnknown {
            case.arguments.clear();
        }
        if dice.one_in(2) {
            case.arguments.push("--no-sync");
        }
        if let Some(point) = point {
            case.go_by(point, dice);
        }
        for _ in 0..dice.below(3) + u64::from(point.is_none()) {
            let kill = Kill::After(dice.time_below(case.transfer + Duration::from_millis(100)));
            let then_change = dice.one_in(8);
            case.runs.push(Run { kill, then_change });
        }
        case
    }

    /// Makes sure that the point can be reached, and kills there.
    fn go_by(&mut self, point: Failpoint, dice: &mut Dice) {
        use Failpoint as At;
        let mut times = 1;
        match point {
            At::BlockWritten | At::BlockRecorded => {
                self.be_resumable(dice);
                times = 1 + dice.below(self.length / MIB);
            }
            At::EarlierFound
            | At::BlockVerified
            | At::PartDiscarded
            | At::PartSetAside
            | At::SetAside => {
                self.be_resumable(dice);
                if point == At::PartDiscarded {
                    // Nothing tells whether what is there belongs to the file.
                    self.server = ServerKind::NoValidators;
                    self.checksum = false;
                }
                let changes = matches!(point, At::PartSetAside | At::SetAside);
                if changes {
                    // With a checksum the file must stay.
                    self.checksum = false;
                }
                let blocks = 1 + dice.below(self.length / MIB - 1);
                if point == At::BlockVerified {
                    times = 1 + dice.below(blocks);
                }
                self.runs.push(Run {
                    kill: Kill::At(At::BlockRecorded, blocks),
                    then_change: changes,
                });
            }
            At::CheckpointBegun | At::DataSynced | At::JournalSynced | At::CheckpointDone => {
                self.be_resumable(dice);
                // A checkpoint comes every second, and none where the disk is left to the system.
                self.transfer = Duration::from_millis(2500);
                self.arguments.retain(|argument| *argument != "--no-sync");
            }
            At::PartCreated
            | At::JournalCreated
            | At::PartReserved
            | At::PublishBegun
            | At::PermissionsSet
            | At::FinalNamePlaced
            | At::DirectorySynced
            | At::Published => {}
        }
        let kill = Kill::At(point, times);
        let then_change = dice.one_in(8);
        self.runs.push(Run { kill, then_change });
    }

    /// At least two whole blocks, from a server that lets a download continue.
    fn be_resumable(&mut self, dice: &mut Dice) {
        self.server = ServerKind::Honest;
        self.length = (3 + dice.below(20)) * MIB + dice.below(3) * (MIB / 2);
    }
}

/// Where block arithmetic can go wrong, or anywhere.
fn length(dice: &mut Dice) -> u64 {
    let blocks = dice.below(24);
    match dice.below(8) {
        0 => dice.pick(&[0, 1, 4095, 4096, 4097]),
        1 => MIB * (blocks + 1) - 1,
        2 => MIB * (blocks + 1) + 1,
        3 => MIB * (blocks + 1),
        _ => 1 + dice.below(24 * MIB),
    }
}
