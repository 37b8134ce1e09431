//! Owns the least of HTTP/1.1 the harness needs: one request for one range on one new connection.
//! Independent of the product, so that it can judge it.
use std::io::{BufRead, BufReader, Read, Take, Write};
use std::net::TcpStream;
use std::ops::Range;
use std::time::Duration;

use super::failure::Failure;

/// No server of the harness is silent for longer.
const SILENCE: Duration = Duration::from_secs(30);

/// The bytes of a range, some of which may have come with the head.
pub(super) type Body = Take<BufReader<TcpStream>>;

/// The bytes of a range, as the server sends them.
pub(super) fn get(url: &str, range: &Range<u64>) -> Result<Body, Failure> {
    let wrong = |reason: String| Failure::Http {
        url: url.to_owned(),
        reason,
    };
    let (host, path) = split(url).ok_or_else(|| wrong("not http://HOST:PORT/PATH".to_owned()))?;
    let connect = || {
        let mut stream = TcpStream::connect(host)?;
        stream.set_read_timeout(Some(SILENCE))?;
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nRange: bytes={}-{}\r\n\
             Connection: close\r\n\r\n",
            range.start,
            range.end - 1
        )?;
        // Larger reads than this pass the buffer by.
        let mut reader = BufReader::with_capacity(16 << 10, stream);
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            if reader.read_until(b'\n', &mut head)? == 0 {
                break;
            }
        }
        Ok((reader, head))
    };
    let (reader, head) = connect().map_err(|source: std::io::Error| wrong(source.to_string()))?;
    let head = String::from_utf8_lossy(&head);
    let first = head.lines().next().unwrap_or_default();
    if first.split(' ').nth(1) == Some("206") {
        Ok(reader.take(range.end - range.start))
    } else {
        Err(wrong(format!("answered `{first}`")))
    }
}

/// Authority and path of a plain address.
fn split(url: &str) -> Option<(&str, &str)> {
    let rest = url.strip_prefix("http://")?;
    Some(rest.split_at(rest.find('/')?))
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn an_address_has_a_host_and_a_path() {
        assert_eq!(split("http://[::1]:80/a/b"), Some(("[::1]:80", "/a/b")));
        assert_eq!(split("https://localhost/a"), None);
        assert_eq!(split("http://localhost"), None);
    }
}
