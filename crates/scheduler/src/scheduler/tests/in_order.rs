//! A file that is read in order: how far it is fetched ahead of its reader, and what a reader that
//! pauses is no reason for.

use super::*;

const WINDOW: u64 = 8 * MIB;
const LENGTH: u64 = 100 * MIB;

fn in_order(width: u16) -> SchedulerConfig {
    SchedulerConfig {
        window: Some(WINDOW),
        ..config(width)
    }
}

fn received(attempt: AttemptId, position: u64) -> Input {
    Input::Received { attempt, position }
}

fn allowed(outputs: &[Output]) -> Option<u64> {
    outputs.iter().find_map(|output| {
        if let Output::Allow { end, .. } = output {
            Some(*end)
        } else {
            None
        }
    })
}

fn extended(outputs: &[Output]) -> Option<u64> {
    outputs.iter().find_map(|output| {
        if let Output::Extend { end, .. } = output {
            Some(*end)
        } else {
            None
        }
    })
}

fn is_told_of_a_retry(outputs: &[Output]) -> bool {
    let is_retry = |output: &Output| matches!(output, Output::Notice(Notice::Retrying { .. }));
    outputs.iter().any(is_retry)
}

/// A plain stream of a length that nobody knows.
fn streaming() -> (Bench, Vec<Output>) {
    let mut bench = Bench::of(in_order(4), Beginning::SingleStream);
    bench.feed(Input::Tick);
    let outputs = bench.feed(Input::Opened {
        attempt: FIRST,
        body: Body::Whole { length: None },
    });
    (bench, outputs)
}

#[test]
fn a_plain_stream_is_allowed_what_the_reader_has_room_for() {
    let (mut bench, outputs) = streaming();
    assert_eq!(allowed(&outputs), Some(WINDOW), "{outputs:?}");
    bench.feed(received(FIRST, WINDOW));
    let outputs = bench.after(Duration::from_hours(1));
    assert!(
        !outputs.contains(&Output::Stop { attempt: FIRST }),
        "the reader's pause is no stall: {outputs:?}"
    );
    let outputs = bench.feed(Input::Taken { end: 3 * MIB });
    assert_eq!(allowed(&outputs), Some(WINDOW + 3 * MIB));
    let outputs = bench.after(Duration::from_secs(19));
    assert!(!outputs.contains(&Output::Stop { attempt: FIRST }));
    let outputs = bench.after(Duration::from_secs(2));
    assert!(
        outputs.contains(&Output::Stop { attempt: FIRST }),
        "but the server's is: {outputs:?}"
    );
}

#[test]
fn under_a_limit_a_plain_stream_is_allowed_no_more_than_the_window() {
    let limit = RateLimit::new(BytesPerSecond(100 * MIB));
    let config = SchedulerConfig {
        rate_limit: limit,
        ..in_order(4)
    };
    let mut bench = Bench::of(config, Beginning::SingleStream);
    bench.feed(Input::Tick);
    bench.feed(Input::Opened {
        attempt: FIRST,
        body: Body::Whole { length: None },
    });
    let mut most = 0;
    for _ in 0..50 {
        let outputs = bench.after(limits::RATE_ROUND);
        if let Some(end) = allowed(&outputs) {
            most = end;
            bench.feed(received(FIRST, end));
        }
    }
    assert_eq!(most, WINDOW);
    let outputs = bench.feed(Input::RateLimit(None));
    assert_eq!(allowed(&outputs), Some(WINDOW), "{outputs:?}");
}

#[test]
fn a_plain_stream_that_idled_until_its_server_closed_it_begins_again_for_nothing() {
    let (mut bench, _) = streaming();
    bench.feed(received(FIRST, WINDOW));
    bench.after(Duration::from_secs(90));
    bench.feed(Input::Taken { end: WINDOW });
    // What was under way still comes.
    bench.feed(received(FIRST, WINDOW + MIB));
    let outputs = bench.fail(FIRST, WINDOW + MIB, FailureClass::Interrupted);
    assert!(!is_told_of_a_retry(&outputs), "{outputs:?}");
    let again = starts(&outputs);
    assert_eq!(again.len(), 1, "at once: {outputs:?}");
    let outputs = bench.fail(again[0].0, 0, FailureClass::Interrupted);
    assert!(is_told_of_a_retry(&outputs), "that one did not wait");
}

#[test]
fn one_connection_goes_on_as_the_reader_does() {
    let (mut bench, outputs) = Bench::segmented_with(in_order(1), LENGTH);
    let Some(Grant::Range(first)) = granted(&outputs) else {
        panic!("{outputs:?}");
    };
    let mut end = first.end();
    let mut requests = 0;
    loop {
        let outputs = bench.feed(received(FIRST, end));
        requests += starts(&outputs).len();
        match extended(&outputs) {
            Some(next) => end = next,
            None => break,
        }
    }
    assert!(end <= WINDOW && end > WINDOW / 2, "{end}");
    let outputs = bench.after(Duration::from_hours(1));
    assert!(!outputs.contains(&Output::Stop { attempt: FIRST }));
    let outputs = bench.feed(Input::Taken { end });
    let next = extended(&outputs).expect("the reader has taken everything");
    assert!(next > end && next <= end + WINDOW);
    assert_eq!(requests + starts(&outputs).len(), 0);
    let outputs = bench.fail(FIRST, end + 5, FailureClass::Interrupted);
    assert!(!is_told_of_a_retry(&outputs), "{outputs:?}");
    let asked = starts(&outputs)[0].1;
    assert!(
        matches!(asked, Request::Part(part) if part.start() == end + 5),
        "{outputs:?}"
    );
}

#[test]
fn a_free_worker_helps_with_what_the_reader_waits_for() {
    let (mut bench, outputs) = Bench::segmented_with(in_order(4), LENGTH);
    let Some(Grant::Range(first)) = granted(&outputs) else {
        panic!("{outputs:?}");
    };
    // Everybody else is done with all that the window allows, and the first crawls.
    let mut busy = starts(&outputs);
    let mut position = 0;
    while let Some((attempt, Request::Part(part), _)) = busy.pop() {
        assert!(part.end() <= WINDOW, "{part}");
        bench.open(attempt, part, LENGTH);
        bench.now = bench.now + Duration::from_millis(100);
        bench.feed(received(attempt, part.start() + part.len() / 2));
        bench.now = bench.now + Duration::from_millis(100);
        position += 1000;
        bench.feed(received(FIRST, position));
        let outputs = bench.feed(Input::Stopped {
            attempt,
            position: part.end(),
            how: Stop::Drained,
        });
        busy.extend(starts(&outputs));
    }
    let is_lost = |outputs: &[Output]| {
        outputs.iter().any(|output| {
            if let Output::Shrink { attempt, .. } | Output::Stop { attempt } = output {
                *attempt == FIRST
            } else {
                false
            }
        })
    };
    let mut lost = false;
    for _ in 0..20 {
        position += 1000;
        bench.now = bench.now + Duration::from_millis(100);
        lost |= is_lost(&bench.feed(received(FIRST, position)));
    }
    assert!(!lost, "the reader has enough");
    assert!(position < first.end());
    for _ in 0..20 {
        position += 1000;
        bench.now = bench.now + Duration::from_millis(100);
        lost |= is_lost(&bench.feed(received(FIRST, position)));
        lost |= is_lost(&bench.feed(Input::Taken { end: position }));
    }
    assert!(lost, "the reader waits");
}
