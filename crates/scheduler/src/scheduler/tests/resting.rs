//! A stream that rests once it has written its lease, since requests are turned away: which one
//! does, what it goes on with, and when it is let go after all.

use super::*;
use crate::segment::StopCause;

/// Four workers, the last of which is turned away: the first rests, and the others are done or not.
struct Resting {
    bench: Bench,
    parts: Vec<(AttemptId, ByteRange)>,
}

const LENGTH: u64 = 64 * MIB;

impl Resting {
    /// `reach` is the end of the first reply.
    fn new(reach: u64) -> Self {
        let mut bench = Bench::of(config(4), Beginning::Fresh);
        bench.feed(Input::Tick);
        let source = bench.scheduler.sources.of_mut(SourceId(0));
        source.served = limits::TRIAL_REQUESTS;
        let body = Body::Part {
            range: range(0, reach),
            complete_length: LENGTH,
        };
        bench.now = bench.now + Duration::from_millis(10);
        let outputs = bench.feed(Input::Opened {
            attempt: FIRST,
            body,
        });
        let Some(Grant::Range(lease)) = granted(&outputs) else {
            panic!("{outputs:?}")
        };
        let mut parts = std::vec![(FIRST, lease)];
        for (attempt, request, _) in starts(&outputs) {
            let Request::Part(part) = request else {
                panic!("{request:?}")
            };
            parts.push((attempt, part));
        }
        assert_eq!(parts.len(), 4, "{parts:?}");
        Self { bench, parts }
    }

    fn begin(&mut self, number: usize) {
        let (attempt, part) = self.parts[number];
        self.bench.open(attempt, part, LENGTH);
    }

    fn write(&mut self, number: usize, bytes: u64) -> Vec<Output> {
        let (attempt, part) = self.parts[number];
        let position = part.start() + bytes;
        self.bench.feed(Input::Received { attempt, position })
    }

    fn end(&mut self, number: usize) -> Vec<Output> {
        let (attempt, part) = self.parts[number];
        let (position, how) = (part.end(), Stop::Drained);
        self.bench.feed(Input::Stopped {
            attempt,
            position,
            how,
        })
    }

    fn turn_away(&mut self, number: usize) -> Vec<Output> {
        let (attempt, part) = self.parts[number];
        let busy = FailureClass::Busy { retry_after: None };
        self.bench.fail(attempt, part.start(), busy)
    }

    fn after(&mut self, millis: u64) -> Vec<Output> {
        self.bench.after(Duration::from_millis(millis))
    }
}

fn grant_of(outputs: &[Output], to: AttemptId) -> Option<ByteRange> {
    outputs.iter().find_map(|output| {
        if let Output::Grant {
            attempt,
            grant: Grant::Range(range),
        } = *output
            && attempt == to
        {
            Some(range)
        } else {
            None
        }
    })
}

fn stops(outputs: &[Output], attempt: AttemptId) -> bool {
    outputs.contains(&Output::Stop { attempt })
}

/// The first reply has written its lease, the next two are done, the fourth was turned away, and
/// nobody has been answered since.
fn left_alone(reach: u64) -> (Resting, Vec<(AttemptId, ByteRange)>) {
    let mut resting = Resting::new(reach);
    for number in [1, 2] {
        resting.begin(number);
        resting.write(number, MIB);
    }
    resting.turn_away(3);
    let lease = resting.parts[0].1.len();
    let mut asked = Vec::new();
    for outputs in [resting.write(0, lease), resting.end(1), resting.end(2)] {
        assert!(!stops(&outputs, FIRST), "it rests");
        for (attempt, request, _) in starts(&outputs) {
            let Request::Part(part) = request else {
                panic!("{request:?}")
            };
            asked.push((attempt, part));
        }
    }
    (resting, asked)
}

const PATIENCE: u64 = 2_100;

#[test]
fn a_stream_goes_on_where_requests_are_not_answered_and_lets_go_once_one_is() {
    let (mut resting, asked) = left_alone(LENGTH);
    let turned_away = resting.parts[3].1;
    assert_eq!(asked[0].1, turned_away, "it was asked for again");
    let outputs = resting.after(10);
    let soon = resting.bench.now + limits::TAIL_INTERVAL;
    let is_looked_at = |output: &Output| {
        let Output::Wait { until, .. } = *output else {
            return false;
        };
        until.is_some_and(|until| until <= soon)
    };
    assert!(outputs.iter().any(is_looked_at), "{outputs:?}");
    assert_eq!(grant_of(&resting.after(900), FIRST), None);
    let granted = grant_of(&resting.after(PATIENCE), FIRST);
    assert_eq!(granted, Some(turned_away), "nobody brings it");
    let (served, part) = asked[1];
    let body = Body::Part {
        range: part,
        complete_length: LENGTH,
    };
    let opened = resting.bench.feed(Input::Opened {
        attempt: served,
        body,
    });
    assert!(!stops(&opened, FIRST), "a head brings nothing");
    let outputs = resting.bench.feed(Input::Began { attempt: served });
    assert!(stops(&outputs, FIRST), "{outputs:?}");
}

/// One that was made before a refusal says nothing of those that are made after it.
#[test]
fn a_request_that_was_made_before_the_last_refusal_lets_no_stream_go() {
    let (mut resting, asked) = left_alone(LENGTH);
    resting.after(10);
    let (turned_away, part) = asked[2];
    let busy = FailureClass::Busy { retry_after: None };
    resting.bench.fail(turned_away, part.start(), busy);
    let outputs = resting.after(PATIENCE);
    assert!(grant_of(&outputs, FIRST).is_some(), "{outputs:?}");
    let (served, part) = asked[1];
    let body = Body::Part {
        range: part,
        complete_length: LENGTH,
    };
    for input in [
        Input::Opened {
            attempt: served,
            body,
        },
        Input::Began { attempt: served },
    ] {
        let outputs = resting.bench.feed(input);
        assert!(!stops(&outputs, FIRST), "{outputs:?}");
    }
}

/// Its reply ends inside of what another attempt has asked for.
#[test]
fn a_stream_takes_nothing_that_its_reply_does_not_reach() {
    let (mut resting, asked) = left_alone(11 * MIB);
    assert!(asked[0].1.start() < 11 * MIB && asked[0].1.end() > 11 * MIB);
    for _ in 0..5 {
        let outputs = resting.after(PATIENCE);
        assert_eq!(grant_of(&outputs, FIRST), None, "{outputs:?}");
    }
}

#[test]
fn of_two_streams_the_one_that_reaches_further_rests() {
    let mut resting = Resting::new(LENGTH);
    let (second, part) = resting.parts[1];
    let cut = part.start() + 2 * MIB;
    for number in [1, 2] {
        resting.begin(number);
        resting.write(number, MIB);
    }
    resting.turn_away(3);
    let lease = resting.parts[0].1.len();
    resting.write(0, lease);
    let outputs = resting.bench.feed(Input::Shrunk {
        attempt: second,
        end: cut,
    });
    let mut begun = starts(&outputs);
    begun.extend(starts(&resting.end(2)));
    let rest = ByteRange::new(cut, part.end()).unwrap();
    let mut begun = begun.into_iter();
    let thief = begun.find(|(_, request, _)| *request == Request::Part(rest));
    let thief = thief.expect("a free worker asks for the rest").0;
    resting.after(5);
    let source = resting.bench.scheduler.sources.of_mut(SourceId(0));
    source.serves_no_more(resting.bench.now);
    let outputs = resting.write(1, 2 * MIB);
    let end = part.end();
    let extended = Output::Extend {
        attempt: second,
        end,
    };
    assert!(outputs.contains(&extended), "{outputs:?}");
    let shrinks = |outputs: &[Output]| outputs.iter().any(|o| matches!(o, Output::Shrink { .. }));
    let holder = resting.bench.scheduler.ledger.holder(second.segment);
    let undisturbed = holder.stopping.replace(StopCause::TakenOver);
    let body = Body::Part {
        range: rest,
        complete_length: LENGTH,
    };
    resting.bench.feed(Input::Opened {
        attempt: thief,
        body,
    });
    let outputs = resting.bench.feed(Input::Began { attempt: thief });
    assert!(!shrinks(&outputs), "it lets go of all: {outputs:?}");
    let holder = resting.bench.scheduler.ledger.holder(second.segment);
    holder.stopping = undisturbed;
    let outputs = resting.bench.feed(Input::Shrunk {
        attempt: second,
        end: cut,
    });
    assert_eq!(grant_of(&outputs, thief), Some(rest));
    assert!(stops(&outputs, second), "{outputs:?}");
    assert!(!stops(&outputs, FIRST), "{outputs:?}");
}
