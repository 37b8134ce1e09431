//! Owns what many runs say together. Knows no single run's story.

use crate::run::{Failure, RunReport};
use crate::watch::Limited;

/// One contender in one family.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row {
    /// Runs that ended as they must.
    pub finished: usize,
    /// Runs that did not.
    pub unfinished: usize,
    /// Geometric mean of time over bound, and over what a server had a client wait besides.
    pub mean: f64,
    /// 99th percentile of the same.
    pub p99: f64,
    /// Geometric mean of the runs no client can end within two seconds.
    pub mean_long: f64,
    /// 99th percentile of those.
    pub p99_long: f64,
    /// Geometric mean of the time of those over that of one plain stream.
    pub mean_plain: f64,
    /// 99th percentile of the same.
    pub p99_plain: f64,
    /// Runs that ended because so little came of a request; they are not among those.
    pub gave_up: usize,
    /// Median of the bytes fetched for nothing, as part of the file. What a server made a client
    /// give up is not among them.
    pub waste_median: f64,
    /// 99th percentile of the same.
    pub waste_p99: f64,
    /// 99th percentile of the bytes given up or read once more, as part of the file.
    pub again_p99: f64,
    /// Most connections any run used at once.
    pub peak: usize,
    /// Most connections any run used beyond the width, once that was found.
    pub beyond: usize,
    /// Requests a run, on average.
    pub requests: f64,
    /// Refusals a run, on average.
    pub refused: f64,
    /// Most refusals of any run in any ten seconds.
    pub storm: usize,
    /// Furthest from the lowest missing byte any run asked for a range, in parts of the reach.
    pub ahead: f64,
    /// The worst of any run under a limit on the rate, if there was one.
    pub limited: Option<Limited>,
}

/// Puts runs together.
pub fn summarise<'r>(runs: impl Iterator<Item = &'r Result<RunReport, Failure>>) -> Row {
    let (mut reports, mut unfinished) = (Vec::new(), 0);
    for run in runs {
        match run {
            Ok(report) => reports.push(report),
            Err(_) => unfinished += 1,
        }
    }
    let complete = || reports.iter().filter(|r| !r.gave_up);
    let ratios: Vec<f64> = complete().map(|r| r.ratio()).collect();
    let long = || complete().filter(|r| r.bound >= 2.0);
    let plain: Vec<f64> = long().map(|r| r.time / r.plain).collect();
    let long: Vec<f64> = long().map(|r| r.ratio()).collect();
    let waste: Vec<f64> = reports.iter().map(|r| r.wasted / r.length as f64).collect();
    let again = |r: &&RunReport| (r.discarded + r.skipped) as f64 / r.length as f64;
    let again: Vec<f64> = reports.iter().map(again).collect();
    Row {
        finished: reports.len(),
        unfinished,
        mean: geometric_mean(&ratios),
        p99: percentile(ratios, 0.99),
        mean_long: geometric_mean(&long),
        p99_long: percentile(long, 0.99),
        mean_plain: geometric_mean(&plain),
        p99_plain: percentile(plain, 0.99),
        gave_up: reports.iter().filter(|r| r.gave_up).count(),
        waste_median: percentile(waste.clone(), 0.5),
        waste_p99: percentile(waste, 0.99),
        again_p99: percentile(again, 0.99),
        peak: reports.iter().map(|r| r.peak).max().unwrap_or(0),
        beyond: reports.iter().filter_map(|r| r.beyond).max().unwrap_or(0),
        requests: mean(reports.iter().map(|r| r.requests as f64)),
        refused: mean(reports.iter().map(|r| r.refused as f64)),
        storm: reports.iter().map(|r| r.storm).max().unwrap_or(0),
        ahead: reports.iter().map(|r| r.ahead).fold(0.0, f64::max),
        limited: reports.iter().filter_map(|r| r.limited).reduce(worst),
    }
}

fn worst(a: Limited, b: Limited) -> Limited {
    Limited {
        most: a.most.max(b.most),
        least: a.least.min(b.least),
        without: a.without.max(b.without),
    }
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len().max(1) as f64;
    values.sum::<f64>() / count
}

fn geometric_mean(values: &[f64]) -> f64 {
    mean(values.iter().map(|value| value.ln())).exp()
}

/// The smallest value that this part of all values does not exceed.
fn percentile(mut values: Vec<f64>, part: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let rank = (part * values.len() as f64).ceil() as usize;
    values.get(rank.saturating_sub(1)).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::percentile;

    #[test]
    fn a_percentile_is_one_of_the_values() {
        let values: Vec<f64> = (1..=200).map(f64::from).collect();
        assert!((percentile(values.clone(), 0.5) - 100.0).abs() < f64::EPSILON);
        assert!((percentile(values, 0.99) - 198.0).abs() < f64::EPSILON);
        assert!(percentile(Vec::new(), 0.5).abs() < f64::EPSILON);
    }
}
