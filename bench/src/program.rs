//! Owns building the program that is measured, and finding it where cargo says it is.
use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use super::checkout;
use super::failure::Failure;
use super::workdir::{WorkDirectory, stdout_of};

/// Builds the program as users get it, and copies it to where no other build replaces it.
pub(super) fn build(workdir: &WorkDirectory) -> Result<PathBuf, Failure> {
    let messages = stdout_of(checkout::command(
        "cargo",
        &[
            "build",
            "--release",
            "--package",
            "sheave",
            "--message-format",
            "json",
        ],
    ))?;
    let built = executable(&messages).ok_or_else(|| Failure::Command {
        command: "cargo build --release --package sheave".to_owned(),
        complaint: "no executable named sheave".to_owned(),
    })?;
    fs::copy(built, workdir.program()).map_err(Failure::io("copy the program"))?;
    Ok(workdir.program())
}

/// Where cargo's messages, one a line, say that the program is.
fn executable(messages: &str) -> Option<String> {
    let messages = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    messages
        .filter(|message| message["target"]["name"] == "sheave")
        .find_map(|message| message["executable"].as_str().map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::executable;

    #[test]
    fn the_executable_is_told_from_the_library_and_from_others() {
        let messages = r#"
            {"reason":"compiler-artifact","target":{"name":"other"},"executable":"/t/other"}
            {"reason":"compiler-artifact","target":{"name":"sheave"},"executable":null}
            {"reason":"compiler-artifact","target":{"name":"sheave"},"executable":"/t/sheave"}
            {"reason":"build-finished","success":true}"#;
        assert_eq!(executable(messages).as_deref(), Some("/t/sheave"));
        assert_eq!(executable("no JSON"), None);
    }
}
