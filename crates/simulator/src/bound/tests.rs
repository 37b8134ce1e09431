//! Bounds held against sums a person can do.

use super::*;
use crate::mirror::{Mirror, MirrorFault};

#[test]
fn a_long_download_takes_what_the_link_needs() {
    let world = World::plain(1, 1_000_000_000, 0.001, 10_000_000.0);
    let bound = lower_bound(&world);
    assert!((100.0..100.1).contains(&bound), "{bound}");
}

#[test]
fn caps_refusals_and_penalties_lower_the_best_rate() {
    let mut world = World::plain(1, 1_000_000_000, 0.001, 100_000_000.0);
    world.connection_rate = 1_000_000.0;
    assert!((31.0..31.5).contains(&lower_bound(&world)));
    world.refusal = Some(crate::Refusal {
        above: 4,
        how: crate::Refusing::Forbidden,
    });
    assert!((250.0..250.1).contains(&lower_bound(&world)));
    world.refusal = None;
    world.penalty = Some(crate::Penalty {
        above: 10,
        factor: 0.2,
        each: f64::INFINITY,
    });
    assert!((50.0..50.1).contains(&lower_bound(&world)));
}

fn near(value: f64, expected: f64) {
    assert!(
        (value / expected - 1.0).abs() < 1e-6,
        "{value}, not {expected}"
    );
}

/// Ten packets a round trip of 0.1 s are 146 kB/s, which is above what every path gives: no
/// ramp is left to compute, and the figures are sums a person can do.
fn slow(length: u64, rate: f64) -> World {
    let mut world = World::plain(1, length, 0.1, rate);
    world.ceiling = 4;
    world.connection_rate = 100_000.0;
    world
}

#[test]
fn one_connection_streams_a_round_trip_before_the_others() {
    // 0.2 s, then 0.1 s with one: 10 kB. The other 990 kB at 400 kB/s.
    near(lower_bound(&slow(1_000_000, 1e9)), 0.3 + 990.0 / 400.0);
    // The link allows 250 kB/s.
    near(
        lower_bound(&slow(1_000_000, 250_000.0)),
        0.3 + 990.0 / 250.0,
    );
}

#[test]
fn slow_start_doubles_from_ten_packets() {
    let mut world = World::plain(1, 14_600 * 7, 0.1, 1e9);
    world.ceiling = 1;
    // Three round trips of 1, 2 and 4 windows, after two of waiting.
    near(lower_bound(&world), 0.5);
}

#[test]
fn hesitation_and_resets_cost_their_time() {
    let mut world = slow(1_000_000, 1e9);
    world.hesitation = 1.0;
    near(lower_bound(&world), 1.3 + 990.0 / 400.0);
    world.hesitation = 0.0;
    // 2 s: 10 kB and 1.7 s at 400 kB/s are there; at 2.2 s all four begin at once.
    world.reset_every = Some(2.0);
    near(lower_bound(&world), 2.2 + 310.0 / 400.0);
}

#[test]
fn a_link_or_a_disk_that_is_slower_counts() {
    let mut world = slow(1_000_000, 1e9);
    world.disk.rate = 200_000.0;
    near(lower_bound(&world), 0.3 + 990.0 / 200.0);
    world.disk.rate = f64::INFINITY;
    world.link.push((1.3, 100_000.0));
    // 410 kB are there at 1.3 s.
    near(lower_bound(&world), 1.3 + 590.0 / 100.0);
    world.disk.fails_at = Some(0.5);
    near(lower_bound(&world), 1.3 + 90.0 / 100.0);
}

#[test]
fn a_replaced_file_begins_anew_unless_it_is_there_by_then() {
    let mut world = slow(1_000_000, 1e9);
    world.replaced_at = Some(2.0);
    near(lower_bound(&world), 2.0 + 0.3 + 990.0 / 400.0);
    world.replaced_at = Some(10.0);
    near(lower_bound(&world), 0.3 + 990.0 / 400.0);
}

#[test]
fn a_server_that_ignores_ranges_serves_one_stream() {
    let mut world = slow(1_000_000, 1e9);
    let mut lie = crate::Lie {
        honest: 1,
        lies: u64::MAX,
        how: crate::Lying::Whole,
    };
    world.lie = Some(lie);
    near(lower_bound(&world), 0.2 + 10.0);
    // A lie now and then costs who knows of it nothing.
    lie.lies = 2;
    world.lie = Some(lie);
    near(lower_bound(&world), 0.3 + 990.0 / 400.0);
}

#[test]
fn paths_that_differ_count_for_what_each_of_them_gives() {
    let mut world = slow(1_000_000, 1e9);
    world.spread = 20.0;
    let paths: Vec<f64> = (0..4).map(|path| world.path_rate(path)).collect();
    assert!(paths.iter().all(|path| (5e3..=1e5).contains(path)));
    let best = paths.iter().copied().fold(0.0, f64::max);
    let first = 0.1 * best;
    near(
        lower_bound(&world),
        0.3 + (1e6 - first) / paths.iter().sum::<f64>(),
    );
}

#[test]
fn as_few_connections_are_useful_as_fill_the_link() {
    let mut world = slow(1_000_000, 250_000.0);
    assert_eq!(useful_connections(&world, 0.0), 3);
    world.penalty = Some(crate::Penalty {
        above: 2,
        factor: 0.3,
        each: f64::INFINITY,
    });
    assert_eq!(useful_connections(&world, 0.0), 2);
}

#[test]
fn a_limit_on_the_rate_counts_from_the_start() {
    let mut world = slow(1_000_000, 1e9);
    let limit = |rate| range_core::units::RateLimit::new(range_core::units::BytesPerSecond(rate));
    world.rate_limit = limit(50_000);
    near(lower_bound(&world), 20.0);
    world.rate_limit = limit(1_000_000);
    near(lower_bound(&world), 0.3 + 990.0 / 400.0);
    near(lower_bound(&world.narrowed()), 0.3 + 990.0 / 400.0);
}

#[test]
fn mirrors_add_up_to_what_the_link_gives() {
    let mirror = |rate, serves, fault| Mirror {
        rate,
        connection_rate: 100_000.0,
        serves,
        fault,
    };
    let mut world = slow(1_000_000, 1e9);
    world.ceiling = 8;
    world.mirrors = vec![
        mirror(150_000.0, usize::MAX, None),
        mirror(400_000.0, 1, None),
        mirror(1e9, usize::MAX, Some(MirrorFault::Misplaces)),
    ];
    // 10 kB with one connection, then 150 kB/s and 100 kB/s.
    near(lower_bound(&world), 0.3 + 990.0 / 250.0);
    world.link[0].1 = 200_000.0;
    near(lower_bound(&world), 0.3 + 990.0 / 200.0);
    world.mirrors[0].fault = Some(MirrorFault::Dies(1.3));
    near(lower_bound(&world), 1.3 + 790.0 / 100.0);
}

#[test]
fn no_more_streams_than_requests_are_served() {
    let mut world = slow(1_000_000, 1e9);
    let closed = crate::Closed {
        after: 1,
        from: 0.0,
        to: f64::INFINITY,
        how: crate::Refusing::Forbidden,
    };
    world.closed = vec![closed];
    near(lower_bound(&world), 0.2 + 10.0);
    // 110 kB are there at 1.3 s.
    world.closed[0].to = 1.3;
    near(lower_bound(&world), 1.3 + 890.0 / 400.0);
    near(plain_stream(&world), 0.2 + 10.0);
    world.closed[0] = crate::Closed { after: 2, ..closed };
    near(lower_bound(&world), 0.3 + 990.0 / 200.0);
    // Those who have asked before are served.
    world.closed[0] = crate::Closed {
        after: 0,
        from: 1.0,
        ..closed
    };
    near(lower_bound(&world), 0.3 + 990.0 / 400.0);
}

#[test]
fn a_small_file_pays_round_trips_only() {
    let world = World::plain(1, 1000, 0.1, 1e9);
    let bound = lower_bound(&world);
    assert!((0.2..0.21).contains(&bound), "{bound}");
}
