//! Every way in which bytes go from one place to another, and that none is lost or doubled on it.

use std::vec::Vec;

use super::*;
use crate::time::Timestamp;

const MIB: u64 = 1 << 20;
const FIRST: AttemptId = AttemptId::first(0);

fn range(start: u64, end: u64) -> ByteRange {
    ByteRange::new(start * MIB, end * MIB).unwrap()
}

/// A file of so many MiB, of which an earlier run claims these.
fn ledger(length: u64, claimed: &[(u64, u64)]) -> Ledger {
    let claimed = claimed.iter().map(|&(start, end)| range(start, end));
    let ledger = Ledger::resumed(Some(BlockSize::DEFAULT), length * MIB, claimed.collect());
    ledger.check();
    ledger
}

/// The lowest run that waits has a worker.
fn start(ledger: &mut Ledger, rest: Option<ByteRange>) -> AttemptId {
    let run = *ledger.waiting().next().unwrap();
    let front = rest.map_or(run.range, |rest| {
        ByteRange::new(run.range.start(), rest.start()).unwrap()
    });
    ledger.lease_out(&run, rest);
    let attempt = ledger.next_attempt(run.retry);
    let now = Timestamp::START;
    ledger.start(Active::starting(
        attempt,
        SourceId(0),
        Kind::Part,
        Some(front),
        now,
    ));
    ledger.check();
    attempt
}

fn waiting(ledger: &Ledger) -> Vec<ByteRange> {
    ledger.waiting().map(|waiting| waiting.range).collect()
}

#[test]
fn claims_count_once_they_are_verified_and_wait_once_they_are_rejected() {
    let mut ledger = ledger(8, &[(0, 2), (4, 6)]);
    assert_eq!(waiting(&ledger), [range(2, 4), range(6, 8)]);
    ledger.verified(range(0, 2));
    assert_eq!(ledger.received().len(), 2 * MIB);
    ledger.rejected(range(4, 6));
    ledger.check();
    assert_eq!(waiting(&ledger), [range(2, 8)], "runs that touch are one");
    ledger.verified(range(4, 6));
    assert_eq!(
        ledger.received().len(),
        2 * MIB,
        "nobody claims it any more"
    );
}

#[test]
fn bytes_go_from_waiting_to_leased_to_received() {
    let mut ledger = ledger(8, &[]);
    let attempt = start(&mut ledger, Some(range(4, 8)));
    assert_eq!(ledger.lowest_missing(), Some(0));
    let written = ledger.advance(attempt, MIB).unwrap();
    assert_eq!((written.bytes, written.added), (range(0, 1), MIB));
    assert_eq!(ledger.lowest_missing(), Some(MIB));
    ledger.check();
    assert_eq!(ledger.advance(attempt, MIB), None, "it is where it was");
}

#[test]
fn what_a_cut_releases_waits_and_is_one_with_nothing() {
    let mut ledger = ledger(8, &[]);
    let attempt = start(&mut ledger, Some(range(6, 8)));
    ledger.shrunk(attempt, 4 * MIB);
    ledger.check();
    assert_eq!(waiting(&ledger), [range(4, 6), range(6, 8)]);
}

#[test]
fn what_a_worker_leaves_waits_and_its_messages_change_nothing_any_more() {
    let mut ledger = ledger(8, &[]);
    let attempt = start(&mut ledger, None);
    ledger.advance(attempt, MIB);
    let active = ledger.take(attempt).unwrap();
    ledger.put_back(&active, None);
    ledger.check();
    assert_eq!(waiting(&ledger), [range(1, 8)]);
    assert_eq!(ledger.advance(attempt, 2 * MIB), None);
    assert!(ledger.take(attempt).is_none());
    ledger.shrunk(attempt, 2 * MIB);
    assert_eq!(waiting(&ledger), [range(1, 8)]);
}

#[test]
fn bytes_that_are_missing_at_the_end_are_planned_again() {
    let mut ledger = ledger(4, &[]);
    let attempt = start(&mut ledger, None);
    ledger.advance(attempt, 4 * MIB);
    assert_eq!(ledger.is_complete(), None, "there is a worker");
    ledger.take(attempt);
    ledger.received.remove(range(1, 2));
    assert_eq!(ledger.is_complete(), None, "there is a hole");
    assert_eq!(waiting(&ledger), [range(1, 2)]);
    let attempt = start(&mut ledger, None);
    ledger.advance(attempt, 2 * MIB);
    ledger.take(attempt);
    assert_eq!(ledger.is_complete(), Some(4 * MIB));
}

#[test]
fn a_stream_that_is_to_be_tried_again_has_brought_nothing() {
    let mut ledger = Ledger::new(None, true);
    let attempt = ledger.next_attempt(None);
    assert_eq!(attempt, FIRST);
    let now = Timestamp::START;
    let active = Active::starting(attempt, SourceId(0), Kind::Stream, None, now);
    ledger.start(active);
    ledger.streams(attempt, Some(8 * MIB));
    ledger.advance(attempt, MIB);
    let active = ledger.take(attempt).unwrap();
    let retry = Retry {
        attempt,
        source: SourceId(0),
        not_before: now,
        failures: active.failures,
        route: Route::Known,
    };
    ledger.put_back(&active, Some(retry));
    assert_eq!(ledger.received().len(), 0);
    let again = ledger.restart();
    assert_eq!(ledger.next_attempt(again), FIRST.next());
    ledger.forgive(SourceId(0));
    assert!(ledger.restart().is_none());
}

#[test]
#[should_panic(expected = "I1: bytes are missing or in two places at 4194304")]
fn a_byte_in_two_places_is_noticed() {
    let mut ledger = ledger(8, &[(0, 4)]);
    ledger.received.insert(range(2, 3));
    ledger.check();
}
