//! A server that is gone for a while, whatever it says meanwhile: nothing is learnt of how many it
//! serves, few ask, and afterwards all is as it was.

use core::ops::Range;

use super::played::{Answer, Asked, Played};
use super::*;

const LENGTH: u64 = 4096 * MIB;
const RATE: u64 = MIB;

/// Returns the time after the first reply that follows an outage until as many connections are used
/// as before, and the number of requests that were made in it.
fn recovery(span: Duration, during: Answer) -> (Duration, usize) {
    let from = Duration::from_secs(14);
    recovery_over(8, from..from + span, during, Answer::at_once(RATE))
}

/// The same over so many connections, of a server that otherwise answers as is said.
fn recovery_over(
    width: u16,
    outage: Range<Duration>,
    during: Answer,
    served: Answer,
) -> (Duration, usize) {
    let (from, end) = (outage.start, outage.end);
    let answer = |asked: Asked| {
        let at = asked.at.since_start();
        if at >= from && at < end {
            during
        } else {
            served
        }
    };
    let mut played = Played::new(width, LENGTH, Beginning::Fresh);
    assert_eq!(played.until(from, answer), None);
    let before = played.connections();
    played.interrupt();
    let (asked, opened) = (played.asked.len(), played.opened.len());
    assert_eq!(played.until(end, answer), None, "it goes on");
    let meanwhile = played.asked.len() - asked;
    for tenth in 1..=400_u32 {
        let until = end + Duration::from_millis(100) * tenth;
        assert_eq!(played.until(until, answer), None);
        if played.connections() >= before {
            let first = played.opened[opened];
            return (played.bench.now.since(first), meanwhile);
        }
    }
    panic!(
        "{before} connections before, {} after",
        played.connections()
    );
}

#[test]
fn whatever_an_outage_says_the_width_is_as_before_soon_after_it() {
    let soon = Duration::from_millis(10);
    let ways = [
        FailureClass::Unreachable,
        FailureClass::Interrupted,
        FailureClass::Busy { retry_after: None },
        FailureClass::Refused,
    ];
    for class in ways {
        for seconds in [1, 3, 6, 20, 55] {
            let span = Duration::from_secs(seconds);
            let (after, meanwhile) = recovery(span, Answer::Fails(soon, class));
            let most = Duration::from_secs(2);
            assert!(after <= most, "{class:?} {seconds} s: {after:?}");
            assert!(
                meanwhile <= 8 + 12,
                "{class:?} {seconds} s: {meanwhile} requests"
            );
        }
    }
}

/// It begins while the width is searched for, while bodies have yet to begin, or far away.
#[test]
fn an_outage_costs_no_width_whenever_it_begins() {
    let far = Answer::Serves {
        head: Duration::from_millis(140),
        late: Duration::ZERO,
        rate: RATE,
        burst: 1,
        most: u64::MAX,
    };
    let late = Answer::late(Duration::from_millis(700), RATE);
    for (served, lead) in [(far, 140), (late, 700), (Answer::at_once(RATE), 1)] {
        for class in [
            FailureClass::Busy { retry_after: None },
            FailureClass::Interrupted,
            FailureClass::Unreachable,
        ] {
            for millis in (2 * lead + 300..3000).step_by(130) {
                let from = Duration::from_millis(millis);
                let during = Answer::Fails(Duration::from_millis(140), class);
                let outage = from..from + Duration::from_secs(3);
                let (after, _) = recovery_over(32, outage, during, served);
                let most = Duration::from_millis(2000 + 4 * lead);
                assert!(after <= most, "{class:?} {millis} {lead}: {after:?}");
            }
        }
    }
}

#[test]
fn a_burst_of_refusals_while_others_are_served_is_one_lesson() {
    let (mut bench, outputs) = Bench::segmented(8, 400 * MIB);
    bench.feed(Input::Received {
        attempt: FIRST,
        position: MIB,
    });
    for (attempt, request, _) in starts(&outputs) {
        let Request::Part(part) = request else {
            panic!("{request:?}")
        };
        bench.now = bench.now + Duration::from_millis(1);
        let busy = FailureClass::Busy { retry_after: None };
        bench.fail(attempt, part.start(), busy);
    }
    let width = bench.scheduler.sources.of(SourceId(0)).width;
    assert_eq!(width.level(), 1);
    let width = std::format!("{width:?}");
    assert!(width.contains("probe_after: 20s"), "{width}");
    assert!(width.contains("raise_after: 10s"), "{width}");
}

/// Those that are silent are not served.
#[test]
fn silent_connections_are_none_that_are_served() {
    let (mut bench, outputs) = Bench::segmented(8, 400 * MIB);
    bench.feed(Input::Received {
        attempt: FIRST,
        position: MIB,
    });
    let (attempt, Request::Part(part), _) = starts(&outputs)[0] else {
        panic!("{outputs:?}")
    };
    bench.after(Duration::from_secs(3));
    let outputs = bench.fail(attempt, part.start(), FailureClass::Unreachable);
    assert!(
        !outputs
            .iter()
            .any(|o| matches!(o, Output::Notice(Notice::WidthChanged { .. })))
    );
}

/// Fewer replies of something else, or requests that nobody answers, end a download than other
/// failures do. One of them at the end of an outage is not the last of many.
#[test]
fn the_last_word_of_an_outage_is_one_among_others() {
    let soon = Duration::from_millis(10);
    for class in [FailureClass::Stray, FailureClass::Unanswered] {
        let (from, end) = (Duration::from_secs(3), Duration::from_secs(43));
        let mut words = 0;
        let mut played = Played::new(8, 128 * MIB, Beginning::Fresh);
        let mut answer = |asked: Asked| {
            let at = asked.at.since_start();
            if at >= from && at < end {
                return Answer::Fails(soon, FailureClass::Unreachable);
            }
            words += usize::from(at >= end);
            if words == 1 {
                return Answer::Fails(soon, class);
            }
            Answer::at_once(4 * MIB)
        };
        assert_eq!(played.until(from, &mut answer), None);
        played.interrupt();
        let ended = played.until(Duration::from_mins(5), &mut answer);
        let Some((Outcome::Complete { .. }, _)) = ended else {
            panic!("{class:?}: {ended:?}")
        };
    }
}

/// The target of a redirect is gone for good; the original URL leads to another one.
#[test]
fn a_target_that_is_gone_is_left_after_two_failures() {
    let ways = [
        FailureClass::Unreachable,
        FailureClass::Interrupted,
        FailureClass::Busy { retry_after: None },
        FailureClass::Misplaced,
    ];
    for class in ways {
        let moment = Duration::from_secs(3);
        let mut has_moved = false;
        let mut asked_in_vain = 0;
        let mut played = Played::new(4, 128 * MIB, Beginning::Fresh);
        let answer = |asked: Asked| {
            has_moved |= asked.at.since_start() >= moment && asked.route == Route::Original;
            if asked.at.since_start() < moment || has_moved {
                return Answer::at_once(4 * MIB);
            }
            asked_in_vain += 1;
            Answer::Fails(Duration::from_millis(5), class)
        };
        let mut answer = answer;
        assert_eq!(played.until(moment, &mut answer), None);
        played.interrupt();
        let ended = played.until(Duration::from_mins(5), &mut answer);
        let length = 128 * MIB;
        let Some((Outcome::Complete { .. }, time)) = ended else {
            panic!("{class:?}: {ended:?} of {length}")
        };
        assert!(time < Duration::from_secs(14), "{class:?}: {time:?}");
        assert!(asked_in_vain <= 6, "{class:?}: {asked_in_vain}");
    }
}
