//! Command lines as people type them in a shell. `typed/lines.txt` has those that are answered by
//! one line, and reach no network; `typed/understood.txt` those that save a file, and its name.

use std::path::Path;
use std::process::{Command, Output};

use crate::support::serving::Serving;
use crate::support::{files, program};

/// A line that was typed, and the exit code and the answer that it leads to.
struct Typed {
    line: &'static str,
    answer: &'static str,
}

fn lines(text: &'static str) -> impl Iterator<Item = Typed> {
    text.trim_end().split("\n\n").map(|pair| {
        let (line, answer) = pair.split_once('\n').unwrap();
        let line = line.strip_prefix("$ ").unwrap();
        Typed { line, answer }
    })
}

const ANSWERED: &str = include_str!("typed/lines.txt");
const UNDERSTOOD: &str = include_str!("typed/understood.txt");

fn typed(line: &str, directory: &Path) -> Output {
    let script = format!("sheave() {{ \"$0\" \"$@\"; }}; {line}");
    Command::new("sh")
        .arg("-c")
        .arg(script)
        .arg(program::path())
        .current_dir(directory)
        .env_clear()
        .output()
        .unwrap()
}

fn answered(line: &str, directory: &Path) -> String {
    let output = typed(line, directory);
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
    for typed in lines(ANSWERED) {
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
    for Typed { line, answer } in lines(ANSWERED) {
        assert!(
            !answer.contains("hush") && !answer.contains("secret"),
            "{line}"
        );
        let is_typed = line.contains("--no-resume");
        assert!(is_typed || !answer.contains("--no-resume"), "{line}");
    }
}

#[test]
fn what_means_the_same_elsewhere_is_understood() {
    let served = files::directory();
    std::fs::write(served.path().join("x"), "x").unwrap();
    let serving = Serving::start(served.path(), &[]);
    let (url, place) = (serving.url("/x"), format!("{}/x", serving.address()));
    let mut wrong = Vec::new();
    for Typed { line, answer } in lines(UNDERSTOOD) {
        let directory = files::directory();
        // `<URL:...>` is how RFC 3986 sets a URL apart.
        let full = line.replace("URL:", "\u{1}").replace("PLACE", &place);
        let full = full.replace("URL", &url).replace('\u{1}', "URL:");
        let output = typed(&full, directory.path());
        let names = files::names(directory.path());
        if !output.status.success() || names != [answer] {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            wrong.push(format!("$ {line}\n{names:?} {said}"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn a_mistake_is_answered_as_json_where_that_is_wanted() {
    let directory = files::directory();
    for (arguments, code, kind) in [
        ("--json --nope http://h/x", 2, "invalid"),
        ("get -k --json http://h/x", 2, "invalid"),
        ("--json -s 16 http://h/x", 2, "invalid"),
        ("--json example.org/x", 2, "invalid"),
        ("--json=true --quiet --verbose http://h/x", 2, "invalid"),
        ("--json -u bob http://h/x", 2, "invalid"),
        ("--json -o - http://h/x", 2, "invalid"),
        ("--json -o p/q http://h/x", 7, "disk"),
        ("inspect --json --nope", 2, "invalid"),
        ("inspect --json a.bin", 2, "invalid"),
        ("inspect --json nothing.part", 7, "disk"),
        ("inspect --json --verify nothing.part", 7, "disk"),
        ("check-server --json", 2, "invalid"),
        ("check-server --json example.org/x", 2, "invalid"),
        ("check-server --json --cacert none http://h/x", 2, "invalid"),
        ("check-server --json -H Range:0 http://h/x", 2, "invalid"),
        (
            "check-server --json http://127.0.0.1:1/x?y=hush",
            3,
            "network",
        ),
    ] {
        let output = typed(&format!("sheave {arguments}"), directory.path());
        assert_eq!(output.status.code(), Some(code), "{arguments}");
        let line: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(line["event"], "error", "{arguments}");
        assert_eq!(line["kind"], kind, "{arguments}");
        assert!(!said.contains("hush"), "{said}");
        assert_eq!(
            said,
            format!("sheave: {}\n", line["message"].as_str().unwrap())
        );
    }
    for arguments in [
        "--nope http://h/x",
        "-- --json",
        "inspect --nope",
        "serve --json",
    ] {
        let output = typed(&format!("sheave {arguments}"), directory.path());
        assert_eq!(
            (output.status.code(), output.stdout),
            (Some(2), vec![]),
            "{arguments}"
        );
    }
}
