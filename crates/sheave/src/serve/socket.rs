//! Owns the socket that a server listens on: opened here or by systemd, and removed with the server
//! where it has a path. Knows no HTTP.

use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use listenfd::ListenFd;
use range_server::Listener;
use tokio::net::lookup_host;

use crate::args::Bind;

/// A socket that listens.
pub(super) struct Socket {
    /// The place, as it was asked for.
    pub(super) place: String,
    pub(super) listener: Listener,
    /// The name of the socket in the file system, which goes with the server.
    pub(super) path: Option<SocketPath>,
}

/// A name that is removed when it is dropped.
pub(super) struct SocketPath(PathBuf);

impl Drop for SocketPath {
    fn drop(&mut self) {
        // Somebody else may have removed it.
        let _ = rustix::fs::unlink(&self.0);
    }
}

impl Socket {
    /// Opens the place that was asked for; without one, takes the socket that systemd has opened
    /// for this process, or opens the default.
    pub(super) async fn open(bind: Option<Bind>) -> Result<Self, (String, io::Error)> {
        if bind.is_none() {
            let inherited = inherited().map_err(|error| ("LISTEN_FDS".to_owned(), error))?;
            if let Some(listener) = inherited {
                return Ok(Self {
                    place: "the socket of LISTEN_FDS".to_owned(),
                    listener,
                    path: None,
                });
            }
        }
        let bind = bind.unwrap_or_default();
        let place = bind.to_string();
        match opened(bind).await {
            Ok((listener, path)) => Ok(Self {
                place,
                listener,
                path,
            }),
            Err(error) => Err((place, error)),
        }
    }
}

/// The socket that the service manager has passed on to this process (`sd_listen_fds(3)`). One that
/// is not served would keep its clients waiting without a word.
fn inherited() -> io::Result<Option<Listener>> {
    let mut passed = ListenFd::from_env();
    match passed.len() {
        0 => return Ok(None),
        1 => {}
        count => {
            let what = format!("there are {count} sockets, and one can be served");
            return Err(io::Error::other(what));
        }
    }
    if let Ok(Some(listener)) = passed.take_tcp_listener(0) {
        listens(&listener)?;
        return Listener::tcp(listener).map(Some);
    }
    let Some(listener) = passed.take_unix_listener(0)? else {
        return Ok(None);
    };
    listens(&listener)?;
    Listener::unix(listener).map(Some)
}

/// Refuses one connection in place of a socket that takes them, as systemd passes it on with
/// `Accept=yes`.
fn listens(socket: &impl AsFd) -> io::Result<()> {
    if rustix::net::sockopt::socket_acceptconn(socket)? {
        return Ok(());
    }
    let what = "this socket does not listen; the unit has to have Accept=no";
    Err(io::Error::other(what))
}

async fn opened(bind: Bind) -> io::Result<(Listener, Option<SocketPath>)> {
    let addresses = match bind {
        Bind::Address(address) => vec![address],
        Bind::Name(name, port) => {
            let mut addresses: Vec<_> = lookup_host((name, port)).await?.collect();
            // More clients try IPv4 alone than IPv6 alone.
            addresses.sort_by_key(|address| !address.is_ipv4());
            addresses
        }
        Bind::Path(path) => {
            remove_left_over(&path)?;
            let listener = Listener::unix(UnixListener::bind(&path)?)?;
            return Ok((listener, Some(SocketPath(path))));
        }
    };
    let listener = tokio::net::TcpListener::bind(&addresses[..]).await?;
    Ok((Listener::tcp(listener.into_std()?)?, None))
}

/// Removes a socket that nobody listens on any more, as a server leaves behind that was killed.
fn remove_left_over(path: &Path) -> io::Result<()> {
    let is_socket = path
        .symlink_metadata()
        .is_ok_and(|metadata| metadata.file_type().is_socket());
    if is_socket
        && let Err(error) = UnixStream::connect(path)
        && error.kind() == io::ErrorKind::ConnectionRefused
    {
        rustix::fs::unlink(path)?;
    }
    Ok(())
}
