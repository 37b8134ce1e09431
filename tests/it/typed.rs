//! Command lines as people type them in a shell, and the one line that answers each. They are in
//! `typed/lines.txt`; none of them reaches a network.

use std::process::Command;

use crate::support::{files, program};

/// A line that was typed, and the exit code and the answer that it leads to.
struct Typed {
    line: &'static str,
    answer: &'static str,
}

fn lines() -> impl Iterator<Item = Typed> {
    let text = include_str!("typed/lines.txt");
    text.trim_end().split("\n\n").map(|pair| {
        let (line, answer) = pair.split_once('\n').unwrap();
        let line = line.strip_prefix("$ ").unwrap();
        Typed { line, answer }
    })
}

fn answered(line: &str, directory: &std::path::Path) -> String {
    let script = format!("sheave() {{ \"$0\" \"$@\"; }}; {line}");
    let output = Command::new("sh")
        .arg("-c")
        .arg(script)
        .arg(program::path())
        .current_dir(directory)
        .env_clear()
        .output()
        .unwrap();
    let code = output.status.code().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.stdout, b"", "{line}");
    let text = text.strip_prefix("sheave: ").unwrap_or(&text);
    format!("{code} {}", text.trim_end_matches('\n'))
}

#[test]
fn every_line_is_answered_in_one_line() {
    let directory = files::directory();
    let mut wrong = Vec::new();
    for typed in lines() {
        let answer = answered(typed.line, directory.path());
        if answer != typed.answer {
            wrong.push(format!("$ {}\n{answer}\n", typed.line));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    let left = files::names(directory.path());
    assert!(left.is_empty(), "files were made: {left:?}");
}

#[test]
fn no_answer_repeats_a_secret_or_advises_to_give_up_what_is_there() {
    for Typed { line, answer } in lines() {
        assert!(
            !answer.contains("hush") && !answer.contains("secret"),
            "{line}"
        );
        let is_typed = line.contains("--no-resume");
        assert!(is_typed || !answer.contains("--no-resume"), "{line}");
    }
}
