//! The spans and events of a download that a subscriber of `tracing` is told.

use std::fmt::{Debug, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use accelerator::{Download, Settings};
use range_server::{ByteCount, Effect, Fault, Position, Stop};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::support::files;
use crate::support::site::Site;

/// Keeps each span and each event as a line: name, then fields.
#[derive(Clone, Default)]
struct Lines {
    lines: Arc<Mutex<Vec<String>>>,
    spans: Arc<AtomicU64>,
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }
}

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("accelerator")
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut line = Line(format!("span {}", span.metadata().name()));
        span.record(&mut line);
        self.lines.lock().unwrap().push(line.0);
        Id::from_u64(self.spans.fetch_add(1, Ordering::SeqCst) + 1)
    }

    fn event(&self, event: &Event<'_>) {
        let mut line = Line("event".to_owned());
        event.record(&mut line);
        self.lines.lock().unwrap().push(line.0);
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

#[test]
fn a_subscriber_is_told_of_requests_and_events_and_of_no_secret() {
    let cut = Effect::Stop(Stop::Cut, Position::After(ByteCount(100_000)));
    let site = Site::synthetic(vec![Fault::on(1..=1, cut)]);
    let into = files::directory();
    let url = site.url("/synthetic/3MiB?name=hush");
    let url = url.replace("http://", "http://me:hush@");
    let settings = Settings {
        headers: vec![("X-Key".into(), "hush".into())],
        connections: 4,
        ..Settings::default()
    };
    let download = Download::new(url, into.path().join("out.bin"), settings).unwrap();
    let told = Lines::default();
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_all().build().unwrap();
    let _here = tracing::subscriber::set_default(told.clone());
    runtime.block_on(download.run()).unwrap();
    let told = told.lines.lock().unwrap().join("\n");
    for part in [
        "span download url=http://127.0.0.1",
        "span request attempt=",
        "event message=a reply status=206",
        "event message=an attempt failed",
        "event event=Planned",
        "event event=Publishing",
    ] {
        assert!(told.contains(part), "{part} in\n{told}");
    }
    assert!(!told.contains("hush"), "{told}");
}
