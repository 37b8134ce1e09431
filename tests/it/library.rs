//! The `accelerator` crate as a Rust developer uses it, without the program.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use accelerator::{Digest, Download, Error, ErrorKind, Event, RateLimit, RestartReason, Settings};
use futures::StreamExt;
use range_core::units::BytesPerSecond;
use range_server::{Effect, Fault};

use crate::support::files;
use crate::support::site::Site;

const MIB: u64 = 1 << 20;

/// Runs to the end on a runtime of one thread, which has to be enough.
fn wait_for<T>(future: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().build().unwrap().block_on(future)
}

fn slow() -> Vec<Fault> {
    vec![Fault::always(Effect::Rate(BytesPerSecond(20 * MIB)))]
}

fn download(url: &str, into: &Path) -> Download {
    let settings = Settings {
        connections: 4,
        ..Settings::default()
    };
    Download::new(url, into.join("out.bin"), settings).unwrap()
}

#[test]
fn it_works_on_a_runtime_of_one_thread() {
    let site = Site::synthetic(Vec::new());
    let into = files::directory();
    let report = wait_for(download(&site.url("/synthetic/30MiB"), into.path()).run()).unwrap();
    assert_eq!(
        (report.bytes, report.tally.fetched_bytes),
        (30 * MIB, 30 * MIB)
    );
    assert_eq!(report.path, into.path().join("out.bin"));
    assert_eq!(
        std::fs::read(report.path).unwrap(),
        files::bytes(0, 30 << 20)
    );
}

#[test]
fn a_limit_on_the_rate_can_be_changed_and_lifted_on_the_way() {
    let site = Site::synthetic(Vec::new());
    let into = files::directory();
    let settings = Settings {
        rate_limit: RateLimit::new(BytesPerSecond(MIB)),
        ..Settings::default()
    };
    let output = into.path().join("out.bin");
    let download = Download::new(site.url("/synthetic/100MiB"), output, settings).unwrap();
    let (rate, progress) = (download.rate_handle(), download.progress());
    let received_past = async |bytes| {
        while progress.snapshot().received.len() < bytes {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        progress.snapshot().elapsed.as_secs_f64()
    };
    let watch = async {
        let first = received_past(MIB).await;
        rate.set(RateLimit::new(BytesPerSecond(4 * MIB)));
        let second = received_past(5 * MIB).await;
        rate.set(None);
        (first, second)
    };
    let (report, (first, second)) = wait_for(async { tokio::join!(download.run(), watch) });
    let report = report.unwrap();
    // A snapshot is up to 0.1 s old. What is left takes 24 s at the higher limit.
    assert!((0.9..3.0).contains(&first), "{first}");
    assert!((0.8..3.0).contains(&(second - first)), "{first}, {second}");
    assert!(report.elapsed < Duration::from_secs(15), "{report:?}");
    assert_eq!(
        std::fs::read(report.path).unwrap(),
        files::bytes(0, 100 << 20)
    );
}

#[test]
fn cancelling_keeps_what_was_fetched_and_the_next_run_continues() {
    let site = Site::synthetic(slow());
    let into = files::directory();
    let url = site.url("/synthetic/100MiB");
    let first = download(&url, into.path());
    let (cancel, progress) = (first.cancel_handle(), first.progress());
    let watch = async {
        while progress.snapshot().received.len() < 40 * MIB {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let now = progress.snapshot();
        cancel.cancel();
        now
    };
    let (result, half_way) = wait_for(async { tokio::join!(first.run(), watch) });
    assert!(half_way.rate > BytesPerSecond(0), "{half_way:?}");
    assert!(half_way.time_left().is_some(), "{half_way:?}");
    let error = result.unwrap_err();
    assert_eq!(
        (error.kind(), error.is_resumable()),
        (ErrorKind::Cancelled, true)
    );

    let second = download(&url, into.path());
    let (mut events, progress) = (second.events(), second.progress());
    let watch = async {
        while progress.snapshot().length.is_none() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        progress.snapshot().present()
    };
    let (report, at_first) = wait_for(async { tokio::join!(second.run(), watch) });
    let report = report.unwrap();
    // Kept bytes count before they are read back.
    assert!(at_first >= 36 * MIB, "{at_first}");
    assert!(report.tally.resumed_bytes >= 36 * MIB, "{report:?}");
    assert_eq!(
        report.tally.resumed_bytes + report.tally.fetched_bytes,
        100 * MIB
    );
    let first_event = wait_for(events.next());
    assert!(matches!(first_event, Some(Event::Resuming { length, .. }) if length == 100 * MIB));
}

#[test]
fn dropping_the_future_stops_everything_and_a_later_run_continues() {
    let site = Site::synthetic(slow());
    let into = files::directory();
    let url = site.url("/synthetic/100MiB");
    let first = download(&url, into.path());
    let progress = first.progress();
    let watch = async {
        while progress.snapshot().received.len() < 30 * MIB {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    wait_for(async {
        tokio::select! {
            result = first.run() => panic!("it ended: {result:?}"),
            () = watch => {}
        }
    });
    let report = wait_for(download(&url, into.path()).run()).unwrap();
    assert!(report.tally.resumed_bytes >= 26 * MIB, "{report:?}");
}

/// Reports whether nobody holds the lock of a file.
fn is_free(path: &Path) -> bool {
    use rustix::fs::FlockOperation::NonBlockingLockExclusive;
    std::fs::File::open(path).map_or(true, |file| {
        rustix::fs::flock(file, NonBlockingLockExclusive).is_ok()
    })
}

/// Whatever it was at, creating, fetching or publishing: when the future is gone, so is the work.
#[test]
fn a_dropped_future_leaves_nothing_that_runs_on() {
    let site = Site::synthetic(slow());
    let url = site.url("/synthetic/3MiB");
    for step in 0..60 {
        let into = files::directory();
        let run = download(&url, into.path()).run();
        let soon = Duration::from_micros(step * 1500);
        let ended = wait_for(async { tokio::time::timeout(soon, run).await.is_ok() });
        let names = files::names(into.path());
        let is_there = names == ["out.bin"];
        assert!(is_there || !ended, "{step}: {names:?}");
        for name in &names {
            assert!(is_free(&into.path().join(name)), "{step}: {name} is held");
        }
        assert_eq!(files::names(into.path()), names, "{step}");
        if !is_there {
            wait_for(download(&url, into.path()).run()).unwrap();
        }
        assert_eq!(files::names(into.path()), ["out.bin"], "{step}");
    }
}

/// Nothing of it needs a runtime of the caller's.
#[test]
fn any_executor_will_do() {
    let site = Site::synthetic(Vec::new());
    let into = files::directory();
    let mut download = download(&site.url("/synthetic/3MiB?name=x"), into.path());
    let run = async {
        let found = download.probe().await.unwrap();
        assert_eq!(found.name().as_str(), "x");
        download.run().await.unwrap()
    };
    // It has neither timers nor sockets.
    let bare = tokio::runtime::Builder::new_current_thread().build();
    let report = bare.unwrap().block_on(run);
    assert_eq!(report.bytes, 3 * MIB);
}

#[test]
fn a_probe_tells_of_the_file_and_keeps_nothing() {
    let site = Site::synthetic(Vec::new());
    let asked =
        |path: &str| wait_for(accelerator::probe(site.url(path), Settings::default())).unwrap();
    let found = asked("/synthetic/3MiB?name=..%2Fdisk.img");
    assert_eq!(found.length, Some(3 * MIB));
    assert!(found.has_ranges && found.is_resumable(), "{found:?}");
    assert_eq!(found.name().as_str(), "disk.img");
    let tag = found.remote.entity_tag.as_deref();
    assert!(tag.is_some_and(|tag| tag.starts_with('"')), "{found:?}");
    assert!(found.remote.last_modified.is_some(), "{found:?}");
    let media_type = found.remote.content_type.as_deref();
    assert_eq!(media_type, Some("application/octet-stream"));

    let found = asked("/synthetic/3MiB?fault=ignore-range");
    assert!(!found.has_ranges && !found.is_resumable(), "{found:?}");
    assert_eq!(found.suggested_name, None);
    assert_eq!(found.name().as_str(), "3MiB");
    let found = asked("/synthetic/0");
    assert_eq!((found.length, found.has_ranges), (Some(0), false));

    let away = accelerator::probe(site.url("/nothing"), Settings::default());
    let error = wait_for(away).unwrap_err();
    assert_eq!(
        (error.kind(), error.status()),
        (ErrorKind::Refused, Some(404))
    );
    assert!(error.url().is_some());
}

#[test]
fn a_probe_costs_the_run_no_request_and_the_report_says_what_was_served() {
    let faults = "/synthetic/100KiB?fault=redirect:chain:2";
    let site = Site::synthetic(Vec::new());
    let into = files::directory();
    let mut download = download(&site.url(faults), into.path());
    let report = wait_for(async {
        let found = download.probe().await.unwrap();
        download.rename(found.name()).unwrap();
        let report = download.run().await.unwrap();
        assert_eq!(report.remote, found.remote);
        report
    });
    assert_eq!(report.path, into.path().join("100KiB"));
    assert_eq!(report.tally.requests, 3, "{report:?}");
    let (from, url) = (report.remote.url.as_str(), report.url.as_str());
    assert!(
        from.starts_with(&site.url("/synthetic/100KiB?...")),
        "{from}"
    );
    assert_eq!(url, site.url("/synthetic/100KiB?..."));
}

/// Nobody was asked, and the journal says it all.
#[test]
fn a_file_that_is_there_has_a_report_without_a_server() {
    let site = Site::synthetic(Vec::new());
    let into = files::directory();
    let url = site.url("/synthetic/100KiB");
    let report = wait_for(download(&url, into.path()).run()).unwrap();
    let digest = format!("sha-256={}", files::sha256(&report.path));
    let settings = Settings {
        digests: vec![digest.parse().unwrap()],
        ..Settings::default()
    };
    let again = Download::new(&*url, into.path().join("out.bin"), settings).unwrap();
    let report = wait_for(again.run()).unwrap();
    assert_eq!(report.tally.requests, 0);
    assert_eq!(report.remote.url.as_str(), url);
    assert_eq!(report.remote.entity_tag, None);
}

#[test]
fn events_tell_the_story_in_order() {
    let faults = vec![Fault::on(3.., Effect::Version(range_server::Version(1)))];
    let site = Site::synthetic(faults);
    let into = files::directory();
    let download = download(&site.url("/synthetic/40MiB"), into.path());
    let events = download.events();
    wait_for(download.run()).unwrap();
    let story: Vec<Event> = wait_for(events.collect());
    let restart = Event::Restarting {
        reason: RestartReason::Changed,
    };
    let planned = Event::Planned {
        length: Some(40 * MIB),
        segmented: true,
    };
    let position = |wanted: &Event| story.iter().position(|event| event == wanted);
    assert_eq!(story.first(), Some(&planned), "{story:?}");
    assert!(
        position(&restart) < position(&Event::Verifying),
        "{story:?}"
    );
    assert_eq!(story.last(), Some(&Event::Publishing), "{story:?}");
}

#[test]
fn settings_that_make_no_sense_are_refused_without_touching_anything() {
    let refused = |url: &str, output: &str, settings| {
        let refused = Download::new(url, output, settings).unwrap_err();
        let text = refused.to_string();
        let error = Error::from(refused);
        let facts = (error.kind(), error.is_resumable());
        assert_eq!(facts, (ErrorKind::Invalid, false), "{url} {output}");
        assert_eq!(error.to_string(), text);
        text
    };
    for url in ["", "example.org", "ftp://example.org/", "http://"] {
        refused(url, "/tmp/it", Settings::default());
    }
    for name in ["", ".", "..", "/", &"x".repeat(300)] {
        let output = format!("/tmp/{name}");
        refused("http://a.example/", &output, Settings::default());
    }
    let header = Settings {
        headers: vec![("X-Key".into(), "line\nbreak: secret".into())],
        ..Settings::default()
    };
    let garbage = b"hush".to_vec();
    let authorities = Settings {
        authorities: vec![garbage.clone()],
        ..Settings::default()
    };
    let identity = Settings {
        identity: Some(garbage.into()),
        ..Settings::default()
    };
    for (settings, word) in [
        (header, "malformed"),
        (authorities, "PEM"),
        (identity, "PEM"),
    ] {
        let text = refused("http://a.example/", "/tmp/it", settings);
        assert!(text.contains(word), "{text}");
        assert!(!text.contains("secret") && !text.contains("hush"), "{text}");
    }
}

#[test]
fn a_loop_that_retries_what_is_resumable_ends() {
    let wrong: Digest = format!("sha-256={}", "0".repeat(64)).parse().unwrap();
    for (path, digests, kind, has_kept) in [
        ("/synthetic/3MiB", vec![wrong], ErrorKind::Corrupt, true),
        ("/nothing", Vec::new(), ErrorKind::Refused, false),
    ] {
        let site = Site::synthetic(Vec::new());
        let into = files::directory();
        let settings = Settings {
            digests,
            ..Settings::default()
        };
        let download = Download::new(site.url(path), into.path().join("x"), settings).unwrap();
        let error = wait_for(download.run()).unwrap_err();
        let facts = (error.kind(), error.is_resumable(), error.has_kept_bytes());
        assert_eq!(facts, (kind, false, has_kept));
    }
}

#[test]
fn a_download_is_shown_without_its_secrets() {
    let url = "http://me:hush@a.example/x?token=hush";
    let download = Download::new(url, "it", Settings::default()).unwrap();
    assert!(!format!("{download:?}").contains("hush"), "{download:?}");
}

#[test]
fn a_user_of_the_library_asks_under_a_name_of_their_own() {
    let site = Site::synthetic(Vec::new());
    let into = files::directory();
    let agents = |name: &str, settings| {
        let before = site.requests().len();
        let url = site.url("/synthetic/1MiB");
        let download = Download::new(url, into.path().join(name), settings).unwrap();
        wait_for(download.run()).unwrap();
        let requests = site.requests();
        let agents = requests[before..].iter();
        let agents = agents.map(|request| request.header("user-agent").unwrap().to_owned());
        agents.collect::<BTreeSet<_>>()
    };
    let one = |agent: &str| BTreeSet::from([agent.to_owned()]);
    let of_the_library = agents("default", Settings::default());
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(of_the_library, one(&format!("accelerator/{version}")));
    let own = Settings {
        user_agent: "shop/2".to_owned(),
        ..Settings::default()
    };
    assert_eq!(agents("own", own), one("shop/2"));
    let header = Settings {
        headers: vec![("User-Agent".into(), "shop/3".into())],
        ..Settings::default()
    };
    assert_eq!(agents("header", header), one("shop/3"));
}
