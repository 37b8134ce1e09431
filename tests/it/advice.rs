//! The end of the line for people: what to do next, where the failure was of the network, the
//! server or the disk.

use crate::support::program;
use crate::support::site::Site;
use crate::support::versioned::faults;
use crate::support::{files, wait};

/// Runs `get` with these arguments in an empty directory, and returns its last line.
fn told(url: &str, more: &[&str], code: i32) -> String {
    let into = files::directory();
    let directory = into.path().to_str().unwrap();
    let mut arguments = vec!["get", "-q", "-d", directory, url];
    arguments.extend(more);
    let ran = program::run(arguments).expect(code);
    ran.stderr.lines().last().unwrap().to_owned()
}

#[test]
fn the_line_ends_with_what_to_do_next() {
    let nowhere = "http://127.0.0.1:1";
    for (fault, path, more, code, end) in [
        (
            "status:401",
            "/synthetic/1MiB",
            &[][..],
            4,
            "; the login is missing or wrong; --user, --bearer-file and --netrc log in",
        ),
        (
            "status:400",
            "/synthetic/1MiB",
            &[],
            4,
            "; check the URL, or ask for a new one: a link may expire",
        ),
        (
            "status:407",
            "/synthetic/1MiB",
            &[],
            4,
            "; --proxy, --proxy-user and --proxy-password-file log in there",
        ),
        (
            "status:511",
            "/synthetic/1MiB",
            &["--max-tries", "1"],
            3,
            "; the network wants a login first: open any page in a browser",
        ),
        (
            "status:503",
            "/synthetic/1MiB",
            &["--max-tries", "1"],
            3,
            "; the fault is the server's; try again later",
        ),
        (
            "rate:1GiB",
            "/synthetic/1MiB",
            &["--max-size", "100KiB"],
            4,
            "1.00 MiB, more than the 100 KiB that are allowed; --max-size allows more",
        ),
        (
            "content-length:chunked",
            "/synthetic/1MiB",
            &["--max-size", "100KiB"],
            4,
            "; --max-size allows more",
        ),
        (
            "rate:1GiB",
            "/synthetic/1MiB",
            &["--max-tries", "1", "--proxy", nowhere],
            3,
            "; --proxy sets another one, --proxy-user logs in there, --no-proxy uses none",
        ),
    ] {
        let site = Site::synthetic(faults(&[fault]));
        let line = told(&site.url(path), more, code);
        assert!(line.ends_with(end), "{fault} {more:?}: {line}");
    }
    for url in ["http://127.0.0.1:1/x", "http://nowhere.invalid/x"] {
        let line = told(url, &["--max-tries", "1"], 3);
        let end = "; check the host, the port and the network";
        assert!(line.ends_with(end), "{line}");
    }
}

#[test]
fn who_finds_another_process_at_the_file_is_told_to_wait() {
    let site = Site::synthetic(faults(&["rate:64KiB"]));
    let into = files::directory();
    let url = site.url("/synthetic/1MiB");
    let first = program::start_get(&url, into.path(), &[]);
    let journal = into.path().join("1MiB.part.journal");
    wait::until("the journal", || journal.exists().then_some(()));
    let directory = into.path().to_str().unwrap();
    let ran = program::run(["get", "-d", directory, &url]).expect(8);
    let end = "; wait until that ends, or save under another name with -o NAME\n";
    assert!(ran.stderr.ends_with(end), "{ran:?}");
    drop(first);
}

#[test]
fn a_list_of_logins_that_is_optional_need_not_exist() {
    let site = Site::synthetic(Vec::new());
    let url = site.url("/synthetic/1KiB");
    let into = files::directory();
    let directory = into.path().to_str().unwrap();
    let missing = into.path().join("netrc");
    let missing = missing.to_str().unwrap();
    let arguments = ["get", "-d", directory, "--netrc-file", missing, &url];
    program::run(arguments).expect(2);
    program::run(arguments.iter().chain(&["--netrc-optional"])).expect(0);
}
