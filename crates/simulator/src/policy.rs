//! Owns what the world asks of a download policy, and who takes part in a comparison. Knows no
//! network.

use std::num::NonZeroU16;
use std::time::Duration;

use range_core::block::BlockSize;
use range_core::limits;
use range_core::scheduler::{Beginning, Input, Output, Scheduler, SchedulerConfig};
use range_core::time::Timestamp;

use crate::reference::{Habit, Reference};
use crate::world::World;

/// Decides what is fetched. The contract is the scheduler's: after every input, outputs are taken
/// until `Wait` or `Finished`.
pub trait Policy {
    /// Takes in what happened at `now`.
    fn handle_input(&mut self, now: Timestamp, input: Input);
    /// The next thing to do.
    fn poll_output(&mut self) -> Output;
    /// Panics when the policy's own rules are broken.
    fn check(&self);
}

impl Policy for Scheduler {
    fn handle_input(&mut self, now: Timestamp, input: Input) {
        Self::handle_input(self, now, input);
    }

    fn poll_output(&mut self) -> Output {
        Self::poll_output(self)
    }

    fn check(&self) {
        self.check_invariants();
    }
}

/// Who takes part in a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Contender {
    /// The scheduler of `range-core`.
    Ours,
    /// Sixteen equal parts, one connection each.
    Static,
    /// Sixteen equal parts; a free connection takes half of the largest, as axel does.
    Halving,
    /// Sixteen connections, each asking for 1 MiB at a time, as aria2's pieces are.
    Pieces,
}

impl Contender {
    /// In the order of the table's columns.
    pub const ALL: [Self; 4] = [Self::Ours, Self::Static, Self::Halving, Self::Pieces];

    /// The column's head.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Static => "static 16",
            Self::Halving => "halving 16",
            Self::Pieces => "1 MiB pieces",
        }
    }

    /// The contender whose name begins so.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|contender| contender.name().starts_with(name))
    }

    /// The policy, ready for a world.
    pub fn policy(self, world: &World) -> Box<dyn Policy> {
        match self {
            Self::Ours => Box::new(ours(world)),
            Self::Static => Box::new(Reference::new(Habit::Static)),
            Self::Halving => Box::new(Reference::new(Habit::Halving)),
            Self::Pieces => Box::new(Reference::new(Habit::Pieces)),
        }
    }
}

/// The scheduler with the settings users get when they name none.
fn ours(world: &World) -> Scheduler {
    let config = SchedulerConfig {
        width: NonZeroU16::new(world.ceiling).expect("a world allows a connection"),
        reach: limits::REACH_DEFAULT,
        block_size: BlockSize::DEFAULT,
        max_tries: 10,
        stall_timeout: Duration::from_secs(20),
        seed: world.seed,
    };
    Scheduler::new(config, Beginning::Fresh)
}
