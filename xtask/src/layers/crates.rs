//! Owns the map of crates: which may depend on which, and which outside crate belongs to whom.
//! Judges manifests only; what a file may name is `tidy`'s to say.
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fmt::{self, Display, Formatter};

use serde_json::Value;

use crate::workspace::Failure;

/// The arrows between crates of the workspace, in normal, dev and build dependencies alike.
const ARROWS: &[(&str, &[&str])] = &[
    ("range-core", &[]),
    ("scheduler", &["range-core"]),
    ("catalog", &["range-core"]),
    ("range-store", &["range-core"]),
    ("range-server", &["range-core"]),
    (
        "accelerator",
        &["catalog", "range-core", "range-store", "scheduler"],
    ),
    ("sheave", &["accelerator", "catalog", "range-server"]),
    ("simulator", &["range-core", "scheduler"]),
    (
        "fuzz-bodies",
        &[
            "accelerator",
            "catalog",
            "range-core",
            "range-server",
            "range-store",
        ],
    ),
    ("needs", &[]),
    ("sheave-bench", &["range-core"]),
    ("xtask", &[]),
];

/// The package of process tests, which may use every crate, and which no crate may use.
const PROCESS_TESTS: &str = "sheave-tests";

/// The crates that tests of any crate may use, and nothing but tests.
const FOR_TESTS: &str = "needs";

/// The arrows of tests and benchmarks alone: these play in worlds that need what they test.
const TEST_ARROWS: &[(&str, &str)] = &[("scheduler", "simulator")];

/// The crates without clocks, files and sockets.
const PURE: &[&str] = &["range-core", "scheduler"];
/// All that they may take from outside the workspace. What is added here has to be `no_std` and
/// free of I/O.
const PURE_MAY_USE: &[&str] = &["thiserror"];
/// The same for their tests and benchmarks.
const PURE_TESTS_MAY_USE: &[&str] = &["divan", "proptest", "thiserror"];

/// Outside crates, each with the only crates that may depend on it.
const OWNED: &[(&str, &[&str])] = &[
    ("clap", &["sheave", "sheave-bench", "xtask"]),
    ("indicatif", &["sheave"]),
    ("memmap2", &["range-store"]),
    ("quick-xml", &["catalog"]),
    ("reqwest", &["accelerator"]),
    ("sfv", &["catalog"]),
    (
        "tokio",
        &[
            "accelerator",
            "fuzz-bodies",
            "range-server",
            "sheave",
            PROCESS_TESTS,
        ],
    ),
];

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Section {
    Normal,
    Dev,
    Build,
}

impl Display for Section {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Normal => "dependencies",
            Self::Dev => "dev-dependencies",
            Self::Build => "build-dependencies",
        })
    }
}

/// One line of one manifest.
#[derive(Debug)]
struct Edge {
    from: String,
    to: String,
    section: Section,
}

/// The crates of the workspace and all they declare to depend on.
#[derive(Debug)]
pub(super) struct Graph {
    members: BTreeSet<String>,
    edges: Vec<Edge>,
}

/// Returns what the manifests declare.
pub(super) fn graph(metadata: &Value) -> Result<Graph, Failure> {
    let mut graph = Graph {
        members: BTreeSet::new(),
        edges: Vec::new(),
    };
    for package in list(metadata, "packages")? {
        let from = text(package, "name")?;
        for dependency in list(package, "dependencies")? {
            // `name` is the package's own name; a rename in the manifest is another field.
            let to = text(dependency, "name")?.to_owned();
            let section = match dependency["kind"].as_str() {
                None => Section::Normal,
                Some("dev") => Section::Dev,
                Some("build") => Section::Build,
                Some(_) => return Err(Failure::Shape { field: "kind" }),
            };
            graph.edges.push(Edge {
                from: from.to_owned(),
                to,
                section,
            });
        }
        graph.members.insert(from.to_owned());
    }
    Ok(graph)
}

/// A list in what `cargo metadata` says.
pub(super) fn list<'a>(value: &'a Value, field: &'static str) -> Result<&'a [Value], Failure> {
    value[field]
        .as_array()
        .map(Vec::as_slice)
        .ok_or(Failure::Shape { field })
}

/// A text in what `cargo metadata` says.
pub(super) fn text<'a>(value: &'a Value, field: &'static str) -> Result<&'a str, Failure> {
    value[field].as_str().ok_or(Failure::Shape { field })
}

/// One line for each edge that is not on the map.
pub(super) fn breaches(graph: &Graph) -> Vec<String> {
    let unknown = graph
        .members
        .iter()
        .filter(|&member| member != PROCESS_TESTS && arrows_from(member).is_none())
        .map(|member| {
            format!("{member}: crate that is not on the map: draw it in layers/crates.rs")
        });
    let wrong = graph.edges.iter().filter_map(|edge| {
        let broken = broken_rule(graph, edge)?;
        Some(format!(
            "{} -> {} ({}): {broken}",
            edge.from, edge.to, edge.section
        ))
    });
    unknown.chain(wrong).collect()
}

fn broken_rule(graph: &Graph, edge: &Edge) -> Option<String> {
    let Edge { from, to, section } = edge;
    let of_tests = to == FOR_TESTS || TEST_ARROWS.contains(&(from.as_str(), to.as_str()));
    if of_tests && *section == Section::Dev {
        return None;
    }
    if graph.members.contains(to) {
        // An unknown crate has its own line.
        let allowed = arrows_from(from)?;
        return (!allowed.contains(&to.as_str()))
            .then(|| format!("no arrow on the map: {from} may use {}", listed(allowed)));
    }
    if let Some((_, owners)) = OWNED.iter().find(|(owned, _)| owned == to)
        && !owners.contains(&from.as_str())
    {
        return Some(format!("{to} belongs to {}", listed(owners)));
    }
    let allowed = match section {
        Section::Dev => PURE_TESTS_MAY_USE,
        Section::Normal | Section::Build => PURE_MAY_USE,
    };
    (PURE.contains(&from.as_str()) && !allowed.contains(&to.as_str())).then(|| {
        format!(
            "{from} decides without help: it may use {}",
            listed(allowed)
        )
    })
}

/// The crates of the workspace that `from` may use, when there is a limit and it is known.
fn arrows_from(from: &str) -> Option<&'static [&'static str]> {
    ARROWS
        .iter()
        .find(|(name, _)| *name == from)
        .map(|&(_, to)| to)
}

/// A list in what `cargo metadata` says.
pub(super) fn listed(names: &[&str]) -> String {
    if names.is_empty() {
        "no crate of the workspace".to_owned()
    } else {
        names.join(", ")
    }
}
