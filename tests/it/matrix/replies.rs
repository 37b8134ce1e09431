//! Replies byte by byte, for the rows that no fault of the server covers.

use std::io::Write;
use std::net::TcpStream;

use range_server::synthetic;

use super::run::{LENGTH, SEED};
use crate::support::raw;

pub(super) fn content() -> Vec<u8> {
    let mut bytes = vec![0; usize::try_from(LENGTH).unwrap()];
    synthetic::fill(SEED, 0, &mut bytes);
    bytes
}

/// The head of a reply that is what was asked for, but for its framing, and the content.
fn part(head: &str) -> (String, Vec<u8>) {
    let content = content();
    let Some((first, last)) = raw::range(head, content.len()) else {
        return ("HTTP/1.1 200 OK\r\n".to_owned(), content);
    };
    let fields =
        format!("HTTP/1.1 206 Partial Content\r\nContent-Range: bytes {first}-{last}/{LENGTH}\r\n");
    (fields, content[first..=last].to_vec())
}

/// The whole file with its length, to who asks for no part.
fn honest_whole(head: &str, stream: &mut TcpStream) -> std::io::Result<bool> {
    let asks_for_all = !head.contains("range: bytes=");
    if asks_for_all {
        let (fields, whole) = part(head);
        write!(stream, "{fields}Content-Length: {LENGTH}\r\n\r\n")?;
        stream.write_all(&whole)?;
    }
    Ok(asks_for_all)
}

pub(super) fn too_much(head: &str, stream: &mut TcpStream) -> std::io::Result<()> {
    if honest_whole(head, stream)? {
        return Ok(());
    }
    let (fields, part) = part(head);
    write!(stream, "{fields}Transfer-Encoding: chunked\r\n\r\n")?;
    for bytes in [&part[..], b"and some more than that"] {
        write!(stream, "{:x}\r\n", bytes.len())?;
        stream.write_all(bytes)?;
        stream.write_all(b"\r\n")?;
    }
    stream.write_all(b"0\r\n\r\n")
}

pub(super) fn chunked_beside_a_wrong_length(
    head: &str,
    stream: &mut TcpStream,
) -> std::io::Result<()> {
    let (fields, part) = part(head);
    let length = part.len();
    write!(
        stream,
        "{fields}Content-Length: 7\r\nTransfer-Encoding: chunked\r\n\r\n{length:x}\r\n"
    )?;
    stream.write_all(&part)?;
    stream.write_all(b"\r\n0\r\n\r\n")
}

/// The first part is right; whoever asks for more has to log in.
pub(super) fn portal_in_the_middle(head: &str, stream: &mut TcpStream) -> std::io::Result<()> {
    let (fields, part) = part(head);
    if head.contains("range: bytes=0-") {
        write!(
            stream,
            "{fields}Content-Length: {}\r\nConnection: close\r\n\r\n",
            part.len()
        )?;
        stream.write_all(&part[..part.len().min(1 << 20)])?;
        return Err(std::io::ErrorKind::ConnectionAborted.into());
    }
    stream.write_all(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: 14\r\n\r\n\
          <p>Log in!</p>",
    )
}

/// HTTP/2's way to say that this connection is done.
pub(super) fn goaway(_: &str, stream: &mut TcpStream) -> std::io::Result<()> {
    stream.write_all(&[0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7])
}

pub(super) fn an_endless_body(head: &str, stream: &mut TcpStream) -> std::io::Result<()> {
    if honest_whole(head, stream)? {
        return Ok(());
    }
    let (fields, part) = part(head);
    write!(
        stream,
        "{fields}Transfer-Encoding: chunked\r\n\r\n{:x}\r\n",
        part.len()
    )?;
    stream.write_all(&part)?;
    loop {
        stream.write_all(b"\r\n10\r\nand so on and on")?;
    }
}
