//! Tests of the step after each way to fail: another try, another request, or the end.

use super::played::{Answer, Asked, Played};
use super::*;

#[test]
fn a_shorter_reply_is_kept_and_the_rest_asked_for_again() {
    let (mut bench, _) = Bench::segmented(1, 100 * MIB);
    let stop = Input::Stopped {
        attempt: FIRST,
        position: 30 * MIB,
        how: Stop::Drained,
    };
    let rest = Request::Part(range(30 * MIB, 100 * MIB));
    assert_eq!(starts(&bench.feed(stop)), [(SECOND, rest, Route::Known)]);
}

#[test]
fn a_reply_that_brings_nothing_counts_as_a_failure() {
    let untold = SchedulerConfig {
        max_tries: None,
        ..config(1)
    };
    let (mut bench, _) = Bench::segmented_with(untold, 100 * MIB);
    let mut attempt = FIRST;
    let mut told = Vec::new();
    // No byte has ever come from there.
    for _ in 1..limits::FIRST_CONTACT_TRIES {
        let outputs = bench.feed(Input::Stopped {
            attempt,
            position: 0,
            how: Stop::Drained,
        });
        for output in &outputs {
            if let Output::Notice(Notice::Retrying { tries, .. }) = output {
                told.push((tries.failed, tries.allowed));
            }
        }
        if starts(&outputs).is_empty() {
            bench.after(limits::BACKOFF_MAX);
        }
        attempt = attempt.next();
    }
    let outputs = bench.feed(Input::Stopped {
        attempt,
        position: 0,
        how: Stop::Drained,
    });
    assert_eq!(
        outputs,
        [Output::Finished(Outcome::Failed(FailureClass::Interrupted))]
    );
    assert_eq!(told, [(1, 3), (2, 3)]);
}

#[test]
fn messages_of_older_attempts_are_ignored() {
    let (mut bench, _) = Bench::segmented(1, 100 * MIB);
    bench.fail(FIRST, MIB, FailureClass::Interrupted);
    bench.feed(Input::Received {
        attempt: FIRST,
        position: 50 * MIB,
    });
    bench.feed(Input::Shrunk {
        attempt: FIRST,
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
        attempt: FIRST,
        position: MIB,
    });
    bench.after(Duration::from_secs(19));
    let outputs = bench.after(Duration::from_secs(1));
    assert!(outputs.contains(&Output::Stop { attempt: FIRST }));
    bench.feed(Input::Stopped {
        attempt: FIRST,
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
        outputs.contains(&Output::Notice(Notice::WidthChanged { width: 3 })),
        "{outputs:?}"
    );
    bench.feed(Input::Stopped {
        attempt: third,
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
}

/// It gave bytes a moment ago, and may again: that is worth as many tries as any other failure.
#[test]
fn a_refusal_after_bytes_costs_tries_until_there_are_none_left() {
    let (mut bench, _) = Bench::segmented(1, 100 * MIB);
    let mut outputs = bench.fail(FIRST, MIB, FailureClass::Refused);
    for tries in 2..5 {
        let (attempt, _, _) = starts(&outputs)[0];
        bench.now = bench.now + Duration::from_millis(5);
        let outputs_now = bench.fail(attempt, MIB, FailureClass::Refused);
        assert_eq!(starts(&outputs_now), [], "try {tries} is waited for");
        outputs = bench.after(limits::BACKOFF_MAX);
    }
    let (attempt, _, route) = starts(&outputs)[0];
    assert_eq!(route, Route::Original);
    let outputs = bench.fail(attempt, MIB, FailureClass::Refused);
    let refused = Outcome::Failed(FailureClass::Refused);
    assert_eq!(outputs, [Output::Finished(refused)]);
}

/// Nothing has come since: there is no reason to wait.
#[test]
fn a_refusal_of_a_file_that_was_never_served_is_final() {
    let (mut bench, _) = Bench::segmented(1, 100 * MIB);
    let outputs = bench.fail(FIRST, 0, FailureClass::Refused);
    let (attempt, _, _) = starts(&outputs)[0];
    let outputs = bench.fail(attempt, 0, FailureClass::Refused);
    let refused = Outcome::Failed(FailureClass::Refused);
    assert_eq!(outputs, [Output::Finished(refused)]);
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
    let (attempt, request, route) = asked[0];
    assert_eq!((attempt, route), (second.next(), Route::Original));
    assert!(
        !outputs
            .iter()
            .any(|output| matches!(output, Output::Notice(Notice::WidthChanged { .. }))),
        "nobody said that there are too many: {outputs:?}"
    );
    // The first one drains meanwhile; what waits is not asked for at an address that refuses.
    let stop = Input::Stopped {
        attempt: FIRST,
        position: part.start(),
        how: Stop::Drained,
    };
    assert_eq!(starts(&bench.feed(stop)), []);
    let Request::Part(rest) = request else {
        panic!("{request:?}")
    };
    bench.open(attempt, rest, 100 * MIB);
}

/// Each target of a redirect dies a moment after the one before: whom it serves it lets go, and
/// whoever asks later is refused. Only the original URL leads to the next.
#[test]
fn a_target_that_refuses_all_has_expired_however_young_it_is() {
    for lives in [200, 500, 800, 950].map(Duration::from_millis) {
        let deaths = [0, 1, 2].map(|target| Duration::from_secs(2) + lives * target);
        let mut known = 0;
        let mut answer = |asked: Asked| {
            let at = asked.at.since_start();
            let living = deaths.iter().filter(|death| **death <= at).count();
            if asked.route == Route::Original {
                known = living;
            }
            if known < living {
                return Answer::Fails(Duration::from_millis(10), FailureClass::Refused);
            }
            Answer::at_once(8 * MIB)
        };
        let mut played = Played::new(8, 2048 * MIB, Beginning::Fresh);
        for death in deaths {
            assert_eq!(played.until(death, &mut answer), None);
            played.interrupt();
        }
        let ended = played.until(Duration::from_mins(5), &mut answer);
        let is_complete = matches!(ended, Some((Outcome::Complete { .. }, _)));
        assert!(is_complete, "{lives:?}: {ended:?}");
    }
}

#[test]
fn another_generation_ends_the_download_at_once() {
    let (mut bench, _) = Bench::segmented(2, 100 * MIB);
    let outputs = bench.fail(SECOND, 7 * MIB, FailureClass::Changed);
    assert!(outputs.contains(&Output::Stop { attempt: FIRST }));
    let stop = Input::Stopped {
        attempt: FIRST,
        position: MIB,
        how: Stop::Told,
    };
    assert_eq!(bench.feed(stop), [Output::Finished(Outcome::Changed)]);
}

#[test]
fn ranges_that_are_ignored_again_and_again_lead_to_one_stream() {
    let (mut bench, _) = Bench::segmented(1, 100 * MIB);
    let mut attempt = FIRST;
    for _ in 1..limits::RANGE_MISTAKES_MAX {
        bench.fail(attempt, 0, FailureClass::RangeIgnored);
        bench.after(limits::BACKOFF_MAX);
        attempt = attempt.next();
    }
    let outputs = bench.fail(attempt, 0, FailureClass::RangeIgnored);
    assert_eq!(outputs, [Output::Finished(Outcome::SingleStreamNeeded)]);
}

#[test]
fn an_unreachable_host_fails_after_a_few_tries() {
    // A number that the user has told is the number.
    for (told, tries) in [
        (None, limits::FIRST_CONTACT_TRIES),
        (Some(1), 1),
        (Some(6), 6),
    ] {
        let config = SchedulerConfig {
            max_tries: told,
            ..config(8)
        };
        let mut bench = Bench::of(config, Beginning::Fresh);
        let mut attempt = starts(&bench.feed(Input::Tick))[0].0;
        for _ in 1..tries {
            bench.fail(attempt, 0, FailureClass::Unreachable);
            attempt = starts(&bench.after(limits::BACKOFF_MAX))[0].0;
        }
        let outputs = bench.fail(attempt, 0, FailureClass::Unreachable);
        assert_eq!(
            outputs,
            [Output::Finished(Outcome::Failed(FailureClass::Unreachable))]
        );
    }
}
