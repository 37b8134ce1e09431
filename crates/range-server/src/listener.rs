//! Owns where connections come in: over TCP, or over a socket that has a path. Knows nothing of
//! what goes over them.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener as StdUnixListener;
use std::path::PathBuf;

use tokio::net::{TcpListener, TcpStream, UnixListener};

/// Stands for whoever comes by a socket with a path: somebody on this machine.
pub(crate) const LOCAL: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0));

/// A socket that connections come in by, already listening: one that another program has opened, as
/// systemd does, or one with a path.
#[derive(Debug)]
pub struct Listener(Kind);

#[derive(Debug)]
enum Kind {
    Tcp(TcpListener, SocketAddr),
    Unix(UnixListener, PathBuf),
}

impl Listener {
    /// Connections over TCP. Has to be called within a tokio runtime.
    pub fn tcp(listener: std::net::TcpListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        Self::new(TcpListener::from_std(listener)?)
    }

    /// Connections over a Unix-domain socket. Has to be called within a tokio runtime.
    pub fn unix(listener: StdUnixListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let path = address.as_pathname().unwrap_or("".as_ref()).to_owned();
        Ok(Self(Kind::Unix(UnixListener::from_std(listener)?, path)))
    }

    pub(crate) fn new(listener: TcpListener) -> io::Result<Self> {
        let address = listener.local_addr()?;
        Ok(Self(Kind::Tcp(listener, address)))
    }

    /// The address, if it is reached by one.
    pub(crate) fn address(&self) -> Option<SocketAddr> {
        match &self.0 {
            Kind::Tcp(_, address) => Some(*address),
            Kind::Unix(..) => None,
        }
    }

    /// The path, if it is reached by one.
    pub(crate) fn path(&self) -> Option<&PathBuf> {
        match &self.0 {
            Kind::Tcp(..) => None,
            Kind::Unix(_, path) => Some(path),
        }
    }

    /// The next connection, and who is at its other end.
    pub(crate) async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        match &self.0 {
            Kind::Tcp(listener, _) => listener.accept().await,
            Kind::Unix(listener, _) => {
                let (stream, _) = listener.accept().await?;
                // A stream socket is read and written alike, whatever its family; all that differs
                // is asked for as a favour, and left out where the family has none of it.
                let socket = OwnedFd::from(stream.into_std()?);
                let stream = TcpStream::from_std(std::net::TcpStream::from(socket))?;
                Ok((stream, LOCAL))
            }
        }
    }
}
