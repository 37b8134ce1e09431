//! Servers that misbehave. Exit 0 always means an identical file; otherwise there is none.

use std::path::Path;
use std::time::Duration;

use range_core::units::ByteCount;
use range_server::synthetic::{self, Seed};
use range_server::{Effect, Fault, Position, StatusBody, Stop};

use crate::support::files;
use crate::support::program::{Ran, get};
use crate::support::site::Site;

const MIB: u64 = 1 << 20;

/// Fetches 40 MiB from a server with faults over four connections.
fn fetch(faults: Vec<Fault>, into: &Path) -> Ran {
    let site = Site::synthetic(faults);
    get(&site.url("/synthetic/40MiB?seed=4"), into, &["-x", "4"])
}

/// Fetches from a server with faults that must not keep the file from arriving.
fn arrives(faults: Vec<Fault>) -> Ran {
    let into = files::directory();
    let ran = fetch(faults, into.path()).expect(0);
    let digest = files::hex(&synthetic::sha256(Seed(4), ByteCount(40 * MIB)));
    assert_eq!(files::sha256(&into.path().join("40MiB")), digest);
    assert_eq!(files::names(into.path()), ["40MiB"]);
    ran
}

/// Fetches from a server with faults nobody can help.
fn fails(faults: Vec<Fault>, code: i32) -> Ran {
    let into = files::directory();
    let ran = fetch(faults, into.path()).expect(code);
    assert!(!into.path().join("40MiB").exists());
    assert_eq!(ran.last_json()["event"], "error");
    assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
    ran
}

fn status(code: u16, retry_after: Option<Duration>) -> Effect {
    let code = code.try_into().unwrap();
    let retry_after = retry_after.map(Into::into);
    Effect::Status {
        code,
        retry_after,
        body: StatusBody::Text,
    }
}

#[test]
fn ranges_ignored_by_all_but_the_first_reply_end_in_one_stream() {
    arrives(vec![Fault::on(2.., Effect::IgnoreRange)]);
}

#[test]
fn ranges_ignored_once_cost_one_retry() {
    let ran = arrives(vec![Fault::on(2..=2, Effect::IgnoreRange)]);
    assert_eq!(ran.number("retries"), 1);
    assert_eq!(ran.number("fetched_bytes"), 40 * MIB);
}

#[test]
fn replies_that_start_elsewhere_are_never_written() {
    arrives(vec![Fault::on(2..=4, Effect::StartEarlier(ByteCount(512)))]);
    arrives(vec![Fault::on(2.., Effect::StartEarlier(ByteCount(512)))]);
}

#[test]
fn connections_that_are_cut_are_replaced_and_no_byte_is_lost() {
    let ran = arrives(vec![Fault::on(
        1..=12,
        Effect::Stop(Stop::Cut, Position::After(ByteCount(MIB + 333))),
    )]);
    assert_eq!(ran.number("fetched_bytes"), 40 * MIB);
}

#[test]
fn a_plain_stream_that_is_cut_starts_over() {
    let cut = Fault::on(
        1..=2,
        Effect::Stop(Stop::Cut, Position::After(ByteCount(7 * MIB))),
    );
    arrives(vec![Fault::always(Effect::IgnoreRange), cut]);
}

#[test]
fn a_busy_server_is_asked_again_when_it_said() {
    let second = Duration::from_secs(1);
    let ran = arrives(vec![Fault::on(1..=1, status(503, Some(second)))]);
    assert!(
        ran.last_json()["elapsed_s"].as_f64().unwrap() >= 1.0,
        "{ran:?}"
    );
    arrives(vec![Fault::on(2..=5, status(503, Some(second)))]);
    arrives(vec![Fault::on(3..=4, status(429, None))]);
}

#[test]
fn refusals_say_the_status_and_exit_with_4() {
    for code in [401, 403, 404, 410, 451] {
        let ran = fails(vec![Fault::always(status(code, None))], 4);
        assert!(ran.stderr.contains(&code.to_string()), "{ran:?}");
    }
}

#[test]
fn a_redirect_target_that_expires_is_asked_for_again() {
    // The first two requests find the target, whose replies break off; then it is gone, and the
    // original URL leads to another one.
    let breaks = Effect::Stop(Stop::Cut, Position::After(ByteCount(4 * MIB)));
    let site = Site::synthetic(vec![
        Fault::on(
            1..=2,
            Effect::RedirectTo("/synthetic/40MiB?seed=4".parse().unwrap()),
        )
        .at("/link"),
        Fault::on(1..=4, breaks).at("/synthetic/40MiB"),
        Fault::on(5..=8, status(403, None)).at("/synthetic/40MiB"),
        Fault::on(
            3..,
            Effect::RedirectTo("/synthetic/41943040?seed=4".parse().unwrap()),
        )
        .at("/link"),
    ]);
    let into = files::directory();
    get(&site.url("/link"), into.path(), &["-x", "2"]).expect(0);
    let digest = files::hex(&synthetic::sha256(Seed(4), ByteCount(40 * MIB)));
    assert_eq!(files::sha256(&into.path().join("link")), digest);
    let resolved = site
        .requests()
        .iter()
        .filter(|record| record.path == "/link")
        .count();
    assert!(resolved >= 2, "the original URL was asked {resolved} times");
}

#[test]
fn redirects_in_a_circle_end() {
    let site = Site::synthetic(vec![
        Fault::always(Effect::RedirectTo("/b".parse().unwrap())).at("/a"),
        Fault::always(Effect::RedirectTo("/a".parse().unwrap())).at("/b"),
    ]);
    let into = files::directory();
    let ran = get(&site.url("/a"), into.path(), &[]).expect(4);
    assert!(ran.stderr.contains("circle"), "{ran:?}");
}

#[test]
fn a_connection_that_stalls_is_replaced() {
    // The first one is asked for again. Where another stalls, the first one brings its bytes.
    for silent in [1, 3] {
        let crawl = Fault::on(silent..=silent, Effect::DelayHead(Duration::from_hours(1)));
        let site = Site::synthetic(vec![crawl]);
        let into = files::directory();
        let more = [
            "-x",
            "4",
            "--stall-timeout",
            "1s",
            "--first-byte-timeout",
            "1s",
        ];
        let ran = get(&site.url("/synthetic/40MiB?seed=4"), into.path(), &more).expect(0);
        // Ranges are used again, although the whole file was there to be had.
        assert!(ran.number("connections_peak") > 1, "{ran:?}");
        assert!(
            ran.last_json()["elapsed_s"].as_f64().unwrap() < 10.0,
            "{ran:?}"
        );
    }
}

#[test]
fn a_server_that_is_not_there_fails_soon() {
    let into = files::directory();
    let port = crate::support::wait::free_port();
    let ran = get(&format!("http://127.0.0.1:{port}/x"), into.path(), &[]).expect(3);
    assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
    assert_eq!(files::names(into.path()), [""; 0]);
}

#[test]
fn an_untrusted_certificate_is_fatal_at_once() {
    let root = files::directory();
    files::create(&root.path().join("a.bin"), 1, 100);
    let Some(nginx) = crate::support::nginx::Nginx::start(root.path()) else {
        return;
    };
    let into = files::directory();
    let ran = get(&nginx.tls_url("a.bin"), into.path(), &[]).expect(3);
    assert_eq!(ran.last_json()["kind"], "untrusted");
    assert!(ran.stderr.contains("identity"), "{ran:?}");
}
