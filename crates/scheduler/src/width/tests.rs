//! Owns how the search takes its first steps, and where it ends at hosts of several kinds. Knows no
//! worker.

use alloc::vec;
use alloc::vec::Vec;

use super::*;
use range_core::units::RateLimit;

fn sample(millis: u64, workers: usize, starting: usize, latency: u64) -> Sample {
    Sample {
        now: Timestamp::after_start(Duration::from_millis(millis)),
        received: 1 << 20,
        workers,
        starting,
        latency: Duration::from_millis(latency),
        first_byte: Duration::ZERO,
        left: 1 << 30,
        limit: None,
    }
}

#[test]
fn a_host_is_asked_for_more_at_its_first_reply() {
    for (latency, level) in [(4, 4), (5, 8), (99, 8), (100, 16), (400, 16)] {
        let mut search = WidthSearch::new(4, 32);
        search.opened(Duration::from_millis(latency), false);
        assert_eq!(search.level(), level, "{latency} ms away");
        search.look(sample(1200, level.into(), 0, latency));
        assert_eq!(search.level(), level, "what these bring is measured");
    }
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

/// The level after each look, from the first reply on, at a host so far away, of whose bytes as
/// many have arrived as `received` says. All workers are busy, and all replies have begun.
fn levels(latency: u64, received: impl Fn(u64) -> u64) -> Vec<u16> {
    let mut search = WidthSearch::new(4, 32);
    search.opened(Duration::from_millis(latency), false);
    let mut levels = vec![search.level()];
    for millis in (0..2000).step_by(10) {
        let sample = Sample {
            received: received(millis),
            left: 200 << 20,
            ..sample(millis, search.level().into(), 0, latency)
        };
        search.look(sample);
        if levels.last() != Some(&search.level()) {
            levels.push(search.level());
        }
    }
    levels
}

#[test]
fn a_level_that_rises_steeply_is_not_left() {
    let mut search = WidthSearch::new(4, 32);
    search.opened(Duration::from_millis(20), false);
    // Twice as much in each window of 60 ms.
    for window in 0..6 {
        let received = (1 << 20) << window;
        search.look(Sample {
            received,
            ..sample(60 * window, 8, 0, 20)
        });
        assert_eq!(search.level(), 8, "in window {window}");
    }
    search.look(Sample {
        received: (32 << 20) + (17 << 20),
        ..sample(360, 8, 0, 20)
    });
    assert_eq!(search.level(), 16, "it has stopped");
}

#[test]
fn a_level_that_brings_as_much_as_the_one_before_stays_and_is_not_halved() {
    let full = |millis| (100 << 20) * millis / 1000;
    assert_eq!(levels(20, full), [8, 16]);
    assert_eq!(levels(1, full), [4, 8, 4], "near by, nothing is lost");
}

/// Lost packets hold up what came after them; then all of it comes at once.
#[test]
fn a_short_dip_is_no_penalty() {
    let dips = |millis| match millis {
        160..220 => (100 << 20) * 160 / 1000,
        _ => (100 << 20) * millis / 1000,
    };
    assert_eq!(levels(20, dips), [8, 16]);
}

#[test]
fn a_level_that_brings_half_for_a_quarter_of_a_second_is_left_at_once() {
    let punished =
        |millis: u64| (100 << 20) * (millis.min(150) + millis.saturating_sub(150) / 2) / 1000;
    let levels = levels(20, punished);
    assert_eq!(levels[..3], [8, 16, 8]);
}

/// Returns the level at which a search for a file with `left` bytes ends after `seconds` at a host
/// that sends `rate(width, seconds)` bytes a second, 1 ms away. A worker that is told to let go
/// does so at once.
fn ends_at(left: u64, seconds: u64, rate: impl Fn(u16, f64) -> u64) -> u16 {
    end_of(WidthSearch::new(4, 32), left, seconds, rate)
}

/// The same, for a search that has begun.
fn end_of(mut search: WidthSearch, left: u64, seconds: u64, rate: impl Fn(u16, f64) -> u64) -> u16 {
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
fn the_ceiling_is_rechecked_where_it_was_reached_in_slow_start() {
    // Not enough for the slow search, which looks at what lies between.
    assert_eq!(ends_at(200 << 20, 8, punishes(18, 1)), 16);
}

#[test]
fn a_level_that_brought_more_than_the_next_is_measured_before_it_is_judged() {
    assert_eq!(ends_at(1 << 40, 8, punishes(22, 8)), 16);
}

/// The bytes in the buffers of sender and receiver come at once.
#[test]
fn a_burst_is_not_what_a_level_can_do() {
    let host = |width, seconds| match width {
        _ if seconds < 0.25 => u64::from(width) * (3 << 20),
        0..=8 => u64::from(width) * (5 << 20),
        _ => 20 << 20,
    };
    assert_eq!(ends_at(300 << 20, 5, host), 8);
}

/// Each wider level brought more, or as much, and still the first was better than all of them.
#[test]
fn a_punished_level_that_looked_right_is_halved_where_much_is_left() {
    let host = |width, seconds| match width {
        _ if seconds < 0.1 => 6 << 20,
        _ if seconds < 0.25 => 12 << 20,
        0..=8 => u64::from(width) * (5 << 20),
        _ => 20 << 20,
    };
    let mut search = WidthSearch::new(4, 32);
    search.opened(Duration::from_millis(40), false);
    assert_eq!(end_of(search, 390 << 20, 5, host), 8);
    assert_eq!(end_of(search, 290 << 20, 5, host), 32, "too little is left");
}

#[test]
fn half_that_brings_a_little_less_is_not_the_end_of_halving() {
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

/// Whoever is served as a host goes breaks off as well, some of them before their first bytes: that
/// is how some hosts refuse a connection.
#[test]
fn what_a_host_refuses_as_it_goes_is_no_lesson() {
    for (goes_out, is_served, level) in [(true, false, 16), (true, true, 2), (false, false, 2)] {
        let mut search = WidthSearch::new(16, 32);
        let (begin, now) = (Timestamp::START, sample(900, 0, 0, 1).now);
        for served in [12, 7, 2] {
            assert!(search.refused(now, begin, served));
        }
        if is_served {
            search.is_serving();
        }
        if goes_out {
            search.goes_out(now);
        }
        assert_eq!(search.level(), level, "{goes_out} {is_served}");
        if level == 16 {
            let ceiling = search.ceiling.width;
            assert_eq!(ceiling, 32, "more than these may be tried again");
        }
    }
}

/// A window that an outage falls into says nothing of the level.
#[test]
fn a_level_is_judged_anew_once_all_have_begun_again() {
    let mut search = WidthSearch::new(4, 32);
    search.opened(Duration::from_millis(144), false);
    let level = search.level();
    search.look(sample(700, level.into(), 0, 144));
    assert!(search.window.is_some());
    search.broke_off(sample(720, 0, 0, 1).now);
    for millis in (770..1200).step_by(50) {
        search.look(sample(millis, level.into(), level.into(), 144));
        assert!(search.window.is_none(), "nobody brings anything");
        assert_eq!(search.level(), level);
    }
    search.look(sample(1290, level.into(), 0, 144));
    assert!(search.window.is_some());
}

#[test]
fn those_above_a_lowered_level_are_told_to_let_go_if_they_do_not_finish() {
    let mut search = WidthSearch::new(16, 32);
    assert!(search.refused(Timestamp::START, Timestamp::START, 8));
    assert_eq!(search.look(sample(900, 16, 0, 1)), Look::Unchanged);
    assert_eq!(search.look(sample(1500, 16, 0, 1)), Look::Exceeded);
    let limit = RateLimit::new(BytesPerSecond(1 << 20));
    let limited = Sample {
        limit,
        ..sample(2500, 16, 0, 1)
    };
    assert_eq!(search.look(limited), Look::Unchanged);
}

#[test]
fn where_bodies_are_late_the_first_steps_are_made_at_once() {
    let opened = |most| {
        let mut search = WidthSearch::new(limits::WIDTH_START, most);
        search.opened(Duration::from_millis(20), false);
        search
    };
    for (most, level) in [(2, 2), (16, 16), (32, 32), (64, 32)] {
        let mut search = opened(most);
        search.leap(Timestamp::START);
        assert_eq!(search.level(), level, "{most} allowed");
    }
    let mut refused = opened(32);
    assert!(refused.refused(Timestamp::START, Timestamp::START, 3));
    refused.leap(Timestamp::START);
    assert_eq!(refused.level(), 3, "the host has told how many it serves");
}
