//! Owns the licences of the crates that are built into the program: which crates these are, and the
//! texts they come with. Judges none; `cargo deny` does.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use serde_json::Value;

use crate::workspace::{self, Failure};

/// The beginnings of the names of files that hold licences.
const NAMES: &[&str] = &["LICENSE", "LICENCE", "COPYING", "COPYRIGHT", "NOTICE"];

/// A text of a licence, and the crates that come with it.
#[derive(Default)]
struct Licence {
    text: String,
    crates: Vec<String>,
}

/// Returns one text: the crates, and then each licence once, under the crates that come with it.
pub(super) fn of(metadata: &Value, target: &str) -> Result<String, Failure> {
    let listed = workspace::output_of(
        "cargo",
        &[
            "tree", "--locked", "-p", "sheave", "-e", "normal", "--target", target, "--prefix",
            "none", "--format", "{p}",
        ],
    )?;
    let listed = String::from_utf8_lossy(&listed);
    let mut crates = Vec::new();
    let mut licences: BTreeMap<String, Licence> = BTreeMap::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let (name, version) = (text(package, "name"), text(package, "version"));
        let is_built_in = listed.lines().any(|line| {
            let mut words = line.split(' ');
            words.next() == Some(name)
                && words.next().and_then(|version| version.strip_prefix('v')) == Some(version)
        });
        if !is_built_in || package["source"].is_null() {
            continue;
        }
        crates.push(format!("{name} {version}: {}", text(package, "license")));
        let manifest = Path::new(text(package, "manifest_path"));
        for text in manifest.parent().into_iter().flat_map(texts_in) {
            // Copies differ in where their lines break.
            let key: Vec<&str> = text.split_whitespace().collect();
            let licence = licences.entry(key.join(" ")).or_default();
            licence.crates.push(format!("{name} {version}"));
            licence.text = text;
        }
    }
    Ok(written(&crates, licences.into_values().collect()))
}

fn text<'a>(package: &'a Value, field: &str) -> &'a str {
    package[field].as_str().unwrap_or_default()
}

/// Returns the texts of the licences in the directory of a crate.
fn texts_in(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let texts = entries.filter_map(|entry| {
        let name = entry.file_name().to_string_lossy().to_uppercase();
        let is_one = NAMES.iter().any(|beginning| name.starts_with(beginning));
        // A directory of that name is none.
        is_one.then(|| std::fs::read_to_string(entry.path()).ok())?
    });
    texts.collect()
}

fn written(crates: &[String], mut licences: Vec<Licence>) -> String {
    licences.sort_by(|one, other| one.crates.cmp(&other.crates));
    let mut all = String::from("The crates that are built into sheave, and their licences.\n\n");
    all.push_str(&crates.join("\n"));
    for Licence { text, crates } in licences {
        // Writing to a String cannot fail.
        let _ = write!(all, "\n\n{}\n{}\n", "=".repeat(78), crates.join(", "));
        let _ = write!(all, "{}\n\n{}", "-".repeat(78), text.trim_end());
    }
    all.push('\n');
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_licence_is_there_once_under_all_that_come_with_it() {
        let licence = |text: &str, crates: &[&str]| Licence {
            text: text.to_owned(),
            crates: crates.iter().map(|&name| name.to_owned()).collect(),
        };
        let crates = ["a 1: MIT".to_owned(), "b 2: MIT".to_owned()];
        let licences = vec![
            licence("Other\n", &["b 2"]),
            licence("As is\n", &["a 1", "b 2"]),
        ];
        let all = written(&crates, licences);
        let place = |text: &str| all.find(text).unwrap();
        assert!(place("a 1: MIT\nb 2: MIT") < place("\na 1, b 2\n"), "{all}");
        assert!(
            place("As is") < place("\nb 2\n") && place("\nb 2\n") < place("Other"),
            "{all}"
        );
    }
}
