//! One test a row of the scheduler's table: what each input leads to. Here is what all of them
//! need, and how a download ends and recovers.

mod challenge;
mod failures;
mod first_reply;
mod in_order;
mod looks;
mod meagre;
mod outage;
mod patience;
mod played;
mod rate_limit;
mod resting;
mod resume;
mod sources;
mod spared;
mod tail;

use std::vec::Vec;

use core::num::NonZeroU16;
use core::time::Duration;

use super::*;
use crate::failure::FailureClass;
use crate::ids::{AttemptId, SourceId};
use crate::input::{Body, Stop};
use crate::output::{Grant, Notice, Request, Route};
use range_core::block::BlockSize;
use range_core::units::BytesPerSecond;

const MIB: u64 = 1 << 20;

pub(super) struct Bench {
    pub(super) scheduler: Scheduler,
    pub(super) now: Timestamp,
}

impl Bench {
    fn new(width: u16, beginning: Beginning) -> Self {
        Self::limited(width, beginning, None)
    }

    pub(super) fn limited(width: u16, beginning: Beginning, limit: Option<RateLimit>) -> Self {
        Self::with_sources(1, width, beginning, limit)
    }

    fn with_sources(
        sources: u16,
        width: u16,
        beginning: Beginning,
        limit: Option<RateLimit>,
    ) -> Self {
        let config = SchedulerConfig {
            sources: NonZeroU16::new(sources).unwrap(),
            rate_limit: limit,
            ..config(width)
        };
        Self::of(config, beginning)
    }

    fn of(config: SchedulerConfig, beginning: Beginning) -> Self {
        Self {
            scheduler: Scheduler::new(config, beginning),
            now: Timestamp::START,
        }
    }

    /// Feeds one input and drains; the last output is the terminator.
    pub(super) fn feed(&mut self, input: Input) -> Vec<Output> {
        self.scheduler.handle_input(self.now, input);
        let mut outputs = Vec::new();
        loop {
            let output = self.scheduler.poll_output();
            outputs.push(output);
            if matches!(output, Output::Wait { .. } | Output::Finished(_)) {
                return outputs;
            }
        }
    }

    pub(super) fn after(&mut self, span: Duration) -> Vec<Output> {
        self.now = self.now + span;
        self.feed(Input::Tick)
    }

    /// A fresh download whose first reply is a 206 for the whole of `length` bytes.
    fn segmented(width: u16, length: u64) -> (Self, Vec<Output>) {
        Self::segmented_with(config(width), length)
    }

    fn segmented_with(config: SchedulerConfig, length: u64) -> (Self, Vec<Output>) {
        let mut bench = Self::of(config, Beginning::Fresh);
        let attempt = starts(&bench.feed(Input::Tick))[0].0;
        // The link has served so many that it serves all.
        let source = bench.scheduler.sources.of_mut(SourceId(0));
        source.served = limits::TRIAL_REQUESTS;
        let range = ByteRange::whole(length).unwrap();
        let body = Body::Part {
            range,
            complete_length: length,
        };
        let outputs = bench.feed(Input::Opened { attempt, body });
        (bench, outputs)
    }

    fn open(&mut self, attempt: AttemptId, range: ByteRange, complete_length: u64) {
        self.feed(Input::Opened {
            attempt,
            body: Body::Part {
                range,
                complete_length,
            },
        });
        self.feed(Input::Began { attempt });
    }

    fn fail(&mut self, attempt: AttemptId, position: u64, class: FailureClass) -> Vec<Output> {
        self.feed(Input::Stopped {
            attempt,
            position,
            how: Stop::Failed(class),
        })
    }
}

fn config(width: u16) -> SchedulerConfig {
    SchedulerConfig {
        sources: NonZeroU16::MIN,
        width: NonZeroU16::new(width).unwrap(),
        reach: limits::REACH_DEFAULT,
        window: None,
        block_size: Some(BlockSize::DEFAULT),
        max_tries: Some(5),
        stall_timeout: Duration::from_secs(20),
        first_byte_timeout: Duration::from_mins(2),
        rate_limit: None,
        checkpoints: true,
        seed: 1,
    }
}

fn starts(outputs: &[Output]) -> Vec<(AttemptId, Request, Route)> {
    let mut starts = Vec::new();
    for output in outputs {
        if let Output::Start {
            attempt,
            request,
            route,
            ..
        } = *output
        {
            starts.push((attempt, request, route));
        }
    }
    starts
}

fn granted(outputs: &[Output]) -> Option<Grant> {
    outputs.iter().find_map(|output| {
        if let Output::Grant { grant, .. } = *output {
            Some(grant)
        } else {
            None
        }
    })
}

fn range(start: u64, end: u64) -> ByteRange {
    ByteRange::new(start, end).unwrap()
}

const FIRST: AttemptId = AttemptId::first(0);
const SECOND: AttemptId = AttemptId::first(1);

#[test]
fn cancel_stops_every_worker_and_then_finishes() {
    let (mut bench, _) = Bench::segmented(2, 100 * MIB);
    let outputs = bench.feed(Input::Cancel);
    for attempt in [FIRST, SECOND] {
        assert!(outputs.contains(&Output::Stop { attempt }));
    }
    bench.feed(Input::Stopped {
        attempt: FIRST,
        position: MIB,
        how: Stop::Told,
    });
    let stop = Input::Stopped {
        attempt: SECOND,
        position: 7 * MIB,
        how: Stop::Told,
    };
    assert_eq!(bench.feed(stop), [Output::Finished(Outcome::Cancelled)]);
}

#[test]
fn a_lowered_width_recovers_slowly() {
    let (mut bench, _) = Bench::segmented(2, 400 * MIB);
    bench.fail(SECOND, 10 * MIB, FailureClass::Busy { retry_after: None });
    let outputs = bench.after(limits::WIDTH_RAISE_INTERVAL * 2);
    assert_eq!(starts(&outputs), []);
    let outputs = bench.after(limits::WIDTH_WINDOW_SLOW);
    assert!(
        outputs.contains(&Output::Notice(Notice::WidthChanged { width: 2 })),
        "{outputs:?}"
    );
    assert_eq!(starts(&outputs).len(), 1);
}
