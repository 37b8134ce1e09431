//! Owns how the dependencies are judged: by cargo-deny, as far as it is here and reaches what it
//! needs. What is allowed is in deny.toml.
use crate::outcome::Outcome;
use crate::workspace::{self, Failure};

/// The command that runs it alone.
pub(crate) const LINE: &str = "cargo deny check";
/// It fetches over the network, which may take any time to say no.
const FETCH: &[&str] = &["60", "cargo", "deny", "fetch", "db"];
/// The checks that need no network.
const HERE: &[&str] = &["deny", "check", "bans", "licenses", "sources"];

/// Checks everything, or everything but the advisories where their database cannot be had.
pub(crate) fn check() -> Result<Outcome, Failure> {
    let is_there = workspace::command("cargo-deny", &["--version"]).output();
    if !is_there.is_ok_and(|output| output.status.success()) {
        if workspace::is_ci() {
            return Err(Failure::Unmet {
                programs: "cargo-deny".to_owned(),
            });
        }
        return Ok(Outcome::Skipped("cargo-deny is not installed".to_owned()));
    }
    let fetched = workspace::command("timeout", FETCH).output();
    if fetched.is_ok_and(|output| output.status.success()) {
        workspace::run(workspace::command("cargo", &["deny", "check"]), LINE)?;
        return Ok(Outcome::Passed);
    }
    workspace::run(workspace::command("cargo", HERE), LINE)?;
    Ok(Outcome::Partly(
        "advisories were NOT CHECKED: their database cannot be reached".to_owned(),
    ))
}
