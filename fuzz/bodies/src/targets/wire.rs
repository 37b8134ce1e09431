//! Owns fuzzing of the server with its faults: whatever a connection brings, and whatever is to be
//! done wrong, the server goes on to serve the next one.
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, TcpStream};
use std::time::Duration;

use range_server::{Config, Fault, Server};
use tokio::runtime::Builder;

/// The time a reply is read for: some never end.
const PATIENCE: Duration = Duration::from_millis(20);

/// Most bytes of a reply that are read.
const READ_MAX: u64 = 1 << 20;

/// Checks what must hold of any bytes.
///
/// # Panics
///
/// If it does not.
pub fn run(bytes: &[u8]) {
    let parts = || bytes.split(|byte| *byte == 0);
    let faults = parts().filter_map(|part| str::from_utf8(part.strip_prefix(b"?")?).ok());
    let faults = faults.filter_map(|text| Fault::parse(text).ok());
    let config = Config {
        faults: faults.map(|fault| fault.at("/synthetic/1000")).collect(),
        ..Config::default()
    };
    let requests = parts().filter(|part| !part.starts_with(b"?"));
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let bind = Server::bind((Ipv4Addr::LOCALHOST, 0), config);
    let Ok(server) = runtime.block_on(bind) else {
        return;
    };
    let address = server.address();
    let ask = |request: &[u8]| {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut reply = Vec::new();
        // A connection that is cut is one way to answer.
        let _sent = stream.write_all(request);
        let _read = stream.take(READ_MAX).read_to_end(&mut reply);
        reply
    };
    for request in requests.take(4) {
        ask(request);
        ask(b"GET /synthetic/1000 HTTP/1.1\r\nHost: localhost\r\nRange: bytes=1-99\r\n\r\n");
    }
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    stream
        .write_all(b"GET /synthetic/10 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .unwrap();
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply).unwrap();
    assert!(
        reply.starts_with(b"HTTP/1.1 200 OK"),
        "the next one is not served"
    );
    let _closed = stream.shutdown(Shutdown::Both);
    runtime.shutdown_background();
}
