//! Owns what is beside the final name: what part files claim to hold, as `sheave inspect` tells,
//! whether a run has lost any of it, and what should not be there. Knows no run.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

/// The endings of the names a part file may have, after the final name.
const PLACES: [&str; 3] = [".part", ".old-version.part", ".old-version2.part"];

/// The content of one part file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Claim {
    pub(crate) place: &'static str,
    pub(crate) length: u64,
    pub(crate) entity_tag: Option<String>,
    last_modified: Option<String>,
    pub(crate) present: u64,
    /// Which bytes: from a first one to before an end.
    pub(crate) ranges: Vec<(u64, u64)>,
}

/// Returns what all part files of a name hold.
pub(crate) fn read(program: &Path, directory: &Path) -> Vec<Claim> {
    let claims = PLACES.iter().filter_map(|place| {
        let part = directory.join(format!("file{place}"));
        if !part.exists() {
            return None;
        }
        let output = Command::new(program)
            .args(["inspect", "--json"])
            .arg(&part)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let seen: Value = serde_json::from_slice(&output.stdout).ok()?;
        let text = |key: &str| seen[key].as_str().map(str::to_owned);
        Some(Claim {
            place,
            length: seen["bytes"].as_u64()?,
            entity_tag: text("entity_tag"),
            last_modified: text("last_modified"),
            present: seen["present_bytes"].as_u64()?,
            ranges: serde_json::from_value(seen["present"].clone()).ok()?,
        })
    });
    claims.collect()
}

impl Claim {
    /// Returns whether a later run can tell that it is of the file that is served.
    fn can_be_continued(&self) -> bool {
        let is_strong = |tag: &String| !tag.starts_with("W/");
        self.entity_tag.as_ref().is_some_and(is_strong)
    }

    fn is_of(&self, other: &Self) -> bool {
        let is_alike = |one: &Option<String>, other: &Option<String>| match (one, other) {
            (Some(one), Some(other)) => one == other,
            _ => true,
        };
        self.length == other.length
            && is_alike(&self.entity_tag, &other.entity_tag)
            && is_alike(&self.last_modified, &other.last_modified)
    }
}

/// Returns what was claimed before and is not any more, without a newer file that is complete.
pub(crate) fn lost(before: &[Claim], after: &[Claim]) -> Option<String> {
    let held = |claim: &Claim| {
        let same = after.iter().filter(|later| later.is_of(claim));
        same.map(|later| later.present).max().unwrap_or(0)
    };
    // Older versions make way for one that is complete, just before that is published.
    let is_whole = |claim: &Claim| claim.place == PLACES[0] && claim.present == claim.length;
    if after.iter().any(is_whole) {
        return None;
    }
    let is_lost = |claim: &&Claim| claim.can_be_continued() && held(claim) < claim.present;
    let lost = before.iter().find(is_lost)?;
    // There are two places for older versions: a third takes that of the lesser.
    let is_crowded_out = after.len() == PLACES.len()
        && after
            .iter()
            .all(|later| later.place == PLACES[0] || later.present >= lost.present);
    (!is_crowded_out).then(|| format!("LOST: {lost:?} of {before:?}; now {after:?}"))
}

/// The name of the file that a run creates to see what new files here are like.
const PROBE: &str = "file.part.probe";

/// Returns what stands beside the final name and should not: anything when the download is over,
/// and else a file that no rest of one has. A kill may come between a part file and its journal,
/// and between the name of a probe, where a file must have one, and its removal; the next run that
/// publishes removes it.
pub(crate) fn stray(directory: &Path, is_over: bool, was_killed: bool) -> Option<String> {
    let entries = std::fs::read_dir(directory).unwrap();
    let names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    let is_rest = |name: &str| {
        let of_part = name.strip_suffix(".journal");
        let place = of_part.unwrap_or(name).strip_prefix("file");
        let has_both = of_part.is_some() || names.contains(&format!("{name}.journal"));
        place.is_some_and(|place| PLACES.contains(&place)) && (has_both || was_killed)
    };
    let stray = names
        .iter()
        .find(|name| *name != "file" && (is_over || !(is_rest(name) || *name == PROBE)));
    stray.map(|stray| format!("LEFT BEHIND: {stray} of {names:?}"))
}
