//! Owns who stands between a download and its servers: proxies as checked values, and for which
//! URL which one is used. Connects to nothing and reads no environment.

use std::fmt;
use std::sync::Arc;

use hyper_util::client::proxy::matcher::Matcher;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;

use crate::credentials::{self, InvalidCredentials};
use crate::redact::{SafeUrl, Secret};

/// What stands for itself in the user part of a URL (RFC 3986 §2.3).
const USER: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A proxy: where it is, how it is spoken to, and what it is told about who asks. What it is told
/// is never told to a server.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    url: Secret<Url>,
}

/// Why a text names no proxy. It is not repeated: it may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidProxy {
    /// It is no URL.
    #[error("a proxy is a URL, as in http://proxy.example:3128, not this: {0}")]
    Url(url::ParseError),
    /// It is of a kind that is not spoken.
    #[error("a proxy is spoken to by http, https, socks5 or socks5h")]
    Scheme,
    /// Its user or password cannot be sent.
    #[error(transparent)]
    Credentials(#[from] InvalidCredentials),
}

impl Proxy {
    /// Reads a URL with the scheme `http`, `https`, `socks5` (names are looked up here) or
    /// `socks5h` (names are looked up by the proxy). Without a scheme it is `http`. User and
    /// password in it are for the proxy. Path, query and fragment mean nothing.
    pub fn parse(text: &str) -> Result<Self, InvalidProxy> {
        let has_scheme = text.contains("://");
        let parsed = if has_scheme {
            Url::parse(text)
        } else {
            Url::parse(&format!("http://{text}"))
        };
        let mut url = parsed.map_err(InvalidProxy::Url)?;
        let default_port = match url.scheme() {
            "http" | "https" => None,
            "socks5" | "socks5h" => Some(1080),
            _ => return Err(InvalidProxy::Scheme),
        };
        if url.host_str().is_none_or(str::is_empty) {
            return Err(InvalidProxy::Url(url::ParseError::EmptyHost));
        }
        if url.port().is_none() {
            url.set_port(default_port).expect("it has a host");
        }
        // Checked here, so that what is sent later cannot be malformed.
        credentials::Credentials::take_from(&mut url.clone())?;
        Ok(Self { url: url.into() })
    }

    /// The same proxy, told this user and password.
    pub fn with_user(&self, user: &str, password: &str) -> Result<Self, InvalidProxy> {
        credentials::Credentials::basic(user, password)?;
        let mut url = self.url.reveal().clone();
        let encoded = |text| utf8_percent_encode(text, USER).to_string();
        url.set_username(&encoded(user)).expect("it has a host");
        url.set_password(Some(&encoded(password)))
            .expect("it has a host");
        Ok(Self { url: url.into() })
    }

    /// Where it is, without user and password.
    pub fn url(&self) -> SafeUrl {
        SafeUrl::new(self.url.reveal())
    }

    pub(crate) fn secret_url(&self) -> &Url {
        self.url.reveal()
    }

    /// Whether it is spoken to over TLS.
    pub(crate) fn is_secure(&self) -> bool {
        self.url.reveal().scheme() == "https"
    }

    fn host(&self) -> &str {
        self.url.reveal().host_str().expect("it has a host")
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({})", self.url())
    }
}

/// Which proxy is used for which URL. The default is none for any.
#[derive(Clone, Debug, Default)]
pub struct Proxies {
    http: Option<Proxy>,
    https: Option<Proxy>,
    except: String,
    matcher: Option<Arc<Matcher>>,
}

impl Proxies {
    /// A proxy for `http` URLs, one for `https` URLs, and the hosts that are asked directly: a
    /// list with commas of names (with those below them), addresses, `ADDRESS/BITS`, or `*`, as in
    /// the variable `NO_PROXY`.
    pub fn new(http: Option<Proxy>, https: Option<Proxy>, except: impl Into<String>) -> Self {
        let except = except.into();
        let url =
            |proxy: &Option<Proxy>| proxy.as_ref().map(|proxy| proxy.url.reveal().to_string());
        let matcher = Matcher::builder()
            .http(url(&http).unwrap_or_default())
            .https(url(&https).unwrap_or_default())
            .no(except.clone())
            .build();
        Self {
            http,
            https,
            except,
            matcher: Some(Arc::new(matcher)),
        }
    }

    /// The proxy a URL is asked through.
    pub fn for_url(&self, url: &Url) -> Option<&Proxy> {
        let uri = url.as_str().parse().ok()?;
        self.matcher.as_ref()?.intercept(&uri)?;
        match url.scheme() {
            "https" => self.https.as_ref(),
            _ => self.http.as_ref(),
        }
    }

    /// The proxy of a scheme, unless the host is excepted.
    pub(crate) fn for_scheme(&self, is_secure: bool) -> Option<&Proxy> {
        if is_secure {
            self.https.as_ref()
        } else {
            self.http.as_ref()
        }
    }

    pub(crate) fn except(&self) -> &str {
        &self.except
    }

    /// Hosts the user named, which may be looked up and connected to wherever they are.
    pub(crate) fn hosts(&self) -> impl Iterator<Item = &str> {
        self.http.iter().chain(&self.https).map(Proxy::host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxy(text: &str) -> Proxy {
        Proxy::parse(text).unwrap()
    }

    #[test]
    fn proxies_are_urls_of_four_schemes_and_http_when_there_is_none() {
        for (text, shown, sent) in [
            ("proxy:3128", "http://proxy:3128/", "http://proxy:3128/"),
            ("10.0.0.1", "http://10.0.0.1/", "http://10.0.0.1/"),
            ("https://p", "https://p/", "https://p/"),
            ("socks5://p", "socks5://p:1080", "socks5://p:1080"),
            ("socks5h://u:s@p:9", "socks5h://p:9", "socks5h://u:s@p:9"),
            (
                "http://u:s%40@[::1]:8",
                "http://[::1]:8/",
                "http://u:s%40@[::1]:8/",
            ),
        ] {
            let proxy = proxy(text);
            assert_eq!(proxy.url().as_str(), shown);
            assert_eq!(proxy.secret_url().as_str(), sent);
            assert_eq!(format!("{proxy:?}"), format!("Proxy({shown})"));
        }
        for text in [
            "",
            "http://",
            "ftp://p",
            "socks4://p",
            "://",
            "http://a b",
            "http://u%0a@p",
        ] {
            assert!(Proxy::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_user_given_apart_replaces_that_of_the_url() {
        let told = proxy("http://a:b@p:1").with_user("us@er", "p:%w/").unwrap();
        assert_eq!(
            told.secret_url().as_str(),
            "http://us%40er:p%3A%25w%2F@p:1/"
        );
        assert!(proxy("p").with_user("a:b", "c").is_err());
    }

    #[test]
    fn schemes_have_their_own_proxy_and_some_hosts_have_none() {
        let proxies = Proxies::new(
            Some(proxy("plain:1")),
            Some(proxy("socks5h://secure")),
            "direct.example, .sub.example,10.0.0.0/8,::1",
        );
        let chosen = |url: &str| {
            let proxy = proxies.for_url(&Url::parse(url).unwrap());
            proxy.map(|proxy| proxy.host().to_owned())
        };
        for (url, host) in [
            ("http://a.example/x?y", Some("plain")),
            ("https://a.example/", Some("secure")),
            ("http://direct.example:8080/", None),
            ("https://www.direct.example/", None),
            ("https://indirect.example/", Some("secure")),
            ("http://x.sub.example/", None),
            ("http://10.1.2.3/", None),
            ("http://11.1.2.3/", Some("plain")),
            ("http://[::1]/", None),
            ("http://[::2]/", Some("plain")),
        ] {
            assert_eq!(chosen(url).as_deref(), host, "{url}");
        }
        let only_secure = Proxies::new(None, Some(proxy("p")), "");
        assert_eq!(only_secure.for_url(&Url::parse("http://a/").unwrap()), None);
        let none = Proxies::new(Some(proxy("p")), Some(proxy("p")), "*");
        assert_eq!(none.for_url(&Url::parse("http://a/").unwrap()), None);
        assert_eq!(
            Proxies::default().for_url(&Url::parse("http://a/").unwrap()),
            None
        );
    }
}
