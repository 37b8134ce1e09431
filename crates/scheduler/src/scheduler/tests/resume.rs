//! Tests of a part file's bytes: their use for a download, and the moments at which they are made
//! safe.

use super::played::{Answer, Played};
use super::*;
use crate::ids::CheckpointId;
use crate::output::WaitReason;

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
        attempt: FIRST,
        position: 9 * MIB,
        how: Stop::Drained,
    });
    let outputs = bench.feed(Input::Rejected {
        range: range(9 * MIB, 10 * MIB),
    });
    let fetched = Request::Part(range(9 * MIB, 10 * MIB));
    assert_eq!(starts(&outputs), [(SECOND, fetched, Route::Known)]);
    let stop = Input::Stopped {
        attempt: SECOND,
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
        attempt: FIRST,
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
    let config = SchedulerConfig {
        checkpoints: false,
        ..config(1)
    };
    let (mut bench, _) = Bench::segmented_with(config, 4096 * MIB);
    bench.feed(Input::Received {
        attempt: FIRST,
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

/// An earlier run's bytes are all gone, as after a power cut: that is no more requests than a fresh
/// download would make.
#[test]
fn rejected_blocks_that_touch_are_one_run() {
    let length = 512 * MIB;
    let claimed = [range(0, length)].into_iter().collect();
    let mut played = Played::new(8, length, Beginning::Resume { length, claimed });
    for block in 0..512 {
        played.feed(Input::Rejected {
            range: range(block * MIB, (block + 1) * MIB),
        });
        let waiting = played.bench.scheduler.ledger.waiting().count();
        assert!(waiting < 20, "{waiting} runs wait after block {block}");
    }
    let ended = played.until(Duration::from_mins(5), |_| Answer::at_once(8 * MIB));
    assert!(
        matches!(ended, Some((Outcome::Complete { .. }, _))),
        "{ended:?}"
    );
    let mut fresh = Played::new(8, length, Beginning::Fresh);
    fresh.until(Duration::from_mins(5), |_| Answer::at_once(8 * MIB));
    let (requests, plain) = (played.asked.len(), fresh.asked.len());
    assert!(
        requests <= 2 * plain,
        "{requests} requests, and {plain} when fresh"
    );
}

/// Blocks are verified from the end to the beginning, and every third is good.
#[test]
fn rejected_blocks_are_fetched_whatever_order_they_are_told_in() {
    let length = 60 * MIB;
    let claimed = [range(0, length)].into_iter().collect();
    let mut played = Played::new(4, length, Beginning::Resume { length, claimed });
    for block in (0..60).rev() {
        let range = range(block * MIB, (block + 1) * MIB);
        played.feed(match block % 3 {
            0 => Input::Verified { range },
            _ => Input::Rejected { range },
        });
    }
    let ended = played.until(Duration::from_mins(1), |_| Answer::at_once(8 * MIB));
    assert!(
        matches!(ended, Some((Outcome::Complete { .. }, _))),
        "{ended:?}"
    );
    assert!(played.asked.len() <= 24, "{}", played.asked.len());
}

#[test]
fn a_retry_and_what_touches_it_stay_two_runs() {
    let length = 8 * MIB;
    let claimed = [range(4 * MIB, length)].into_iter().collect();
    let mut bench = Bench::new(1, Beginning::Resume { length, claimed });
    bench.feed(Input::Tick);
    bench.fail(FIRST, 0, FailureClass::Unreachable);
    let outputs = bench.feed(Input::Rejected {
        range: range(4 * MIB, length),
    });
    let rest = Request::Part(range(4 * MIB, length));
    assert_eq!(starts(&outputs), [(SECOND, rest, Route::Known)]);
}
