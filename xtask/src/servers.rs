//! Owns how the page that compares servers is written anew. Knows nothing of what is in it: the
//! tests that hold it to what is installed write it when they are told to.
use crate::workspace::{self, Failure};

/// The packages that only npm has, and where the tests look for them.
const PACKAGES: &[&str] = &["http-server", "serve", "sirv-cli"];
const PEERS: &str = "target/peers";

/// The test that asks them.
const TEST: &str = "servers::the_figures_are_what_servers_answer";

/// Brings what can be brought, and asks all that is installed.
pub(crate) fn run() -> Result<(), Failure> {
    let mut line = vec![
        "install",
        "--silent",
        "--no-audit",
        "--no-fund",
        "--prefix",
        PEERS,
    ];
    line.extend(PACKAGES);
    if workspace::run(workspace::command("npm", &line), "npm install").is_err() {
        println!(
            "NOT MET: {} are not asked, as npm could not bring them",
            PACKAGES.join(", ")
        );
    }
    let test = [
        "test",
        "-p",
        "sheave-tests",
        "--test",
        "it",
        "--",
        "--exact",
        TEST,
    ];
    let mut command = workspace::command("cargo", &test);
    command.env("SHEAVE_WRITE_SERVERS", "1");
    workspace::run(command, "cargo test servers")
}
