//! Defaults as sources and pages state them, and constants as sources have them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Where a default is stated, of what, and how it is put.
pub(crate) type Stated = BTreeSet<(String, String, String)>;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn text_of(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

/// The value of a constant that a crate keeps to itself, as it is written there.
pub(crate) fn constant(package: &str, name: &str) -> String {
    let mark = format!("const {name}: ");
    let files = rust_files(&root().join("crates").join(package)).into_iter();
    let mut texts = files.map(|file| std::fs::read_to_string(file).unwrap());
    let value = texts.find_map(|text| {
        let (_, rest) = text.split_once(&mark)?;
        let (_, value) = rest.split_once(" = ")?;
        Some(value.split(';').next()?.to_owned())
    });
    value.unwrap_or_else(|| panic!("{package} has no constant {name}"))
}

/// The same of a time in whole seconds.
pub(crate) fn seconds(package: &str, name: &str) -> u64 {
    let value = constant(package, name);
    let (unit, number) = value.trim_end_matches(')').split_once('(').unwrap();
    let number: u64 = number.parse().unwrap();
    match unit {
        "Duration::from_secs" => number,
        "Duration::from_mins" => number * 60,
        _ => panic!("{name} is {value}"),
    }
}

/// The same of a number of bytes, in the largest unit that it is a multiple of.
pub(crate) fn bytes(package: &str, name: &str) -> String {
    let value = constant(package, name);
    let value = value.trim_start_matches("ByteCount(").trim_end_matches(')');
    let (number, shift) = value.split_once(" << ").unwrap();
    let unit = match shift {
        "10" => "KiB",
        "20" => "MiB",
        "30" => "GiB",
        _ => panic!("{name} is {value}"),
    };
    format!("{number} {unit}")
}

/// The same of a number, in groups of three digits where it has more than four.
pub(crate) fn count(package: &str, name: &str) -> String {
    constant(package, name).replace('_', " ")
}

/// Every default that a comment on an item states: `Default: VALUE.` or `[default: VALUE]`, from
/// which clap makes help.
pub(crate) fn in_comments() -> Stated {
    let mut stated = Stated::new();
    for path in rust_files(&root().join("crates")) {
        let mut names = path.strip_prefix(root()).unwrap().iter();
        let package = names.nth(1).unwrap().to_str().unwrap().to_owned();
        let (mut comment, mut is_open) = (String::new(), false);
        for line in std::fs::read_to_string(&path).unwrap().lines() {
            let line = line.trim();
            if let Some(text) = line.strip_prefix("///") {
                if !is_open {
                    comment.clear();
                }
                comment.push_str(text);
                is_open = true;
            } else if is_open && !line.starts_with('#') && !line.is_empty() {
                if let (Some(value), Some(item)) = (default_in(&comment), item(line)) {
                    stated.insert((package.clone(), item, value));
                }
                is_open = false;
            }
        }
    }
    stated
}

/// The value alone, without what is said about it.
fn default_in(comment: &str) -> Option<String> {
    let marks = ["Default: ", "[default: "];
    let (_, rest) = marks.iter().find_map(|mark| comment.split_once(mark))?;
    let (rest, _) = rest
        .split_once(']')
        .filter(|_| !rest.starts_with('['))
        .unwrap_or((rest, ""));
    let sentence = rest.split(". ").next()?.trim_end_matches('.');
    Some(sentence.split([',', ';']).next()?.to_owned())
}

/// Returns what a line declares that is public, or a field of an argument.
fn item(line: &str) -> Option<String> {
    let line = line
        .trim_start_matches("pub(crate) ")
        .trim_start_matches("pub(super) ");
    let line = line.trim_start_matches("pub ").trim_start_matches("fn ");
    let end = line.find(|c: char| !c.is_alphanumeric() && c != '_')?;
    Some(line[..end].to_owned())
}

fn rust_files(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

/// Fails with what is in one and not in the other.
pub(crate) fn assert_same(found: &Stated, expected: &Stated) {
    let wrong: Vec<_> = found.difference(expected).collect();
    let missing: Vec<_> = expected.difference(found).collect();
    assert!(
        wrong.is_empty() && missing.is_empty(),
        "stated, but not so: {wrong:#?}\nso, but not stated: {missing:#?}"
    );
}

/// The rows of the pages' tables whose last column is the default: the number of the table, what a
/// row begins with, and its default.
pub(crate) fn in_tables(pages: &[&str]) -> Stated {
    let mut stated = Stated::new();
    let (mut table, mut is_open) = (0, false);
    let texts: String = pages.iter().map(|page| text_of(page)).collect();
    for line in texts.lines() {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let is_row = line.starts_with('|');
        if is_row && !is_open && cells.last() == Some(&"Default") {
            (table, is_open) = (table + 1, true);
        } else if !is_row {
            is_open = false;
        } else if is_open && !line.starts_with("|---") {
            let long = cells[0]
                .split_once("--")
                .map_or(cells[0], |(_, option)| option);
            let name = long
                .split([' ', '`', ';', ','])
                .find(|word| !word.is_empty());
            let value = cells.last().unwrap().split([';', ',']).next().unwrap();
            if !value.is_empty() && cells.len() > 1 {
                let value = value.trim_matches('`').to_owned();
                stated.insert((table.to_string(), name.unwrap().to_owned(), value));
            }
        }
    }
    stated
}

/// The page with one space where it has a line's end.
pub(crate) fn in_one_line(page: &str) -> String {
    text_of(page)
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}
