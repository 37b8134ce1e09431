//! Owns the smallest client that can ask: one request on a connection of its own. Your own client
//! stands in its place.

use range_server::Server;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A reply, as far as it came.
pub(crate) struct Reply {
    pub(crate) head: String,
    pub(crate) content: Vec<u8>,
}

/// Asks for a path by range, and takes what comes until the connection ends.
pub(crate) async fn ask(server: &Server, path: &str, range: &str) -> std::io::Result<Reply> {
    let mut stream = TcpStream::connect(server.address()).await?;
    let head = format!(
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nRange: {range}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await?;
    let mut content = Vec::new();
    // A connection that is reset ends too.
    let _ = stream.read_to_end(&mut content).await;
    let end = content.windows(4).position(|window| window == b"\r\n\r\n");
    let rest = content.split_off(end.map_or(content.len(), |end| end + 4));
    Ok(Reply {
        head: String::from_utf8_lossy(&content).into_owned(),
        content: rest,
    })
}
