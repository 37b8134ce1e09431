//! Connections that are not needed: hosts that divide their rate among all that are open, or punish
//! many of them, count those too.

use std::collections::BTreeSet;
use std::io::Write;
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use range_core::units::BytesPerSecond;
use range_server::{Effect, Ending, Fault, RequestRecord};

use crate::support::site::Site;
use crate::support::{files, program, raw};

const LENGTH: usize = 32 << 20;
/// Sent at once; at most so often until another connection is closed.
const PIECE: usize = 64 << 10;
const PAUSE: Duration = Duration::from_millis(50);
/// The time a client may take to close what it does not need. A longer one is a slow machine's.
const PATIENCE: Duration = Duration::from_secs(10);

static SERVED: AtomicUsize = AtomicUsize::new(0);
static IS_CLOSED: AtomicBool = AtomicBool::new(false);

/// Serves one request at a time, the first one slowly until a connection it has refused is closed.
fn one_at_a_time(head: &str, stream: &mut TcpStream) -> std::io::Result<()> {
    if SERVED.fetch_add(1, Ordering::SeqCst) > 0 {
        SERVED.fetch_sub(1, Ordering::SeqCst);
        write!(stream, "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")?;
        stream.set_read_timeout(Some(PATIENCE))?;
        if stream.peek(&mut [0])? == 0 {
            IS_CLOSED.store(true, Ordering::SeqCst);
        }
        return Ok(());
    }
    let sent = send(head, stream);
    SERVED.fetch_sub(1, Ordering::SeqCst);
    sent
}

fn send(head: &str, stream: &mut TcpStream) -> std::io::Result<()> {
    let content = files::bytes(1, LENGTH);
    let (first, last) = raw::range(head, LENGTH).unwrap_or((0, LENGTH - 1));
    let part = &content[first..=last];
    write!(
        stream,
        "HTTP/1.1 206 Partial Content\r\nETag: \"1\"\r\nContent-Length: {}\r\n\
         Content-Range: bytes {first}-{last}/{LENGTH}\r\n\r\n",
        part.len()
    )?;
    let began = Instant::now();
    for piece in part.chunks(PIECE) {
        stream.write_all(piece)?;
        if !IS_CLOSED.load(Ordering::SeqCst) && began.elapsed() < PATIENCE {
            thread::sleep(PAUSE);
        }
    }
    Ok(())
}

#[test]
fn a_connection_that_is_not_needed_is_closed_while_the_download_goes_on() {
    let url = raw::serve(one_at_a_time) + "/file";
    let into = files::directory();
    program::get(&url, into.path(), &["-x", "2"]).expect(0);
    assert!(IS_CLOSED.load(Ordering::SeqCst), "it is kept");
    let content = std::fs::read(into.path().join("file")).unwrap();
    assert!(content == files::bytes(1, LENGTH), "the file is wrong");
}

/// Returns whether no connection is opened but the first four, and one for each that a reply was
/// cut on.
fn reuses_its_connections() -> bool {
    let rate = Effect::Rate(BytesPerSecond(4 << 20));
    let site = Site::synthetic(vec![Fault::always(rate)]);
    let into = files::directory();
    let url = site.url("/synthetic/96MiB");
    program::get(&url, into.path(), &["-x", "4"]).expect(0);
    let records = site.requests();
    assert!(records.len() > 12, "{} requests say nothing", records.len());
    let connections: BTreeSet<u64> = records.iter().map(|record| record.connection).collect();
    let complete = |record: &&RequestRecord| record.ending == Ending::Complete;
    let cut = records.len() - records.iter().filter(complete).count();
    eprintln!("{} connections, {cut} replies cut", connections.len());
    connections.len() <= 4 + cut
}

#[test]
fn a_connection_whose_reply_has_ended_is_taken_for_the_next_request() {
    // A machine that is too busy to wake a task in a millisecond opens one more.
    assert!((0..3).any(|_| reuses_its_connections()));
}
