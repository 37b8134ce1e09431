//! Owns fuzzing of whole exchanges: a server that sends any bytes for each connection ends a
//! download in a file or in an error, soon, and never in both.
use std::io::Read as _;
use std::net::{Ipv4Addr, TcpListener};
use std::time::Duration;

use accelerator::{ByteCount, Download, ErrorKind, Settings};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::runtime::Builder;

/// More connections than these get what the last one got.
const CONNECTIONS_MAX: usize = 8;

/// Stands between what two connections get.
const DIVIDER: u8 = 0;

/// The time a server may keep a download that gives up after 100 ms of silence, once.
const TIME_MAX: Duration = Duration::from_secs(20);

/// Checks what must hold of any bytes.
///
/// # Panics
///
/// If it does not.
pub fn run(bytes: &[u8]) {
    let Some((flag, bytes)) = bytes.split_first() else {
        return;
    };
    let keeps_open = flag & 1 == 1;
    let replies = bytes.split(|byte| *byte == DIVIDER);
    let replies: Vec<&[u8]> = replies.take(CONNECTIONS_MAX).collect();
    let into = tempfile::tempdir().unwrap();
    let output = into.path().join("f");
    let settings = Settings {
        connections: 2,
        max_tries: Some(1),
        stall_timeout: Duration::from_millis(100),
        first_byte_timeout: Duration::from_millis(100),
        max_size: Some(ByteCount(1 << 20)),
        sync: false,
        ..Settings::default()
    };
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    listener.set_nonblocking(true).unwrap();
    let download = Download::new(format!("http://127.0.0.1:{port}/f"), &output, settings);
    let outcome = runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        tokio::select! {
            outcome = tokio::time::timeout(TIME_MAX, download.unwrap().run()) => outcome,
            () = serve(listener, &replies, keeps_open) => unreachable!("it serves for ever"),
        }
    });
    // Some of what was made up takes a while to be known for nothing.
    drop(runtime);
    match outcome.expect("the download hangs") {
        Ok(report) => {
            let mut found = Vec::new();
            let mut file = open(&output).expect("a file that was reported is there");
            file.read_to_end(&mut found).unwrap();
            assert_eq!(found.len() as u64, report.bytes);
            let is_sent = |reply: &&[u8]| is_within(&found, reply);
            // In one piece, unless chunks or parts made it up.
            let is_made_up = replies.iter().any(|reply| is_divided(reply));
            assert!(is_made_up || replies.iter().any(is_sent), "{found:?}");
        }
        Err(error) => {
            assert!(open(&output).is_none(), "{error}");
            assert_ne!(error.kind(), ErrorKind::Internal, "{error}");
            assert_eq!(error.to_string().lines().count(), 1, "{error}");
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the file is complete, and nobody's but the target's"
)]
fn open(path: &std::path::Path) -> Option<std::fs::File> {
    std::fs::File::open(path).ok()
}

fn is_within(part: &[u8], whole: &[u8]) -> bool {
    part.is_empty() || whole.windows(part.len()).any(|window| window == part)
}

fn is_divided(reply: &[u8]) -> bool {
    let lower = reply.to_ascii_lowercase();
    is_within(b"chunked", &lower) || is_within(b"content-range", &lower)
}

/// Sends each connection its bytes, once something was asked for.
async fn serve(listener: tokio::net::TcpListener, replies: &[&[u8]], keeps_open: bool) {
    let mut kept: Vec<TcpStream> = Vec::new();
    let mut asked = 0;
    loop {
        let Ok((mut stream, _)) = listener.accept().await else {
            continue;
        };
        let reply = replies[asked.min(replies.len() - 1)];
        asked += 1;
        // A client that has gone away has what it wanted.
        let _read = stream.read(&mut [0; 4096]).await;
        let _sent = stream.write_all(reply).await;
        if keeps_open && kept.len() < CONNECTIONS_MAX {
            kept.push(stream);
        }
    }
}
