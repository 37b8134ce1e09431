//! Owns holding the table of faults to the tests: every row is there once, and every test it names
//! exists.
use super::code::has_token;
use super::{Breach, Source};

/// Where the table is.
pub(super) const TABLE: &str = "docs/faults.md";

/// How many rows it has, from A1.
const ROWS: usize = 34;

/// What the table says that is not so.
pub(super) fn untrue(table: &str, sources: &[Source]) -> Vec<Breach> {
    let breach = |line, hint: String| Breach {
        path: TABLE.to_owned(),
        line,
        rule: "fault-table",
        hint,
    };
    let mut breaches = Vec::new();
    for row in 1..=ROWS {
        let start = format!("| A{row} |");
        let count = table
            .lines()
            .filter(|line| line.starts_with(&start))
            .count();
        if count != 1 {
            breaches.push(breach(1, format!("row A{row} is there {count} times")));
        }
    }
    for (number, line) in (1..).zip(table.lines()) {
        let missing = tests(line).filter(|(file, test)| !exists(file, test, sources));
        breaches.extend(missing.map(|(file, test)| {
            breach(
                number,
                format!("there is no test `{test}` in a file {file}.rs"),
            )
        }));
    }
    breaches
}

/// The names between backticks that have a file before their function.
fn tests(line: &str) -> impl Iterator<Item = (&str, &str)> {
    let quoted = line.split('`').skip(1).step_by(2);
    quoted.filter_map(|name| name.split_once("::"))
}

fn exists(file: &str, test: &str, sources: &[Source]) -> bool {
    let (end, function) = (format!("/{file}.rs"), format!("fn {test}()"));
    let mut files = sources.iter().filter(|source| source.path.ends_with(&end));
    files.any(|source| has_token(&source.code, &function))
}
