//! Silence that is ordinary at a source: bodies that begin late, bursts. Nobody is taken over for
//! it, and a takeover that brings nothing is not repeated for ever.

use super::played::{Answer, Played};
use super::*;
use crate::segment::StopCause;

const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn download(length: u64, answer: impl FnMut(played::Asked) -> Answer) -> (Played, Duration) {
    let mut played = Played::new(32, length, Beginning::Fresh);
    let ended = played.until(Duration::from_mins(10), answer);
    let requests = played.asked.len();
    let Some((Outcome::Complete { .. }, time)) = ended else {
        panic!("after {requests} requests: {ended:?}")
    };
    (played, time)
}

#[test]
fn bodies_that_begin_late_are_waited_for() {
    for late in [10, 60, 150, 300, 1000, 5000].map(millis) {
        for length in [MIB, 16 * MIB, 64 * MIB] {
            let (played, time) = download(length, |_| Answer::late(late, 64 * MIB));
            assert_eq!(played.stops, 0, "{late:?} {length}");
            let (_, plain) = download(length, |_| Answer::at_once(64 * MIB));
            assert!(
                time <= (plain + late).mul_f64(1.3) + late.min(limits::LATE_BODY) * 5,
                "{late:?} {length}: {time:?}, {plain:?} without"
            );
        }
    }
}

/// One body begins at once, which says nothing of those that do not.
#[test]
fn most_bodies_that_are_late_tell_that_bodies_are() {
    let connections = |until, is_late: fn(usize) -> bool| {
        let mut played = Played::new(32, 256 * MIB, Beginning::Fresh);
        let ended = played.until(until, |asked| {
            let late = if is_late(asked.number) { 2000 } else { 1 };
            Answer::late(millis(late), MIB)
        });
        assert_eq!(ended, None);
        played.connections()
    };
    for at_once in [|number| number != 1, |number| number != 3] {
        assert_eq!(connections(millis(300), at_once), 32);
    }
    let one_of_four = connections(millis(160), |number| number == 3);
    assert!(one_of_four < 32, "most are not: {one_of_four}");
}

/// 32 connections wait for 4 s, and bring 8 GiB meanwhile when they do not wait: what lies within
/// reach would come in one second.
#[test]
fn where_bodies_are_late_requests_reach_further() {
    let late = Duration::from_secs(4);
    let (_, time) = download(16 * 1024 * MIB, |_| Answer::late(late, 64 * MIB));
    assert!(time < Duration::from_secs(40), "{time:?}");
}

#[test]
fn bodies_whose_beginnings_differ_are_waited_for() {
    let late = |asked: played::Asked| millis([5, 900, 2500, 40, 4000][asked.number % 5]);
    let (played, time) = download(32 * MIB, |asked| Answer::late(late(asked), 16 * MIB));
    assert!(time < Duration::from_secs(20), "{time:?}");
    assert!(played.stops < 8, "{}", played.stops);
}

#[test]
fn a_pause_between_bursts_is_no_silence() {
    for rate in [MIB / 4, MIB, 4 * MIB] {
        for burst in [MIB / 16, MIB / 4, MIB] {
            let (played, time) = download(16 * rate, |_| Answer::bursts(burst, rate));
            let (_, even) = download(16 * rate, |_| Answer::at_once(rate));
            let late = Duration::from_secs_f64(burst as f64 / rate as f64);
            assert!(played.stops <= 2, "{rate} {burst}: {} stops", played.stops);
            assert!(
                time <= (even + late * 4).mul_f64(1.3),
                "{rate} {burst}: {time:?} with {} requests, {even:?} when even",
                played.asked.len()
            );
        }
    }
}

/// One body never begins: it is given up, but soon others are fetched the same way.
#[test]
fn a_body_that_never_begins_is_asked_for_again() {
    let never = Duration::from_secs(1 << 20);
    let (played, time) = download(64 * MIB, |asked| {
        let late = if asked.number == 2 { never } else { millis(5) };
        Answer::late(late, 8 * MIB)
    });
    assert_eq!(played.stops, 1);
    assert!(time < Duration::from_secs(6), "{time:?}");
}

/// The longest that requests in a row may be given which bring nothing, a head or no head: each is
/// given what the limit says, and the delays between them are short.
fn longest_silence(heads_come: bool) -> Duration {
    let (stall, first_byte) = (config(1).stall_timeout, config(1).first_byte_timeout);
    let patience = |tries: u32| (stall * (1 << tries)).min(first_byte);
    let silent: Duration = (0..limits::UNANSWERED_TRIES).map(patience).sum();
    let backoff = limits::BACKOFF_BASE * (1 << limits::UNANSWERED_TRIES);
    silent * (1 + u32::from(heads_come)) + backoff
}

/// From some request on nothing begins at all, of a head or of a body: that is a failure after few
/// requests and within minutes, however requests overlap.
#[test]
fn replies_that_never_begin_again_end_the_download() {
    let serves = |head, late| Answer::Serves {
        head,
        late,
        rate: 8 * MIB,
        burst: 1,
        most: u64::MAX,
    };
    let never = Duration::MAX;
    let heads = [0, 10, 300, 3_000, 15_000].map(millis);
    let late = heads.into_iter().map(|head| (Some(head), true));
    let staggered = [(None, true), (Some(never), false)];
    for (head, heads_come) in late.chain(staggered) {
        for (width, good) in [(2, 16), (4, 20), (8, 12), (32, 40)] {
            let mut played = Played::new(width, 1024 * MIB, Beginning::Fresh);
            let ended = played.until(Duration::from_hours(1), |asked| {
                if asked.number < good {
                    return serves(millis(1), millis(1));
                }
                let various = millis(asked.number as u64 * 977 % 19_000);
                serves(head.unwrap_or(various), never)
            });
            let requests = played.asked.len();
            let what = std::format!("{head:?} -x {width}: {requests} requests, {ended:?}");
            let (outcome, time) = ended.expect(&what);
            assert_eq!(outcome, Outcome::Failed(FailureClass::Unanswered), "{what}");
            let begin = Duration::from_secs(30);
            assert!(time <= begin + longest_silence(heads_come), "{what}");
            assert!(requests < good + usize::from(width) * 8, "{what}");
        }
    }
}

#[test]
fn patience_doubles_with_each_takeover_that_brought_nothing() {
    let (mut bench, outputs) = Bench::segmented(2, 64 * MIB);
    let (second, Request::Part(part), _) = starts(&outputs)[0] else {
        panic!("{outputs:?}")
    };
    let mut attempt = second;
    for barren in 0..3 {
        bench.open(attempt, part, 64 * MIB);
        let active = bench.scheduler.ledger.holder(attempt.segment);
        assert_eq!(
            (active.barren, active.barren_with_this()),
            (barren, barren + 1)
        );
        active.stop(StopCause::TakenOver);
        let outputs = bench.feed(Input::Stopped {
            attempt,
            position: part.start(),
            how: Stop::Told,
        });
        attempt = starts(&outputs)[0].0;
    }
    bench.feed(Input::Received {
        attempt,
        position: part.start() + MIB,
    });
    let active = bench.scheduler.ledger.current(attempt).unwrap();
    assert_eq!(active.barren_with_this(), 0, "progress ends the count");
}

/// A reply that crawls has begun after the stream before it was well into what it had asked for:
/// what it would have to discard takes hours, and another request a moment.
#[test]
fn a_reply_that_crawls_need_not_discard_for_long() {
    for rate in [8, 64, 256, 1024].map(|mebibytes| mebibytes * MIB) {
        for late in [10, 20, 30, 45, 60, 100, 200].map(millis) {
            let mut played = Played::new(4, rate / 2, Beginning::Fresh);
            let ended = played.until(Duration::from_mins(10), |asked| {
                if asked.number == 1 {
                    Answer::late(late, 100)
                } else {
                    Answer::late(millis(1), rate)
                }
            });
            let Some((Outcome::Complete { .. }, time)) = ended else {
                panic!("{rate}, {late:?}: {ended:?}")
            };
            assert!(time < Duration::from_secs(5), "{rate}, {late:?}: {time:?}");
        }
    }
}
