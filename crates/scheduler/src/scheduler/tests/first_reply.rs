//! Tests of the turn that the first reply gives to a download: segments, one stream, or nothing to
//! do.

use super::*;

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
    let outputs = bench.feed(Input::Opened {
        attempt: FIRST,
        body,
    });
    assert_eq!(granted(&outputs), Some(Grant::Range(range(0, 2 * MIB))));
    let outputs = bench.feed(Input::Stopped {
        attempt: FIRST,
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
            attempt: FIRST,
            body: Body::Whole { length },
        });
        let expected = length.map_or(Grant::ToEnd, |length| Grant::Range(range(0, length)));
        assert_eq!(
            (granted(&outputs), starts(&outputs)),
            (Some(expected), Vec::new())
        );
        let stop = Input::Stopped {
            attempt: FIRST,
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
        attempt: FIRST,
        body: Body::Whole { length: Some(MIB) },
    });
    bench.fail(FIRST, MIB / 2, FailureClass::Interrupted);
    assert_eq!(bench.scheduler.received().len(), 0);
    let again = FIRST.next();
    bench.feed(Input::Opened {
        attempt: again,
        body: Body::Whole { length: Some(MIB) },
    });
    let stop = Input::Stopped {
        attempt: again,
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
    let mut attempt = starts(&bench.feed(Input::Tick))[0].0;
    for _ in 0..100 {
        let body = Body::Whole { length: None };
        bench.feed(Input::Opened { attempt, body });
        let outputs = bench.fail(attempt, MIB, FailureClass::Interrupted);
        if outputs.contains(&Output::Finished(Outcome::Failed(
            FailureClass::Interrupted,
        ))) {
            return;
        }
        if starts(&outputs).is_empty() {
            bench.after(limits::BACKOFF_MAX);
        }
        attempt = attempt.next();
    }
    panic!("it is tried for ever");
}

#[test]
fn an_empty_file_is_complete_without_a_byte() {
    let mut bench = Bench::new(8, Beginning::Fresh);
    bench.feed(Input::Tick);
    let outputs = bench.feed(Input::Opened {
        attempt: FIRST,
        body: Body::Whole { length: Some(0) },
    });
    assert!(outputs.contains(&Output::Stop { attempt: FIRST }));
    let stop = Input::Stopped {
        attempt: FIRST,
        position: 0,
        how: Stop::Told,
    };
    assert_eq!(
        bench.feed(stop),
        [Output::Finished(Outcome::Complete { length: 0 })]
    );
}
