//! The scheduler in a few hundred generated worlds: none breaks an invariant, none is left
//! unfinished, and every byte is written exactly once.
//!
//! Method: `run` panics on a broken invariant, with the seed, and checks at the end that what was
//! written is the file. Worlds are those of `cargo xtask sim`, which replays any seed.

use std::collections::VecDeque;

use range_core::ByteRange;
use scheduler::time::Timestamp;
use scheduler::{AttemptId, Grant, Input, Output, Request, Route, SegmentId, SourceId, WaitReason};
use simulator::{Closed, Contender, Failure, Family, Policy, Refusing, Trace, World, run};

/// Enough for every family to meet each of its servers, in seconds.
const SEEDS: u64 = 20;

#[test]
fn every_download_ends_with_each_byte_written_once() {
    for family in Family::ALL {
        for seed in 0..SEEDS {
            let mut world = family.world(seed);
            world.length = world.length.min(256 << 20);
            // The moments of a smaller file come sooner.
            world.replaced_at = world.replaced_at.map(|at| at.min(5.0));
            let report = Contender::Ours
                .run(&world, None)
                .unwrap_or_else(|failure| panic!("{family:?} {seed}: {failure:?}"));
            assert!(
                report.peak <= usize::from(world.ceiling),
                "{family:?} {seed}: {} connections",
                report.peak
            );
            assert!(
                report.gave_up || report.time >= 0.999 * report.bound,
                "{family:?} {seed}: {} s beat the bound of {} s",
                report.time,
                report.bound
            );
        }
    }
}

#[test]
fn a_run_is_a_function_of_its_world() {
    for family in Family::ALL {
        let world = family.world(7);
        let first = Contender::Ours.run(&world, None);
        assert_eq!(first, Contender::Ours.run(&world, None), "{family:?}");
    }
}

#[test]
fn the_bound_is_within_reach() {
    let mut world = World::plain(1, 1 << 30, 0.01, 20e6);
    world.connection_rate = 2e6;
    let report = Contender::Static.run(&world, None).unwrap();
    let ratio = report.time / report.bound;
    assert!((1.0..1.01).contains(&ratio), "{ratio}");
}

#[test]
fn a_short_download_over_a_long_way_gets_little_for_nothing() {
    let mut world = World::plain(1, 70 << 20, 0.3, 400e6);
    world.connection_rate = 25e6;
    let report = Contender::Ours.run(&world, None).unwrap();
    let part = report.wasted / report.length as f64;
    assert!(part < 0.1, "{part}; it was 0.44 when cuts were free");
}

/// Lets a second worker write what the first one may.
#[derive(Default)]
struct Greedy(VecDeque<Output>);

impl Greedy {
    fn start(&mut self, segment: u32, request: Request) -> AttemptId {
        let attempt = AttemptId {
            segment: SegmentId(segment),
            number: 1,
        };
        self.0.push_back(Output::Start {
            attempt,
            source: SourceId(0),
            request,
            route: Route::Known,
        });
        attempt
    }
}

impl Policy for Greedy {
    fn handle_input(&mut self, _: Timestamp, input: Input) {
        let last = ByteRange::new(1 << 29, 1 << 30).expect("it is not empty");
        if input == Input::Tick {
            self.start(0, Request::First);
        } else if let Input::Opened { attempt, .. } = input
            && attempt.segment == SegmentId(0)
        {
            let grant = Grant::ToEnd;
            self.0.push_back(Output::Grant { attempt, grant });
            self.start(1, Request::Part(last));
        } else if let Input::Began { attempt } = input {
            let grant = Grant::Range(last);
            self.0.push_back(Output::Grant { attempt, grant });
        }
    }

    fn poll_output(&mut self) -> Output {
        self.0.pop_front().unwrap_or(Output::Wait {
            until: None,
            reason: WaitReason::Workers,
        })
    }

    fn check(&mut self) {}
}

#[test]
fn a_policy_that_leases_bytes_twice_is_found_out_and_its_story_told() {
    let world = World::plain(1, 1 << 30, 0.01, 1e6);
    let mut trace = Trace::default();
    let outcome = run(
        &world,
        &mut |_| Some(Box::new(Greedy::default())),
        Some(&mut trace),
    );
    let broken = Failure::Broken("536870912..1073741824 is leased already".to_owned());
    assert_eq!(outcome.map(|_| ()), Err(broken));
    let story = trace.to_string();
    let last = story.lines().last().unwrap();
    assert!(last.contains(" < #1.1 may write Range("), "{last}");
}

/// Asks again as soon as it was refused.
#[derive(Default)]
struct Stubborn(Greedy, u32);

impl Policy for Stubborn {
    fn handle_input(&mut self, _: Timestamp, input: Input) {
        if matches!(input, Input::Tick | Input::Stopped { .. }) {
            self.0.start(self.1, Request::First);
            self.1 += 1;
        }
    }

    fn poll_output(&mut self) -> Output {
        self.0.poll_output()
    }

    fn check(&mut self) {}
}

#[test]
fn a_policy_that_asks_too_often_is_found_out() {
    let mut world = World::plain(1, 1 << 30, 0.01, 1e6);
    world.closed.push(Closed {
        after: 0,
        from: 0.0,
        to: 60.0,
        how: Refusing::Busy(None),
    });
    let outcome = run(&world, &mut |_| Some(Box::new(Stubborn::default())), None);
    let broken = Failure::Broken("197 requests without a block in ten seconds".to_owned());
    assert_eq!(outcome.map(|_| ()), Err(broken));
}

/// Lets the first reply go before it asks for more.
#[derive(Default)]
struct Careless(Greedy);

impl Policy for Careless {
    fn handle_input(&mut self, _: Timestamp, input: Input) {
        let range = |start: u64| ByteRange::new(start, start + (1 << 20)).expect("it has bytes");
        match input {
            Input::Tick => {
                self.0.start(0, Request::First);
            }
            Input::Opened { attempt, .. } => {
                let grant = Grant::Range(range(0));
                self.0.0.push_back(Output::Grant { attempt, grant });
            }
            Input::Stopped { position, .. } => {
                self.0.start(1, Request::Part(range(position)));
            }
            Input::Received { attempt, position } if position == range(0).end() => {
                self.0.0.push_back(Output::Stop { attempt });
            }
            Input::Began { .. }
            | Input::Received { .. }
            | Input::Shrunk { .. }
            | Input::Verified { .. }
            | Input::Rejected { .. }
            | Input::Durable { .. }
            | Input::RateLimit(_)
            | Input::Taken { .. }
            | Input::Proven { .. }
            | Input::Disproven { .. }
            | Input::Cancel => {}
        }
    }

    fn poll_output(&mut self) -> Output {
        self.0.poll_output()
    }

    fn check(&mut self) {}
}

#[test]
fn a_policy_that_lets_its_only_stream_go_is_found_out() {
    let mut world = World::plain(1, 1 << 30, 0.01, 1e6);
    world.closed.push(Closed {
        after: 2,
        from: 0.0,
        to: f64::INFINITY,
        how: Refusing::Forbidden,
    });
    let outcome = run(&world, &mut |_| Some(Box::new(Careless::default())), None);
    let broken = "#0.1 brought bytes, and was let go at 1048576 for nobody";
    assert_eq!(outcome.map(|_| ()), Err(Failure::Broken(broken.to_owned())));
}
