//! Owns who takes part in a comparison: the scheduler with its defaults, and other tools' policies.
//! Knows no network.

use std::num::NonZeroU16;
use std::time::Duration;

use scheduler::limits;
use scheduler::time::Timestamp;
use scheduler::{Beginning, Body, Input, Output, Scheduler, SchedulerConfig};

use crate::policy::Policy;
use crate::reference::{Habit, Reference};
use crate::run::{Failure, RunReport, run};
use crate::trace::Trace;
use crate::world::World;

/// The scheduler, and what it is held to.
#[derive(Debug)]
struct Ours {
    scheduler: Scheduler,
    reach: u64,
    /// Bytes it knew to be there at the last look.
    received: u64,
    /// True if bytes that are there may be given up, as those of a stream that breaks are.
    is_stream: bool,
}

impl Policy for Ours {
    fn handle_input(&mut self, now: Timestamp, input: Input) {
        if let Input::Opened {
            body: Body::Whole { .. },
            ..
        } = input
        {
            self.is_stream = true;
        }
        self.scheduler.handle_input(now, input);
    }

    fn poll_output(&mut self) -> Output {
        self.scheduler.poll_output()
    }

    /// I1, I2 and I5 to I9, as the scheduler checks them; I4 follows from I1; I3 is seen from here.
    fn check(&mut self) {
        self.scheduler.check_invariants();
        let received = self.scheduler.received().len();
        assert!(
            self.is_stream || received >= self.received,
            "I3: {received} bytes are there, and {} were",
            self.received
        );
        self.received = received;
    }

    fn reach(&self) -> u64 {
        self.reach
    }
}

/// The policies that take part in a comparison.
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

    /// The policy, ready for a world. `None` when it has no way to begin so.
    pub fn policy(self, world: &World, beginning: Beginning) -> Option<Box<dyn Policy>> {
        let habit = match self {
            Self::Ours => return Some(Box::new(ours(world, beginning))),
            Self::Static => Habit::Static,
            Self::Halving => Habit::Halving,
            Self::Pieces => Habit::Pieces,
        };
        matches!(beginning, Beginning::Fresh)
            .then(|| Box::new(Reference::new(habit, world.sources())) as Box<dyn Policy>)
    }

    /// Runs in a world. Only ours limits itself; the others get a link that does.
    pub fn run(self, world: &World, trace: Option<&mut Trace>) -> Result<RunReport, Failure> {
        let narrowed = world.narrowed();
        let world = if self == Self::Ours { world } else { &narrowed };
        run(world, &mut |beginning| self.policy(world, beginning), trace)
    }
}

/// The scheduler with the settings users get when they name none.
fn ours(world: &World, beginning: Beginning) -> Ours {
    let width = NonZeroU16::new(world.ceiling).expect("a world allows a connection");
    let config = SchedulerConfig {
        sources: world.sources(),
        width,
        reach: limits::REACH_DEFAULT,
        window: None,
        block_size: None,
        max_tries: None,
        stall_timeout: Duration::from_secs(20),
        first_byte_timeout: Duration::from_mins(2),
        rate_limit: world.rate_limit,
        checkpoints: true,
        seed: world.seed,
    };
    Ours {
        scheduler: Scheduler::new(config, beginning),
        reach: limits::REACH_DEFAULT,
        received: 0,
        is_stream: false,
    }
}
