//! Owns what many runs say together. Knows no single run's story.

use crate::run::{Report, Unfinished};

/// One contender in one family.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row {
    /// Runs that ended with the whole file.
    pub finished: usize,
    /// Runs that did not.
    pub unfinished: usize,
    /// Geometric mean of time over bound.
    pub mean: f64,
    /// 99th percentile of time over bound.
    pub p99: f64,
    /// 99th percentile of time over bound, of the runs no client can end within two seconds.
    pub p99_long: f64,
    /// Median of the bytes fetched for nothing, as part of the file.
    pub waste_median: f64,
    /// 99th percentile of the same.
    pub waste_p99: f64,
    /// Most connections any run used at once.
    pub peak: usize,
    /// Requests a run, on average.
    pub requests: f64,
    /// Refusals a run, on average.
    pub refused: f64,
}

/// Puts runs together.
pub fn summarise(runs: &[Result<Report, Unfinished>]) -> Row {
    let reports: Vec<&Report> = runs.iter().filter_map(|run| run.as_ref().ok()).collect();
    let count = reports.len().max(1) as f64;
    let ratios: Vec<f64> = reports.iter().map(|r| r.time / r.bound).collect();
    let long = reports.iter().filter(|r| r.bound >= 2.0);
    let long: Vec<f64> = long.map(|r| r.time / r.bound).collect();
    let waste: Vec<f64> = reports.iter().map(|r| r.wasted / r.length as f64).collect();
    Row {
        finished: reports.len(),
        unfinished: runs.len() - reports.len(),
        mean: (ratios.iter().map(|ratio| ratio.ln()).sum::<f64>() / count).exp(),
        p99: percentile(ratios, 0.99),
        p99_long: percentile(long, 0.99),
        waste_median: percentile(waste.clone(), 0.5),
        waste_p99: percentile(waste, 0.99),
        peak: reports.iter().map(|r| r.peak).max().unwrap_or(0),
        requests: reports.iter().map(|r| r.requests as f64).sum::<f64>() / count,
        refused: reports.iter().map(|r| r.refused as f64).sum::<f64>() / count,
    }
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
