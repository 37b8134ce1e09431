//! Owns what is told of many rounds.

use std::collections::BTreeMap;
use std::fmt;

use range_store::Failpoint;

use crate::case::Kill;
use crate::round::Cost;

/// Kills by where they struck, and what they cost.
#[derive(Debug, Default)]
pub(crate) struct Summary {
    at: BTreeMap<Failpoint, Line>,
    at_random: Line,
    /// The largest share of its bound that a kill cost, in percent.
    most_of_bound: u64,
}

#[derive(Debug, Default)]
struct Line {
    kills: u64,
    again: u64,
    most_again: u64,
}

impl Summary {
    pub(crate) fn add(&mut self, costs: &[Cost]) {
        for cost in costs {
            let line = match cost.kill {
                Kill::At(point, _) => self.at.entry(point).or_default(),
                Kill::After(_) => &mut self.at_random,
            };
            line.kills += 1;
            line.again += cost.again;
            line.most_again = line.most_again.max(cost.again);
            self.most_of_bound = self.most_of_bound.max(cost.again * 100 / cost.bound);
        }
    }

    /// The points at which nothing was killed.
    pub(crate) fn missed(&self) -> Vec<Failpoint> {
        let mut points = Failpoint::ALL.to_vec();
        points.retain(|point| !self.at.contains_key(point));
        points
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<18} {:>6} {:>22} {:>12}",
            "killed at", "kills", "bytes fetched again", "most"
        )?;
        let points = self
            .at
            .iter()
            .map(|(point, line)| (format!("{point:?}"), line));
        for (name, line) in points.chain([("random moments".to_owned(), &self.at_random)]) {
            let mean = line.again.checked_div(line.kills).unwrap_or(0);
            writeln!(
                f,
                "{name:<18} {:>6} {mean:>15} a kill {:>12}",
                line.kills, line.most_again
            )?;
        }
        write!(
            f,
            "wrong files: 0; no kill cost more than {} % of its connections x block",
            self.most_of_bound
        )
    }
}
