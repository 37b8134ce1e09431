//! Where connections come in, and faults that are changed while they do.

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};

use range_server::{Config, Effect, Fault, Listener, Server, StatusBody};
use tokio::runtime::Runtime;

use crate::site::Site;

#[test]
fn a_socket_with_a_path_is_served() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    let runtime = Runtime::new().unwrap();
    let listening = async {
        let listener = Listener::unix(UnixListener::bind(&path).unwrap()).unwrap();
        Server::listen(listener, Config::default()).unwrap()
    };
    let server = runtime.block_on(listening);
    assert_eq!(server.base_url(), format!("unix:{}", path.display()));
    let ask = |target: &str, host: &str| {
        let mut stream = UnixStream::connect(&path).unwrap();
        let head = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        let mut reply = Vec::new();
        stream.read_to_end(&mut reply).unwrap();
        reply
    };
    for (target, host) in [
        ("/synthetic/3MiB", "upstream"),
        ("/synthetic/3MiB?fault=surplus:0", "localhost"),
    ] {
        let reply = ask(target, host);
        assert!(reply.starts_with(b"HTTP/1.1 200 OK\r\n"), "{target}");
        assert!(reply.len() > 3 << 20, "{target}");
    }
    runtime.block_on(server.stop());
}

#[test]
fn a_listener_that_somebody_else_opened_is_served() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let runtime = Runtime::new().unwrap();
    let server = runtime.block_on(async {
        Server::listen(Listener::tcp(listener).unwrap(), Config::default()).unwrap()
    });
    assert_eq!(server.address(), address);
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    stream
        .write_all(b"GET /synthetic/1 HTTP/1.0\r\n\r\n")
        .unwrap();
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply).unwrap();
    assert!(reply.starts_with(b"HTTP/1.0 200 "));
}

#[test]
fn faults_can_be_changed_and_count_anew() {
    let site = Site::start(Config::default());
    let statuses = |count: usize| -> Vec<u16> {
        let answers = std::iter::repeat_with(|| site.get("/synthetic/1", &[]).status);
        answers.take(count).collect()
    };
    assert_eq!(statuses(3), [200, 200, 200]);
    let busy = Effect::Status {
        code: http::StatusCode::SERVICE_UNAVAILABLE,
        retry_after: None,
        body: StatusBody::Text,
    };
    site.server.set_faults(vec![Fault::on(1..=2, busy)]);
    assert_eq!(statuses(3), [503, 503, 200]);
    site.server.set_faults(Vec::new());
    assert_eq!(statuses(2), [200, 200]);
}
