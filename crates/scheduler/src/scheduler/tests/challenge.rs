//! Two attempts that want the same bytes: each byte has one of them, whatever becomes of the other.

use super::*;

/// A reply for bytes that a stream has gone on over takes them over where that one is.
#[test]
fn a_challenger_has_what_the_holder_has_not_written() {
    let (mut bench, outputs) = Bench::segmented(2, 100 * MIB);
    let (second, Request::Part(part), _) = starts(&outputs)[0] else {
        panic!("{outputs:?}")
    };
    let outputs = bench.feed(Input::Received {
        attempt: FIRST,
        position: part.start(),
    });
    let extended = Output::Extend {
        attempt: FIRST,
        end: part.end(),
    };
    assert!(outputs.contains(&extended), "{outputs:?}");
    let position = part.start() + MIB / 2;
    bench.feed(Input::Received {
        attempt: FIRST,
        position,
    });
    bench.feed(Input::Opened {
        attempt: second,
        body: Body::Part {
            range: part,
            complete_length: 100 * MIB,
        },
    });
    let outputs = bench.feed(Input::Began { attempt: second });
    let cut = part.start() + MIB;
    let shrinks = Output::Shrink {
        attempt: FIRST,
        cut,
    };
    assert!(outputs.contains(&shrinks), "{outputs:?}");
    assert_eq!(granted(&outputs), None, "one writer at a time");
    let outputs = bench.feed(Input::Shrunk {
        attempt: FIRST,
        end: cut,
    });
    let rest = Grant::Range(range(cut, part.end()));
    assert_eq!(granted(&outputs), Some(rest));
}

/// A holder that fails leaves the rest to its challenger, from where that one has asked.
#[test]
fn a_challenger_inherits_from_a_holder_that_fails() {
    let (mut bench, outputs) = Bench::segmented(2, 100 * MIB);
    let (second, Request::Part(part), _) = starts(&outputs)[0] else {
        panic!("{outputs:?}")
    };
    bench.feed(Input::Received {
        attempt: FIRST,
        position: part.start(),
    });
    let position = part.start() + MIB;
    bench.fail(FIRST, position, FailureClass::Interrupted);
    bench.feed(Input::Opened {
        attempt: second,
        body: Body::Part {
            range: part,
            complete_length: 100 * MIB,
        },
    });
    let outputs = bench.feed(Input::Began { attempt: second });
    let rest = Grant::Range(range(position, part.end()));
    assert_eq!(granted(&outputs), Some(rest));
}
