//! Programs people have, as clients of ours: each resumes, splits or seeks in its own way.

use std::process::{Command, Output};
use std::time::{Duration, SystemTime};

use crate::support::files;
use crate::support::site::Site;

/// Longer than the pieces any of them reads ahead.
const LENGTH: usize = 40 << 20;

fn run(program: &str, arguments: &[&str]) -> Option<Output> {
    let output = Command::new(needs::program(program)?)
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "{program}: {output:?}");
    Some(output)
}

/// A site with one settled file, and what is in it.
fn site() -> (tempfile::TempDir, Site, Vec<u8>) {
    let root = files::directory();
    let path = root.path().join("a.bin");
    let bytes = files::bytes(7, LENGTH);
    std::fs::write(&path, &bytes).unwrap();
    let file = std::fs::File::options().write(true).open(&path).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_mins(1))
        .unwrap();
    let site = Site::of(root.path(), Vec::new());
    (root, site, bytes)
}

#[test]
fn wget_resumes_and_asks_whether_anything_is_new() {
    let (_root, site, bytes) = site();
    let into = files::directory();
    let directory = into.path().to_str().unwrap();
    let saved = into.path().join("a.bin");
    std::fs::write(&saved, &bytes[..10_000_000]).unwrap();
    let url = site.url("/a.bin");
    let common = ["-q", "--tries=1", "--timeout=60", "-P", directory];
    if run("wget", &[&common[..], &["-c", &url]].concat()).is_none() {
        return;
    }
    assert!(std::fs::read(&saved).unwrap() == bytes);
    run("wget", &[&common[..], &["-N", &url]].concat());
    let records = site.requests();
    assert_eq!(records[0].range(), Some("bytes=10000000-"));
    let statuses: Vec<u16> = records
        .iter()
        .map(|record| record.status.as_u16())
        .collect();
    assert_eq!(statuses, [206, 304]);
}

#[test]
fn curl_resumes_and_compares_tags() {
    let (_root, site, bytes) = site();
    let into = files::directory();
    let saved = into.path().join("a.bin");
    std::fs::write(&saved, &bytes[..10_000_000]).unwrap();
    let (url, path) = (site.url("/a.bin"), saved.to_str().unwrap());
    let tag = into.path().join("tag");
    let tag = tag.to_str().unwrap();
    let common = ["-sS", "--max-time", "60", "-o", path];
    let resume = ["-C", "-", "--etag-save", tag, &url];
    if run("curl", &[&common[..], &resume].concat()).is_none() {
        return;
    }
    assert!(std::fs::read(&saved).unwrap() == bytes);
    run(
        "curl",
        &[&common[..], &["--etag-compare", tag, &url]].concat(),
    );
    let statuses: Vec<u16> = site
        .requests()
        .iter()
        .map(|record| record.status.as_u16())
        .collect();
    assert_eq!(statuses, [206, 304]);
}

#[test]
fn aria2_gets_a_file_in_pieces() {
    let (_root, site, bytes) = site();
    let into = files::directory();
    let directory = into.path().to_str().unwrap();
    let url = site.url("/a.bin");
    let arguments = [
        "-q",
        "-x8",
        "-s8",
        "-k1M",
        "--no-conf",
        "-d",
        directory,
        &url,
    ];
    if run("aria2c", &arguments).is_none() {
        return;
    }
    assert!(std::fs::read(into.path().join("a.bin")).unwrap() == bytes);
    let records = site.requests();
    let pieces = records.iter().filter(|record| record.status == 206).count();
    assert!(pieces >= 4, "{pieces} of {} requests", records.len());
}

/// As video players do: the head of the file, then a place in the middle.
#[test]
fn ffmpeg_seeks() {
    let root = files::directory();
    let seconds = 200;
    let samples = files::bytes(9, seconds * 88_200);
    let mut wave = files::wave_head(u32::try_from(samples.len()).unwrap());
    wave.extend_from_slice(&samples);
    std::fs::write(root.path().join("a.wav"), &wave).unwrap();
    let site = Site::of(root.path(), Vec::new());
    let url = site.url("/a.wav");
    let arguments = [
        "-v", "error", "-nostdin", "-ss", "150", "-i", &url, "-t", "1", "-f", "s16le", "-",
    ];
    let Some(output) = run("ffmpeg", &arguments) else {
        return;
    };
    assert!(output.stdout == samples[150 * 88_200..151 * 88_200]);
    let sought = site.requests().into_iter().filter_map(|record| {
        let start = record.range()?.strip_prefix("bytes=")?.split('-').next()?;
        (record.status == 206).then(|| start.parse::<u64>().unwrap())
    });
    let furthest = sought.max();
    assert!(furthest > Some(10_000_000), "{furthest:?}");
}
