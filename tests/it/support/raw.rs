//! A server that writes whatever a test wants on the connection, HTTP or not. Asserts nothing.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

/// A reply on a connection, written once the request's head has come.
pub(crate) type Answer = fn(&str, &mut TcpStream) -> std::io::Result<()>;

/// Serves on a free port until the process ends, and returns the base URL.
pub(crate) fn serve(answer: Answer) -> String {
    serve_at("127.0.0.1", answer)
}

/// As [`serve`], at an address of this machine, by an answer that may know more than the request.
pub(crate) fn serve_at<F>(address: &str, answer: F) -> String
where
    F: Fn(&str, &mut TcpStream) -> std::io::Result<()> + Send + Sync + 'static,
{
    let listener = TcpListener::bind((address, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let answer = Arc::new(answer);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answer = Arc::clone(&answer);
            // A client that goes away is no failure of the test.
            std::thread::spawn(move || converse(stream, &*answer));
        }
    });
    format!("http://{address}")
}

fn converse<F>(mut stream: TcpStream, answer: &F) -> std::io::Result<()>
where
    F: Fn(&str, &mut TcpStream) -> std::io::Result<()>,
{
    loop {
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            stream.read_exact(&mut byte)?;
            head.push(byte[0]);
        }
        answer(&String::from_utf8_lossy(&head), &mut stream)?;
        stream.flush()?;
    }
}

/// First and last offset of the range a head asks for.
pub(crate) fn range(head: &str, length: usize) -> Option<(usize, usize)> {
    let range = head
        .lines()
        .find_map(|line| line.strip_prefix("range: bytes="))?;
    let (first, last) = range.split_once('-')?;
    Some((first.parse().unwrap(), last.parse().unwrap_or(length - 1)))
}
