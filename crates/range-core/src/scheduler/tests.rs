//! One test a row of the scheduler's table: what each input leads to.

mod sources;
mod tail;

use std::vec::Vec;

use super::*;
use crate::failure::FailureClass;
use crate::limits;
use crate::units::BytesPerSecond;

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
            width: NonZeroU16::new(width).unwrap(),
            reach: limits::REACH_DEFAULT,
            block_size: Some(BlockSize::DEFAULT),
            max_tries: 5,
            stall_timeout: Duration::from_secs(20),
            rate_limit: limit,
            checkpoints: true,
            seed: 1,
        };
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
        let mut bench = Self::new(width, Beginning::Fresh);
        let lease = starts(&bench.feed(Input::Tick))[0].0;
        let range = ByteRange::whole(length).unwrap();
        let body = Body::Part {
            range,
            complete_length: length,
        };
        let outputs = bench.feed(Input::Opened { lease, body });
        (bench, outputs)
    }

    fn open(&mut self, lease: Lease, range: ByteRange, complete_length: u64) {
        self.feed(Input::Opened {
            lease,
            body: Body::Part {
                range,
                complete_length,
            },
        });
    }

    fn fail(&mut self, lease: Lease, position: u64, class: FailureClass) -> Vec<Output> {
        self.feed(Input::Stopped {
            lease,
            position,
            how: Stop::Failed(class),
        })
    }
}

fn starts(outputs: &[Output]) -> Vec<(Lease, Request, Route)> {
    let mut starts = Vec::new();
    for output in outputs {
        if let Output::Start {
            lease,
            request,
            route,
            ..
        } = *output
        {
            starts.push((lease, request, route));
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

const FIRST: Lease = Lease::first(0);
const SECOND: Lease = Lease::first(1);

#[test]
fn the_first_request_is_a_probe_and_the_only_one() {
    let mut bench = Bench::new(8, Beginning::Fresh);
    assert_eq!(
        starts(&bench.feed(Input::Tick)),
        [(FIRST, Request::First, Route::Known)]
    );
    assert_eq!(starts(&bench.feed(Input::Tick)), []);
}

#[test]
fn the_probes_body_is_the_first_segment_and_the_lowest_bytes_follow() {
    let (_, outputs) = Bench::segmented(3, 100 * MIB);
    assert_eq!(granted(&outputs), Some(Grant::Range(range(0, 3 * MIB))));
    let requests: Vec<_> = starts(&outputs).into_iter().map(|start| start.1).collect();
    assert_eq!(
        requests,
        [
            Request::Part(range(3 * MIB, 8 * MIB)),
            Request::Part(range(8 * MIB, 15 * MIB))
        ]
    );
}

/// A second writer would begin inside a block that the first one may never finish (I9).
#[test]
fn a_first_reply_that_ends_inside_a_block_is_asked_for_the_rest_of_it() {
    let mut bench = Bench::new(4, Beginning::Fresh);
    bench.feed(Input::Tick);
    let body = Body::Part {
        range: range(0, MIB + MIB / 2),
        complete_length: 64 * MIB,
    };
    let outputs = bench.feed(Input::Opened { lease: FIRST, body });
    assert_eq!(granted(&outputs), Some(Grant::Range(range(0, 2 * MIB))));
    let outputs = bench.feed(Input::Stopped {
        lease: FIRST,
        position: MIB + MIB / 2,
        how: Stop::Drained,
    });
    let rest = Request::Part(range(MIB + MIB / 2, 2 * MIB));
    assert_eq!(starts(&outputs)[0].1, rest);
}

#[test]
fn a_single_connection_takes_the_whole_file_in_one_request() {
    let (_, outputs) = Bench::segmented(1, 100 * MIB);
    assert_eq!(granted(&outputs), Some(Grant::Range(range(0, 100 * MIB))));
    assert_eq!(starts(&outputs), []);
}

#[test]
fn a_reply_without_ranges_becomes_one_stream() {
    for length in [Some(10 * MIB), None] {
        let mut bench = Bench::new(8, Beginning::Fresh);
        bench.feed(Input::Tick);
        let outputs = bench.feed(Input::Opened {
            lease: FIRST,
            body: Body::Whole { length },
        });
        let expected = length.map_or(Grant::ToEnd, |length| Grant::Range(range(0, length)));
        assert_eq!(
            (granted(&outputs), starts(&outputs)),
            (Some(expected), Vec::new())
        );
        let stop = Input::Stopped {
            lease: FIRST,
            position: 10 * MIB,
            how: Stop::Drained,
        };
        let complete = Outcome::Complete { length: 10 * MIB };
        assert_eq!(bench.feed(stop), [Output::Finished(complete)]);
    }
}

#[test]
fn a_stream_that_breaks_starts_over() {
    let mut bench = Bench::new(8, Beginning::Fresh);
    bench.feed(Input::Tick);
    bench.feed(Input::Opened {
        lease: FIRST,
        body: Body::Whole { length: Some(MIB) },
    });
    bench.fail(FIRST, MIB / 2, FailureClass::Interrupted);
    assert_eq!(bench.scheduler.received().len(), 0);
    let again = FIRST.next();
    bench.feed(Input::Opened {
        lease: again,
        body: Body::Whole { length: Some(MIB) },
    });
    let stop = Input::Stopped {
        lease: again,
        position: MIB,
        how: Stop::Drained,
    };
    assert_eq!(
        bench.feed(stop),
        [Output::Finished(Outcome::Complete { length: MIB })]
    );
}

#[test]
fn a_stream_that_always_breaks_at_the_same_place_is_given_up() {
    let mut bench = Bench::new(8, Beginning::SingleStream);
    let mut lease = starts(&bench.feed(Input::Tick))[0].0;
    for _ in 0..100 {
        let body = Body::Whole { length: None };
        bench.feed(Input::Opened { lease, body });
        let outputs = bench.fail(lease, MIB, FailureClass::Interrupted);
        if outputs.contains(&Output::Finished(Outcome::Failed(
            FailureClass::Interrupted,
        ))) {
            return;
        }
        if starts(&outputs).is_empty() {
            bench.after(limits::BACKOFF_MAX);
        }
        lease = lease.next();
    }
    panic!("it is tried for ever");
}

#[test]
fn an_empty_file_is_complete_without_a_byte() {
    let mut bench = Bench::new(8, Beginning::Fresh);
    bench.feed(Input::Tick);
    let outputs = bench.feed(Input::Opened {
        lease: FIRST,
        body: Body::Whole { length: Some(0) },
    });
    assert!(outputs.contains(&Output::Stop { lease: FIRST }));
    let stop = Input::Stopped {
        lease: FIRST,
        position: 0,
        how: Stop::Told,
    };
    assert_eq!(
        bench.feed(stop),
        [Output::Finished(Outcome::Complete { length: 0 })]
    );
}

#[test]
fn a_shorter_reply_is_kept_and_the_rest_asked_for_again() {
    let (mut bench, _) = Bench::segmented(1, 100 * MIB);
    let stop = Input::Stopped {
        lease: FIRST,
        position: 30 * MIB,
        how: Stop::Drained,
    };
    let rest = Request::Part(range(30 * MIB, 100 * MIB));
    assert_eq!(starts(&bench.feed(stop)), [(SECOND, rest, Route::Known)]);
}

#[test]
fn a_reply_that_brings_nothing_counts_as_a_failure() {
    let (mut bench, _) = Bench::segmented(1, 100 * MIB);
    let mut lease = FIRST;
    for _ in 0..4 {
        let outputs = bench.feed(Input::Stopped {
            lease,
            position: 0,
            how: Stop::Drained,
        });
        if starts(&outputs).is_empty() {
            bench.after(limits::BACKOFF_MAX);
        }
        lease = lease.next();
    }
    let outputs = bench.feed(Input::Stopped {
        lease,
        position: 0,
        how: Stop::Drained,
    });
    assert_eq!(
        outputs,
        [Output::Finished(Outcome::Failed(FailureClass::Interrupted))]
    );
}

#[test]
fn messages_of_older_attempts_are_ignored() {
    let (mut bench, _) = Bench::segmented(1, 100 * MIB);
    bench.fail(FIRST, MIB, FailureClass::Interrupted);
    bench.feed(Input::Received {
        lease: FIRST,
        position: 50 * MIB,
    });
    bench.feed(Input::Shrunk {
        lease: FIRST,
        end: 2 * MIB,
    });
    bench.fail(FIRST, 60 * MIB, FailureClass::Storage);
    assert_eq!(bench.scheduler.received().len(), MIB);
    assert_eq!(bench.scheduler.connections(), 1);
}

#[test]
fn a_worker_that_is_silent_too_long_is_replaced() {
    let (mut bench, _) = Bench::segmented(1, 100 * MIB);
    bench.feed(Input::Received {
        lease: FIRST,
        position: MIB,
    });
    bench.after(Duration::from_secs(19));
    let outputs = bench.after(Duration::from_secs(1));
    assert!(outputs.contains(&Output::Stop { lease: FIRST }));
    bench.feed(Input::Stopped {
        lease: FIRST,
        position: MIB,
        how: Stop::Told,
    });
    let rest = Request::Part(range(MIB, 100 * MIB));
    let outputs = bench.after(limits::BACKOFF_MAX);
    assert_eq!(starts(&outputs), [(FIRST.next(), rest, Route::Known)]);
}

#[test]
fn a_busy_host_is_left_alone_for_as_long_as_it_asks_and_gets_fewer_connections() {
    let (mut bench, outputs) = Bench::segmented(4, 400 * MIB);
    let (third, Request::Part(part), _) = starts(&outputs)[1] else {
        panic!("{outputs:?}")
    };
    let retry_after = Some(Duration::from_secs(30));
    let outputs = bench.fail(SECOND, 12 * MIB, FailureClass::Busy { retry_after });
    assert!(
        outputs.contains(&Output::Event(Event::WidthChanged { width: 3 })),
        "{outputs:?}"
    );
    bench.feed(Input::Stopped {
        lease: third,
        position: part.end(),
        how: Stop::Drained,
    });
    assert_eq!(starts(&bench.after(Duration::from_secs(15))), []);
    assert_ne!(starts(&bench.after(Duration::from_secs(15))), []);
}

#[test]
fn an_absurd_retry_after_is_capped() {
    let (mut bench, _) = Bench::segmented(1, 100 * MIB);
    bench.fail(
        FIRST,
        0,
        FailureClass::Busy {
            retry_after: Some(Duration::from_secs(1 << 40)),
        },
    );
    assert_eq!(starts(&bench.after(limits::RETRY_AFTER_MAX)).len(), 1);
}

#[test]
fn a_refusal_is_final_at_first_and_asks_the_original_url_once_later() {
    let mut bench = Bench::new(8, Beginning::Fresh);
    bench.feed(Input::Tick);
    let outputs = bench.fail(FIRST, 0, FailureClass::Refused);
    assert_eq!(
        outputs,
        [Output::Finished(Outcome::Failed(FailureClass::Refused))]
    );

    let (mut bench, _) = Bench::segmented(1, 100 * MIB);
    let outputs = bench.fail(FIRST, MIB, FailureClass::Refused);
    let rest = Request::Part(range(MIB, 100 * MIB));
    assert_eq!(starts(&outputs), [(FIRST.next(), rest, Route::Original)]);
    let outputs = bench.fail(FIRST.next(), MIB, FailureClass::Refused);
    assert_eq!(
        outputs,
        [Output::Finished(Outcome::Failed(FailureClass::Refused))]
    );
}

#[test]
fn an_expired_address_is_looked_for_once_while_everyone_else_waits() {
    let (mut bench, outputs) = Bench::segmented(2, 100 * MIB);
    let (second, Request::Part(part), Route::Known) = starts(&outputs)[0] else {
        panic!("{outputs:?}")
    };
    let outputs = bench.fail(second, part.start(), FailureClass::Refused);
    let asked = starts(&outputs);
    assert_eq!(asked.len(), 1, "{outputs:?}");
    let (lease, request, route) = asked[0];
    assert_eq!((lease, route), (second.next(), Route::Original));
    assert!(
        !outputs
            .iter()
            .any(|output| matches!(output, Output::Event(Event::WidthChanged { .. }))),
        "nobody said that there are too many: {outputs:?}"
    );
    // The first one drains meanwhile; what waits is not asked for at an address that refuses.
    let stop = Input::Stopped {
        lease: FIRST,
        position: part.start(),
        how: Stop::Drained,
    };
    assert_eq!(starts(&bench.feed(stop)), []);
    let Request::Part(rest) = request else {
        panic!("{request:?}")
    };
    bench.open(lease, rest, 100 * MIB);
}

#[test]
fn another_generation_ends_the_download_at_once() {
    let (mut bench, _) = Bench::segmented(2, 100 * MIB);
    let outputs = bench.fail(SECOND, 7 * MIB, FailureClass::Changed);
    assert!(outputs.contains(&Output::Stop { lease: FIRST }));
    let stop = Input::Stopped {
        lease: FIRST,
        position: MIB,
        how: Stop::Told,
    };
    assert_eq!(bench.feed(stop), [Output::Finished(Outcome::Changed)]);
}

#[test]
fn ranges_that_are_ignored_again_and_again_lead_to_one_stream() {
    let (mut bench, _) = Bench::segmented(1, 100 * MIB);
    let mut lease = FIRST;
    for _ in 1..limits::RANGE_MISTAKES_MAX {
        bench.fail(lease, 0, FailureClass::RangeIgnored);
        bench.after(limits::BACKOFF_MAX);
        lease = lease.next();
    }
    let outputs = bench.fail(lease, 0, FailureClass::RangeIgnored);
    assert_eq!(outputs, [Output::Finished(Outcome::SingleStreamNeeded)]);
}

#[test]
fn an_unreachable_host_fails_after_a_few_tries() {
    let mut bench = Bench::new(8, Beginning::Fresh);
    let mut lease = starts(&bench.feed(Input::Tick))[0].0;
    for _ in 1..limits::FIRST_CONTACT_TRIES {
        bench.fail(lease, 0, FailureClass::Unreachable);
        lease = starts(&bench.after(limits::BACKOFF_MAX))[0].0;
    }
    let outputs = bench.fail(lease, 0, FailureClass::Unreachable);
    assert_eq!(
        outputs,
        [Output::Finished(Outcome::Failed(FailureClass::Unreachable))]
    );
}

#[test]
fn resuming_fetches_the_gaps_while_claims_are_verified() {
    let claimed: RangeSet = [range(0, 8 * MIB), range(9 * MIB, 10 * MIB)]
        .into_iter()
        .collect();
    let mut bench = Bench::new(
        4,
        Beginning::Resume {
            length: 10 * MIB,
            claimed,
        },
    );
    let started = starts(&bench.feed(Input::Tick));
    assert_eq!(
        started,
        [(FIRST, Request::Part(range(8 * MIB, 9 * MIB)), Route::Known)]
    );
    bench.feed(Input::Verified {
        range: range(0, 8 * MIB),
    });
    bench.feed(Input::Stopped {
        lease: FIRST,
        position: 9 * MIB,
        how: Stop::Drained,
    });
    let outputs = bench.feed(Input::Rejected {
        range: range(9 * MIB, 10 * MIB),
    });
    let fetched = Request::Part(range(9 * MIB, 10 * MIB));
    assert_eq!(starts(&outputs), [(SECOND, fetched, Route::Known)]);
    let stop = Input::Stopped {
        lease: SECOND,
        position: 10 * MIB,
        how: Stop::Drained,
    };
    assert_eq!(
        bench.feed(stop),
        [Output::Finished(Outcome::Complete { length: 10 * MIB })]
    );
}

#[test]
fn a_complete_part_file_needs_no_request_once_verified() {
    let whole = range(0, MIB);
    let claimed = [whole].into_iter().collect();
    let mut bench = Bench::new(
        4,
        Beginning::Resume {
            length: MIB,
            claimed,
        },
    );
    let outputs = bench.feed(Input::Tick);
    let wait = Output::Wait {
        until: None,
        reason: WaitReason::Verifying,
    };
    assert_eq!(
        (starts(&outputs), *outputs.last().unwrap()),
        (Vec::new(), wait)
    );
    let outputs = bench.feed(Input::Verified { range: whole });
    assert_eq!(
        outputs,
        [Output::Finished(Outcome::Complete { length: MIB })]
    );
}

#[test]
fn checkpoints_follow_time_one_at_a_time_however_much_arrives() {
    let (mut bench, _) = Bench::segmented(1, 4096 * MIB);
    let asked = |outputs: &[Output]| {
        let mut ids = Vec::new();
        for output in outputs {
            if let Output::Checkpoint { id } = *output {
                ids.push(id);
            }
        }
        ids
    };
    let received = |position| Input::Received {
        lease: FIRST,
        position,
    };
    assert_eq!(asked(&bench.feed(received(1024 * MIB))), []);
    let first = CheckpointId(0);
    let outputs = bench.after(limits::CHECKPOINT_INTERVAL);
    assert_eq!(asked(&outputs), [first]);
    bench.feed(received(2048 * MIB));
    let outputs = bench.after(limits::CHECKPOINT_INTERVAL);
    assert_eq!(asked(&outputs), [], "the first is not answered yet");
    let outputs = bench.feed(Input::Durable { checkpoint: first });
    assert_eq!(asked(&outputs), [CheckpointId(1)]);
    bench.feed(Input::Durable {
        checkpoint: CheckpointId(1),
    });
    let outputs = bench.after(limits::CHECKPOINT_INTERVAL);
    assert_eq!(asked(&outputs), [], "nothing has arrived since");
}

#[test]
fn no_checkpoint_is_asked_for_where_the_disk_is_left_to_the_system() {
    let (mut bench, _) = Bench::segmented(1, 4096 * MIB);
    bench.scheduler.config.checkpoints = false;
    bench.feed(Input::Received {
        lease: FIRST,
        position: 1024 * MIB,
    });
    let outputs = bench.after(limits::CHECKPOINT_INTERVAL);
    let is_checkpoint = |output: &Output| matches!(output, Output::Checkpoint { .. });
    assert!(!outputs.iter().any(is_checkpoint), "{outputs:?}");
    let waits = |output: &Output| {
        matches!(
            output,
            Output::Wait {
                reason: WaitReason::Checkpoint,
                ..
            }
        )
    };
    assert!(!outputs.iter().any(waits), "{outputs:?}");
}

#[test]
fn cancel_stops_every_worker_and_then_finishes() {
    let (mut bench, _) = Bench::segmented(2, 100 * MIB);
    let outputs = bench.feed(Input::Cancel);
    for lease in [FIRST, SECOND] {
        assert!(outputs.contains(&Output::Stop { lease }));
    }
    bench.feed(Input::Stopped {
        lease: FIRST,
        position: MIB,
        how: Stop::Told,
    });
    let stop = Input::Stopped {
        lease: SECOND,
        position: 7 * MIB,
        how: Stop::Told,
    };
    assert_eq!(bench.feed(stop), [Output::Finished(Outcome::Cancelled)]);
}

#[test]
fn a_lowered_width_recovers_slowly() {
    let (mut bench, _) = Bench::segmented(2, 400 * MIB);
    bench.fail(SECOND, 10 * MIB, FailureClass::Busy { retry_after: None });
    let outputs = bench.after(limits::WIDTH_RAISE_INTERVAL);
    assert_eq!(starts(&outputs), []);
    let outputs = bench.after(limits::WIDTH_WINDOW_SLOW);
    assert!(
        outputs.contains(&Output::Event(Event::WidthChanged { width: 2 })),
        "{outputs:?}"
    );
    assert_eq!(starts(&outputs).len(), 1);
}
