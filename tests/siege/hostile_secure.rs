//! Owns what is done to a server over TLS and HTTP/2 by clients that mean it harm. Judges nothing.

use std::io::Result;
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_rustls::client::TlsStream;

use crate::frames::{
    NO_SETTINGS, PREFACE, RESET, SETTINGS, WINDOW_0, WINDOW_ALL, WINDOW_UPDATE, frame, get, ping,
};
use crate::wire::{Target, arrival};

/// Streams that the server permits at once.
const STREAMS: u32 = 100;

/// Does one thing after another, for ever.
pub(crate) async fn go_on(target: Arc<Target>, mut rng: Rng) {
    sleep(arrival(&mut rng)).await;
    loop {
        let patience = Duration::from_millis(rng.u64(100..60_000));
        // However it ends, by the server's doing or by its own, the next begins.
        let _ended = timeout(patience, misbehave(&target, &mut rng)).await;
        sleep(Duration::from_millis(rng.u64(500..3000)) + 50 * target.rest).await;
    }
}

async fn misbehave(target: &Target, rng: &mut Rng) -> Result<()> {
    let mut stream = target.connect_narrow().await?;
    let kind = rng.u8(0..8);
    if kind < 2 {
        return no_handshake(&mut stream, kind == 0).await;
    }
    let mut stream = target.secure(stream, "h2").await?;
    stream.write_all(PREFACE).await?;
    match kind {
        // No stream, and no end of pings.
        2 => {
            stream
                .write_all(&frame(SETTINGS, 0, 0, NO_SETTINGS))
                .await?;
            ping_and_read(&mut stream, target.rest).await
        }
        // Streams without a window, and no end of pings.
        3 => {
            stream.write_all(&frame(SETTINGS, 0, 0, WINDOW_0)).await?;
            ask_all(&mut stream, "/synthetic/8EiB").await?;
            ping_and_read(&mut stream, target.rest).await
        }
        // Streams without a limit that nobody reads.
        4 => {
            stream.write_all(&frame(SETTINGS, 0, 0, WINDOW_ALL)).await?;
            let all = 0x7fff_0000_u32 - 65_535;
            let update = frame(WINDOW_UPDATE, 0, 0, &all.to_be_bytes());
            stream.write_all(&update).await?;
            ask_all(&mut stream, "/synthetic/8EiB").await?;
            sleep(Duration::from_mins(2)).await;
            Ok(())
        }
        5 => reset_rapidly(&mut stream, target.rest).await,
        // Held up, each of them.
        6 => {
            stream
                .write_all(&frame(SETTINGS, 0, 0, NO_SETTINGS))
                .await?;
            ask_all(&mut stream, "/synthetic/9?fault=delay:1m").await?;
            ping_and_read(&mut stream, target.rest).await
        }
        // Long listings.
        _ => {
            stream.write_all(&frame(SETTINGS, 0, 0, WINDOW_0)).await?;
            ask_all(&mut stream, "/many/").await?;
            ping_and_read(&mut stream, target.rest).await
        }
    }
}

/// Nothing, or something that promises more.
async fn no_handshake(stream: &mut TcpStream, silent: bool) -> Result<()> {
    if !silent {
        const HELLO: &[u8] = &[0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3];
        stream.write_all(HELLO).await?;
    }
    let mut bytes = [0; 1024];
    while stream.read(&mut bytes).await? > 0 {}
    Ok(())
}

async fn ask_all(stream: &mut TlsStream<TcpStream>, path: &str) -> Result<()> {
    for number in 0..STREAMS {
        stream.write_all(&get(2 * number + 1, path)).await?;
    }
    stream.flush().await
}

async fn ping_and_read(stream: &mut TlsStream<TcpStream>, rest: Duration) -> Result<()> {
    let mut bytes = [0; 4096];
    loop {
        stream.write_all(&ping()).await?;
        stream.flush().await?;
        if let Ok(count) = timeout(Duration::from_millis(500), stream.read(&mut bytes)).await
            && count? == 0
        {
            return Ok(());
        }
        sleep(rest).await;
    }
}

async fn reset_rapidly(stream: &mut TlsStream<TcpStream>, rest: Duration) -> Result<()> {
    stream
        .write_all(&frame(SETTINGS, 0, 0, NO_SETTINGS))
        .await?;
    for number in 0..2000 {
        let id = 2 * number + 1;
        stream.write_all(&get(id, "/synthetic/1GiB")).await?;
        stream
            .write_all(&frame(RESET, 0, id, &8_u32.to_be_bytes()))
            .await?;
    }
    stream.flush().await?;
    ping_and_read(stream, rest).await
}
