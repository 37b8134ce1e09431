//! Owns what a scheduler was told in a download of the simulator's. Judges nothing.
use std::cell::RefCell;
use std::num::NonZeroU16;
use std::rc::Rc;
use std::time::Duration;

use scheduler::time::Timestamp;
use scheduler::{Beginning, Input, Output, Scheduler, SchedulerConfig};
use simulator::{Policy, World};

/// Length of the file.
const LENGTH: u64 = 16 << 30;
/// The rate of one connection, in bytes a second: every further one pays, so that the width grows.
const RATE: f64 = 10e6;

/// A download that can be told again: what a scheduler says follows from what it is told.
pub(crate) struct Recording {
    connections: NonZeroU16,
    told: Vec<(Timestamp, Input)>,
}

impl Recording {
    /// A download over so many connections.
    pub(crate) fn of(connections: u16) -> Self {
        let connections = NonZeroU16::new(connections).expect("some connections");
        let count = f64::from(connections.get());
        let mut world = World::plain(1, LENGTH, 0.02, RATE * count);
        world.connection_rate = RATE;
        world.ceiling = connections.get();
        let told = Rc::default();
        let mut begin = |beginning| {
            let policy = Recorder {
                scheduler: scheduler(connections, beginning),
                told: Rc::clone(&told),
            };
            Some(Box::new(policy) as Box<dyn Policy>)
        };
        let report = simulator::run(&world, &mut begin, None).expect("the download ends");
        assert_eq!(report.peak, usize::from(connections.get()), "all are used");
        Self {
            connections,
            told: told.take(),
        }
    }

    /// Returns the number of inputs.
    pub(crate) fn inputs(&self) -> usize {
        self.told.len()
    }

    /// Tells a scheduler all of it, and has every answer.
    pub(crate) fn replay(&self) -> Scheduler {
        let mut scheduler = scheduler(self.connections, Beginning::Fresh);
        for (now, input) in &self.told {
            scheduler.handle_input(*now, *input);
            while !matches!(
                scheduler.poll_output(),
                Output::Wait { .. } | Output::Finished(_)
            ) {}
        }
        scheduler
    }
}

/// A scheduler in the simulator, and what it is told.
struct Recorder {
    scheduler: Scheduler,
    told: Rc<RefCell<Vec<(Timestamp, Input)>>>,
}

impl Policy for Recorder {
    fn handle_input(&mut self, now: Timestamp, input: Input) {
        self.told.borrow_mut().push((now, input));
        self.scheduler.handle_input(now, input);
    }

    fn poll_output(&mut self) -> Output {
        self.scheduler.poll_output()
    }

    fn check(&mut self) {}
}

fn scheduler(width: NonZeroU16, beginning: Beginning) -> Scheduler {
    let config = SchedulerConfig {
        sources: NonZeroU16::MIN,
        width,
        reach: scheduler::limits::REACH_DEFAULT,
        window: None,
        block_size: None,
        max_tries: Some(5),
        stall_timeout: Duration::from_secs(20),
        first_byte_timeout: Duration::from_mins(2),
        rate_limit: None,
        checkpoints: true,
        seed: 1,
    };
    Scheduler::new(config, beginning)
}
