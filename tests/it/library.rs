//! The `accelerator` crate as a Rust developer uses it, without the program.

use std::path::Path;
use std::time::Duration;

use accelerator::{Download, ErrorKind, Event, RateLimit, RestartReason};
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
    Download::builder(url)
        .output(into, "out.bin")
        .connections(4)
        .build()
        .unwrap()
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
    let slow = RateLimit::new(BytesPerSecond(MIB)).unwrap();
    let download = Download::builder(site.url("/synthetic/100MiB"))
        .output(into.path(), "out.bin")
        .rate_limit(slow)
        .build()
        .unwrap();
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
        cancel.cancel();
    };
    let (result, ()) = wait_for(async { tokio::join!(first.run(), watch) });
    let error = result.unwrap_err();
    assert_eq!(
        (error.kind(), error.is_resumable()),
        (ErrorKind::Cancelled, true)
    );

    let second = download(&url, into.path());
    let mut events = second.events();
    let report = wait_for(second.run()).unwrap();
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

#[test]
fn events_tell_the_story_in_order() {
    let faults = vec![Fault::on(3.., Effect::Version(range_server::Version(1)))];
    let site = Site::synthetic(faults);
    let into = files::directory();
    let download = download(&site.url("/synthetic/40MiB"), into.path());
    let mut events = download.events();
    wait_for(download.run()).unwrap();
    let story: Vec<Event> = std::iter::from_fn(|| wait_for(events.next())).collect();
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
    for url in ["", "example.org", "ftp://example.org/", "http://"] {
        let error = Download::builder(url).build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid, "{url}");
    }
    for name in ["", ".", "..", "a/b", &"x".repeat(300)] {
        let builder = Download::builder("http://a.example/").output("/tmp", name);
        assert_eq!(
            builder.build().unwrap_err().kind(),
            ErrorKind::Invalid,
            "{name}"
        );
    }
    let builder = Download::builder("http://a.example/").header("X-Key", "line\nbreak: secret");
    let error = builder.build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(!error.to_string().contains("secret"), "{error}");
}
