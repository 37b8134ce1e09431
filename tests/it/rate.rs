//! Downloads under a limit on the rate: they take the time the limit says, however many
//! connections there are, and the file is whole.
//!
//! Method: at 5 MB/s a file of 20 MB takes 4 s. None arrives sooner: a limit that lets more through
//! fails at once. One that is late may be the machine's doing, so the fastest of at most three runs
//! counts.

use std::time::Duration;

use range_server::{Effect, Fault};

use crate::support::files;
use crate::support::program::{self, Ran, get};
use crate::support::site::Site;

const LENGTH: u64 = 20_000_000;
const IDEAL: f64 = 4.0;

fn seconds(ran: &Ran) -> f64 {
    ran.last_json()["elapsed_s"].as_f64().unwrap()
}

/// Fetches the file under the limit. Returns how many connections it took.
fn check(faults: Vec<Fault>, more: &[&str]) -> u64 {
    let root = files::directory();
    let original = files::create(&root.path().join("a.bin"), 1, LENGTH);
    let site = Site::of(root.path(), faults);
    let mut best = f64::INFINITY;
    for _ in 0..3 {
        let into = files::directory();
        let arguments = [&["--limit-rate", "5MB", "--no-sync"][..], more].concat();
        let ran = get(&site.url("/a.bin"), into.path(), &arguments).expect(0);
        let output = into.path().join("a.bin");
        assert_eq!(files::sha256(&output), files::sha256(&original));
        assert_eq!(ran.number("retries"), 0, "{ran:?}");
        let took = seconds(&ran);
        assert!(took >= 0.98 * IDEAL, "{took} s");
        best = best.min(took);
        if best <= 1.02 * IDEAL {
            return ran.number("connections_peak");
        }
    }
    panic!("{best} s, and {IDEAL} s were to be");
}

#[test]
fn several_connections_share_a_limit() {
    let connections = check(Vec::new(), &["-x", "8"]);
    assert!((2..=8).contains(&connections), "{connections}");
}

#[test]
fn a_single_connection_keeps_to_a_limit() {
    assert_eq!(check(Vec::new(), &["-x", "1"]), 1);
}

#[test]
fn a_plain_stream_keeps_to_a_limit() {
    let faults = vec![Fault::always(Effect::IgnoreRange)];
    assert_eq!(check(faults, &["-x", "8"]), 1);
}

#[test]
fn a_worker_that_waits_for_credit_is_not_stalled() {
    // 50 kB/s over the connections of a server that sends far more: every wait is the limit's.
    let root = files::directory();
    files::create(&root.path().join("a.bin"), 1, 150_000);
    let site = Site::of(root.path(), Vec::new());
    let into = files::directory();
    let arguments = ["--limit-rate", "50kB", "--stall-timeout", "1s"];
    let ran = get(&site.url("/a.bin"), into.path(), &arguments).expect(0);
    assert_eq!(ran.number("retries"), 0, "{ran:?}");
    assert!(seconds(&ran) >= 2.9, "{ran:?}");
}

#[test]
fn a_limited_download_stops_at_once_when_it_is_told() {
    let root = files::directory();
    files::create(&root.path().join("a.bin"), 1, LENGTH);
    let site = Site::of(root.path(), Vec::new());
    let into = files::directory();
    let arguments = ["--limit-rate", "1B"];
    let running = program::start_get(&site.url("/a.bin"), into.path(), &arguments);
    crate::support::wait::until("the part file is there", || {
        into.path().join("a.bin.part").exists().then_some(())
    });
    let asked = std::time::Instant::now();
    running.signal(rustix::process::Signal::INT);
    assert_eq!(running.finish().code, Some(130));
    assert!(asked.elapsed() < Duration::from_secs(5));
}

#[test]
fn limits_that_mean_nothing_are_refused_in_words() {
    for (limit, why) in [
        ("0", "a rate of zero never ends"),
        ("abc", "a size starts with digits"),
        ("-1", "a size starts with digits"),
        ("1XB", "unknown size unit"),
    ] {
        let limit = format!("--limit-rate={limit}");
        let ran = program::run(["get", &limit, "http://127.0.0.1/x"]).expect(2);
        assert!(ran.stderr.contains(why), "{ran:?}");
    }
}
