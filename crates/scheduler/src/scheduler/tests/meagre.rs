//! Servers that give little for each request: that is followed, but at a pace, and not for ever.

use super::played::{Answer, Played};
use super::*;

fn end_of(mut played: Played, answer: Answer) -> (Option<Outcome>, usize, Duration) {
    let ended = played.until(Duration::from_hours(1), |_| answer);
    let time = ended.map_or(Duration::MAX, |(_, time)| time);
    (ended.map(|(outcome, _)| outcome), played.asked.len(), time)
}

#[test]
fn a_server_of_a_few_bytes_a_request_is_given_up_soon() {
    for most in [1, 100] {
        for width in [1, 8] {
            let played = Played::new(width, 64 * MIB, Beginning::Fresh);
            let (outcome, requests, _) = end_of(played, Answer::ends_after(most));
            let failed = Outcome::Failed(FailureClass::Interrupted);
            assert_eq!(outcome, Some(failed), "{most} {width}");
            assert!(requests <= 400, "{requests} of {most} bytes over {width}");
        }
    }
}

/// Requests that win less than a block come at ten a second, once a few were followed at once.
#[test]
fn short_replies_are_followed_at_a_pace() {
    let played = Played::new(4, 16 * MIB, Beginning::Fresh);
    let (outcome, requests, time) = end_of(played, Answer::ends_after(64 << 10));
    let length = 16 * MIB;
    assert_eq!(outcome, Some(Outcome::Complete { length }));
    assert!((256..=300).contains(&requests), "{requests}");
    let seconds = time.as_secs_f64();
    assert!((20.0..28.0).contains(&seconds), "{time:?}");
}

/// Each makes up for the failure that it is, so that it costs a tenth of a second, and no delay
/// that doubles.
#[test]
fn replies_that_come_to_an_end_are_followed_at_a_pace() {
    for most in [1800, 2048, 4096] {
        for width in [1, 4, 8] {
            let played = Played::new(width, MIB, Beginning::Fresh);
            let (outcome, requests, time) = end_of(played, Answer::ends_after(most));
            assert_eq!(outcome, Some(Outcome::Complete { length: MIB }));
            let least = MIB.div_ceil(most);
            let paced = limits::MEAGRE_INTERVAL.mul_f64(least as f64 * 1.3);
            assert!(
                requests as u64 <= least * 13 / 10,
                "{most} {width}: {requests}"
            );
            assert!(time <= paced, "{most} {width}: {time:?}");
            let burst = limits::MEAGRE_INTERVAL * 2 * u32::from(width);
            assert!(
                time + burst * 2 >= paced.mul_f64(0.7),
                "{most} {width}: {time:?}"
            );
        }
    }
}

#[test]
fn replies_of_a_block_are_followed_at_once() {
    let played = Played::new(4, 64 * MIB, Beginning::Fresh);
    let (outcome, _, time) = end_of(played, Answer::ends_after(MIB));
    let length = 64 * MIB;
    assert_eq!(outcome, Some(Outcome::Complete { length }));
    assert!(time < Duration::from_secs(2), "{time:?}");
}

/// A plain stream that breaks at the same byte each time does so a fourth time, too.
#[test]
fn a_stream_that_ends_at_one_place_is_asked_for_three_times() {
    let config = SchedulerConfig {
        max_tries: None,
        ..config(4)
    };
    let mut bench = Bench::of(config, Beginning::SingleStream);
    let mut attempt = starts(&bench.feed(Input::Tick))[0].0;
    for _ in 1..limits::SAME_END_MAX {
        let length = Some(100 * MIB);
        let body = Body::Whole { length };
        bench.feed(Input::Opened { attempt, body });
        let outputs = bench.fail(attempt, 40 * MIB, FailureClass::Interrupted);
        let mut again = starts(&outputs);
        again.extend(starts(&bench.after(limits::BACKOFF_MAX)));
        attempt = again[0].0;
    }
    let length = Some(100 * MIB);
    let body = Body::Whole { length };
    bench.feed(Input::Opened { attempt, body });
    let outputs = bench.fail(attempt, 40 * MIB, FailureClass::Interrupted);
    let failed = Outcome::Failed(FailureClass::Interrupted);
    assert_eq!(outputs, [Output::Finished(failed)]);
}

/// Its ends differ, so it may come to an end: that is worth as many tries as are allowed.
#[test]
fn a_stream_that_ends_elsewhere_each_time_is_asked_for_again() {
    let mut bench = Bench::new(4, Beginning::SingleStream);
    let mut attempt = starts(&bench.feed(Input::Tick))[0].0;
    for end in [9, 12, 7, 12] {
        let length = Some(100 * MIB);
        let body = Body::Whole { length };
        bench.feed(Input::Opened { attempt, body });
        let outputs = bench.fail(attempt, end * MIB, FailureClass::Interrupted);
        let mut again = starts(&outputs);
        again.extend(starts(&bench.after(limits::BACKOFF_MAX)));
        attempt = again[0].0;
    }
}
