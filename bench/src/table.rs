//! Owns how results are shown: as a table for people, as JSON for programs. Measures nothing.
use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Value, json};

use super::round::{Measured, Row};

/// Everything one scenario has to say.
pub(super) struct Results {
    pub(super) scenario: &'static str,
    /// The measurement in a sentence or two.
    pub(super) about: String,
    pub(super) machine: Vec<String>,
    /// The time that no client beats, where that is known.
    pub(super) bound: Option<Duration>,
    /// The first is what the ratios are to.
    pub(super) rows: Vec<Row>,
}

/// Where there is a bound, a last column is of it.
const HEAD: [&str; 8] = [
    "",
    "median s",
    "min s",
    "max s",
    "ratio",
    "CPU s",
    "resident MiB",
    "anonymous MiB",
];

/// A part of the document: what, the table, the command lines, the machine.
pub(super) fn section(report: &Results) -> String {
    let mut text = format!("{}\n\n{}", report.about, table(&report.rows, report.bound));
    text.push_str("\n```text\n");
    for row in report.rows.iter().filter(|row| !row.shown.is_empty()) {
        let lines: Vec<String> = row.shown.iter().map(ToString::to_string).collect();
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{}: {}", row.name, lines.join(" && "));
    }
    text.push_str("```\n\n```text\n");
    for line in &report.machine {
        let _ = writeln!(text, "{line}");
    }
    text + "```\n"
}

fn table(rows: &[Row], bound: Option<Duration>) -> String {
    let ours = rows.first().and_then(|row| row.measured.as_ref().ok());
    let last = bound.map(|bound| format!("of {:.2} s", bound.as_secs_f64()));
    let head = HEAD.into_iter().map(str::to_owned).chain(last);
    let head: Vec<String> = head.collect();
    let cells: Vec<Vec<String>> = rows.iter().map(|row| cells(row, ours, bound)).collect();
    let mut widths: Vec<usize> = head
        .iter()
        .map(|head| head.chars().count().max(4))
        .collect();
    for line in &cells {
        // A reason instead of numbers stands in the last cell, and widens none.
        for (width, cell) in
            widths
                .iter_mut()
                .zip(line)
                .take(if line.len() == 2 { 1 } else { line.len() })
        {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    let mut line = |cells: &[String]| {
        for (index, cell) in cells.iter().enumerate() {
            let width = widths[index];
            let _ = match index {
                0 => write!(text, "| {cell:<width$} |"),
                _ => write!(text, " {cell:>width$} |"),
            };
        }
        text.push_str(&" |".repeat(head.len() - cells.len()));
        text.push('\n');
    };
    line(&head);
    let rule = |(index, width): (usize, usize)| {
        let dashes = "-".repeat(width - 1);
        if index == 0 {
            format!(":{dashes}")
        } else {
            format!("{dashes}:")
        }
    };
    line(
        &widths
            .iter()
            .copied()
            .enumerate()
            .map(rule)
            .collect::<Vec<_>>(),
    );
    for cells in &cells {
        line(cells);
    }
    text
}

fn cells(row: &Row, ours: Option<&Measured>, bound: Option<Duration>) -> Vec<String> {
    let measured = match &row.measured {
        Ok(measured) => measured,
        Err(reason) => return vec![row.name.clone(), reason.replace('|', "/")],
    };
    let ratio = ours.map(|ours| measured.seconds.median / ours.seconds.median);
    let mebibytes = |kibibytes: u64| match kibibytes {
        0 => "-".to_owned(),
        some => format!("{:.1}", some as f64 / 1024.0),
    };
    let mut cells = vec![
        row.name.clone(),
        format!("{:.3}", measured.seconds.median),
        format!("{:.3}", measured.seconds.least),
        format!("{:.3}", measured.seconds.greatest),
        ratio.map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.2}")),
        format!("{:.3}", measured.cpu),
        mebibytes(measured.memory.resident),
        mebibytes(measured.memory.anonymous),
    ];
    let of_bound = bound.map(|bound| measured.seconds.median / bound.as_secs_f64());
    cells.extend(of_bound.map(|factor| format!("{factor:.2}")));
    cells
}

/// Every report, as an array.
pub(super) fn json(reports: &[Results]) -> Value {
    let row = |row: &Row| match &row.measured {
        Ok(measured) => json!({
            "name": row.name,
            "median_seconds": measured.seconds.median,
            "min_seconds": measured.seconds.least,
            "max_seconds": measured.seconds.greatest,
            "cpu_seconds": measured.cpu,
            "resident_kib": measured.memory.resident,
            "anonymous_kib": measured.memory.anonymous,
        }),
        Err(reason) => json!({ "name": row.name, "failure": reason }),
    };
    let reports = reports.iter().map(|report| {
        json!({
            "scenario": report.scenario,
            "about": report.about,
            "machine": report.machine,
            "bound_seconds": report.bound.map(|bound| bound.as_secs_f64()),
            "rows": report.rows.iter().map(row).collect::<Vec<_>>(),
        })
    });
    reports.collect()
}

#[cfg(test)]
mod tests {
    use super::super::process::Memory;
    use super::super::statistics::Summary;
    use super::{Duration, Measured, Results, Row, json, table};

    fn rows() -> Vec<Row> {
        let row = |name: &str, median: f64| Row {
            name: name.to_owned(),
            shown: Vec::new(),
            must_succeed: false,
            measured: Ok(Measured {
                seconds: Summary {
                    median,
                    least: 0.5,
                    greatest: 9.0,
                },
                cpu: 0.25,
                memory: Memory {
                    resident: 2048,
                    anonymous: 0,
                },
            }),
        };
        let missing = Row {
            measured: Err("not installed".to_owned()),
            ..row("axel", 0.0)
        };
        vec![row("sheave", 2.0), row("aria2", 5.0), missing]
    }

    #[test]
    fn ratios_are_to_the_first_row_and_what_is_missing_is_named() {
        assert_eq!(
            table(&rows(), None),
            "\
|        | median s | min s | max s | ratio | CPU s | resident MiB | anonymous MiB |
| :----- | -------: | ----: | ----: | ----: | ----: | -----------: | ------------: |
| sheave |    2.000 | 0.500 | 9.000 |  1.00 | 0.250 |          2.0 |             - |
| aria2  |    5.000 | 0.500 | 9.000 |  2.50 | 0.250 |          2.0 |             - |
| axel   | not installed | | | | | | |
"
        );
    }

    #[test]
    fn a_bound_is_a_column() {
        assert_eq!(
            table(&rows()[1..], Some(Duration::from_secs(4))),
            "\
|       | median s | min s | max s | ratio | CPU s | resident MiB | anonymous MiB | of 4.00 s |
| :---- | -------: | ----: | ----: | ----: | ----: | -----------: | ------------: | --------: |
| aria2 |    5.000 | 0.500 | 9.000 |  1.00 | 0.250 |          2.0 |             - |      1.25 |
| axel  | not installed | | | | | | | |
"
        );
    }

    #[test]
    fn json_has_a_failure_or_numbers() {
        let report = Results {
            scenario: "tls",
            about: String::new(),
            machine: Vec::new(),
            bound: None,
            rows: rows(),
        };
        let value = json(&[report]);
        assert_eq!(value[0]["scenario"], "tls");
        assert_eq!(value[0]["rows"][1]["median_seconds"], 5.0);
        assert_eq!(value[0]["rows"][2]["failure"], "not installed");
    }
}
