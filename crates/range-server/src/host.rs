//! Owns the host of a request: which it is, whether it is this machine for certain, and the defence
//! against DNS rebinding: which a server bound to loopback answers to.

use std::net::{IpAddr, SocketAddr};

use http::header::HOST;
use http::request::Parts;

/// The host a request names, with or without port. A target in absolute form overrides the field
/// (RFC 9112 §3.2.2), and HTTP/2 has only that.
pub(crate) fn of(request: &Parts) -> Option<&str> {
    match request.uri.authority() {
        Some(authority) => Some(authority.as_str()),
        None => request.headers.get(HOST)?.to_str().ok(),
    }
}

/// Returns true if a request for `host` (with or without port) is meant for a server bound to
/// `bound`.
///
/// Off loopback the names of the machine are not known, so every host is right. On loopback a
/// page whose name was rebound to 127.0.0.1 still sends its own name, and is told from a user
/// who typed `localhost`.
pub(crate) fn is_meant_for(bound: SocketAddr, host: &str) -> bool {
    !bound.ip().is_loopback() || is_loopback(host)
}

/// Returns true if a host, with or without port, is this machine whoever asks.
pub(crate) fn is_loopback(host: &str) -> bool {
    let name = without_port(host);
    let address = name
        .strip_prefix('[')
        .and_then(|name| name.strip_suffix(']'))
        .unwrap_or(name);
    name.eq_ignore_ascii_case("localhost")
        || address
            .parse::<IpAddr>()
            .is_ok_and(|address| address.to_canonical().is_loopback())
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_names_are_answered_on_loopback() {
        let bound = "127.0.0.1:8080".parse().unwrap();
        for host in [
            "localhost",
            "LOCALHOST:8080",
            "127.0.0.1",
            "127.0.0.1:1",
            "127.1.2.3",
            "[::1]:80",
        ] {
            assert!(is_meant_for(bound, host), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "evil.example:8080",
            "localhost.evil.example",
            "10.0.0.1",
            ":",
            "[::2]",
        ] {
            assert!(!is_meant_for(bound, host), "{host}");
        }
        assert!(is_meant_for("0.0.0.0:80".parse().unwrap(), "evil.example"));
    }
}
