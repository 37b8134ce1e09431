//! Owns the name of the server that a request goes to, as an error tells it. Knows no error.

use std::fmt;

use url::Url;

use crate::proxy::Proxy;
use crate::redact::SafeUrl;

/// A server, and the proxy through which it is asked. Shows no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Whom {
    host: String,
    port: u16,
    proxy: Option<SafeUrl>,
}

impl Whom {
    /// Names the server of a URL.
    pub(crate) fn new(url: &Url, proxy: Option<&Proxy>) -> Self {
        Self {
            host: url.host_str().unwrap_or_default().to_owned(),
            port: url.port_or_known_default().unwrap_or_default(),
            proxy: proxy.map(Proxy::url),
        }
    }

    pub(crate) fn is_proxied(&self) -> bool {
        self.proxy.is_some()
    }

    /// Returns the peer that TLS is spoken with for a URL.
    pub(crate) fn tls_peer(&self, url: &Url) -> TlsPeer {
        let has_secure_proxy = self
            .proxy
            .as_ref()
            .is_some_and(|proxy| proxy.as_str().starts_with("https:"));
        match (url.scheme() == "https", has_secure_proxy) {
            (true, true) => TlsPeer::Either,
            (false, true) => TlsPeer::Proxy,
            (_, false) => TlsPeer::Server,
        }
    }

    /// Returns the host of the server.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// Returns what could not be reached: where a name has no address, that is all there is to say.
    pub(crate) fn unreachable(&self, unresolved: Option<&str>) -> String {
        match (unresolved, &self.proxy) {
            (Some(name), Some(proxy)) => {
                format!("the address of {name} could not be found, for the proxy {proxy}")
            }
            (Some(name), None) => format!("the address of {name} could not be found"),
            (None, Some(proxy)) => {
                let (host, port) = (&self.host, self.port);
                format!("{host}:{port} could not be reached through the proxy {proxy}")
            }
            (None, None) => format!("{}:{} could not be reached", self.host, self.port),
        }
    }
}

/// The peer of a TLS connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TlsPeer {
    Server,
    Proxy,
    /// First the proxy and then, through it, the server; an error does not tell which.
    Either,
}

impl fmt::Display for TlsPeer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Server => "the server",
            Self::Proxy => "the proxy",
            Self::Either => "the server or the proxy",
        })
    }
}

impl fmt::Display for Whom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.host)?;
        match &self.proxy {
            Some(proxy) => write!(f, " through the proxy {proxy}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_names_host_and_proxy_and_no_secret() {
        let url = Url::parse("https://user:secret@a.example/x?key=secret").unwrap();
        let proxy = Proxy::parse("http://user:secret@p.example:3128").unwrap();
        let direct = Whom::new(&url, None);
        let proxied = Whom::new(&url, Some(&proxy));
        assert!(proxied.is_proxied() && !Whom::new(&url, None).is_proxied());
        assert_eq!(proxied.host(), "a.example");
        for (text, expected) in [
            (direct.to_string(), "a.example"),
            (
                proxied.to_string(),
                "a.example through the proxy http://p.example:3128/",
            ),
            (
                direct.unreachable(None),
                "a.example:443 could not be reached",
            ),
            (
                proxied.unreachable(None),
                "a.example:443 could not be reached through the proxy http://p.example:3128/",
            ),
            (
                direct.unreachable(Some("a.example")),
                "the address of a.example could not be found",
            ),
            (
                proxied.unreachable(Some("p.example")),
                "the address of p.example could not be found, for the proxy \
                 http://p.example:3128/",
            ),
        ] {
            assert_eq!(text, expected);
        }
    }

    #[test]
    fn tls_is_spoken_with_the_proxy_too_where_its_url_says_so() {
        for (proxy, url, expected) in [
            ("https://p.example", "http://a.example/", "the proxy"),
            (
                "https://p.example",
                "https://a.example/",
                "the server or the proxy",
            ),
            ("http://p.example", "https://a.example/", "the server"),
            ("socks5://p.example", "https://a.example/", "the server"),
            ("", "https://a.example/", "the server"),
        ] {
            let url = Url::parse(url).unwrap();
            let proxy = Proxy::parse(proxy).ok();
            let peer = Whom::new(&url, proxy.as_ref()).tls_peer(&url);
            assert_eq!(peer.to_string(), expected, "{proxy:?} {url}");
        }
    }
}
