//! How workers look at a moment: who may be the last that is served, who is silent, who delivers.

use super::*;
use crate::segment::{Active, StopCause, Waiting};
use crate::view::View;

const LENGTH: u64 = 256 * MIB;

const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn just_before(span: Duration) -> Duration {
    span.checked_sub(millis(1)).unwrap()
}

/// Two workers, of which the first has begun, and requests have been served that were made later.
fn two_begun() -> (Bench, AttemptId) {
    let (mut bench, outputs) = Bench::segmented(2, LENGTH);
    let (attempt, Request::Part(part), _) = starts(&outputs)[0] else {
        panic!("{outputs:?}")
    };
    bench.open(attempt, part, LENGTH);
    (bench, attempt)
}

/// As it is now, which the scheduler need not have been told.
fn view(bench: &Bench) -> View<'_> {
    View {
        now: bench.now,
        ledger: &bench.scheduler.ledger,
        sources: &bench.scheduler.sources,
    }
}

/// So much time passes, in which the first one brings bytes.
fn passes(bench: &mut Bench, span: Duration) {
    let end = bench.now + span;
    while bench.now < end {
        bench.now = (bench.now + limits::REPORT_INTERVAL).min(end);
        receives(bench, FIRST);
    }
}

fn receives(bench: &mut Bench, attempt: AttemptId) {
    let active = bench.scheduler.ledger.current(attempt).unwrap();
    let position = active.position + 1;
    bench.feed(Input::Received { attempt, position });
}

fn look(bench: &Bench, attempt: AttemptId) -> Active {
    *bench.scheduler.ledger.current(attempt).unwrap()
}

#[test]
fn one_that_brings_bytes_may_be_the_last_served_once_others_are_ignored() {
    let (mut bench, second) = two_begun();
    let (position, how) = (look(&bench, second).left.unwrap().end(), Stop::Drained);
    let outputs = bench.feed(Input::Stopped {
        attempt: second,
        position,
        how,
    });
    let third = starts(&outputs)[0].0;
    passes(&mut bench, millis(450));
    bench.scheduler.ledger.holder(third.segment).asked_at = bench.now;
    let may_be = |bench: &Bench| {
        let first = look(bench, FIRST);
        view(bench).may_be_last_served(&first)
    };
    let span = limits::TAIL_SILENCE;
    passes(&mut bench, just_before(span));
    assert!(!may_be(&bench), "it says nothing yet");
    passes(&mut bench, millis(1));
    assert!(may_be(&bench), "nobody else is answered");
    bench.now = bench.now + span;
    assert!(!may_be(&bench), "it is silent itself");
    let part = look(&bench, third).left.unwrap();
    bench.open(third, part, LENGTH);
    receives(&mut bench, FIRST);
    assert!(!may_be(&bench), "another one is served");
    let turned_away = bench.scheduler.sources.of_mut(SourceId(0));
    turned_away.turned_away_at = Some(Timestamp::START);
    assert!(!may_be(&bench), "and still is");
}

#[test]
fn one_is_silent_by_what_others_do_or_for_long() {
    for (latency, span, long) in [(0, 400, 1_500), (300, 1_200, 2_400)] {
        for others_go_on in [true, false] {
            let (mut bench, second) = two_begun();
            bench.scheduler.sources.set_latency(millis(latency));
            receives(&mut bench, FIRST);
            receives(&mut bench, second);
            let (since, until) = if others_go_on {
                (span / 2, span)
            } else {
                (0, long)
            };
            bench.now = bench.now + millis(since);
            receives(&mut bench, second);
            let begun = look(&bench, FIRST).last_progress;
            bench.now = begun + millis(until - 1);
            let silent = |bench: &Bench| {
                let first = look(bench, FIRST);
                view(bench).is_silent(&first)
            };
            assert!(!silent(&bench), "{latency} {others_go_on}");
            bench.now = begun + millis(until);
            assert!(silent(&bench), "{latency} {others_go_on}");
        }
    }
}

#[test]
fn others_deliver_that_write_and_have_not_fallen_silent() {
    let (mut bench, second) = two_begun();
    receives(&mut bench, FIRST);
    let deliver = |bench: &Bench| {
        let first = look(bench, FIRST);
        view(bench).others_deliver(&first)
    };
    receives(&mut bench, second);
    assert!(deliver(&bench));
    bench.now = bench.now + just_before(limits::TAIL_SILENCE);
    assert!(deliver(&bench));
    bench.now = bench.now + millis(1);
    assert!(!deliver(&bench), "it is silent");
    let (position, how) = (look(&bench, second).left.unwrap().end(), Stop::Drained);
    bench.feed(Input::Stopped {
        attempt: second,
        position,
        how,
    });
    assert!(!deliver(&bench), "the next one has yet to begin");
}

#[test]
fn others_may_begin_that_write_nothing_yet_and_have_time() {
    let (mut bench, second) = two_begun();
    let may_begin = |bench: &Bench| {
        let first = look(bench, FIRST);
        view(bench).others_may_begin(&first)
    };
    receives(&mut bench, second);
    assert!(!may_begin(&bench), "it has begun");
    let (position, how) = (look(&bench, second).left.unwrap().end(), Stop::Drained);
    bench.feed(Input::Stopped {
        attempt: second,
        position,
        how,
    });
    assert!(may_begin(&bench));
    bench.now = bench.now + just_before(limits::FIRST_BYTE_PATIENCE);
    assert!(may_begin(&bench));
    bench.now = bench.now + millis(1);
    assert!(!may_begin(&bench));
}

/// Only a reply whose request was made before a moment says that requests were served before it,
/// and only bytes that came after a request say that others are served while it is not.
#[test]
fn what_comes_at_a_moment_says_nothing_of_what_was_before_it() {
    let (mut bench, outputs) = Bench::segmented(2, LENGTH);
    let (second, Request::Part(part), _) = starts(&outputs)[0] else {
        panic!("{outputs:?}")
    };
    receives(&mut bench, FIRST);
    let starting = look(&bench, second);
    assert_eq!(view(&bench).patience_ends(&starting), None);
    bench.now = bench.now + millis(1);
    receives(&mut bench, FIRST);
    assert!(view(&bench).patience_ends(&starting).is_some());
    let body = Body::Part {
        range: part,
        complete_length: LENGTH,
    };
    bench.feed(Input::Opened {
        attempt: second,
        body,
    });
    let has_accepted = |before| view(&bench).has_accepted(SourceId(0), before);
    assert!(!has_accepted(starting.asked_at));
    assert!(has_accepted(starting.asked_at + millis(1)));
}

#[test]
fn replies_are_late_where_more_wait_than_have_brought_anything() {
    let (mut bench, outputs) = Bench::segmented(4, LENGTH);
    receives(&mut bench, FIRST);
    let waits = |bench: &Bench| view(bench).longest_wait(SourceId(0));
    let starting = |bench: &Bench| view(bench).starting(SourceId(0));
    assert_eq!(starting(&bench), 3);
    for (number, (attempt, request, _)) in starts(&outputs).into_iter().enumerate() {
        let Request::Part(range) = request else {
            panic!("{request:?}")
        };
        let complete_length = LENGTH;
        let body = Body::Part {
            range,
            complete_length,
        };
        bench.feed(Input::Opened { attempt, body });
        bench.now = bench.now + millis(10);
        assert_eq!(starting(&bench), 2 - number, "the head tells enough");
        let waited = if number == 0 {
            0
        } else {
            10 * (number as u64 + 1)
        };
        assert_eq!(waits(&bench), millis(waited), "{number}");
    }
    let source = bench.scheduler.sources.of_mut(SourceId(0));
    source.rhythm.began(millis(1_000));
    assert_eq!(starting(&bench), 3, "where bodies are late, it does not");
}

/// A run that directly follows a reply which goes on over it is left to that, while few were
/// served.
#[test]
fn a_run_is_left_to_the_reply_that_it_follows_and_that_reaches_it() {
    for reach in [2 * MIB, 64 * MIB] {
        let mut bench = Bench::of(config(4), Beginning::Fresh);
        bench.feed(Input::Tick);
        let body = Body::Part {
            range: range(0, reach),
            complete_length: 64 * MIB,
        };
        let outputs = bench.feed(Input::Opened {
            attempt: FIRST,
            body,
        });
        assert_eq!(granted(&outputs), Some(Grant::Range(range(0, 2 * MIB))));
        let is_left = |start| {
            let run = Waiting::planned(range(start, 64 * MIB));
            view(&bench).is_left_to_another(&run).is_some()
        };
        assert_eq!(is_left(2 * MIB), reach > 2 * MIB, "{reach}");
        assert!(!is_left(3 * MIB), "{reach}");
        bench
            .scheduler
            .ledger
            .holder(FIRST.segment)
            .stop(StopCause::Done);
        let run = Waiting::planned(range(2 * MIB, 64 * MIB));
        let is_left = view(&bench).is_left_to_another(&run).is_some();
        assert!(!is_left, "it is to stop");
    }
}

#[test]
fn one_stream_for_all_is_one_that_reaches_the_end_and_goes_on() {
    let (mut bench, _) = two_begun();
    let sole = |bench: &Bench, source| bench.scheduler.ledger.stream_for_all(SourceId(source));
    assert_eq!(sole(&bench, 0), Some(FIRST));
    assert_eq!(sole(&bench, 1), None, "it is of another source");
    let first = bench.scheduler.ledger.holder(FIRST.segment);
    first.reach = LENGTH - 1;
    assert_eq!(sole(&bench, 0), None, "it does not reach the end");
    let first = bench.scheduler.ledger.holder(FIRST.segment);
    first.reach = LENGTH;
    first.stop(StopCause::TakenOver);
    assert_eq!(sole(&bench, 0), None, "it is to stop");
}
