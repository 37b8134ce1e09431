//! Owns the links and servers of the `wan` scenarios, and what the best possible client would reach
//! on each. Runs nothing.
use std::time::Duration;

use super::link::Profile;
use super::slow_server::Slowness;

/// One scenario.
#[derive(Debug)]
pub(super) struct Path {
    /// As its table is marked, and as in `--links`.
    pub(super) name: &'static str,
    pub(super) profile: Profile,
    pub(super) server: Kind,
    /// In MiB: enough for some ten seconds.
    pub(super) size: u64,
}

/// The server behind a link.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Nginx,
    SlowServer(Slowness),
}

/// All of them, in the order of the tables.
pub(super) const PATHS: &[Path] = &[
    path("wan-20ms", 20, 1_000, 0.0, "cubic", 1_024),
    path("wan-40ms", 40, 800, 0.000_1, "cubic", 1_024),
    path("wan-100ms", 100, 400, 0.000_5, "cubic", 512),
    path("wan-200ms", 200, 200, 0.001, "cubic", 256),
    path("wan-bbr", 60, 300, 0.0, "bbr", 384),
    Path {
        server: Kind::SlowServer(Slowness::Capped { each: 4_000_000 }),
        ..path("wan-capped", 100, 800, 0.0, "cubic", 1_024)
    },
    Path {
        server: Kind::SlowServer(Slowness::Halving {
            whole: 40_000_000,
            above: 8,
        }),
        ..path("wan-halving", 40, 800, 0.0, "cubic", 400)
    },
    Path {
        server: Kind::SlowServer(Slowness::Crawling {
            each: 6_250_000,
            one_in: 8,
        }),
        ..path("wan-crawling", 60, 400, 0.0, "cubic", 512)
    },
];

/// The two that show a loss and a slow server, for `--quick`.
pub(super) const QUICK: [&str; 2] = ["wan-100ms", "wan-crawling"];

const fn path(
    name: &'static str,
    milliseconds: u64,
    megabits: u64,
    loss: f64,
    congestion: &'static str,
    size: u64,
) -> Path {
    Path {
        name,
        profile: Profile {
            round_trip: Duration::from_millis(milliseconds),
            rate: megabits * 1_000_000,
            loss,
            congestion,
            seed: 1,
        },
        server: Kind::Nginx,
        size,
    }
}

impl Path {
    /// The time below which no client gets so many bytes, and a little more: the size at the best
    /// rate that up to 32 connections have, and ten round trips. Headers are not accounted for.
    pub(super) fn bound(&self, size: u64) -> Duration {
        let link = self.profile.rate / 8;
        let rate = match self.server {
            Kind::Nginx => link,
            Kind::SlowServer(Slowness::Capped { each } | Slowness::Crawling { each, .. }) => {
                link.min(32 * each)
            }
            Kind::SlowServer(Slowness::Halving { whole, .. }) => link.min(whole),
        };
        Duration::from_secs_f64(size as f64 / rate as f64) + 10 * self.profile.round_trip
    }

    /// For people.
    pub(super) fn about(&self) -> String {
        let Profile {
            round_trip,
            rate,
            loss,
            congestion,
            ..
        } = self.profile;
        let server = match self.server {
            Kind::Nginx => "from nginx".to_owned(),
            Kind::SlowServer(Slowness::Capped { each }) => {
                format!(
                    "from a server that gives each connection {}",
                    megabytes(each)
                )
            }
            Kind::SlowServer(Slowness::Halving { whole, above }) => format!(
                "from a server that shares {} among up to {above} connections, and half of it \
                 among more",
                megabytes(whole)
            ),
            Kind::SlowServer(Slowness::Crawling { each, one_in }) => format!(
                "from a server that gives each connection {}, one in {one_in} a hundredth of it",
                megabytes(each)
            ),
        };
        format!(
            "{server}, over a round trip of {} ms, {} Mbit/s and {} % loss each way, {congestion}",
            round_trip.as_millis(),
            rate / 1_000_000,
            loss * 100.0
        )
    }
}

fn megabytes(rate: u64) -> String {
    format!("{} MB/s", rate as f64 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::{PATHS, QUICK};

    #[test]
    fn every_path_takes_the_best_client_from_5_to_20_seconds() {
        for path in PATHS {
            let bound = path.bound(path.size << 20).as_secs_f64();
            assert!((5.0..=20.0).contains(&bound), "{}: {bound} s", path.name);
        }
    }

    #[test]
    fn the_bound_is_the_links_or_the_servers() {
        let bound = |name: &str| {
            let path = PATHS.iter().find(|path| path.name == name).unwrap();
            path.bound(100_000_000).as_secs_f64()
        };
        assert!((bound("wan-20ms") - 1.0).abs() < 1e-9);
        assert!((bound("wan-capped") - 2.0).abs() < 1e-9);
        assert!((bound("wan-halving") - 2.9).abs() < 1e-9);
        assert!((bound("wan-crawling") - 2.6).abs() < 1e-9);
    }

    #[test]
    fn names_are_unique_and_the_quick_ones_are_there() {
        let mut names: Vec<_> = PATHS.iter().map(|path| path.name).collect();
        assert!(QUICK.iter().all(|name| names.contains(name)));
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), PATHS.len());
    }
}
