//! `sheave serve` doing wrong on command: what a scenario file or a URL asks for, as curl meets it,
//! and what the log says about it.

use std::path::Path;
use std::time::{Duration, SystemTime};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::serving::{Serving, curl};
use crate::support::{files, program};

const SCENARIO: &str = r#"
seed = 7

[[fault]]
effect = "status:503"
retry-after = 2
path = "/busy.bin"
requests = "..=1"

[[fault]]
effect = "reset:@5000"
path = "/cut.bin"

[[fault]]
effect = "start-earlier:100"
resumed = true

[[fault]]
effect = "etag:weak"
method = "GET"
"#;

/// A directory with these files of 10 000 bytes, old enough for strong tags, and what is in each.
fn laid_out(names: &[&str]) -> (tempfile::TempDir, Vec<u8>) {
    let root = files::directory();
    let bytes = files::bytes(3, 10_000);
    for name in names {
        let path = root.path().join(name);
        std::fs::write(&path, &bytes).unwrap();
        let file = std::fs::File::options().write(true).open(path).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_hours(1))
            .unwrap();
    }
    (root, bytes)
}

/// Returns what curl prints, a head in lower case before the content, and its exit code.
fn fetch(url: &str, more: &[&str]) -> Option<(String, Vec<u8>, Option<i32>)> {
    let output = curl(&[&["-i", url], more].concat())?;
    let end = output.stdout.windows(4).position(|end| end == b"\r\n\r\n");
    let end = end.map_or(output.stdout.len(), |end| end + 4);
    let head = String::from_utf8_lossy(&output.stdout[..end]).to_ascii_lowercase();
    Some((head, output.stdout[end..].to_vec(), output.status.code()))
}

fn logged(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    let lines = text.lines().map(serde_json::from_str);
    lines.collect::<Result<_, _>>().unwrap()
}

#[test]
fn a_scenario_is_done_to_curl_and_the_log_names_every_fault() {
    let (root, bytes) = laid_out(&["busy.bin", "cut.bin", "plain.bin"]);
    let beside = files::directory();
    let (scenario, log) = (beside.path().join("wrong.toml"), beside.path().join("log"));
    std::fs::write(&scenario, SCENARIO).unwrap();
    let options = [
        "--scenario",
        scenario.to_str().unwrap(),
        "--log-json",
        log.to_str().unwrap(),
    ];
    let mut serving = Serving::start(root.path(), &options);

    let Some((head, ..)) = fetch(&serving.url("/busy.bin"), &[]) else {
        return;
    };
    assert!(head.starts_with("http/1.1 503"), "{head}");
    assert!(head.contains("retry-after: 2\r\n"), "{head}");
    let (head, content, _) = fetch(&serving.url("/busy.bin"), &[]).unwrap();
    assert!(head.starts_with("http/1.1 200"), "{head}");
    assert!(head.contains("etag: w/\""), "{head}");
    assert_eq!(content, bytes);

    let cut = serving.url("/cut.bin");
    let (_, content, exit) = fetch(&cut, &[]).unwrap();
    assert_eq!((content.len(), exit), (5000, Some(56)), "reset by peer");
    let (_, content, exit) = fetch(&cut, &["-r", "4990-5009"]).unwrap();
    assert_eq!(
        (content.len(), exit),
        (110, Some(56)),
        "counted in the file"
    );

    let plain = serving.url("/plain.bin");
    let (head, content, _) = fetch(&plain, &["-r", "1000-1009"]).unwrap();
    assert!(
        head.contains("content-range: bytes 900-1009/10000"),
        "{head}"
    );
    assert_eq!(content, bytes[900..1010]);
    let (head, ..) = fetch(&plain, &["-I"]).unwrap();
    assert!(head.contains("etag: \"") && !head.contains("w/"), "{head}");

    assert_eq!(serving.stop(Signal::TERM).code(), Some(0));
    let faults: Vec<Value> = logged(&log)
        .iter()
        .map(|record| record["faults"].clone())
        .collect();
    let expected = [
        json!(["status", "etag"]),
        json!(["etag"]),
        json!(["reset", "etag"]),
        json!(["reset", "start-earlier", "etag"]),
        json!(["start-earlier", "etag"]),
        json!([]),
    ];
    assert_eq!(faults, expected);
    assert_eq!(logged(&log)[2]["ending"], "cut");
    assert_eq!(logged(&log)[2]["sent_bytes"], 5000);
}

#[test]
fn each_mistake_in_a_scenario_is_one_line_with_its_number_and_exit_2() {
    let directory = files::directory();
    let file = directory.path().join("wrong.toml");
    for (text, expected) in [
        ("[[fault]]\neffect = ", "line 2: "),
        ("\nspeed = 1\n", "line 2: a scenario has no \"speed\""),
        ("seed = \"x\"", "line 1: seed is a number from 0 on"),
        ("\n[fault]\n", "line 2: fault is written [[fault]]"),
        ("[[fault]]\nevery = 2\n", "line 1: a fault needs effect"),
        (
            "[[fault]]\neffect = \"stal\"\n",
            "line 2: there is no fault \"stal\"",
        ),
        (
            "[[fault]]\neffect = \"delay\"\n",
            "line 2: delay needs a duration",
        ),
        (
            "[[fault]]\neffect = \"gzip:1\"\n",
            "line 2: gzip takes no argument",
        ),
        (
            "[[fault]]\neffect = \"rate:0\"\n",
            "line 2: rate is a size a second",
        ),
        (
            "[[fault]]\neffect = \"gzip\"\nwhenever = 1\n",
            "line 3: gzip has no option \"whenever\"",
        ),
        (
            "[[fault]]\neffect = \"gzip\"\n\nprobability = 1.5\n",
            "line 4: probability is a number from 0 to 1",
        ),
        (
            "[[fault]]\neffect = \"gzip\"\npath = []\n",
            "line 3: a value is a text, a number or true",
        ),
        (
            "[[fault]]\neffect = \"gzip\"\nrequests = 1\nrequests = 2\n",
            "line 4: duplicate key",
        ),
        ("# \u{1b}[31m\n", "line 1: "),
    ] {
        std::fs::write(&file, text).unwrap();
        let ran = program::run(["serve", "--scenario", file.to_str().unwrap()]).expect(2);
        assert!(ran.stderr.contains(expected), "{text:?}: {ran:?}");
        assert_eq!(ran.stderr.lines().count(), 1, "{text:?}: {ran:?}");
        assert!(!ran.stderr.contains('\u{1b}'), "{text:?}: {ran:?}");
        assert_eq!(ran.stdout, "", "nothing is served");
    }
    let missing = directory.path().join("missing.toml");
    let ran = program::run(["serve", "--scenario", missing.to_str().unwrap()]).expect(2);
    assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
}

#[test]
fn a_url_asks_for_faults_on_files_and_on_synthetic_content() {
    let (root, bytes) = laid_out(&["a.bin"]);
    let serving = Serving::start(root.path(), &["--faults"]);
    for (path, bytes) in [
        ("/a.bin", bytes),
        ("/synthetic/10000?seed=5", files::bytes(5, 10_000)),
    ] {
        let sign = if path.contains('?') { '&' } else { '?' };
        let url = |faults: &str| serving.url(&format!("{path}{sign}{faults}"));
        let Some((head, content, _)) = fetch(&url("fault=ignore-range"), &["-r", "5-9"]) else {
            return;
        };
        assert!(head.starts_with("http/1.1 200"), "{path}: {head}");
        assert_eq!(content, bytes, "{path}");

        let (_, content, exit) = fetch(&url("fault=cut:777"), &[]).unwrap();
        assert_eq!(
            (content.as_slice(), exit),
            (&bytes[..777], Some(18)),
            "{path}"
        );

        let stall = url("fault=stall:1KiB");
        let (_, content, exit) = fetch(&stall, &["--max-time", "0.5"]).unwrap();
        assert_eq!((content.len(), exit), (1024, Some(28)), "{path}");

        let (_, content, _) = fetch(&url("fault=corrupt:12"), &["-r", "10-19"]).unwrap();
        assert_eq!(content[2], bytes[12] ^ 1, "{path}");
        assert_eq!(
            (&content[..2], &content[3..]),
            (&bytes[10..12], &bytes[13..20])
        );

        let once = url("fault=redirect:once&id=1");
        let (head, content, _) = fetch(&once, &["-L"]).unwrap();
        assert!(head.starts_with("http/1.1 302"), "{path}: {head}");
        assert!(content.ends_with(&bytes), "{path}");

        let (head, explanation, _) = fetch(&url("fault=stal"), &[]).unwrap();
        assert!(head.starts_with("http/1.1 400"), "{path}: {head}");
        assert!(explanation.starts_with(b"there is no fault"), "{path}");
    }
}
