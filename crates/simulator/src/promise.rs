//! Owns the bounds that ours is held to in every scenario: what was reached, and a little more.
//! Knows no run.

use simulator::Family;

use crate::table::Line;

/// Fewer runs say nothing about a 99th percentile.
const ENOUGH: usize = 50;
/// Most refusals in ten seconds at a server that limits its clients: the burst of a start that
/// doubles, and a few that ask whether it has relented. Twice where addresses expire within it, or
/// nobody new is served for a moment, and four times where targets die: whoever is asking then is
/// refused.
const STORM: usize = 40;
/// Furthest from the lowest missing byte a range is asked for, in parts of the reach: what begins
/// within reach may end half of that beyond it, and be cut there.
const AHEAD: f64 = 1.5;
/// The same where bodies are late: it is four times the reach there.
const AHEAD_OF_LATE: f64 = 6.0;
/// Most connections beyond the width, once that was found.
const BEYOND: usize = 2;
/// Median of what is fetched for nothing, as part of the file.
const FOR_NOTHING: f64 = 0.005;
/// Its 99th percentile: the first reply is asked for to the end of the file, and let go.
const FOR_NOTHING_P99: f64 = 0.08;

/// The largest deviation of five seconds from a limit on the rate, as part of it.
const OFF_LIMIT: f64 = 0.02;
/// The time a reply waits for credit, in seconds: two rounds, and what rounding adds.
const WITHOUT_CREDIT: f64 = 0.041;

/// The time over that of one plain stream where other connections are not served.
const OVER_ONE_STREAM: f64 = 1.3;
/// The same where other connections are never answered, which is noticed after a second or two.
const OVER_ONE_STREAM_SILENT: f64 = 2.4;

/// The bounds for a scenario's runs of two seconds and more.
struct Promise {
    /// Geometric mean of time over bound.
    mean: f64,
    /// Its 99th percentile.
    p99: f64,
}

const fn promise(family: Family) -> Promise {
    let (mean, p99) = match family {
        Family::Uniform | Family::SlowDisk | Family::FailingDisk => (1.03, 1.3),
        Family::Heterogeneous | Family::Resetting | Family::Changing | Family::Throttling => {
            (1.10, 2.0)
        }
        Family::Capped | Family::Limited | Family::Replaced | Family::Short => (1.06, 1.5),
        Family::Refusing | Family::Late | Family::Uneven => (1.10, 3.0),
        Family::Silent | Family::Alone | Family::Once => (1.15, 3.0),
        // The bound knows from the start how few will be served.
        Family::Few => (1.80, 4.2),
        Family::Penalised => (1.12, 3.4),
        Family::Stalling | Family::Lying => (1.08, 2.0),
        Family::Expiring => (1.05, 2.0),
        Family::Stray => (1.06, 1.6),
        Family::LongOutage => (1.10, 1.4),
        Family::DyingTargets | Family::RefusalBursts => (1.20, 2.5),
        Family::Mirrors | Family::BadMirror | Family::DyingMirrors => (1.08, 2.6),
        Family::Distant | Family::Ramping => (1.13, 1.8),
        Family::Hesitating => (1.12, 5.0),
        Family::Bursting => (1.30, 4.0),
        // No meagre file is one of two seconds; the rules say that its download ends.
        Family::Meagre | Family::Outage | Family::Moved => (1.40, 6.0),
        // After several refusals in a row the width comes back slowly.
        Family::Mixed => (1.40, 12.0),
        Family::Loopback | Family::Terabyte => (1.02, 1.1),
    };
    Promise { mean, p99 }
}

/// Returns whether the worlds stay as they are, and what is useful can be found in all of them.
const fn keeps_its_width(family: Family) -> bool {
    matches!(
        family,
        Family::Uniform
            | Family::Capped
            | Family::Stalling
            | Family::Distant
            | Family::SlowDisk
            | Family::FailingDisk
            | Family::Short
            | Family::Loopback
    )
}

/// Returns whether some replies bring their first bytes so late that requests reach further.
const fn may_be_late(family: Family) -> bool {
    matches!(
        family,
        Family::Late | Family::Uneven | Family::Bursting | Family::Hesitating | Family::Mixed
    )
}

/// Returns the 99th percentile of the bytes that come again, as part of the file: what is given up
/// because the server has another file or serves no ranges, and what a stream that was kept reads
/// once more because nobody else is served.
const fn came_again(family: Family) -> f64 {
    if matches!(family, Family::Lying | Family::Replaced) {
        1.0
    } else if matches!(family, Family::Refusing) {
        0.5
    } else if matches!(family, Family::Few) {
        0.35
    } else if matches!(family, Family::Mixed) {
        0.1
    } else {
        0.01
    }
}

/// Returns how often in ten seconds everyone who asks may be refused.
const fn at_once(family: Family) -> usize {
    if matches!(family, Family::DyingTargets) {
        4
    } else if matches!(
        family,
        Family::Expiring | Family::RefusalBursts | Family::Mixed
    ) {
        2
    } else {
        1
    }
}

impl Line {
    /// Returns the bounds that do not hold, in words.
    pub(crate) fn broken_bounds(&self) -> Vec<String> {
        let family = self.family;
        let Some(row) = self.ours().filter(|row| row.finished > 0) else {
            return Vec::new();
        };
        let mut broken = Vec::new();
        let mut hold = |what: &str, value: f64, most: f64| {
            if value > most {
                let name = family.name();
                broken.push(format!("{name}: {what}: {value:.3}, and at most {most}"));
            }
        };
        let storm = STORM * at_once(family);
        hold("refusals in ten seconds", row.storm as f64, storm as f64);
        let ahead = if may_be_late(family) {
            AHEAD_OF_LATE
        } else {
            AHEAD
        };
        hold("distance from the lowest missing byte", row.ahead, ahead);
        if keeps_its_width(family) {
            hold(
                "connections beyond the width",
                row.beyond as f64,
                BEYOND as f64,
            );
        }
        if let Some(limited) = row.limited {
            hold(
                "part of the limit too much in 5 s",
                limited.most - 1.0,
                OFF_LIMIT,
            );
            hold(
                "part of the limit missing in 5 s",
                1.0 - limited.least,
                OFF_LIMIT,
            );
            hold("seconds without credit", limited.without, WITHOUT_CREDIT);
        }
        if row.finished >= ENOUGH {
            let promise = promise(family);
            hold("mean of 2 s and more", row.mean_long, promise.mean);
            hold("99th percentile of those", row.p99_long, promise.p99);
        }
        if row.finished >= ENOUGH && family.has_one_good_stream() {
            let what = "99th percentile of time over that of one plain stream";
            let most = if family == Family::Silent {
                OVER_ONE_STREAM_SILENT
            } else {
                OVER_ONE_STREAM
            };
            hold(what, row.p99_plain, most);
        }
        if row.finished >= ENOUGH {
            hold("99th percentile of that", row.waste_p99, FOR_NOTHING_P99);
        }
        if row.finished >= ENOUGH {
            let what = "99th percentile of what came again";
            hold(what, row.again_p99, came_again(family));
        }
        if row.finished >= ENOUGH && family != Family::Ramping {
            hold("median fetched for nothing", row.waste_median, FOR_NOTHING);
        }
        broken
    }
}
