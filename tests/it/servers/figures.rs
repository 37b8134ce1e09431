//! Owns `docs/servers.tsv`: what each server answered to each question. Asserts nothing.

use std::collections::BTreeSet;
use std::fmt;

use range_server::check::{self, Answer, CheckReport, Conclusion, Finding};

/// Rows besides those of the table, each with what it holds.
pub(super) const VERSION: &str = "version";
pub(super) const RANGES: &str = "ranges";
pub(super) const RESUMPTION: &str = "resumption";
pub(super) const PARALLEL: &str = "parallel";
pub(super) const TOGETHER: &str = "any reply";
pub(super) const CACHES: &str = "caches";
pub(super) const GONE: &str = "gone since";

/// The sign that stands where a question was not asked.
const NOT_ASKED: &str = "–";

/// The answers of one server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) version: String,
    /// A cell for each row of the file, from the one after the version on.
    cells: Vec<(String, String)>,
}

/// The file.
#[derive(Clone, Debug)]
pub(super) struct Figures {
    pub(super) columns: Vec<Column>,
}

impl Column {
    pub(super) fn of(name: &str, version: &str, report: &CheckReport) -> Self {
        let answers = &report.answers;
        let mut cells = vec![
            (RANGES.to_owned(), said(&answers.ranges)),
            (RESUMPTION.to_owned(), said(&answers.resumption)),
            (PARALLEL.to_owned(), said(&answers.parallel)),
            (CACHES.to_owned(), report.caches.join(" ")),
            (
                GONE.to_owned(),
                report
                    .gone
                    .as_ref()
                    .map_or("", |gone| gone.since)
                    .to_owned(),
            ),
        ];
        let together = report.plain.iter().chain(&report.connection);
        cells.push((TOGETHER.to_owned(), rules(together)));
        for outcome in &report.outcomes {
            let cell = match &outcome.answer {
                Answer::NotAsked => NOT_ASKED.to_owned(),
                Answer::Busy { status } => format!("{status} busy"),
                Answer::Broken { findings } => format!("none {}", rules(findings)),
                Answer::Judged {
                    status, findings, ..
                } => format!("{status} {}", rules(findings)),
            };
            cells.push((outcome.row.name.to_owned(), cell.trim_end().to_owned()));
        }
        Self {
            name: name.to_owned(),
            version: version.to_owned(),
            cells,
        }
    }

    /// The cell of a row.
    pub(super) fn cell(&self, row: &str) -> &str {
        let found = self.cells.iter().find(|(name, _)| name == row);
        found.map_or(NOT_ASKED, |(_, cell)| cell)
    }

    /// The names of the rules that were not kept in a row.
    pub(super) fn broken(&self, row: &str) -> Vec<&str> {
        let words = self.cell(row).split(' ');
        let known = |word: &&str| check::rules().iter().any(|rule| rule.name == *word);
        words.filter(known).collect()
    }
}

fn said(verdict: &Conclusion) -> String {
    let word = match verdict.yes {
        Some(true) => "yes",
        Some(false) => "no",
        None => "not known",
    };
    format!("{word}: {}", verdict.why)
}

fn rules<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> String {
    let names: BTreeSet<_> = findings
        .into_iter()
        .map(|finding| finding.rule.name)
        .collect();
    names.into_iter().collect::<Vec<_>>().join(" ")
}

/// Every row that can have findings.
pub(super) fn rows() -> impl Iterator<Item = &'static str> {
    [TOGETHER]
        .into_iter()
        .chain(check::rows().iter().map(|row| row.name))
}

impl Figures {
    pub(super) fn parse(text: &str) -> Self {
        let mut lines = text.lines().map(|line| line.split('\t'));
        let heads = lines.next().into_iter().flatten().skip(1);
        let mut columns: Vec<_> = heads
            .map(|name| Column {
                name: name.to_owned(),
                version: String::new(),
                cells: Vec::new(),
            })
            .collect();
        for mut line in lines {
            let row = line.next().unwrap();
            for (column, cell) in columns.iter_mut().zip(line) {
                if row == VERSION {
                    cell.clone_into(&mut column.version);
                } else {
                    column.cells.push((row.to_owned(), cell.to_owned()));
                }
            }
        }
        Self { columns }
    }

    /// Puts these in the place of those of the same name, in this order.
    pub(super) fn replace(&mut self, found: Vec<Column>, order: &[&str]) {
        for column in found {
            self.columns.retain(|own| own.name != column.name);
            self.columns.push(column);
        }
        self.columns
            .retain(|column| order.contains(&column.name.as_str()));
        self.columns
            .sort_by_key(|column| order.iter().position(|name| *name == column.name));
    }

    /// The names of all rules that somebody did not keep.
    pub(super) fn rules(&self) -> BTreeSet<&str> {
        let each = self
            .columns
            .iter()
            .flat_map(|column| rows().flat_map(|row| column.broken(row)));
        each.collect()
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = |head: &str, cells: Vec<&str>| writeln!(f, "{head}\t{}", cells.join("\t"));
        let columns = &self.columns;
        line(
            "question",
            columns.iter().map(|column| column.name.as_str()).collect(),
        )?;
        line(
            VERSION,
            columns
                .iter()
                .map(|column| column.version.as_str())
                .collect(),
        )?;
        let first = [RANGES, RESUMPTION, PARALLEL, CACHES, GONE];
        for row in first.into_iter().chain(rows()) {
            line(row, columns.iter().map(|column| column.cell(row)).collect())?;
        }
        Ok(())
    }
}
