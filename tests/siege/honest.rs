//! Owns the client that behaves: it asks for what every server has, and how long it waits.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::server::{CONTENT, FEW};
use crate::wire::Target;

/// The pause between two requests.
const PAUSE: Duration = Duration::from_millis(200);

/// Longest that an answer may take.
const PATIENCE: Duration = Duration::from_secs(1);

/// Longest it waits before it calls the server dead.
const LONGEST: Duration = Duration::from_secs(20);

/// The time each answer took, from the first packet to the last byte, and what was wrong.
#[derive(Debug, Default)]
pub(crate) struct Waits {
    pub(crate) answered: Mutex<Vec<Duration>>,
    pub(crate) wrong: Mutex<Vec<String>>,
}

/// Asks again and again, each time on a connection of its own.
pub(crate) async fn ask(target: Arc<Target>, waits: Arc<Waits>) {
    for path in ["/file", "/few/", "/synthetic/5"].iter().cycle() {
        let begin = Instant::now();
        let answer = tokio::time::timeout(LONGEST, exchange(&target, path)).await;
        let took = begin.elapsed();
        let mistake = match answer {
            Ok(Ok(answer)) if is_right(path, &answer) && took <= PATIENCE => None,
            Ok(Ok(answer)) if is_right(path, &answer) => Some("right, but late".to_owned()),
            Ok(Ok(answer)) => Some(String::from_utf8_lossy(&answer).into_owned()),
            Ok(Err(error)) => Some(error.to_string()),
            Err(_) => Some("no answer".to_owned()),
        };
        waits.answered.lock().unwrap().push(took);
        if let Some(mistake) = mistake {
            let mut wrong = waits.wrong.lock().unwrap();
            let kind = if target.is_secure() { "TLS" } else { "plain" };
            wrong.push(format!("{kind} {path} after {took:.1?}: {mistake}"));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

fn is_right(path: &str, answer: &[u8]) -> bool {
    let is_whole = match path {
        "/file" => answer.ends_with(CONTENT.as_bytes()),
        "/few/" => answer.windows(FEW.len()).any(|part| part == FEW.as_bytes()),
        _ => true,
    };
    is_whole && answer.starts_with(b"HTTP/1.1 200 ")
}

async fn exchange(target: &Target, path: &str) -> std::io::Result<Vec<u8>> {
    let stream = target.connect().await?;
    if target.is_secure() {
        talk(target.secure(stream, "http/1.1").await?, path).await
    } else {
        talk(stream, path).await
    }
}

async fn talk(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    path: &str,
) -> std::io::Result<Vec<u8>> {
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(answer)
}
