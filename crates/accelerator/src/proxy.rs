//! Owns the proxies between a download and its servers: as checked values, and by the URL that each
//! is used for. Connects to nothing and reads no environment.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;

use crate::credentials::{self, InvalidCredentials};
use crate::no_proxy::NoProxy;
use crate::redact::{SafeUrl, Secret};

/// The characters that stand for themselves in the user part of a URL (RFC 3986 §2.3).
const USER: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A proxy: its place, the protocol it speaks, and the login it is told. No server is told that
/// login.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    url: Secret<Url>,
}

/// The reason why a text names no proxy. It does not repeat the text, which may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidProxy {
    /// It is no URL.
    #[error("a proxy is a URL, as in http://proxy.example:3128, not this: {0}")]
    Url(url::ParseError),
    /// Its scheme is not supported.
    #[error("the scheme of a proxy is http, https, socks5 or socks5h")]
    Scheme,
    /// Its user or password cannot be sent.
    #[error(transparent)]
    Credentials(#[from] InvalidCredentials),
}

impl Proxy {
    /// Reads a URL with the scheme `http`, `https`, `socks5` (names are looked up here) or
    /// `socks5h` (names are looked up by the proxy), which desktops write as `socks`. Without a
    /// scheme it is `http`. User and password in it are for the proxy. Path, query and fragment
    /// mean nothing.
    pub fn parse(text: &str) -> Result<Self, InvalidProxy> {
        let text = text.trim();
        let parsed = match text.split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("socks") => {
                Url::parse(&format!("socks5h://{rest}"))
            }
            Some(_) => Url::parse(text),
            None => Url::parse(&format!("http://{text}")),
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
        // The login is checked here, so that no malformed one can be sent later.
        credentials::Credentials::take_from(&mut url.clone())?;
        Ok(Self { url: url.into() })
    }

    /// Returns the same proxy with this user and password.
    pub fn with_user(&self, user: &str, password: &str) -> Result<Self, InvalidProxy> {
        credentials::Credentials::basic(user, password)?;
        let mut url = self.url.reveal().clone();
        let encoded = |text| utf8_percent_encode(text, USER).to_string();
        url.set_username(&encoded(user)).expect("it has a host");
        url.set_password(Some(&encoded(password)))
            .expect("it has a host");
        Ok(Self { url: url.into() })
    }

    /// Returns its URL, without user and password.
    pub fn url(&self) -> SafeUrl {
        SafeUrl::new(self.url.reveal())
    }

    pub(crate) fn secret_url(&self) -> &Url {
        self.url.reveal()
    }

    /// Reports whether the connection to it is over TLS.
    pub(crate) fn is_secure(&self) -> bool {
        self.url.reveal().scheme() == "https"
    }

    /// Reports whether a URL leads to the same host.
    pub(crate) fn is_at(&self, url: &Url) -> bool {
        let host = |url: &Url| Some(url.host_str()?.trim_end_matches('.').to_ascii_lowercase());
        host(url) == host(self.url.reveal())
    }

    pub(crate) fn host(&self) -> &str {
        self.url.reveal().host_str().expect("it has a host")
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({})", self.url())
    }
}

/// The proxies of a download, by URL. The default is none for any.
#[derive(Clone, Debug, Default)]
pub struct Proxies {
    http: Choice,
    https: Choice,
    except: NoProxy,
}

/// The choice for a scheme. One that makes no sense harms only a download that needs it.
type Choice = Option<Result<Proxy, InvalidProxy>>;

impl Proxies {
    /// Chooses a proxy for `http` URLs, one for `https` URLs, and the hosts that are asked
    /// directly: a list with commas of names (with those below them), patterns with `*`, addresses
    /// and `ADDRESS/BITS`, each with `:PORT` or not, as in the variable `NO_PROXY`.
    pub fn new(
        http: Option<Result<Proxy, InvalidProxy>>,
        https: Option<Result<Proxy, InvalidProxy>>,
        except: &str,
    ) -> Self {
        let except = NoProxy::parse(except);
        Self {
            http,
            https,
            except,
        }
    }

    /// Returns the proxy a URL is asked through. The error is the fault of the one that was chosen:
    /// a user who wants a proxy does not want to be sent around it.
    pub fn for_url(&self, url: &Url) -> Result<Option<&Proxy>, InvalidProxy> {
        let choice = match url.scheme() {
            "https" => &self.https,
            _ => &self.http,
        };
        if self.except.contains(url) {
            return Ok(None);
        }
        choice
            .as_ref()
            .map(Result::as_ref)
            .transpose()
            .map_err(|error| *error)
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
            ("socks://p:9/", "socks5h://p:9/", "socks5h://p:9/"),
            (" http://p:3128 \n", "http://p:3128/", "http://p:3128/"),
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
    fn a_proxy_is_known_by_its_host_and_tls_by_its_scheme() {
        for (text, url, is_there) in [
            ("http://p.example:1", "http://p.example/x", true),
            ("http://p.example:1", "https://P.Example.:2/", true),
            ("socks5h://P.EXAMPLE.", "http://p.example/", true),
            ("http://[::1]:1", "http://[0:0::1]/", true),
            ("http://p.example:1", "http://q.example:1/", false),
            ("http://p.example:1", "http://a.p.example/", false),
        ] {
            let url = Url::parse(url).unwrap();
            assert_eq!(proxy(text).is_at(&url), is_there, "{text} {url}");
        }
        for (text, is_secure) in [
            ("https://p", true),
            ("http://p", false),
            ("p", false),
            ("socks5://p", false),
        ] {
            assert_eq!(proxy(text).is_secure(), is_secure, "{text}");
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

    fn chosen(proxies: &Proxies, url: &str) -> Option<String> {
        let proxy = proxies.for_url(&Url::parse(url).unwrap()).unwrap();
        proxy.map(|proxy| proxy.host().to_owned())
    }

    #[test]
    fn schemes_have_their_own_proxy_and_some_hosts_have_none() {
        let proxies = Proxies::new(
            Some(Ok(proxy("plain:1"))),
            Some(Ok(proxy("socks5h://secure"))),
            "direct.example, .sub.example,10.0.0.0/8,::1",
        );
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
            assert_eq!(chosen(&proxies, url).as_deref(), host, "{url}");
        }
        let only_secure = Proxies::new(None, Some(Ok(proxy("p"))), "");
        assert_eq!(chosen(&only_secure, "http://a/"), None);
        let none = Proxies::new(Some(Ok(proxy("p"))), Some(Ok(proxy("p"))), "*");
        for url in [
            "http://a/",
            "https://a.example/",
            "http://10.0.0.1/",
            "http://[::1]/",
        ] {
            assert_eq!(chosen(&none, url), None, "{url}");
        }
        assert_eq!(chosen(&Proxies::default(), "http://a/"), None);
    }

    #[test]
    fn a_choice_that_makes_no_sense_is_an_error_where_it_is_needed_only() {
        let wrong = Proxy::parse("ftp://p");
        let proxies = Proxies::new(Some(Ok(proxy("plain"))), Some(wrong), "direct.example");
        assert_eq!(chosen(&proxies, "http://a/").as_deref(), Some("plain"));
        assert_eq!(chosen(&proxies, "https://direct.example/"), None);
        let needed = proxies.for_url(&Url::parse("https://a/").unwrap());
        assert_eq!(needed, Err(InvalidProxy::Scheme));
    }
}
