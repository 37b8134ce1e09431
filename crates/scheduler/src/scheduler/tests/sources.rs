//! Several sources: who is asked for what, and what becomes of one that is of no use.

use std::collections::BTreeMap;
use std::vec::Vec;

use super::*;

const LENGTH: u64 = 1024 * MIB;

/// A download from several sources, each of which brings so much a second over any connection.
struct Mirrors {
    bench: Bench,
    workers: BTreeMap<AttemptId, Worker>,
    rates: Vec<u64>,
    brought: Vec<u64>,
    dropped: Vec<SourceId>,
    outcome: Option<Outcome>,
}

#[derive(Clone, Copy, Debug)]
struct Worker {
    source: SourceId,
    position: u64,
    end: u64,
}

impl Mirrors {
    fn new(width: u16, rates: &[u64]) -> Self {
        let sources = u16::try_from(rates.len()).unwrap();
        let mut mirrors = Self {
            bench: Bench::with_sources(sources, width, Beginning::Fresh, None),
            workers: BTreeMap::new(),
            rates: rates.to_vec(),
            brought: std::vec![0; rates.len()],
            dropped: Vec::new(),
            outcome: None,
        };
        mirrors.feed(Input::Tick);
        mirrors
    }

    fn feed(&mut self, input: Input) {
        let outputs = self.bench.feed(input);
        for output in outputs {
            self.obey(output);
        }
    }

    fn obey(&mut self, output: Output) {
        match output {
            Output::Start {
                attempt,
                source,
                request,
                ..
            } => {
                let (position, end) = match request {
                    Request::Part(range) => (range.start(), range.end()),
                    Request::First | Request::Whole => (0, LENGTH),
                };
                let worker = Worker {
                    source,
                    position,
                    end,
                };
                self.workers.insert(attempt, worker);
            }
            Output::Grant {
                attempt,
                grant: Grant::Range(range),
            } => self.workers.get_mut(&attempt).unwrap().end = range.end(),
            Output::Extend { attempt, end } => self.workers.get_mut(&attempt).unwrap().end = end,
            Output::Shrink { attempt, cut } => {
                let worker = self.workers.get_mut(&attempt).unwrap();
                worker.end = worker.end.min(cut.max(worker.position));
                let end = worker.end;
                self.feed(Input::Shrunk { attempt, end });
            }
            Output::Stop { attempt } => self.stop(attempt, Stop::Told),
            Output::Notice(Notice::SourceDropped { source, .. }) => self.dropped.push(source),
            Output::Checkpoint { id } => self.feed(Input::Durable { checkpoint: id }),
            Output::Finished(outcome) => self.outcome = Some(outcome),
            Output::Grant { .. }
            | Output::Allow { .. }
            | Output::Notice(_)
            | Output::Wait { .. } => {}
        }
    }

    fn stop(&mut self, attempt: AttemptId, how: Stop) {
        if let Some(worker) = self.workers.remove(&attempt) {
            let position = worker.position;
            self.feed(Input::Stopped {
                attempt,
                position,
                how,
            });
        }
    }

    /// Everyone's reply has come.
    fn open(&mut self) {
        for (attempt, worker) in self.workers.clone() {
            let Some(range) = ByteRange::new(worker.position, worker.end) else {
                continue;
            };
            let body = Body::Part {
                range,
                complete_length: LENGTH,
            };
            self.feed(Input::Opened { attempt, body });
            self.feed(Input::Began { attempt });
        }
    }

    /// A tenth of a second passes, in which everyone reports twice.
    fn go_on(&mut self) {
        self.open();
        self.move_on();
        self.move_on();
        self.feed(Input::Tick);
    }

    fn move_on(&mut self) {
        self.bench.now = self.bench.now + limits::REPORT_INTERVAL;
        for attempt in self.workers.keys().copied().collect::<Vec<_>>() {
            let Some(worker) = self.workers.get_mut(&attempt) else {
                continue;
            };
            let index = usize::from(worker.source.0);
            let before = worker.position;
            worker.position = (before + self.rates[index] / 20).min(worker.end);
            self.brought[index] += worker.position - before;
            let (position, is_done) = (worker.position, worker.position == worker.end);
            if is_done {
                self.stop(attempt, Stop::Drained);
            } else {
                self.feed(Input::Received { attempt, position });
            }
        }
    }

    fn run(&mut self, tenths: u32) {
        for _ in 0..tenths {
            self.go_on();
        }
    }

    fn at(&self, source: u16) -> Vec<AttemptId> {
        let here = |worker: &Worker| worker.source == SourceId(source);
        let workers = self.workers.iter().filter(|(_, worker)| here(worker));
        workers.map(|(attempt, _)| *attempt).collect()
    }

    fn fail_all_at(&mut self, source: u16, class: FailureClass) {
        for attempt in self.at(source) {
            self.stop(attempt, Stop::Failed(class));
        }
    }
}

#[test]
fn every_source_is_tried_and_the_fast_one_has_most() {
    let mut mirrors = Mirrors::new(8, &[MIB, 20 * MIB, 2 * MIB]);
    assert_eq!(mirrors.at(0).len(), 1, "the first one tells the length");
    mirrors.open();
    assert_eq!((mirrors.at(1).len(), mirrors.at(2).len()), (2, 2));
    mirrors.run(80);
    let all: u64 = mirrors.brought.iter().sum();
    assert!(mirrors.brought[1] * 10 > all * 9, "{:?}", mirrors.brought);
    assert!(mirrors.brought.iter().all(|brought| *brought > 0));
}

#[test]
fn a_source_that_is_of_no_use_is_dropped_and_its_bytes_stay() {
    let mut mirrors = Mirrors::new(4, &[4 * MIB, 4 * MIB]);
    mirrors.run(20);
    let before = mirrors.bench.scheduler.received().len();
    mirrors.fail_all_at(1, FailureClass::Changed);
    assert_eq!(mirrors.dropped, [SourceId(1)]);
    assert_eq!(mirrors.bench.scheduler.received().len(), before);
    mirrors.run(1200);
    assert_eq!(mirrors.outcome, Some(Outcome::Complete { length: LENGTH }));
    assert_eq!(mirrors.at(1), []);
}

#[test]
fn the_last_source_takes_the_download_along() {
    let mut mirrors = Mirrors::new(4, &[4 * MIB, 4 * MIB]);
    mirrors.run(20);
    mirrors.fail_all_at(0, FailureClass::Changed);
    assert_eq!(mirrors.outcome, None);
    mirrors.open();
    mirrors.fail_all_at(1, FailureClass::Changed);
    assert_eq!(mirrors.outcome, Some(Outcome::Changed));
}

#[test]
fn a_source_that_never_answers_leaves_the_probe_to_the_next() {
    let mut mirrors = Mirrors::new(4, &[4 * MIB, 4 * MIB]);
    mirrors.fail_all_at(0, FailureClass::Refused);
    assert_eq!(mirrors.dropped, [SourceId(0)]);
    assert_eq!(mirrors.at(1).len(), 1);
    mirrors.run(1200);
    assert_eq!(mirrors.outcome, Some(Outcome::Complete { length: LENGTH }));
}

#[test]
fn what_failed_at_one_is_asked_of_another_at_once() {
    let mut mirrors = Mirrors::new(4, &[4 * MIB, 4 * MIB]);
    mirrors.run(20);
    let here = mirrors.at(0);
    let first = mirrors.workers[&here[0]];
    mirrors.fail_all_at(0, FailureClass::Unreachable);
    assert!(mirrors.dropped.is_empty());
    let elsewhere = mirrors.at(1);
    let takes = |attempt: &AttemptId| mirrors.workers[attempt].position == first.position;
    assert!(elsewhere.iter().any(takes), "{:?}", mirrors.workers);
}

#[test]
fn a_source_that_fails_again_and_again_is_dropped() {
    let mut mirrors = Mirrors::new(4, &[4 * MIB, 4 * MIB]);
    mirrors.run(20);
    for _ in 0..200 {
        mirrors.fail_all_at(1, FailureClass::Unreachable);
        mirrors.run(1);
        for attempt in mirrors.at(1) {
            let worker = mirrors.workers.get_mut(&attempt).unwrap();
            worker.end = worker.end.max(worker.position);
        }
        mirrors.rates[1] = 0;
    }
    assert_eq!(mirrors.dropped, [SourceId(1)]);
}

#[test]
fn refusals_of_one_source_cost_the_others_nothing() {
    let mut mirrors = Mirrors::new(16, &[4 * MIB, 4 * MIB]);
    mirrors.run(30);
    let busy = FailureClass::Busy { retry_after: None };
    let here = mirrors.at(1);
    for attempt in &here[2..] {
        mirrors.stop(*attempt, Stop::Failed(busy));
    }
    mirrors.run(5);
    assert!(mirrors.at(1).len() <= 2, "{:?}", mirrors.workers);
    assert!(mirrors.at(0).len() > here.len(), "{:?}", mirrors.workers);
    assert!(mirrors.dropped.is_empty());
}

/// Has every byte proven that has come and is not.
fn prove(mirrors: &mut Mirrors) {
    let scheduler = &mirrors.bench.scheduler;
    let received: Vec<ByteRange> = scheduler.received().iter().collect();
    for range in received {
        mirrors.feed(Input::Proven { range });
    }
}

#[test]
fn nothing_is_complete_before_it_is_proven() {
    let mut mirrors = Mirrors::new(4, &[8 * MIB, 8 * MIB]);
    assert!(!mirrors.bench.scheduler.await_proof(), "nothing is known");
    mirrors.open();
    assert!(mirrors.bench.scheduler.await_proof());
    mirrors.run(1200);
    assert_eq!(mirrors.bench.scheduler.received().len(), LENGTH);
    assert_eq!((mirrors.outcome, mirrors.workers.len()), (None, 0));
    let wrong = range(4 * MIB, 5 * MIB);
    mirrors.feed(Input::Disproven {
        range: wrong,
        source: Some(SourceId(1)),
    });
    assert_eq!(mirrors.dropped, [SourceId(1)]);
    let asked: Vec<_> = mirrors
        .workers
        .values()
        .map(|it| (it.source, it.position))
        .collect();
    assert_eq!(asked[0], (SourceId(0), 4 * MIB));
    prove(&mut mirrors);
    assert_eq!(mirrors.outcome, None, "some of it is fetched again");
    mirrors.run(20);
    prove(&mut mirrors);
    assert_eq!(mirrors.outcome, Some(Outcome::Complete { length: LENGTH }));
}

#[test]
fn the_last_source_is_asked_again_for_what_was_wrong() {
    let mut mirrors = Mirrors::new(4, &[8 * MIB, 8 * MIB]);
    mirrors.open();
    mirrors.bench.scheduler.await_proof();
    mirrors.run(10);
    for source in [1, 0] {
        let range = mirrors.bench.scheduler.received().first().unwrap();
        let (range, _) = range.split_at(MIB);
        mirrors.feed(Input::Disproven {
            range: range.unwrap(),
            source: Some(SourceId(source)),
        });
        // Every connection is at work already.
        mirrors.run(600);
        assert!(mirrors.bench.scheduler.received().contains(range.unwrap()));
    }
    assert_eq!(mirrors.dropped, [SourceId(1)]);
    assert_eq!(mirrors.outcome, None);
}
