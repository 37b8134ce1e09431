//! Credentials reach the origin they are for and nobody else, and secrets are never shown.

use std::path::Path;
use std::process::Command;

use range_core::units::BytesPerSecond;
use range_server::{Effect, Fault, RequestRecord};

use crate::support::files;
use crate::support::program::{self, Ran, get};
use crate::support::site::Site;
use crate::support::wait;

const MIB: u64 = 1 << 20;

/// `aladdin:sesame` in Base64.
const LOGIN: &str = "YWxhZGRpbjpzZXNhbWU=";

fn redirect(path: &str, to: &str) -> Fault {
    Fault::always(Effect::RedirectTo(to.parse().unwrap())).at(path)
}

fn write(directory: &Path, name: &str, content: &str) -> String {
    let path = directory.join(name);
    std::fs::write(&path, content).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Everything a user can tell a server about himself, in ways that are not on the command line.
fn all_secrets(directory: &Path) -> Vec<String> {
    let password = write(directory, "password", "sesame\n");
    let headers = write(directory, "headers", "X-Api-Key: hunter2\n");
    let cookie = write(directory, "cookie", "id=hunter3\n");
    [
        "--user",
        "aladdin",
        "--password-file",
        &password,
        "--header",
    ]
    .map(str::to_owned)
    .into_iter()
    .chain([
        format!("@{headers}"),
        "--cookie".to_owned(),
        format!("@{cookie}"),
    ])
    .collect()
}

fn told(request: &RequestRecord) -> [Option<String>; 3] {
    ["authorization", "x-api-key", "cookie"].map(|name| request.header(name).map(str::to_owned))
}

fn everything() -> [Option<String>; 3] {
    [
        format!("Basic {LOGIN}"),
        "hunter2".to_owned(),
        "id=hunter3".to_owned(),
    ]
    .map(Some)
}

const NOTHING: [Option<String>; 3] = [None, None, None];

/// Fetches with all secrets over four connections.
fn get_with_secrets(url: &str) -> Ran {
    let into = files::directory();
    let secrets = all_secrets(into.path());
    let more: Vec<&str> = secrets
        .iter()
        .map(String::as_str)
        .chain(["-x", "4"])
        .collect();
    get(url, into.path(), &more)
}

#[test]
fn the_program_says_its_name() {
    let site = Site::synthetic(Vec::new());
    let into = files::directory();
    get(&site.url("/synthetic/20MiB"), into.path(), &["-x", "2"]).expect(0);
    let name = concat!("sheave/", env!("CARGO_PKG_VERSION"));
    for request in site.requests() {
        assert_eq!(request.header("user-agent"), Some(name));
    }
    assert!(!site.requests().is_empty());
}

#[test]
fn every_request_to_the_origin_has_the_credentials_and_redirects_there_keep_them() {
    let site = Site::synthetic(vec![
        redirect("/a", "/b"),
        redirect("/b", "/synthetic/30MiB"),
    ]);
    get_with_secrets(&site.url("/a")).expect(0);
    let requests = site.requests();
    assert!(requests.len() >= 5, "{}", requests.len());
    for request in requests {
        assert_eq!(told(&request), everything(), "{}", request.path);
        assert_eq!(request.header("referer"), None);
    }
}

#[test]
fn a_redirect_to_another_origin_loses_them_for_good() {
    // Another port is another origin; a -> b -> a does not bring them back.
    let back = Site::synthetic(Vec::new());
    let far = Site::synthetic(vec![redirect("/hop", &back.url("/synthetic/30MiB"))]);
    let far_url = far.url("/hop").replace("http://", "http://us:er@");
    let near = Site::synthetic(vec![redirect("/start", &far_url)]);
    get_with_secrets(&near.url("/start")).expect(0);
    assert_eq!(
        near.requests().iter().map(told).collect::<Vec<_>>(),
        [everything()]
    );
    // User and password of a Location are of whoever wrote it, and for that place alone.
    for request in far.requests() {
        let theirs = Some("Basic dXM6ZXI=".to_owned());
        assert_eq!(told(&request), [theirs, None, None], "{}", request.path);
    }
    for request in back.requests() {
        assert_eq!(told(&request), NOTHING, "{}", request.path);
    }
    assert!(back.requests().len() >= 3);
}

#[test]
fn coming_back_to_the_origin_does_not_bring_them_back() {
    let near_port = wait::free_port();
    let near_url = format!("http://127.0.0.1:{near_port}/synthetic/30MiB");
    let far = Site::synthetic(vec![redirect("/hop", &near_url)]);
    let near = Site::at(
        ("127.0.0.1", near_port),
        vec![redirect("/start", &far.url("/hop"))],
    );
    get_with_secrets(&near.url("/start")).expect(0);
    for request in near.requests() {
        let expected = if request.path == "/start" {
            everything()
        } else {
            NOTHING
        };
        assert_eq!(told(&request), expected, "{}", request.path);
    }
    assert!(
        far.requests()
            .iter()
            .all(|request| told(request) == NOTHING)
    );
}

#[test]
fn a_login_comes_from_the_url_a_netrc_or_a_token() {
    let site = Site::synthetic(Vec::new());
    let plain = site.url("/synthetic/1MiB");
    let in_url = plain.replace("http://", "http://aladdin:ses%61me@");
    let kept = files::directory();
    let netrc = write(
        kept.path(),
        "netrc",
        "machine 127.0.0.1\n login aladdin password sesame\n",
    );
    let other = write(
        kept.path(),
        "other",
        "machine localhost login x password y\ndefault password z\n",
    );
    let token = write(kept.path(), "token", "t0k.en\n");
    let basic = format!("Basic {LOGIN}");
    for (url, more, expected) in [
        (&in_url, vec![], Some(basic.as_str())),
        (&plain, vec!["--netrc-file", &netrc], Some(&basic)),
        (&plain, vec!["--netrc-file", &other], None),
        (&plain, vec!["--bearer-file", &token], Some("Bearer t0k.en")),
        (
            &plain,
            vec!["--bearer-env", "TOKEN_OF_TEST"],
            Some("Bearer from.env"),
        ),
        (&plain, vec![], None),
    ] {
        let into = files::directory();
        let mut command = Command::new(program::path());
        command
            .args(["get", url, "-d"])
            .arg(into.path())
            .args(&more);
        command
            .env("TOKEN_OF_TEST", "from.env")
            .env("NETRC", &netrc);
        program::start_command(command).finish().expect(0);
        let requests = site.requests();
        assert_eq!(
            requests.last().unwrap().header("authorization"),
            expected,
            "{more:?}"
        );
    }
}

#[test]
fn two_logins_or_two_origins_are_usage_errors() {
    let site = Site::synthetic(Vec::new());
    let (one, kept) = (site.url("/synthetic/1MiB"), files::directory());
    let token = write(kept.path(), "token", "t0k.en\n");
    let with_user = one.replace("http://", "http://a:b@");
    let elsewhere = one.replace("127.0.0.1", "localhost");
    for arguments in [
        &["get", &with_user, "--bearer-file", &token][..],
        &[
            "get",
            &one,
            "--bearer-file",
            &token,
            "--header",
            "authorization: x",
        ],
        &["get", &with_user, "--header", "authorization: x"],
        &["get", &one, &elsewhere, "--bearer-file", &token],
        &["get", &one, "--user", "a:b"],
    ] {
        let ran = program::run(arguments).expect(2);
        assert!(!ran.stderr.contains("t0k"), "{ran:?}");
    }
    assert!(site.requests().is_empty());
}

/// Returns what a run said, and all it left in a directory, names and contents, as text: the search
/// in text is optimized in a debug build too.
fn traces(ran: &Ran, directory: &Path) -> String {
    let mut all = [ran.stdout.as_str(), &ran.stderr].concat();
    for name in files::names(directory) {
        all.push_str(&name);
        let contents = std::fs::read(directory.join(name)).unwrap();
        all.push_str(&String::from_utf8_lossy(&contents));
    }
    all
}

fn assert_clean(traces: &str, secrets: &[&str], what: &str) {
    for secret in secrets {
        let found = traces.find(secret);
        let around = found.map(|at| traces[..at].chars().rev().take(80).collect::<String>());
        assert!(
            found.is_none(),
            "{what} has {secret} after, backwards, {around:?}"
        );
    }
}

/// All that the run below is told, or sent, in confidence.
const SECRETS: &[&str] = &[
    "sesame",
    LOGIN,
    "hunter2",
    "hunter3",
    "urlpass",
    "queryval",
    "proxpass",
    "locpass",
    "7766554433",
];

#[test]
fn secrets_are_in_no_output_no_journal_and_no_command_line() {
    let slow = Fault::always(Effect::Rate(BytesPerSecond(2 * MIB))).at("/synthetic/16MiB");
    let target = "http://locuser:locpass@127.0.0.1:PORT/synthetic/16MiB?seed=7766554433";
    let far_port = wait::free_port();
    let far = Site::at(("127.0.0.1", far_port), vec![slow]);
    let near = Site::synthetic(vec![redirect(
        "/16MiB",
        &target.replace("PORT", &far_port.to_string()),
    )]);
    let proxy = crate::support::proxy::Proxy::http(None);
    let kept = files::directory();
    let mut arguments = all_secrets(kept.path());
    for more in ["-v", "-x", "3", "--max-tries", "2", "--stall-timeout", "2s"] {
        arguments.push(more.to_owned());
    }
    let url = near.url("/16MiB?token=queryval");
    let through = format!("http://proxuser:proxpass@{}", proxy.authority());
    for form in [&[][..], &["--json"]] {
        let into = files::directory();
        let mut command = Command::new(program::path());
        command
            .arg("get")
            .arg(&url)
            .args(&arguments)
            .args(form)
            .arg("-d")
            .arg(into.path());
        command.env("http_proxy", &through);
        let running = program::start_command(command);
        let part = into.path().join("16MiB.part");
        wait::until("the first blocks", || {
            let journal = std::fs::metadata(into.path().join("16MiB.part.journal")).ok()?;
            (journal.len() > 600).then_some(())
        });
        let seen = std::fs::read(format!("/proc/{}/cmdline", running.id())).unwrap();
        assert_clean(
            &String::from_utf8_lossy(&seen),
            &["sesame", LOGIN, "hunter", "proxpass"],
            "the command line",
        );
        let killed = running.kill();
        assert_clean(
            &traces(&killed, into.path()),
            SECRETS,
            "a run that was killed",
        );
        let inspected = [&[][..], &["--json"]].map(|form| inspect(&part, form));
        for ran in &inspected {
            assert_clean(&traces(ran, into.path()), SECRETS, "inspect");
        }
    }
    drop(far);
    // Nobody is there any more, so that every kind of error is told.
    let into = files::directory();
    for form in [&[][..], &["--json"]] {
        let mut command = Command::new(program::path());
        command
            .arg("get")
            .arg(&url)
            .args(&arguments)
            .args(form)
            .arg("-d")
            .arg(into.path());
        let failed = program::start_command(command).finish();
        assert_ne!(failed.code, Some(0));
        assert_clean(&traces(&failed, into.path()), SECRETS, "a run that failed");
    }
    for bad in [
        "http://us:urlpass@127.0.0.1:99999/",
        "ftp://us:urlpass@h/",
        "http://us:url%0Apass@h/?queryval",
    ] {
        let refused = program::run(["get", bad]).expect(2);
        assert_clean(&traces(&refused, into.path()), SECRETS, bad);
    }
}

fn inspect(part: &Path, form: &[&str]) -> Ran {
    let arguments = ["inspect"].into_iter().chain(form.iter().copied());
    program::run(
        arguments
            .map(Into::into)
            .chain([part.as_os_str().to_owned()]),
    )
    .expect(0)
}
