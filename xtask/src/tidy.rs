//! Owns the house rules that no lint covers, as pure functions over texts. Where the texts come
//! from is `workspace`'s to say; what may lead where is `layers`'s.
#[cfg(test)]
mod tests;
mod words;

use crate::workspace::{self, Failure};

/// The table of faults, which names tests.
const FAULTS: &str = "docs/faults.md";
/// The map of the code, which names files.
const MAP: &str = "docs/ARCHITECTURE.md";
const LONGEST_FILE: usize = 700;
const LONGEST_LINE: usize = 100;
/// Where roots of crates are, and the modules beneath them.
const ROOT_DIRECTORIES: &[&str] = &["src", "tests/it"];

/// Path, from the root of the workspace, and text of a Rust file.
type Source = (String, String);

/// Prints one line for each breach.
pub(crate) fn check() -> Result<(), Failure> {
    let sources = workspace::rust_files()?;
    let mut breaches = breaches(&sources);
    breaches.extend(untrue_rows(&workspace::text_of(FAULTS)?, &sources));
    breaches.extend(unknown_files(&workspace::text_of(MAP)?, &sources));
    for breach in &breaches {
        println!("{breach}");
    }
    match breaches.len() {
        0 => Ok(()),
        count => Err(Failure::Breaches {
            rules: "tidy",
            count,
        }),
    }
}

fn breaches(sources: &[Source]) -> Vec<String> {
    let in_one = sources.iter().flat_map(in_one);
    let forgotten = sources.iter().filter_map(|(path, _)| {
        let (parents, name) = place(path)?;
        let is_listed = sources
            .iter()
            .any(|(path, text)| parents.contains(path) && declares(text, name));
        let parents = parents.join(", ");
        (!is_listed)
            .then(|| format!("{path}:1: no `mod {name};` in {parents}: list the file or delete it"))
    });
    in_one.chain(forgotten).collect()
}

/// Returns what a file breaks by itself.
fn in_one((path, text): &Source) -> Vec<String> {
    let mut breaches = Vec::new();
    let says = text
        .lines()
        .next()
        .and_then(|first| first.strip_prefix("//! "));
    if says.is_none_or(|says| says.trim().is_empty()) {
        breaches.push(format!(
            "{path}:1: begin with `//! ` and what the file owns and must not know"
        ));
    }
    let lines = text.lines().count();
    if lines > LONGEST_FILE {
        breaches.push(format!(
            "{path}:{lines}: {lines} lines, at most {LONGEST_FILE}: find the seam and split"
        ));
    }
    breaches.extend(words::breaches(path, text));
    for (number, line) in (1..).zip(text.lines()) {
        let columns = line.chars().count();
        if columns > LONGEST_LINE {
            breaches.push(format!(
                "{path}:{number}: {columns} columns, at most {LONGEST_LINE}"
            ));
        }
        // Clippy refuses it without a reason only.
        if line.trim_start().starts_with("#[ignore") {
            breaches.push(format!("{path}:{number}: repair the test or delete it"));
        }
    }
    breaches
}

/// The files that may list a module, and the module's name; `None` for a crate's root and for a
/// file outside the directories in which modules live.
fn place(path: &str) -> Option<([String; 2], &str)> {
    let (directory, file) = path.rsplit_once('/')?;
    if is_root_directory(directory) && matches!(file, "main.rs" | "lib.rs") {
        return None;
    }
    let (directory, name) = match file.strip_suffix(".rs")? {
        "mod" => directory.rsplit_once('/')?,
        name => (directory, name),
    };
    if is_root_directory(directory) {
        let roots = ["main.rs", "lib.rs"].map(|file| format!("{directory}/{file}"));
        return Some((roots, name));
    }
    let mut above = directory.match_indices('/').map(|(at, _)| &directory[..at]);
    let parents = [".rs", "/mod.rs"].map(|end| format!("{directory}{end}"));
    above.any(is_root_directory).then_some((parents, name))
}

fn is_root_directory(directory: &str) -> bool {
    ROOT_DIRECTORIES.iter().any(|root| {
        let rest = directory.strip_suffix(root);
        rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
    })
}

fn declares(text: &str, module: &str) -> bool {
    let line = format!("mod {module};");
    let mut lines = text.lines().map(str::trim);
    lines.any(|found| {
        found == line || found.starts_with("pub") && found.ends_with(&format!(" {line}"))
    })
}

/// Returns the false statements of the table of faults: its rows are numbered from A1, each is
/// there once, and each test that it names exists.
fn untrue_rows(table: &str, sources: &[Source]) -> Vec<String> {
    let mut breaches = Vec::new();
    let rows = (1..).zip(table.lines()).filter_map(|(line, text)| {
        let (number, _) = text.strip_prefix("| A")?.split_once(" |")?;
        Some((line, number.parse::<usize>().ok()?))
    });
    let mut last = 0;
    for (line, number) in rows {
        let next = last + 1;
        if number != next {
            breaches.push(format!("{FAULTS}:{line}: A{number} where A{next} belongs"));
        }
        last = number;
    }
    if last == 0 {
        breaches.push(format!("{FAULTS}: there is no row A1"));
    }
    for (number, line) in (1..).zip(table.lines()) {
        let quoted = line.split('`').skip(1).step_by(2);
        let tests = quoted.filter_map(|name| name.split_once("::"));
        breaches.extend(
            tests
                .filter(|test| !exists(*test, sources))
                .map(|(file, test)| {
                    format!("{FAULTS}:{number}: there is no test `{test}` in a file {file}.rs")
                }),
        );
    }
    breaches
}

/// The Rust files that the map names and that do not exist.
fn unknown_files(map: &str, sources: &[Source]) -> Vec<String> {
    let mut breaches = Vec::new();
    for (number, line) in (1..).zip(map.lines()) {
        let quoted = line.split('`').skip(1).step_by(2);
        let named = quoted.filter(|name| name.strip_suffix(".rs").is_some_and(is_path));
        let unknown = named.filter(|name| {
            let end = format!("/{name}");
            !sources
                .iter()
                .any(|(path, _)| path == *name || path.ends_with(&end))
        });
        breaches.extend(unknown.map(|name| format!("{MAP}:{number}: there is no file {name}")));
    }
    breaches
}

fn is_path(text: &str) -> bool {
    !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || c == '*')
}

fn exists((file, test): (&str, &str), sources: &[Source]) -> bool {
    let (end, function) = (format!("/{file}.rs"), format!("fn {test}()"));
    let mut files = sources.iter().filter(|(path, _)| path.ends_with(&end));
    files.any(|(_, text)| {
        let mut lines = text.lines().map(|line| {
            let line = line.trim_start();
            let bare = |word| line.strip_prefix(word);
            bare("async ").or_else(|| bare("const ")).unwrap_or(line)
        });
        lines.any(|line| line.starts_with(&function))
    })
}
