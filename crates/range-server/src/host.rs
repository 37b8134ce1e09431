//! Owns the host of a request: which it is, whether it is this machine for certain, and the defence
//! against DNS rebinding: which hosts a server answers for.

use std::net::{IpAddr, SocketAddr};

use http::header::HOST;
use http::request::Parts;
use http::{StatusCode, Version};

/// Names that the public DNS gives to nobody (RFC 6762, RFC 8375, and what ICANN keeps for private
/// use): whoever has one is on the same network, and reaches the server as it is.
const PRIVATE_SUFFIXES: [&str; 3] = [".local", ".internal", ".home.arpa"];

/// Longest host that is repeated to whoever sent it, in characters.
const LONGEST_SHOWN: usize = 100;

/// The host a request names, with or without port. A target in absolute form overrides the field
/// (RFC 9112 §3.2.2), and HTTP/2 has only that.
pub(crate) fn of(request: &Parts) -> Option<&str> {
    match request.uri.authority() {
        Some(authority) => Some(authority.as_str()),
        None => request.headers.get(HOST)?.to_str().ok(),
    }
}

/// Returns true if a host, with or without port, is this machine whoever asks.
pub(crate) fn is_loopback(host: &str) -> bool {
    Host::read(host).is_loopback()
}

/// The hosts that a server answers for.
///
/// A page whose name was rebound to the server's address still sends its own name. So on loopback
/// only names of loopback are right; elsewhere also addresses, and names that nobody in the world
/// can have, since the names of the machine are not known.
#[derive(Clone, Debug)]
pub(crate) struct Hosts {
    is_on_loopback: bool,
    named: Vec<String>,
}

impl Hosts {
    /// The hosts of a server bound to `address`, and those `named`: a name, an address, `*.NAME`
    /// for every name beneath one, or `*` for all.
    pub(crate) fn new(address: SocketAddr, named: &[String]) -> Self {
        let plain = |host: &String| Host::read(host).name;
        Self {
            is_on_loopback: address.ip().to_canonical().is_loopback(),
            named: named.iter().map(plain).collect(),
        }
    }

    /// Returns true if the server is bound to loopback.
    pub(crate) fn is_on_loopback(&self) -> bool {
        self.is_on_loopback
    }

    /// Refuses a request that is not meant for the server.
    pub(crate) fn check_request(&self, request: &Parts) -> Result<(), NotMeant> {
        let mut fields = request.headers.get_all(HOST).iter();
        if request.uri.authority().is_none() {
            match (fields.next(), fields.next()) {
                (Some(_), None) => {}
                (None, _) if request.version < Version::HTTP_11 => return Ok(()),
                _ => return Err(NotMeant::Ambiguous),
            }
        }
        let mut fields = request.headers.get_all(HOST).iter();
        if !fields.all(|host| is_well_formed(host.as_bytes())) {
            return Err(NotMeant::Malformed);
        }
        self.check(of(request).ok_or(NotMeant::Ambiguous)?)
    }

    /// Refuses a host, with or without port, that the server does not answer for.
    fn check(&self, host: &str) -> Result<(), NotMeant> {
        let read = Host::read(host);
        let is_meant = read.is_loopback()
            || (!self.is_on_loopback && (read.address().is_some() || read.is_private()))
            || self.named.iter().any(|named| read.matches(named));
        if is_meant {
            return Ok(());
        }
        Err(NotMeant::Other {
            host: host.chars().take(LONGEST_SHOWN).collect(),
            own: if self.is_on_loopback {
                "localhost and loopback addresses"
            } else {
                "addresses, names without a dot, and names under .local, .internal and .home.arpa"
            },
        })
    }
}

/// Returns true if a `Host` has the form of one (RFC 9110 §7.2): a name, an address or an IPv6
/// address in brackets, and perhaps a port.
pub(crate) fn is_well_formed(host: &[u8]) -> bool {
    let (name, port) = match host.iter().rposition(|&byte| byte == b':') {
        Some(at) if !host[at..].contains(&b']') => (&host[..at], &host[at + 1..]),
        _ => (host, &[][..]),
    };
    let is_literal = name.starts_with(b"[") && name.ends_with(b"]");
    let name = if is_literal {
        &name[1..name.len() - 1]
    } else {
        name
    };
    let is_in_name = |byte: &u8| {
        byte.is_ascii_alphanumeric()
            || b"-._~%!$&'()*+,;=".contains(byte)
            || (is_literal && *byte == b':')
    };
    !name.is_empty() && name.iter().all(is_in_name) && port.iter().all(u8::is_ascii_digit)
}

/// The reason a request is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotMeant {
    /// It is for another host.
    #[error(
        "this server does not answer for the host {host:?}: it answers for {own}, and for hosts it \
         was told of with --host"
    )]
    Other { host: String, own: &'static str },
    /// It does not say for which host it is.
    #[error("a request has one Host, which is text")]
    Ambiguous,
    /// Its `Host` is none.
    #[error("Host is a name or an address, and perhaps a port after a colon")]
    Malformed,
}

impl NotMeant {
    /// The status of the refusal.
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::Other { .. } => StatusCode::MISDIRECTED_REQUEST,
            Self::Ambiguous | Self::Malformed => StatusCode::BAD_REQUEST,
        }
    }
}

/// A host as it is compared: without port, brackets, the dot at the end, and in lower case.
struct Host {
    name: String,
}

impl Host {
    fn read(host: &str) -> Self {
        let name = match host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
            _ => host,
        };
        let address = name
            .strip_prefix('[')
            .and_then(|name| name.strip_suffix(']'));
        let name = address.unwrap_or(name);
        Self {
            name: name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase(),
        }
    }

    fn address(&self) -> Option<IpAddr> {
        self.name.parse().ok()
    }

    /// Names under `localhost` are loopback's too (RFC 6761 §6.3).
    fn is_loopback(&self) -> bool {
        match self.address() {
            Some(address) => address.to_canonical().is_loopback(),
            None => self.is_name() && (self.name == "localhost" || self.is_beneath(".localhost")),
        }
    }

    fn is_private(&self) -> bool {
        let is_beneath_private = || PRIVATE_SUFFIXES.iter().any(|end| self.is_beneath(end));
        self.is_name() && (!self.name.contains('.') || is_beneath_private())
    }

    fn is_beneath(&self, suffix: &str) -> bool {
        let beneath = self.name.strip_suffix(suffix);
        beneath.is_some_and(|name| !name.is_empty())
    }

    fn is_name(&self) -> bool {
        let is_fit = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        !self.name.is_empty() && self.name.bytes().all(is_fit)
    }

    fn matches(&self, named: &str) -> bool {
        match named.strip_prefix('*') {
            Some("") => true,
            Some(suffix) => suffix.starts_with('.') && self.is_name() && self.is_beneath(suffix),
            None => self.name == *named,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(bound: &str, named: &[&str]) -> Hosts {
        let named: Vec<String> = named.iter().map(|&name| name.to_owned()).collect();
        Hosts::new(bound.parse().unwrap(), &named)
    }

    fn assert_answers(hosts: &Hosts, right: &[&str], wrong: &[&str]) {
        for host in right {
            assert_eq!(hosts.check(host), Ok(()), "{host:?}");
        }
        for host in wrong {
            assert!(hosts.check(host).is_err(), "{host:?}");
        }
    }

    const LOOPBACK: &[&str] = &[
        "localhost",
        "LOCALHOST:8080",
        "localhost.",
        "app.localhost:80",
        "127.0.0.1",
        "127.0.0.1:1",
        "127.0.0.1.",
        "127.1.2.3",
        "[::1]:80",
        "[::ffff:127.0.0.1]",
    ];

    const WORLD: &[&str] = &[
        "",
        ":",
        "evil.example",
        "evil.example:8080",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "evil.example/localhost",
        "localhost@evil.example",
        "local.evil.example",
        ".localhost",
        "a b",
    ];

    #[test]
    fn a_host_is_a_name_or_an_address_and_perhaps_a_port() {
        for host in [
            "a",
            "a.b",
            "a:80",
            "a:",
            "1.2.3.4:5",
            "[::1]",
            "[::1]:80",
            "a_b",
            "x%20y",
        ] {
            assert!(is_well_formed(host.as_bytes()), "{host}");
        }
        for host in [
            "", ":", ":80", "a b", "a:b", "a/b", "a@b", "a?b", "a#b", "a\\b", "::1", "[::1",
            "a:1:2", "<a>", "a\"b", "\u{e9}", "[]", "a,b:c",
        ] {
            assert!(!is_well_formed(host.as_bytes()), "{host}");
        }
    }

    #[test]
    fn only_loopback_names_are_answered_on_loopback() {
        let hosts = hosts("127.0.0.1:8080", &[]);
        assert_answers(&hosts, LOOPBACK, WORLD);
        assert_answers(
            &hosts,
            &[],
            &["10.0.0.1", "[::2]", "0.0.0.0", "box", "a.local"],
        );
    }

    #[test]
    fn names_that_strangers_cannot_have_are_answered_on_the_network() {
        let hosts = hosts("0.0.0.0:80", &[]);
        assert_answers(&hosts, LOOPBACK, WORLD);
        let own = [
            "192.0.2.1:80",
            "[2001:db8::1]",
            "box",
            "files_1:80",
            "box.LOCAL.",
            "host.docker.internal",
        ];
        assert_answers(&hosts, &own, &[".local", "local.example"]);
    }

    #[test]
    fn named_hosts_are_answered_everywhere() {
        let named = hosts(
            "127.0.0.1:80",
            &["Files.Example", "*.mirror.example", "192.0.2.1"],
        );
        assert_answers(
            &named,
            &[
                "files.example:8080",
                "files.example.",
                "a.mirror.example",
                "192.0.2.1",
            ],
            &[
                "mirror.example",
                "a.files.example",
                "xmirror.example",
                "192.0.2.2",
            ],
        );
        assert_answers(&hosts("127.0.0.1:80", &["*"]), &["evil.example", ""], &[]);
    }

    #[test]
    fn a_refusal_says_why() {
        let why = hosts("127.0.0.1:80", &[]).check("evil.example\u{1b}");
        let why = why.unwrap_err().to_string();
        assert!(
            why.contains("\"evil.example\\u{1b}\"") && why.contains("--host"),
            "{why}"
        );
        let long = hosts("127.0.0.1:80", &[]).check(&"x.".repeat(9000));
        assert!(long.unwrap_err().to_string().len() < 400);
    }
}
