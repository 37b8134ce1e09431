//! Owns where the checkout is, and how a command is run in it. Knows nothing of what is measured.
use std::path::Path;
use std::process::Command;

/// The directory of the workspace's manifest, wherever the command is run from.
pub(super) fn root() -> &'static Path {
    let bench = Path::new(env!("CARGO_MANIFEST_DIR"));
    bench
        .parent()
        .expect("the package is a directory of the workspace")
}

/// A command line that runs in the workspace's root.
pub(super) fn command(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(root());
    command
}
