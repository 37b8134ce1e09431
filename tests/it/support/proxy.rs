//! Proxies for HTTP (RFC 9110 §9.3.6 and §7.6) and SOCKS5 (RFC 1928), as small as they can be,
//! that remember what they were told.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// The user and the password that a proxy asks for.
type Login = Option<(&'static str, &'static str)>;

/// A running proxy. Its threads end with the connections they serve.
pub(crate) struct Proxy {
    port: u16,
    told: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    /// Speaks HTTP: `CONNECT`, and `GET` of an absolute URL. With a login, `Proxy-Authorization`
    /// must have it in Base64.
    pub(crate) fn http(login: Option<&'static str>) -> Self {
        Self::start(move |stream, told| serve_http(stream, told, login))
    }

    /// Speaks HTTP, and redirects every request to this URL.
    pub(crate) fn redirecting(to: &str) -> Self {
        let reply = format!(
            "HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        );
        Self::start(move |mut stream, told| {
            remember(told, read_head(&mut stream)?);
            stream.write_all(reply.as_bytes())
        })
    }

    /// Speaks SOCKS5.
    pub(crate) fn socks(login: Login) -> Self {
        Self::start(move |stream, told| serve_socks(stream, told, login, u64::MAX))
    }

    /// Speaks SOCKS5, and sends no more than so many bytes a second down each connection.
    pub(crate) fn slow_socks(bytes: u64) -> Self {
        Self::start(move |stream, told| serve_socks(stream, told, None, bytes))
    }

    fn start<F>(serve: F) -> Self
    where
        F: Fn(TcpStream, &Mutex<Vec<String>>) -> std::io::Result<()> + Send + Sync + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let told = Arc::new(Mutex::new(Vec::new()));
        let (sink, serve) = (Arc::clone(&told), Arc::new(serve));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (sink, serve) = (Arc::clone(&sink), Arc::clone(&serve));
                // A client that goes away is no failure of the proxy.
                std::thread::spawn(move || serve(stream, &sink));
            }
        });
        Self { port, told }
    }

    pub(crate) fn authority(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The request heads of HTTP, or the targets of SOCKS, one for each connection.
    pub(crate) fn told(&self) -> Vec<String> {
        self.told.lock().unwrap().clone()
    }
}

/// Notes what a proxy was told, as long as anybody looks at it: a proxy may run for hours.
fn remember(told: &Mutex<Vec<String>>, what: String) {
    const MOST: usize = 10_000;
    let mut told = told.lock().unwrap();
    if told.len() < MOST {
        told.push(what);
    }
}

fn serve_http(
    mut client: TcpStream,
    told: &Mutex<Vec<String>>,
    login: Option<&str>,
) -> std::io::Result<()> {
    let head = read_head(&mut client)?;
    remember(told, head.clone());
    let wanted = login.map(|login| format!("proxy-authorization: basic {login}"));
    if wanted.is_some_and(|wanted| !head.to_lowercase().contains(&wanted.to_lowercase())) {
        client.write_all(b"HTTP/1.1 407 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")?;
        return Ok(());
    }
    let target = head
        .split_whitespace()
        .nth(1)
        .unwrap_or_default()
        .to_owned();
    if head.starts_with("CONNECT ") {
        let server = TcpStream::connect(&target)?;
        client.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
        return pump(client, server, u64::MAX);
    }
    let authority = target.trim_start_matches("http://");
    let authority = authority.split('/').next().unwrap_or_default();
    let mut server = TcpStream::connect(authority)?;
    // Fields for the proxy stay here, and only one head of each connection is looked at.
    for line in head.trim_end().split("\r\n") {
        if !line.to_lowercase().starts_with("proxy-") {
            server.write_all(format!("{line}\r\n").as_bytes())?;
        }
    }
    server.write_all(b"Connection: close\r\n\r\n")?;
    pump(client, server, u64::MAX)
}

fn read_head(stream: &mut TcpStream) -> std::io::Result<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

fn serve_socks(
    mut client: TcpStream,
    told: &Mutex<Vec<String>>,
    login: Login,
    rate: u64,
) -> std::io::Result<()> {
    let [_version, methods] = read(&mut client)?;
    let mut offered = vec![0; usize::from(methods)];
    client.read_exact(&mut offered)?;
    if let Some((user, password)) = login {
        client.write_all(&[5, 2])?;
        let [_version] = read(&mut client)?;
        let sent = (text(&mut client)?, text(&mut client)?);
        let right = sent == (user.to_owned(), password.to_owned());
        client.write_all(&[1, u8::from(!right)])?;
        if !right {
            return Ok(());
        }
    } else {
        client.write_all(&[5, 0])?;
    }
    let [_version, _connect, _reserved, kind] = read(&mut client)?;
    let host = match kind {
        1 => std::net::Ipv4Addr::from(read::<4>(&mut client)?).to_string(),
        3 => text(&mut client)?,
        _ => format!("[{}]", std::net::Ipv6Addr::from(read::<16>(&mut client)?)),
    };
    let port = u16::from_be_bytes(read(&mut client)?);
    remember(told, format!("{kind} {host}:{port}"));
    let server = TcpStream::connect(format!("{host}:{port}"))?;
    client.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0])?;
    pump(client, server, rate)
}

fn read<const LENGTH: usize>(stream: &mut TcpStream) -> std::io::Result<[u8; LENGTH]> {
    let mut bytes = [0; LENGTH];
    stream.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// A text with its length before it.
fn text(stream: &mut TcpStream) -> std::io::Result<String> {
    let [length] = read(stream)?;
    let mut bytes = vec![0; usize::from(length)];
    stream.read_exact(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn pump(mut client: TcpStream, mut server: TcpStream, rate: u64) -> std::io::Result<()> {
    let (mut from_client, mut to_server) = (client.try_clone()?, server.try_clone()?);
    let up = std::thread::spawn(move || {
        let _copied = std::io::copy(&mut from_client, &mut to_server);
        let _closed = to_server.shutdown(Shutdown::Write);
    });
    let _copied = copy_slowly(&mut server, &mut client, rate);
    let _closed = client.shutdown(Shutdown::Both);
    up.join().expect("it only copies");
    Ok(())
}

fn copy_slowly(from: &mut TcpStream, to: &mut TcpStream, rate: u64) -> std::io::Result<()> {
    let (start, mut copied, mut piece) = (Instant::now(), 0, vec![0; 64 << 10]);
    loop {
        let read = from.read(&mut piece)?;
        if read == 0 {
            return Ok(());
        }
        to.write_all(&piece[..read])?;
        copied += read as u64;
        let due = Duration::from_micros(copied.saturating_mul(1_000_000) / rate);
        std::thread::sleep(due.saturating_sub(start.elapsed()));
    }
}
