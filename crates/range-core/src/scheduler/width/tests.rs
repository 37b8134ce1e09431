//! Owns how the search takes its first steps, and where it ends at hosts of several kinds. Knows no
//! worker.

use super::*;
use crate::units::RateLimit;

fn sample(millis: u64, workers: usize, starting: usize, latency: u64) -> Sample {
    Sample {
        now: Timestamp::after_start(Duration::from_millis(millis)),
        received: 1 << 20,
        workers,
        starting,
        latency: Duration::from_millis(latency),
        left: 1 << 30,
        limit: None,
    }
}

#[test]
fn a_near_host_is_asked_for_more_once_all_replies_have_begun() {
    let mut search = WidthSearch::new(4, 32);
    search.look(sample(40, 4, 3, 40));
    assert_eq!(search.level(), 4, "three are to come");
    search.look(sample(80, 4, 0, 40));
    assert_eq!(search.level(), 8);
    search.look(sample(200, 8, 0, 40));
    assert_eq!(search.level(), 8, "what eight bring is measured");
}

#[test]
fn a_far_host_is_asked_for_more_at_its_first_reply() {
    let mut search = WidthSearch::new(4, 32);
    search.opened(Duration::from_millis(400), false);
    assert_eq!(search.level(), 16);
    search.look(sample(1200, 16, 0, 400));
    assert_eq!(search.level(), 16, "what sixteen bring is measured");
    let mut search = WidthSearch::new(4, 32);
    search.opened(Duration::from_millis(99), false);
    assert_eq!(search.level(), 4, "too near");
}

#[test]
fn a_ceiling_holds_for_a_far_host_too() {
    let mut search = WidthSearch::new(4, 6);
    search.opened(Duration::from_millis(400), false);
    assert_eq!(search.level(), 6);
}

#[test]
fn a_limit_on_the_rate_is_no_reason_to_hurry() {
    let mut search = WidthSearch::new(4, 32);
    search.opened(Duration::from_millis(400), true);
    assert_eq!(search.level(), 4);
}

/// Where a search for a file with `left` bytes ends after `seconds` at a host that sends
/// `rate(width, seconds)` bytes a second, 1 ms away. Whoever is told to let go does so at once.
fn ends_at(left: u64, seconds: u64, rate: impl Fn(u16, f64) -> u64) -> u16 {
    let mut search = WidthSearch::new(4, 32);
    let (mut received, mut workers) = (0, search.level());
    for tick in 1..=seconds * 100 {
        received += rate(workers, tick as f64 / 100.0) / 100;
        let sample = Sample {
            received,
            left,
            ..sample(tick * 10, workers.into(), 0, 1)
        };
        search.look(sample);
        workers = search.level();
    }
    search.level()
}

/// A host that gives each connection 1 MiB/s, in the first half second `early` tenths of that, and
/// three tenths to everyone where there are more than `above`.
fn punishes(above: u16, early: u64) -> impl Fn(u16, f64) -> u64 {
    move |width, seconds| {
        let punished = if width > above { 3 } else { 10 };
        let early = if seconds < 0.5 { early } else { 10 };
        u64::from(width) * (1 << 20) * punished.min(early) / 10
    }
}

#[test]
fn the_ceiling_is_doubted_where_it_was_reached_in_slow_start() {
    // Not enough for the slow search, which looks at what lies between.
    assert_eq!(ends_at(200 << 20, 8, punishes(18, 1)), 16);
}

#[test]
fn a_level_that_brought_more_than_the_next_is_measured_before_it_is_judged() {
    assert_eq!(ends_at(1 << 40, 8, punishes(22, 8)), 16);
}

/// What is in the buffers of sender and receiver comes at once.
#[test]
fn a_burst_is_not_what_a_level_can_do() {
    let host = |width, seconds| match width {
        _ if seconds < 0.25 => u64::from(width) * (3 << 20),
        0..=8 => u64::from(width) * (5 << 20),
        _ => 20 << 20,
    };
    assert_eq!(ends_at(300 << 20, 5, host), 8);
}

#[test]
fn half_that_brings_a_little_less_is_not_the_end_of_doubt() {
    let host = |width, seconds| match width {
        _ if seconds < 0.25 => u64::from(width) * (300 << 10),
        0..=8 => u64::from(width) * (5 << 20),
        9..=16 => 18 << 20,
        _ => 20 << 20,
    };
    assert_eq!(ends_at(300 << 20, 5, host), 8);
}

#[test]
fn three_are_tried_where_two_bring_what_four_do() {
    let host = |width, _| match width {
        0..=3 => u64::from(width) << 20,
        _ => 2 << 20,
    };
    assert_eq!(ends_at(1 << 40, 9, host), 3);
}

#[test]
fn fewer_than_at_the_start_become_more_one_by_one() {
    let host = |width, seconds| match width {
        0..=2 => u64::from(width) << 20,
        3 if seconds > 9.0 => 3 << 20,
        _ => 1 << 20,
    };
    assert_eq!(ends_at(1 << 40, 8, host), 2);
    assert_eq!(ends_at(1 << 40, 25, host), 3);
}

#[test]
fn those_above_a_lowered_level_are_told_to_let_go_if_they_do_not_finish() {
    let mut search = WidthSearch::new(16, 32);
    assert!(search.refused(Timestamp::START, Timestamp::START, 8));
    assert_eq!(search.look(sample(900, 16, 0, 1)), Verdict::Unchanged);
    assert_eq!(search.look(sample(1500, 16, 0, 1)), Verdict::Exceeded);
    let limit = RateLimit::new(BytesPerSecond(1 << 20));
    let limited = Sample {
        limit,
        ..sample(2500, 16, 0, 1)
    };
    assert_eq!(search.look(limited), Verdict::Unchanged);
}
