//! Owns the rules that one file can break by itself. Each is a pure function of a path and its
//! text, so that its test can show it failing.
use super::code::{has_token, lines_with, without_test_items};
use super::{Breach, Source};

/// A rule: where it is broken in a file.
pub(super) type Rule = fn(&Source) -> Vec<Breach>;

/// Every rule that needs one file only.
pub(super) const EVERY_FILE: &[Rule] = &[
    says_what_it_owns,
    fits_a_sitting,
    fits_a_line,
    leaves_nothing_undone,
    keeps_unsafe_at_home,
    forbids_unsafe_in_its_root,
    keeps_std_out_of_the_core,
    keeps_libraries_at_home,
];

const LONGEST_FILE: usize = 700;
const LONGEST_LINE: usize = 100;

/// What must not stand in code, and what to do instead.
const FORBIDDEN: &[(&str, &str)] = &[
    ("todo!", "write it, or leave it out"),
    ("unimplemented!", "write it, or leave it out"),
    ("dbg!", "assert in a test what you wanted to see"),
    ("#[ignore", "repair the test or delete it"),
    ("#[allow(", "use #[expect(lint, reason = \"...\")]"),
    ("#![allow(", "use #![expect(lint, reason = \"...\")]"),
];

/// The only files that may say `unsafe`.
const UNSAFE_HOMES: &[&str] = &[
    "crates/range-store/src/bus_error.rs",
    "crates/range-store/src/region.rs",
];

/// Libraries that only one place of the product may name, so that they stay replaceable: a module
/// with those below it, or a single file.
const LIBRARY_HOMES: &[(&str, &str)] = &[
    ("clap", "crates/sheave/src/args"),
    ("indicatif", "crates/sheave/src/report/bars"),
    ("reqwest", "crates/accelerator/src/transport/http.rs"),
];

fn says_what_it_owns(source: &Source) -> Vec<Breach> {
    let first = source.text.lines().next().unwrap_or_default();
    let says = first
        .strip_prefix("//! ")
        .is_some_and(|rest| !rest.trim().is_empty());
    if says {
        return Vec::new();
    }
    let hint = "begin with `//! ` and what the file owns and must not know";
    vec![source.breach(1, "first-line", hint)]
}

fn fits_a_sitting(source: &Source) -> Vec<Breach> {
    let lines = source.text.lines().count();
    if lines <= LONGEST_FILE {
        return Vec::new();
    }
    let hint = format!("{lines} lines, at most {LONGEST_FILE}: find the seam and split");
    vec![source.breach(LONGEST_FILE + 1, "file-length", hint)]
}

fn fits_a_line(source: &Source) -> Vec<Breach> {
    (1..)
        .zip(source.text.lines())
        .filter_map(|(number, line)| {
            let columns = line.chars().count();
            let hint = || format!("{columns} columns, at most {LONGEST_LINE}");
            (columns > LONGEST_LINE).then(|| source.breach(number, "line-length", hint()))
        })
        .collect()
}

fn leaves_nothing_undone(source: &Source) -> Vec<Breach> {
    let breaches = FORBIDDEN.iter().flat_map(|&(token, hint)| {
        lines_with(&source.code, token).map(move |line| source.breach(line, "forbidden", hint))
    });
    breaches.collect()
}

fn keeps_unsafe_at_home(source: &Source) -> Vec<Breach> {
    if UNSAFE_HOMES.contains(&source.path.as_str()) {
        return Vec::new();
    }
    let hint = format!("`unsafe` lives in {} only", UNSAFE_HOMES.join(" and "));
    lines_with(&source.code, "unsafe")
        .map(|line| source.breach(line, "unsafe-home", hint.as_str()))
        .collect()
}

fn forbids_unsafe_in_its_root(source: &Source) -> Vec<Breach> {
    if !is_root_without_unsafe(&source.path) || has_token(&source.code, "#![forbid(unsafe_code)]") {
        return Vec::new();
    }
    vec![source.breach(
        1,
        "forbid-unsafe",
        "add #![forbid(unsafe_code)] to the crate's root",
    )]
}

/// Whether the file is the root of a crate outside `range-store`: a library, a program, or the
/// process tests.
fn is_root_without_unsafe(path: &str) -> bool {
    let is_source_root = path.ends_with("/src/lib.rs") || path.ends_with("/src/main.rs");
    path == "tests/it/main.rs" || (is_source_root && !path.starts_with("crates/range-store/"))
}

fn keeps_std_out_of_the_core(source: &Source) -> Vec<Breach> {
    let Some(path) = source.path.strip_prefix("crates/range-core/src/") else {
        return Vec::new();
    };
    if path
        .split('/')
        .any(|part| matches!(part, "tests" | "tests.rs"))
    {
        return Vec::new();
    }
    let product = without_test_items(&source.code);
    let mut breaches: Vec<Breach> = lines_with(&product, "std")
        .map(|line| source.breach(line, "core-std", "use `core` or `alloc`; std has clocks"))
        .collect();
    if path == "lib.rs" && !has_token(&product, "#![no_std]") {
        breaches.push(source.breach(1, "core-std", "range-core is #![no_std]"));
    }
    breaches
}

fn keeps_libraries_at_home(source: &Source) -> Vec<Breach> {
    let is_product = source.path.starts_with("crates/") || source.path.starts_with("tests/");
    if !is_product {
        return Vec::new();
    }
    let breaches = LIBRARY_HOMES
        .iter()
        .filter(|(_, home)| !is_within(&source.path, home))
        .flat_map(|&(library, home)| {
            let hint = format!("{library} is named in {home} only");
            lines_with(&source.code, library)
                .map(move |line| source.breach(line, "library-home", hint.as_str()))
        });
    breaches.collect()
}

/// Whether a path is `home`, the file of the module `home`, or a file below it.
fn is_within(path: &str, home: &str) -> bool {
    path.strip_prefix(home)
        .is_some_and(|rest| matches!(rest, "" | ".rs") || rest.starts_with('/'))
}
