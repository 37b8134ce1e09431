//! Owns where a server is to listen, as people write it. Resolves no name.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

/// The port where none is named.
const PORT: u16 = 8080;

/// A place to listen at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Bind {
    /// A port at an address.
    Address(SocketAddr),
    /// A port at the addresses that a name stands for.
    Name(String, u16),
    /// A socket with a path.
    Path(PathBuf),
}

impl Default for Bind {
    fn default() -> Self {
        Self::Address(SocketAddr::from((Ipv4Addr::LOCALHOST, PORT)))
    }
}

impl Bind {
    /// Reads `8080`, `:8080`, `HOST`, `HOST:8080`, `[::1]:8080` or `unix:/path`. A port alone is on
    /// loopback, so that nothing is open to the network which was not asked to be.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("unix:") {
            return match path {
                "" => Err("a path follows unix:".to_owned()),
                path => Ok(Self::Path(PathBuf::from(path))),
            };
        }
        let bare = text
            .strip_prefix('[')
            .and_then(|text| text.strip_suffix(']'));
        if let Ok(address) = bare.unwrap_or(text).parse::<IpAddr>() {
            return Ok(Self::Address(SocketAddr::new(address, PORT)));
        }
        if let Ok(address) = text.parse() {
            return Ok(Self::Address(address));
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) => (host, Some(port)),
            None if text.bytes().all(|byte| byte.is_ascii_digit()) => ("", Some(text)),
            None => (text, None),
        };
        let port = match port.map(str::parse) {
            None => PORT,
            Some(Ok(port)) => port,
            Some(Err(_)) => return Err("a port is a number from 0 to 65535".to_owned()),
        };
        let is_in_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        if host.is_empty() && !text.is_empty() {
            Ok(Self::Address(SocketAddr::from((Ipv4Addr::LOCALHOST, port))))
        } else if !host.is_empty() && host.bytes().all(is_in_name) {
            Ok(Self::Name(host.to_owned(), port))
        } else {
            Err("use a port, HOST:PORT or unix:PATH".to_owned())
        }
    }

    /// Returns whether a word is a port or an address rather than the name of a file.
    pub(crate) fn is_meant(word: &str) -> bool {
        if word.parse::<IpAddr>().is_ok() {
            return true;
        }
        let port = word.rsplit_once(':').map_or(word, |(_, port)| port);
        port.parse::<u16>().is_ok() && Self::parse(word).is_ok()
    }

    /// The host, where it is one that a certificate can be for.
    pub(crate) fn host(&self) -> Option<String> {
        match self {
            Self::Address(address) if address.ip().is_unspecified() => None,
            Self::Address(address) => Some(address.ip().to_string()),
            Self::Name(name, _) => Some(name.clone()),
            Self::Path(_) => None,
        }
    }
}

impl fmt::Display for Bind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Name(name, port) => write!(f, "{name}:{port}"),
            Self::Path(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_as_people_write_it() {
        for (text, expected) in [
            ("8080", "127.0.0.1:8080"),
            ("0", "127.0.0.1:0"),
            (":9000", "127.0.0.1:9000"),
            ("127.0.0.1:1", "127.0.0.1:1"),
            ("0.0.0.0", "0.0.0.0:8080"),
            ("0.0.0.0:80", "0.0.0.0:80"),
            ("[::1]:0", "[::1]:0"),
            ("[::1]", "[::1]:8080"),
            ("::1", "[::1]:8080"),
            ("::", "[::]:8080"),
            ("localhost", "localhost:8080"),
            ("localhost:81", "localhost:81"),
            ("files.example:81", "files.example:81"),
            ("unix:/run/a b", "unix:/run/a b"),
            ("unix:a", "unix:a"),
        ] {
            let bind = Bind::parse(text).map(|bind| bind.to_string());
            assert_eq!(bind.as_deref(), Ok(expected), "{text}");
        }
        for text in [
            "",
            ":",
            "a:",
            "70000",
            ":70000",
            "a:b",
            "a b:1",
            "unix:",
            "http://a:1",
            "[::1",
            "a/b",
        ] {
            assert!(Bind::parse(text).is_err(), "{text}");
        }
        assert_eq!(Bind::default().to_string(), "127.0.0.1:8080");
        for (word, is_meant) in [
            ("8090", true),
            (":8090", true),
            ("localhost:8090", true),
            ("127.0.0.1", true),
            ("::1", true),
            ("99999", false),
            ("images", false),
            ("unix:8090", true),
        ] {
            assert_eq!(Bind::is_meant(word), is_meant, "{word}");
        }
    }
}
