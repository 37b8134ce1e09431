//! Owns finding files that no `mod` line names. They are never compiled, and a test file among
//! them passes for ever.
use std::collections::HashMap;

use super::code::has_token;
use super::{Breach, Source};

/// A file that is a crate's root and needs no `mod` line.
const ROOTS: &[&str] = &["main.rs", "lib.rs"];

/// Every file under a `src` or `tests/it` directory that the module above it does not list.
pub(super) fn unlisted(sources: &[Source]) -> Vec<Breach> {
    let by_path: HashMap<&str, &Source> = sources
        .iter()
        .map(|source| (source.path.as_str(), source))
        .collect();
    sources
        .iter()
        .filter_map(|source| {
            let (parents, name) = place(&source.path)?;
            let line = format!("mod {name};");
            let listed = parents
                .iter()
                .filter_map(|parent| by_path.get(parent.as_str()))
                .any(|parent| has_token(&parent.code, &line));
            let hint = format!(
                "no `{line}` in {}: list the file or delete it",
                parents.join(", ")
            );
            (!listed).then(|| source.breach(1, "forgotten-file", hint))
        })
        .collect()
}

/// The files that may list a module, and the module's name; `None` for a crate's root and for a
/// file outside the directories in which modules live.
fn place(path: &str) -> Option<([String; 2], &str)> {
    let (directory, file) = path.rsplit_once('/')?;
    if is_root_directory(directory) && ROOTS.contains(&file) {
        return None;
    }
    let stem = file.strip_suffix(".rs")?;
    let (directory, name) = if stem == "mod" {
        directory.rsplit_once('/')?
    } else {
        (directory, stem)
    };
    if is_root_directory(directory) {
        let parents = ["main.rs", "lib.rs"].map(|file| format!("{directory}/{file}"));
        return Some((parents, name));
    }
    let mut above = directory.match_indices('/').map(|(at, _)| &directory[..at]);
    above.any(is_root_directory).then(|| {
        (
            [".rs", "/mod.rs"].map(|end| format!("{directory}{end}")),
            name,
        )
    })
}

/// Whether a directory holds the roots of crates.
fn is_root_directory(directory: &str) -> bool {
    ["src", "tests/it"].iter().any(|root| {
        directory
            .strip_suffix(root)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
    })
}
