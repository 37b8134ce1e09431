//! Tests of a limit on the rate: the bytes it lets through, the workers it gives them to, and the
//! faults it must not be mistaken for.

use alloc::collections::BTreeMap;
use std::vec::Vec;

use super::*;

const MIB: u64 = 1 << 20;
const STEP: Duration = Duration::from_millis(5);

fn limit(rate: u64) -> Option<RateLimit> {
    RateLimit::new(BytesPerSecond(rate))
}

/// A worker that takes what it may, as fast as its connection allows.
#[derive(Debug)]
struct Hand {
    position: u64,
    end: u64,
    /// Under a limit, what it was allowed last.
    allowed: u64,
    /// The path it is on.
    path: usize,
    /// The moment at which it was last allowed something.
    fed_at: Timestamp,
    stopped: bool,
}

/// A download whose workers open at once.
struct Play {
    bench: Bench,
    length: u64,
    hands: BTreeMap<AttemptId, Hand>,
    /// Of each path, how many bytes it brings in a step; the last of those given is that of all
    /// others.
    speeds: Vec<u64>,
    /// And how many it has brought.
    brought: Vec<u64>,
    allows: usize,
    most_workers: usize,
}

impl Play {
    fn new(width: u16, limit: Option<RateLimit>, speeds: &[u64]) -> Self {
        Self::with(Bench::limited(width, Beginning::Fresh, limit), speeds)
    }

    fn with(bench: Bench, speeds: &[u64]) -> Self {
        let length = 1 << 34;
        let mut play = Self {
            bench,
            length,
            hands: BTreeMap::new(),
            speeds: speeds.to_vec(),
            brought: Vec::new(),
            allows: 0,
            most_workers: 0,
        };
        play.feed(Input::Tick);
        play
    }

    fn feed(&mut self, input: Input) {
        for output in self.bench.feed(input) {
            self.obey(output);
        }
    }

    fn obey(&mut self, output: Output) {
        let now = self.bench.now;
        match output {
            Output::Start {
                attempt, request, ..
            } => self.start(attempt, request),
            Output::Grant {
                attempt,
                grant: Grant::Range(range),
            } => self.hand(attempt).end = range.end(),
            Output::Allow { attempt, end } => {
                self.allows += 1;
                let hand = self.hand(attempt);
                hand.allowed = end;
                hand.fed_at = now;
            }
            Output::Extend { attempt, end } => self.hand(attempt).end = end,
            Output::Stop { attempt } => self.hand(attempt).stopped = true,
            Output::Grant { .. }
            | Output::Shrink { .. }
            | Output::Checkpoint { .. }
            | Output::Notice(_)
            | Output::Wait { .. }
            | Output::Finished(_) => {}
        }
    }

    fn hand(&mut self, attempt: AttemptId) -> &mut Hand {
        self.hands.get_mut(&attempt).unwrap()
    }

    fn start(&mut self, attempt: AttemptId, request: Request) {
        let range = match request {
            Request::Part(range) => range,
            Request::First | Request::Whole => ByteRange::whole(self.length).unwrap(),
        };
        let taken = |path| self.hands.values().any(|hand| hand.path == path);
        let path = (0..256).find(|path| !taken(*path)).unwrap();
        let hand = Hand {
            position: range.start(),
            end: range.end(),
            allowed: u64::MAX,
            path,
            fed_at: self.bench.now,
            stopped: false,
        };
        self.hands.insert(attempt, hand);
        self.most_workers = self.most_workers.max(self.hands.len());
        let body = Body::Part {
            range,
            complete_length: self.length,
        };
        self.feed(Input::Opened { attempt, body });
        self.feed(Input::Began { attempt });
    }

    /// Everyone takes what a step brings; returns what came.
    fn step(&mut self) -> u64 {
        self.bench.now = self.bench.now + STEP;
        let mut came = 0;
        let attempts: Vec<AttemptId> = self.hands.keys().copied().collect();
        for attempt in attempts {
            let path = self.hands[&attempt].path;
            let speed = *self.speeds.get(path).or(self.speeds.last()).unwrap();
            let hand = self.hand(attempt);
            let end = (hand.position + speed).min(hand.allowed).min(hand.end);
            let bytes = end.saturating_sub(hand.position);
            if bytes > 0 {
                came += bytes;
                hand.position = end;
                let is_done = hand.position == hand.end;
                self.count(path, bytes);
                self.report(attempt, end, is_done);
            }
        }
        self.feed(Input::Tick);
        came
    }

    fn count(&mut self, path: usize, bytes: u64) {
        let paths = self.brought.len().max(path + 1);
        self.brought.resize(paths, 0);
        self.brought[path] += bytes;
    }

    fn report(&mut self, attempt: AttemptId, position: u64, is_done: bool) {
        if !is_done {
            return self.feed(Input::Received { attempt, position });
        }
        self.hands.remove(&attempt);
        let how = Stop::Drained;
        self.feed(Input::Stopped {
            attempt,
            position,
            how,
        });
    }

    fn run(&mut self, seconds: u64) -> u64 {
        (0..seconds * 200).map(|_| self.step()).sum()
    }
}

#[test]
fn without_a_limit_nobody_is_told_anything() {
    let mut play = Play::new(8, None, &[MIB]);
    play.run(2);
    assert_eq!(play.allows, 0);
    assert_eq!(play.bench.scheduler.rate_limit(), None);
}

#[test]
fn what_comes_is_what_the_limit_brings_and_no_byte_more() {
    for rate in [7, 999, 1_000_003, 50 * MIB] {
        let mut play = Play::new(8, limit(rate), &[MIB]);
        let mut total = 0;
        for second in 1..=20 {
            total += play.run(1);
            assert!(total <= rate * second, "{rate}: {total} in {second} s");
            let round = rate / 40 + 1;
            let late = rate * second - total;
            assert!(late <= round, "{rate}: {late} less, in {second} s");
        }
    }
}

#[test]
fn what_a_slow_worker_leaves_goes_to_the_others_in_equal_parts() {
    // 8 MB/s: the first two bring 20 kB/s and 200 kB/s at most, the others any rate.
    let rate = 8_000_000;
    let mut play = Play::new(4, limit(rate), &[100, 1000, MIB]);
    play.run(1);
    play.brought.clear();
    let total = play.run(5);
    assert!(total.abs_diff(5 * rate) <= rate / 40, "{total}");
    let brought = &play.brought;
    assert_eq!(brought[0], 100_000);
    assert_eq!(brought[1], 1_000_000);
    let (third, fourth) = (brought[2], brought[3]);
    assert!(third.abs_diff(fourth) * 100 <= third, "{third}, {fourth}");
    let hoard = &play.hands.values().next().unwrap();
    let most = rate / 50 * 2 / 4;
    assert!(hoard.allowed - hoard.position <= most, "{hoard:?}");
}

#[test]
fn no_worker_that_uses_its_credit_goes_without() {
    for (rate, longest) in [(1_000_000, 25), (400, 25), (20, 450)] {
        let mut play = Play::new(8, limit(rate), &[MIB]);
        for _ in 0..4000 {
            play.step();
            let now = play.bench.now;
            for hand in play.hands.values() {
                let without = now.since(hand.fed_at).as_millis();
                assert!(without <= longest, "{rate}: {without} ms");
            }
        }
    }
}

#[test]
fn a_worker_without_credit_is_not_stalled_and_one_that_leaves_it_is() {
    // 30 s from one byte to a worker's next.
    let config = SchedulerConfig {
        stall_timeout: Duration::from_secs(3),
        first_byte_timeout: Duration::from_mins(2),
        rate_limit: limit(1),
        ..config(4)
    };
    let mut play = Play::with(Bench::of(config, Beginning::Fresh), &[MIB]);
    for _ in 0..8000 {
        play.step();
    }
    assert!(play.hands.values().all(|hand| !hand.stopped));

    let mut play = Play::new(4, limit(1_000_000), &[0, MIB]);
    play.run(22);
    let stopped: Vec<bool> = play.hands.values().map(|hand| hand.stopped).collect();
    assert_eq!(stopped, [true, false, false, false]);
}

#[test]
fn a_limit_may_change_begin_and_end_on_the_way() {
    let mut play = Play::new(4, limit(1_000_000), &[10_000]);
    play.run(1);
    for rate in [4_000_000, 500_000, 2_000_000] {
        play.feed(Input::RateLimit(limit(rate)));
        play.run(1);
        let came = play.run(4);
        assert!(came.abs_diff(4 * rate) <= rate / 20, "{rate}: {came}");
    }
    play.feed(Input::RateLimit(None));
    assert!(play.hands.values().all(|hand| hand.allowed == u64::MAX));
    let unlimited = play.run(2);
    // A segment that ends does so with a part of a chunk.
    assert!(unlimited.abs_diff(400 * 4 * 10_000) < 10_000, "{unlimited}");
    play.allows = 0;
    play.run(1);
    assert_eq!(play.allows, 0);
    play.feed(Input::RateLimit(limit(300_000)));
    assert!(
        play.hands
            .values()
            .all(|hand| hand.allowed <= hand.position)
    );
    let came = play.run(10);
    assert!(came.abs_diff(3_000_000) <= 15_000, "{came}");
}

#[test]
fn a_limit_that_is_reached_needs_no_more_connections() {
    let mut play = Play::new(32, limit(1_000_000), &[100_000]);
    play.run(40);
    assert_eq!(play.most_workers, usize::from(limits::WIDTH_START));
    // 20 kB a step and worker are 4 MB/s: ten of them are needed, and the search doubles.
    let mut play = Play::new(32, limit(40_000_000), &[20_000]);
    play.run(10);
    assert!(
        (10..=16).contains(&play.most_workers),
        "{}",
        play.most_workers
    );
    assert!(play.run(5).abs_diff(200_000_000) <= 4_000_000);
}

#[test]
fn a_stream_whose_end_nobody_knows_is_limited_too() {
    let mut bench = Bench::limited(8, Beginning::SingleStream, limit(1_000_000));
    let attempt = AttemptId::first(0);
    let told = bench.feed(Input::Tick);
    assert!(
        told.contains(&Output::Allow { attempt, end: 0 }),
        "{told:?}"
    );
    let body = Body::Whole { length: None };
    let told = bench.feed(Input::Opened { attempt, body });
    assert!(matches!(
        told.as_slice(),
        [
            Output::Notice(Notice::Planned { .. }),
            Output::Grant { .. },
            Output::Wait { .. }
        ]
    ));
    let mut position = 0;
    for round in 1..=50 {
        let told = bench.after(limits::RATE_ROUND);
        let Some(&Output::Allow { end, .. }) = told.first() else {
            panic!("{told:?}");
        };
        assert_eq!(end, round * 20_000);
        position = end;
        bench.feed(Input::Received { attempt, position });
    }
    assert_eq!(position, 1_000_000);
}

/// A challenger's reply has bytes that the holder has written meanwhile. They come all the same,
/// and the limit on the rate is kept over the time that follows.
#[test]
fn bytes_that_are_discarded_count_towards_the_limit() {
    let limited = SchedulerConfig {
        rate_limit: RateLimit::new(BytesPerSecond(MIB)),
        ..config(2)
    };
    let (mut bench, outputs) = Bench::segmented_with(limited, 100 * MIB);
    let (second, Request::Part(part), _) = starts(&outputs)[0] else {
        panic!("{outputs:?}")
    };
    bench.feed(Input::Opened {
        attempt: second,
        body: Body::Part {
            range: part,
            complete_length: 100 * MIB,
        },
    });
    let position = part.start() + 2 * MIB;
    let seconds = position / MIB;
    for second in 1..=seconds {
        bench.now = Timestamp::after_start(Duration::from_secs(second));
        bench.feed(Input::Tick);
        let position = second * MIB;
        bench.feed(Input::Received {
            attempt: FIRST,
            position,
        });
    }
    bench.fail(FIRST, position, FailureClass::Interrupted);
    let outputs = bench.feed(Input::Began { attempt: second });
    let rest = Grant::Range(range(position, part.end()));
    assert_eq!(granted(&outputs), Some(rest));
    let allows = |outputs: &[Output]| {
        outputs.iter().any(|output| {
            matches!(output, Output::Allow { attempt, end }
                if *attempt == second && *end > position)
        })
    };
    let mut waited = Duration::ZERO;
    while !allows(&bench.after(limits::RATE_ROUND)) {
        waited += limits::RATE_ROUND;
        assert!(waited < Duration::from_secs(5), "it never gets any");
    }
    let discarded = Duration::from_secs(2);
    assert!(waited + limits::RATE_BURST * 2 >= discarded, "{waited:?}");
}
