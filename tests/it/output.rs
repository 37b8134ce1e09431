//! The program's messages and exit codes.

use crate::support::files;
use crate::support::program::{self, get};
use crate::support::site::Site;

#[test]
fn usage_errors_exit_with_2_and_fetch_nothing() {
    for arguments in [
        &["get"][..],
        &["get", "--checksum", "md5=00", "http://127.0.0.1/x"],
        &["get", "--connections", "many", "http://127.0.0.1/x"],
        &["get", "--stall-timeout", "soon", "http://127.0.0.1/x"],
        &["get", "not a url"],
        &["get", "ftp://127.0.0.1/x"],
        &["get", "--no-such-option", "http://127.0.0.1/x"],
        &[
            "get",
            "-o",
            "one",
            "http://127.0.0.1/x",
            "http://127.0.0.1/y",
        ],
        &["get", "--header", "no colon", "http://127.0.0.1/x"],
    ] {
        let ran = program::run(arguments);
        assert_eq!(ran.code, Some(2), "{arguments:?}: {ran:?}");
        assert!(!ran.stderr.is_empty());
    }
}

#[test]
fn help_has_examples() {
    for arguments in [&["--help"][..], &["get", "--help"], &["serve", "--help"]] {
        let ran = program::run(arguments).expect(0);
        assert!(ran.stdout.contains("sheave"), "{ran:?}");
        assert!(ran.stdout.to_lowercase().contains("example"), "{ran:?}");
    }
}

#[test]
fn a_bare_url_means_get() {
    let site = Site::synthetic(Vec::new());
    let into = files::directory();
    let directory = into.path().to_str().unwrap();
    program::run([&site.url("/synthetic/1MiB"), "-d", directory]).expect(0);
    assert_eq!(files::names(into.path()), ["1MiB"]);
}

#[test]
fn quiet_says_nothing_and_plain_output_has_no_escape_codes() {
    let site = Site::synthetic(Vec::new());
    let url = site.url("/synthetic/30MiB");
    let into = files::directory();
    let directory = into.path().to_str().unwrap();
    let quiet = program::run(["get", "-q", "-d", directory, &url]).expect(0);
    assert_eq!((quiet.stdout.as_str(), quiet.stderr.as_str()), ("", ""));
    let plain = program::run(["get", "--overwrite", "-d", directory, &url]).expect(0);
    assert_eq!(plain.stdout, "");
    assert!(plain.stderr.contains("30MiB"), "{plain:?}");
    assert!(!plain.stderr.contains('\u{1b}'), "{plain:?}");
}

#[test]
fn every_json_line_is_an_object_and_the_last_has_every_field() {
    let site = Site::synthetic(Vec::new());
    let into = files::directory();
    let ran = get(&site.url("/synthetic/30MiB"), into.path(), &["-x", "3"]).expect(0);
    for line in ran.stdout.lines() {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(value["event"].is_string(), "{line}");
    }
    let done = ran.last_json();
    assert_eq!(done["event"], "done");
    for field in [
        "url",
        "path",
        "bytes",
        "elapsed_s",
        "resumed_bytes",
        "fetched_bytes",
        "wasted_bytes",
        "connections_peak",
        "requests",
        "retries",
        "verified",
    ] {
        assert!(!done[field].is_null(), "{field} is missing in {done}");
    }
    assert_eq!(ran.stderr, "");
}

#[test]
fn several_urls_each_get_their_chance() {
    let site = Site::synthetic(Vec::new());
    let into = files::directory();
    let directory = into.path().to_str().unwrap();
    let urls = ["/synthetic/1MiB", "/no-such-file", "/synthetic/2MiB"].map(|path| site.url(path));
    let ran = program::run(
        ["get", "-d", directory]
            .into_iter()
            .chain(urls.iter().map(|u| &**u)),
    );
    assert_eq!(ran.code, Some(4), "{ran:?}");
    assert_eq!(files::names(into.path()), ["1MiB", "2MiB"]);
}

#[test]
fn hostile_names_and_secrets_never_reach_the_terminal() {
    let site = Site::synthetic(Vec::new());
    let into = files::directory();
    let directory = into.path().to_str().unwrap();
    let path = "/%1b%5b2J%0aforged%20line%e2%80%ae.bin?token=hunter2";
    let url = site.url(path).replace("http://", "http://user:hunter3@");
    let ran = program::run(["get", "-v", "-d", directory, &url]).expect(4);
    let said = ran.stdout + &ran.stderr;
    assert!(
        !said.contains('\u{1b}') && !said.contains('\u{202e}'),
        "{said:?}"
    );
    assert!(!said.contains("\nforged"), "{said:?}");
    assert!(!said.contains("hunter"), "{said:?}");
}

#[test]
fn a_file_without_any_validator_is_said_to_rest_on_nothing() {
    use range_server::{Effect, Fault};
    let site = Site::synthetic(vec![Fault::always(Effect::OmitValidators)]);
    let into = files::directory();
    let url = site.url("/synthetic/1MiB");
    let ran = get(&url, into.path(), &[]).expect(0);
    assert_eq!(ran.last_json()["verified"], "none");
}
