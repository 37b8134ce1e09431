//! One good stream, or a few, among requests that are turned away: nothing that a source says to
//! others ends what it delivers.

use super::played::{Answer, Asked, Played};
use super::*;

const RATE: u64 = 8 * MIB;
const LENGTH: u64 = 64 * MIB;
/// The time that one plain stream takes.
const PLAIN: Duration = Duration::from_secs(8);

const SOON: Duration = Duration::from_millis(10);

/// Every way in which a request can fail before its first byte.
const WAYS: [FailureClass; 9] = [
    FailureClass::Refused,
    FailureClass::Stray,
    FailureClass::Busy { retry_after: None },
    FailureClass::Interrupted,
    FailureClass::Unreachable,
    FailureClass::Misplaced,
    FailureClass::RangeIgnored,
    FailureClass::Untrusted,
    FailureClass::Changed,
];

fn nobody_answers() -> Answer {
    Answer::Serves {
        head: Duration::MAX,
        late: Duration::ZERO,
        rate: RATE,
        burst: 1,
        most: u64::MAX,
    }
}

/// The first `served` requests are served, and what becomes of the others.
fn download(width: u16, served: usize, others: Answer) -> (Duration, usize) {
    let mut played = Played::new(width, LENGTH, Beginning::Fresh);
    let ended = played.until(Duration::from_mins(5), |asked: Asked| {
        if asked.number < served {
            Answer::at_once(RATE)
        } else {
            others
        }
    });
    let Some((Outcome::Complete { .. }, time)) = ended else {
        panic!("{width} {served} {others:?}: {ended:?}")
    };
    (time, played.asked.len())
}

#[test]
fn a_link_that_works_once_is_as_good_as_one_plain_stream() {
    for class in WAYS {
        for width in [2, 4, 8, 32] {
            let (time, requests) = download(width, 1, Answer::Fails(SOON, class));
            assert!(time <= PLAIN.mul_f64(1.3), "{class:?} {width}: {time:?}");
            assert!(requests <= 60, "{class:?} {width}: {requests} requests");
        }
    }
}

/// The first replies state a complete length that is too large, so that requests for what is past
/// the end fail. A reply that holds a part of a block besides those that are here has nothing more
/// to bring, and spares nobody.
#[test]
fn a_reply_that_ends_inside_a_block_is_not_waited_for() {
    const PATIENCE: Duration = Duration::from_secs(90);
    let download = |class, served, end, rate| {
        let mut played = Played::new(8, LENGTH, Beginning::Fresh);
        played.until(PATIENCE, |asked: Asked| {
            let start = match asked.request {
                Request::Part(range) => range.start(),
                Request::First | Request::Whole => 0,
            };
            if asked.number >= served || start >= end {
                return Answer::Fails(SOON, class);
            }
            Answer::Serves {
                head: SOON,
                late: Duration::ZERO,
                rate,
                burst: 1,
                most: end - start,
            }
        })
    };
    for class in WAYS {
        for (served, rate) in [(1, RATE), (1, 1 << 30), (3, RATE), (7, 1 << 30)] {
            for blocks in [3, 10, 20, 37] {
                for end in [blocks * MIB + 1, (blocks + 1) * MIB - 1] {
                    let ended = download(class, served, end, rate);
                    let is_right = ended
                        .is_some_and(|(outcome, _)| !matches!(outcome, Outcome::Complete { .. }));
                    assert!(is_right, "{class:?} {served} {end} {rate}: {ended:?}");
                }
            }
        }
    }
}

#[test]
fn connections_that_are_never_answered_cost_next_to_nothing() {
    for width in [2, 4, 8, 32] {
        let (time, requests) = download(width, 1, nobody_answers());
        assert!(time <= PLAIN.mul_f64(1.3), "{width}: {time:?}");
        assert!(requests <= 60, "{width}: {requests} requests");
    }
}

/// The first stream is kept. Once more are served it is let go, as nothing tells them from a source
/// that serves everyone.
#[test]
fn a_link_that_works_a_few_times_brings_the_whole_file() {
    for class in WAYS {
        for served in [2, 3] {
            let (time, requests) = download(8, served, Answer::Fails(SOON, class));
            assert!(time <= PLAIN.mul_f64(1.3), "{class:?} {served}: {time:?}");
            assert!(requests <= 100, "{class:?} {served}: {requests} requests");
        }
    }
}

/// The only reply that is accepted has a body that begins late. Every other request is turned away
/// meanwhile, more often than first contact may fail.
#[test]
fn a_link_that_works_once_has_its_time_to_begin() {
    for class in WAYS {
        for late in [1, 8, 60].map(Duration::from_secs) {
            let mut played = Played::new(8, LENGTH, Beginning::Fresh);
            let ended = played.until(Duration::from_mins(5), |asked: Asked| {
                if asked.number == 0 {
                    Answer::late(late, RATE)
                } else {
                    Answer::Fails(SOON, class)
                }
            });
            let requests = played.asked.len();
            let Some((Outcome::Complete { .. }, time)) = ended else {
                panic!("{class:?} {late:?}: {ended:?} after {requests} requests")
            };
            let plain = PLAIN + late;
            assert!(time <= plain.mul_f64(1.3), "{class:?} {late:?}: {time:?}");
            assert!(requests <= 60, "{class:?} {late:?}: {requests} requests");
        }
    }
}

/// As many as there are connections, and more: where those are few, the first stream is not let go
/// before it is known that others are served again and again.
#[test]
fn a_link_that_works_as_often_as_there_are_connections_brings_the_whole_file() {
    for class in WAYS {
        for (width, most) in [(2, 6), (3, 8), (4, 8), (7, 8)] {
            for served in 1..=most {
                let (time, requests) = download(width, served, Answer::Fails(SOON, class));
                let what = std::format!("{class:?} -x {width} {served}: {requests} requests");
                assert!(time <= PLAIN.mul_f64(1.3), "{what}, {time:?}");
                assert!(requests <= 100, "{what}");
            }
        }
    }
}

/// Discarding what others have brought takes longer than a stall does, and is no silence.
#[test]
fn a_stream_that_discards_for_long_is_not_silent() {
    let rate = 128 << 10;
    let mut played = Played::new(8, LENGTH, Beginning::Fresh);
    let ended = played.until(Duration::from_mins(15), |asked: Asked| {
        if asked.number < 3 {
            Answer::at_once(rate)
        } else {
            Answer::Fails(SOON, FailureClass::Refused)
        }
    });
    let Some((Outcome::Complete { .. }, time)) = ended else {
        panic!("{ended:?}")
    };
    let plain = Duration::from_secs(LENGTH / rate);
    assert!(time <= plain.mul_f64(1.05), "{time:?}");
}

/// The first stream is far slower than the few that were served beside it. No other request is
/// served any more, so it is not given up for one.
#[test]
fn a_slow_stream_is_kept_where_no_other_is_served() {
    for class in WAYS {
        for (width, served) in [(2, 2), (8, 2), (8, 4)] {
            let rate = 512 << 10;
            let mut played = Played::new(width, LENGTH, Beginning::Fresh);
            let ended = played.until(Duration::from_mins(15), |asked: Asked| match asked.number {
                0 => Answer::at_once(rate),
                number if number < served => Answer::at_once(16 * rate),
                _ => Answer::Fails(SOON, class),
            });
            let what = std::format!("{class:?} {width} {served}: {ended:?}");
            let Some((Outcome::Complete { .. }, time)) = ended else {
                panic!("{what}")
            };
            let plain = Duration::from_secs(LENGTH / rate);
            assert!(time <= plain.mul_f64(1.05), "{what}");
        }
    }
}

/// A request was turned away once, and most replies that are served crawl. However slow the last
/// one is that is left, nobody knows whether another would be served in its place.
#[test]
fn the_last_stream_is_kept_where_a_request_was_turned_away_before() {
    for width in [2, 4, 8] {
        for crawls in 2..9 {
            let mut played = Played::new(width, LENGTH, Beginning::Fresh);
            let ended = played.until(Duration::from_mins(15), |asked: Asked| match asked.number {
                3 => Answer::Fails(SOON, FailureClass::Refused),
                number if number % crawls == 1 => Answer::at_once(RATE / 64),
                _ => Answer::at_once(RATE),
            });
            let what = std::format!("{width}, one in {crawls} crawls: {ended:?}");
            assert!(
                matches!(ended, Some((Outcome::Complete { .. }, _))),
                "{what}"
            );
            assert_eq!(played.let_go_for_nobody, 0, "{what}");
        }
    }
}

/// Nobody was turned away, but nobody else is answered either: the last two that bring bytes crawl,
/// and are not both let go for requests that may be ignored as others are.
#[test]
fn the_last_stream_is_kept_where_others_wait_for_an_answer() {
    for width in [4, 8, 16] {
        for served in 2..4 {
            let mut played = Played::new(width, LENGTH / 8, Beginning::Fresh);
            let end = Duration::from_mins(5);
            let ended = played.until(end, |asked: Asked| match asked.number {
                number if number < served => Answer::at_once(RATE / 8),
                number if number % 3 == 0 => Answer::at_once(RATE),
                _ => nobody_answers(),
            });
            let what = std::format!("{width} {served}: {ended:?}");
            assert!(
                matches!(ended, Some((Outcome::Complete { .. }, _))),
                "{what}"
            );
            assert_eq!(played.let_go_for_nobody, 0, "{what}");
        }
    }
}

/// Half of the connections are never answered. A width that has become less than they are costs
/// them, and not the ones that bring bytes.
#[test]
fn those_who_bring_nothing_let_go_before_those_who_deliver() {
    let (mut bench, outputs) = Bench::segmented(4, 400 * MIB);
    let (served, Request::Part(part), _) = starts(&outputs)[2] else {
        panic!("{outputs:?}")
    };
    bench.open(served, part, 400 * MIB);
    bench.after(Duration::from_millis(50));
    for (attempt, position) in [(FIRST, MIB), (served, part.start() + 1)] {
        bench.feed(Input::Received { attempt, position });
    }
    let (from, now) = (SourceId(0), bench.now);
    let source = bench.scheduler.sources.of_mut(from);
    source.width.refused(now, now, 2);
    bench.scheduler.shed_workers(from);
    let active = bench.scheduler.ledger.active();
    let kept = active.filter(|active| active.stopping.is_none());
    let kept: Vec<AttemptId> = kept.map(|active| active.attempt).collect();
    assert_eq!(kept, [FIRST, served]);
}

/// The first reply is far ahead of the others, whose bodies begin late, and rests. It takes
/// nobody's place, and nobody has to leave for it.
#[test]
fn a_stream_that_rests_is_none_too_many() {
    for width in [8, 32] {
        let mut played = Played::new(width, LENGTH, Beginning::Fresh);
        let ended = played.until(Duration::from_mins(5), |asked: Asked| match asked.number {
            0 => Answer::at_once(4 * RATE),
            3 => Answer::at_once(8 * RATE),
            _ => Answer::late(Duration::from_millis(1400), RATE),
        });
        assert!(matches!(ended, Some((Outcome::Complete { .. }, _))));
        for asked in &played.asked {
            let again = played.asked.iter().filter(|a| a.request == asked.request);
            let again = again.count();
            assert!(again <= 2, "{width}: {again} times {:?}", asked.request);
        }
    }
}

/// Those who are not answered leave their places although nobody is served at the moment.
#[test]
fn requests_that_are_never_answered_are_let_go_after_their_patience() {
    let mut played = Played::new(8, LENGTH, Beginning::Fresh);
    let ended = played.until(Duration::from_mins(5), |asked: Asked| match asked.number {
        3..8 => nobody_answers(),
        _ => Answer::at_once(RATE),
    });
    let Some((Outcome::Complete { .. }, time)) = ended else {
        panic!("{ended:?}")
    };
    assert!(time <= PLAIN.mul_f64(0.8), "{time:?}");
}

/// The first reply rests while another one brings what follows and a third was refused; it is let
/// go once a request is served that was made after that.
#[test]
fn a_stream_rests_until_a_later_request_is_served() {
    let (mut bench, outputs) = Bench::segmented(3, 100 * MIB);
    let asked = starts(&outputs);
    let [
        (second, Request::Part(next), _),
        (third, Request::Part(last), _),
    ] = asked[..]
    else {
        panic!("{outputs:?}")
    };
    bench.open(second, next, 100 * MIB);
    bench.now = bench.now + SOON;
    bench.fail(third, last.start(), FailureClass::Refused);
    let outputs = bench.feed(Input::Received {
        attempt: FIRST,
        position: next.start(),
    });
    let lets_go = Output::Stop { attempt: FIRST };
    assert!(!outputs.contains(&lets_go), "{outputs:?}");
    assert_eq!(granted(&outputs), None, "nothing is discarded meanwhile");
    let anew = third.next();
    bench.feed(Input::Opened {
        attempt: anew,
        body: Body::Part {
            range: last,
            complete_length: 100 * MIB,
        },
    });
    let outputs = bench.feed(Input::Began { attempt: anew });
    assert!(outputs.contains(&lets_go), "{outputs:?}");
}

/// Once ranges are not to be relied on, the stream that brings all of the file is the only one.
#[test]
fn ranges_that_are_misplaced_again_and_again_leave_the_file_to_its_stream() {
    for class in [FailureClass::Misplaced, FailureClass::RangeIgnored] {
        let (time, requests) = download(8, 4, Answer::Fails(SOON, class));
        assert!(time <= PLAIN.mul_f64(1.1), "{class:?}: {time:?}");
        assert!(requests <= 24, "{class:?}: {requests} requests");
    }
}

/// A server that serves four requests, and tells others when to ask again; it serves those that do,
/// or does not. Returns the bytes that were read once more, and the time that it took.
fn told_to_wait(retry_after: Duration, relents: bool) -> (u64, Duration) {
    let busy = FailureClass::Busy {
        retry_after: Some(retry_after),
    };
    let mut told_at: Option<Timestamp> = None;
    let mut played = Played::new(8, LENGTH, Beginning::Fresh);
    let ended = played.until(Duration::from_mins(5), |asked: Asked| {
        let has_waited = told_at.is_some_and(|at| asked.at.since(at) >= retry_after);
        if asked.number < 4 || (relents && has_waited) {
            return Answer::at_once(RATE);
        }
        told_at.get_or_insert(asked.at);
        Answer::Fails(SOON, busy)
    });
    let Some((Outcome::Complete { .. }, time)) = ended else {
        panic!("{retry_after:?} {relents}: {ended:?}")
    };
    (played.skipped, time)
}

/// The stream that is kept would read for more than a second what is there, and others may ask
/// sooner.
#[test]
fn a_stream_reads_nothing_twice_that_others_bring_sooner() {
    let (skipped, time) = told_to_wait(Duration::from_secs(1), true);
    assert_eq!(skipped, 0);
    assert!(time < Duration::from_secs(5), "{time:?}");
}

/// It is not put off again and again by a server that serves nobody, nor for long by any.
#[test]
fn a_stream_is_put_off_once() {
    for seconds in [1, 2, 3, 60] {
        let retry_after = Duration::from_secs(seconds);
        let (skipped, time) = told_to_wait(retry_after, false);
        assert!(skipped > 0, "{retry_after:?}");
        let most = PLAIN.mul_f64(1.3) + retry_after.min(Duration::from_secs(3));
        assert!(time <= most, "{retry_after:?}: {time:?}");
    }
}
