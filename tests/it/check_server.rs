//! `sheave check-server` as people, programs and CI run it. What it finds in which server is in
//! `servers.rs`.

use std::fs::FileTimes;
use std::io::Write;
use std::process::Command;
use std::time::{Duration, SystemTime};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::serving::Serving;
use crate::support::{files, program, raw};

pub(crate) const FILE: &str = "checked.bin";

/// A directory with one file, old enough for every validator to be strong.
pub(crate) fn root() -> TempDir {
    let root = files::directory();
    // Servers that drop their privileges have to reach it.
    let everyone = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(root.path(), everyone).unwrap();
    let path = root.path().join(FILE);
    std::fs::write(&path, files::bytes(7, 20_000)).unwrap();
    let old = SystemTime::UNIX_EPOCH + Duration::from_hours(400_000);
    let file = std::fs::File::options().write(true).open(path).unwrap();
    file.set_times(FileTimes::new().set_modified(old)).unwrap();
    root
}

/// The exit code and the object that is written.
pub(crate) fn check(url: &str, more: &[&str]) -> (Option<i32>, Value) {
    let output = Command::new(program::path())
        .args(["check-server", "--json", url])
        .args(more)
        .output()
        .unwrap();
    let report = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
    (output.status.code(), report)
}

/// Returns what was found, as `name: what`.
fn findings(report: &Value) -> Vec<String> {
    let name = |row: &Value| row["name"].as_str().unwrap().to_owned();
    let rows = report["rows"].as_array().unwrap().iter();
    let of_rows = rows.map(|row| (name(row), &row["findings"]));
    let together = ["plain", "connection"].map(|name| (name.to_owned(), &report[name]));
    let each = together
        .into_iter()
        .chain(of_rows)
        .flat_map(|(name, findings)| {
            let findings = findings.as_array().unwrap().iter();
            findings.map(move |finding| format!("{name}: {}", finding["what"].as_str().unwrap()))
        });
    each.collect()
}

/// A server that knows neither ranges nor conditions, sends a tag with each reply, and ends after
/// so many requests.
fn bare(requests: usize) -> String {
    let number = std::sync::atomic::AtomicUsize::new(0);
    let content = files::bytes(3, 2000);
    raw::serve_at("127.0.0.1", move |head, stream| {
        let number = number.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        if number >= requests {
            // No reply, and none to come: the client is kept waiting no longer than it waits.
            stream.shutdown(std::net::Shutdown::Both)?;
            return Err(std::io::ErrorKind::ConnectionAborted.into());
        }
        let text = "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nETag: \"a\"\r\n\
                    Server: a<b&\"c\"\r\nContent-Length: 2000\r\n\r\n";
        stream.write_all(text.as_bytes())?;
        if head.starts_with("HEAD") {
            Ok(())
        } else {
            stream.write_all(&content)
        }
    })
}

#[test]
fn nothing_is_found_in_our_own_server() {
    let root = root();
    for options in [&[][..], &["--tls"]] {
        let mut serving = Serving::start(root.path(), options);
        let trust = options.contains(&"--tls").then(|| serving.next_line());
        let trust = trust.as_deref().map(|file| ["--cacert", file]);
        let more = trust.as_ref().map_or(&[][..], |both| &both[..]);
        let (exit, report) = check(&serving.url(&format!("/{FILE}")), more);
        assert_eq!(exit, Some(0), "{options:?}");
        assert_eq!(findings(&report), Vec::<String>::new(), "{options:?}");
        let rows = report["rows"].as_array().unwrap();
        assert!(rows.len() > 50);
        for row in rows {
            assert_eq!(row["asked"], true, "{row}");
            assert_eq!(row["status"], row["preferred"], "{row}");
        }
    }
}

#[test]
fn what_cannot_be_checked_has_its_exit_code() {
    let root = root();
    std::fs::write(root.path().join("short"), b"short").unwrap();
    let serving = Serving::start(root.path(), &[]);
    assert_eq!(check(&serving.url("/missing"), &[]).0, Some(4));
    assert_eq!(check(&serving.url("/short"), &[]).0, Some(4));
    assert_eq!(check("http://127.0.0.1:1/x", &[]).0, Some(3));
    assert_eq!(
        check("https://127.0.0.1:1/x", &[]).0,
        Some(3),
        "the system's authorities are known"
    );
    assert_eq!(check("ftp://127.0.0.1/x", &[]).0, Some(2));
    assert_eq!(
        check(&serving.url("/short"), &["--header", "Range: bytes=0-1"]).0,
        Some(2)
    );
}

#[test]
fn certificates_are_trusted_as_the_user_says() {
    let root = root();
    let mut serving = Serving::start(root.path(), &["--tls"]);
    let pem = serving.next_line();
    let url = serving.url(&format!("/{FILE}"));
    assert_eq!(check(&url, &[]).0, Some(3), "nobody vouches for it");
    for trust in [
        &["--insecure"][..],
        &["--cacert", &pem],
        &["--cacert", &pem, "--only-cacert"],
    ] {
        assert_eq!(check(&url, trust).0, Some(0), "{trust:?}");
    }
}

#[test]
fn people_read_three_answers_first_and_a_count_last() {
    let root = root();
    let serving = Serving::start(root.path(), &[]);
    let shown = program::run(["check-server", &serving.url(&format!("/{FILE}"))])
        .expect(0)
        .stdout;
    let lines: Vec<_> = shown.lines().collect();
    assert_eq!(lines.len(), 6, "{shown}");
    for (line, beginning) in lines.iter().zip([
        "a server that gives no name, a file of 20000 bytes",
        "Can a download resume?   yes: every range",
        "Can it be split?         yes: 8 of 8",
        "Can a change be noticed? yes: by its ETag",
        "Nothing is found.",
        "56 of 56 questions asked: 56 right",
    ]) {
        assert!(line.starts_with(beginning), "{line}");
    }
    let ran = program::run(["check-server", "--verbose", &bare(usize::MAX)]).expect(9);
    for line in [
        "Can a download resume?   no: ranges are ignored",
        "Can it be split?         no: there are no ranges",
        "Can a change be noticed? yes: by its ETag\n",
    ] {
        assert!(ran.stdout.contains(line), "{line}: {ran:?}");
    }
    counts_agree(&ran.stdout);
    let once = "| A recipient MUST use the weak comparison function";
    assert_eq!(ran.stdout.matches(once).count(), 1, "{ran:?}");
}

/// Each number is that of the lines it speaks of, and questions are counted once.
fn counts_agree(shown: &str) {
    let lines = |level: &str| {
        let of_level = shown.lines().filter(|line| line.starts_with(level));
        of_level.count()
    };
    let number = |text: &str| text.split(' ').next().unwrap().parse::<usize>().unwrap();
    let heading = shown
        .lines()
        .find(|line| line.contains(" kinds of findings: "));
    let (kinds, levels) = heading.unwrap().split_once(": ").unwrap();
    let mut sum = 0;
    for part in levels.split(", ") {
        let (count, level) = part.split_once(' ').unwrap();
        assert_eq!(lines(level).to_string(), count, "{level} in {shown}");
        sum += number(part);
    }
    assert_eq!(number(kinds), sum, "{shown}");
    let (asked, parts) = shown.lines().last().unwrap().split_once(": ").unwrap();
    assert_eq!(
        number(asked),
        parts.split(", ").map(number).sum::<usize>(),
        "{shown}"
    );
}

#[test]
fn a_server_that_ends_is_one_line() {
    let ran = program::run(["check-server", &bare(12)]).expect(3);
    let told: Vec<_> = ran
        .stdout
        .lines()
        .filter(|line| line.contains("gone since"))
        .collect();
    assert_eq!(told.len(), 1, "{ran:?}");
    assert!(!ran.stdout.contains("MUST"), "{ran:?}");
}

#[test]
fn programs_read_one_object_and_ci_a_file() {
    let into = files::directory();
    let junit = into.path().join("report.xml");
    let (exit, report) = check(&bare(usize::MAX), &["--junit", junit.to_str().unwrap()]);
    assert_eq!(exit, Some(9));
    assert_eq!(report["version"], 1);
    for name in [
        "url",
        "server",
        "ranges",
        "resumption",
        "parallel",
        "change",
        "counts",
    ] {
        assert!(!report[name].is_null(), "{name}: {report}");
    }
    for name in ["redirects", "caches", "plain", "connection", "rows"] {
        assert!(report[name].is_array(), "{name}: {report}");
    }
    assert!(report["gone"].is_null());
    let rows = report["rows"].as_array().unwrap();
    let broken = rows
        .iter()
        .find(|row| row["findings"][0]["level"] == "MUST")
        .unwrap();
    for name in ["document", "section", "rule", "what", "sentence"] {
        assert!(broken["findings"][0][name].is_string(), "{name}: {broken}");
    }
    let text = std::fs::read_to_string(junit).unwrap();
    let failures = rows.iter().filter(|row| {
        row["findings"]
            .as_array()
            .unwrap()
            .iter()
            .any(|finding| finding["level"] == "MUST")
    });
    assert_eq!(text.matches("<failure ").count(), failures.count());
    assert_eq!(text.matches("<testcase ").count(), rows.len() + 1);
    assert_eq!(
        check(&bare(usize::MAX), &["--junit", "/nonexistent/report.xml"]).0,
        Some(7)
    );
}
