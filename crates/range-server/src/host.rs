//! Owns the defence against DNS rebinding: which `Host` a server bound to loopback answers to.

use std::net::{IpAddr, SocketAddr};

/// Whether a request for `host` (with or without port) is meant for a server bound to `bound`.
///
/// Off loopback the names of the machine are not known, so every host is right. On loopback a
/// page whose name was rebound to 127.0.0.1 still sends its own name, and is told from a user
/// who typed `localhost`.
pub(crate) fn is_meant_for(bound: SocketAddr, host: &str) -> bool {
    if !bound.ip().is_loopback() {
        return true;
    }
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
