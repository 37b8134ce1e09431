//! Owns the part of `docs/servers.md` that is made of the figures. Asserts nothing.

use std::fmt::Write;

use range_server::check::{self, Level, Rule};

use super::figures::{self, CACHES, Column, Figures, GONE, PARALLEL, RANGES, RESUMPTION, TOGETHER};

const BEGIN: &str = "<!-- servers: begin -->\n";
const END: &str = "<!-- servers: end -->";

/// Most servers beside one another in a table.
const WIDTH: usize = 7;

/// The page with the part made anew.
pub(super) fn replaced(page: &str, figures: &Figures) -> String {
    let (before, rest) = page.split_once(BEGIN).expect("the page has a place for it");
    let (_, after) = rest.split_once(END).expect("the page has a place for it");
    let mut made = String::new();
    answers(&mut made, figures);
    rules(&mut made, figures);
    tables(&mut made, figures);
    format!("{before}{BEGIN}\n{made}\n{END}{after}")
}

/// Writing to a String cannot fail.
macro_rules! line {
    ($text:expr, $($arguments:tt)*) => { writeln!($text, $($arguments)*).unwrap() };
}

fn rule(name: &str) -> &'static Rule {
    check::rules()
        .iter()
        .find(|rule| rule.name == name)
        .expect("the figures name rules")
}

/// Returns the number of questions that show rules of a strength not kept.
fn count(column: &Column, level: Level) -> usize {
    let has = |row: &str| {
        column
            .broken(row)
            .iter()
            .any(|name| rule(name).level == level)
    };
    figures::rows().filter(|row| has(row)).count()
}

fn answers(text: &mut String, figures: &Figures) {
    line!(text, "## Three answers\n");
    line!(
        text,
        "| Server | Ranges | Safe to resume | Parallel connections | MUST | SHOULD |"
    );
    line!(text, "|---|---|---|---|---|---|");
    for column in &figures.columns {
        let mut name = column.name.clone();
        if !column.version.is_empty() {
            write!(name, " ({})", column.version).unwrap();
        }
        if !column.cell(CACHES).is_empty() {
            name.push_str(", a cache");
        }
        if !column.cell(GONE).is_empty() {
            write!(name, ", which ends at “{}”", column.cell(GONE)).unwrap();
        }
        let cells = [RANGES, RESUMPTION, PARALLEL].map(|row| column.cell(row));
        let [ranges, resumption, parallel] = cells;
        let [must, should] = [Level::Must, Level::Should].map(|level| count(column, level));
        line!(
            text,
            "| {name} | {ranges} | {resumption} | {parallel} | {must} | {should} |"
        );
    }
}

fn rules(text: &mut String, figures: &Figures) {
    line!(text, "\n## Rules that are not kept\n");
    let mut names: Vec<_> = figures.rules().into_iter().map(rule).collect();
    names.sort_by_key(|rule| std::cmp::Reverse(rule.level));
    for rule in names {
        let (document, section, level) = (rule.document, rule.section, rule.level.word());
        line!(
            text,
            "**{level}**, {document} §{section}: “{}”\n",
            rule.sentence
        );
        for column in &figures.columns {
            let at: Vec<_> = figures::rows()
                .filter(|row| column.broken(row).contains(&rule.name))
                .collect();
            match at.as_slice() {
                [] => {}
                [first, rest @ ..] if rest.len() > 2 => {
                    line!(text, "- {}: {first}; and {} more", column.name, rest.len());
                }
                few => line!(text, "- {}: {}", column.name, few.join("; ")),
            }
        }
        line!(text, "");
    }
}

fn tables(text: &mut String, figures: &Figures) {
    line!(text, "## Every question\n");
    for columns in figures.columns.chunks(WIDTH) {
        let names: Vec<_> = columns.iter().map(|column| column.name.as_str()).collect();
        line!(
            text,
            "| What is asked | RFC 9110 | Best | {} |",
            names.join(" | ")
        );
        line!(text, "|---|---|---|{}", "---|".repeat(columns.len()));
        for row in check::rows() {
            let cells: Vec<_> = columns
                .iter()
                .map(|column| cell(column, row.name))
                .collect();
            let (section, best) = (row.rule.section, row.preferred);
            line!(
                text,
                "| {} | §{section} | {best} | {} |",
                row.name,
                cells.join(" | ")
            );
        }
        let together: Vec<_> = columns
            .iter()
            .map(|column| cell(column, TOGETHER))
            .collect();
        line!(text, "| {TOGETHER} |  |  | {} |\n", together.join(" | "));
    }
}

/// The status; bold where a MUST is broken, italic where a SHOULD is.
fn cell(column: &Column, row: &str) -> String {
    let broken = column.broken(row);
    let shown = match row {
        TOGETHER => broken.len().to_string(),
        _ => column
            .cell(row)
            .split(' ')
            .next()
            .unwrap_or_default()
            .to_owned(),
    };
    let strongest = broken.iter().map(|name| rule(name).level).max();
    match strongest {
        Some(Level::Must) => format!("**{shown}**"),
        Some(Level::Should) => format!("*{shown}*"),
        _ => shown,
    }
}
