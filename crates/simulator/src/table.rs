//! Owns the tables the simulator prints. Knows no run, and no bound.

use std::fmt::Write as _;

use simulator::{Contender, Family, Row};

/// The results of one family.
pub(crate) struct Line {
    pub(crate) family: Family,
    pub(crate) rows: Vec<(Contender, Row)>,
    /// Ours in the worlds others ran in too.
    pub(crate) common: Option<Row>,
    pub(crate) farthest: Option<(f64, u64)>,
}

pub(crate) fn heading(seeds: u64, contenders: &[Contender]) -> String {
    let mut text = format!(
        "time over lower bound: geometric mean and 99th percentile, {seeds} seeds at most\n\
         {:<14}",
        "scenario"
    );
    for contender in contenders {
        let _ = write!(text, "{:>18}", contender.name());
    }
    text
}

impl Line {
    pub(crate) const fn new(family: Family) -> Self {
        Self {
            family,
            rows: Vec::new(),
            common: None,
            farthest: None,
        }
    }

    pub(crate) fn ours(&self) -> Option<&Row> {
        let ours = self.rows.iter().find(|(who, _)| *who == Contender::Ours);
        ours.map(|(_, row)| row)
    }

    /// Returns the policies that are nearer the bound than ours in the same worlds, and end all of
    /// them.
    fn leaders(&self) -> impl Iterator<Item = &'static str> + '_ {
        let ours = self.common.map_or(0.0, |row| row.mean);
        let others = self.rows.iter().filter(|(who, _)| *who != Contender::Ours);
        others
            .filter(move |(_, row)| row.unfinished == 0 && row.mean < ours)
            .map(|(who, _)| who.name())
    }

    pub(crate) fn against_bound(&self) -> String {
        let mut text = format!("{:<14}", self.family.name());
        for (_, row) in &self.rows {
            let failed = if row.unfinished > 0 { '!' } else { ' ' };
            let _ = if row.finished == 0 {
                write!(text, "{:>17}{failed}", "none ends")
            } else {
                write!(text, "{:>9.3}{:>8.2}{failed}", row.mean, row.p99)
            };
        }
        for leader in self.leaders() {
            let _ = write!(text, "  < {leader}");
        }
        text
    }
}

pub(crate) fn ours(lines: &[Line]) -> String {
    let mut text = format!(
        "! some did not end as they must, and are left out; < is nearer in the same worlds\n\n\
         {:<14}{:>8}{:>16}{:>8}{:>14}{:>8}{:>9}{:>6}{:>8}{:>10}{:>9}{:>8}{:>7}",
        "ours",
        "runs",
        "2 s and more:",
        "p99",
        "for nothing %",
        "p99",
        "again %",
        "most",
        "beyond",
        "requests",
        "refused",
        "in 10 s",
        "ahead"
    );
    for line in lines {
        let Some(row) = line.ours() else { continue };
        let _ = write!(
            text,
            concat!(
                "\n{:<14}{:>8}{:>16.3}{:>8.2}{:>14.3}{:>8.2}{:>9.1}",
                "{:>6}{:>8}{:>10.0}{:>9.1}{:>8}{:>7.2}"
            ),
            line.family.name(),
            row.finished,
            row.mean_long,
            row.p99_long,
            100.0 * row.waste_median,
            100.0 * row.waste_p99,
            100.0 * row.again_p99,
            row.peak,
            row.beyond,
            row.requests,
            row.refused,
            row.storm,
            row.ahead
        );
    }
    text
}

/// Returns how well limits on the rate were kept.
pub(crate) fn limits(lines: &[Line]) -> String {
    let mut text = String::new();
    for line in lines {
        let Some(limited) = line.ours().and_then(|row| row.limited) else {
            continue;
        };
        let _ = write!(
            text,
            "\n{}: in 5 s {:.2} % of the limit at most, {:.2} % at least; no credit for {:.0} ms",
            line.family.name(),
            100.0 * limited.most,
            100.0 * limited.least,
            1000.0 * limited.without
        );
    }
    text
}

/// Returns how long it took where one plain stream would have had the whole file.
pub(crate) fn over_one_stream(lines: &[Line]) -> String {
    let mut text = String::new();
    for line in lines {
        let Some(row) = line.ours().filter(|_| line.family.has_one_good_stream()) else {
            continue;
        };
        let _ = write!(
            text,
            "\n{}: over the time of one plain stream {:.3}, {:.2}",
            line.family.name(),
            row.mean_plain,
            row.p99_plain
        );
    }
    text
}

pub(crate) fn farthest(lines: &[Line]) -> String {
    let mut text = "\nfarthest from the bound:".to_owned();
    for line in lines {
        if let Some((ratio, seed)) = line.farthest {
            let name = line.family.name();
            let _ = write!(
                text,
                "\n{ratio:>9.2}x  cargo xtask sim --scenario {name} --seed {seed}"
            );
        }
    }
    text
}
