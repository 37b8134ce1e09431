//! Owns how a word on the command line becomes a URL, and the answer to one that does not. Asks
//! nobody whether the place exists.

use url::{Host, Url};

/// Returns whether a word without a scheme names a place on the network: a host with a dot or a
/// port, and a path behind it.
pub(super) fn is_like_a_place(word: &str) -> bool {
    let host = word.split('/').next().unwrap_or_default();
    let host = host.rsplit('@').next().unwrap_or_default();
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) => (name, Some(port)),
        None => (host, None),
    };
    let is_port = port.is_some_and(|port| port.parse::<u16>().is_ok());
    let is_name = name.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '[');
    let is_host = name == "localhost" || (name.contains('.') && !name.contains(".."));
    is_name && (port.is_none() || is_port) && (is_port || (is_host && word.contains('/')))
}

/// Parses a URL. A place on this machine needs no scheme: `http` is meant.
pub(super) fn url(word: &str) -> Result<Url, NoUrl> {
    if word.contains("://") {
        let url = Url::parse(word).map_err(|source| NoUrl::Malformed {
            word: shown(word),
            source,
        })?;
        return of_http(url);
    }
    if is_like_a_place(word) {
        let url = Url::parse(&format!("http://{word}")).ok();
        return url
            .filter(is_this_machine)
            .ok_or_else(|| NoUrl::NoScheme { word: shown(word) });
    }
    for scheme in ["https", "http"] {
        // One slash too few, or no colon.
        let rest = word.strip_prefix(scheme);
        let rest = rest.filter(|rest| rest.starts_with([':', '/']));
        if let Some(rest) = rest.map(|rest| rest.trim_start_matches([':', '/'])) {
            return Err(NoUrl::BadScheme {
                word: shown(word),
                meant: format!("{scheme}://{}", shown(rest)),
            });
        }
    }
    let url = Url::parse(word).map_err(|_| NoUrl::Other { word: shown(word) })?;
    of_http(url)
}

/// The word of another scheme may be a login or a header: no more than its scheme is repeated.
fn of_http(url: Url) -> Result<Url, NoUrl> {
    match url.scheme() {
        "http" | "https" => Ok(url),
        scheme => Err(NoUrl::OtherScheme {
            scheme: scheme.to_owned(),
        }),
    }
}

/// Returns a mistyped URL without the parts that may be secret: what precedes an `@` and what
/// follows a `?`.
pub(super) fn shown(word: &str) -> String {
    let (before, query) = match word.split_once('?') {
        Some((before, _)) => (before, "?..."),
        None => (word, ""),
    };
    match word.rsplit_once('@') {
        Some((_, place)) => format!("...@{}", place.split('?').next().unwrap_or_default()),
        None => format!("{before}{query}"),
    }
}

fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// The reason why a word is no URL.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoUrl {
    /// A place on the network, and both schemes are possible.
    #[error("{word} has no scheme; did you mean https://{word} or http://{word}?")]
    NoScheme { word: String },
    /// The scheme is not followed by `://`.
    #[error("{word} is not a URL; did you mean {meant}?")]
    BadScheme { word: String, meant: String },
    /// It has a scheme, and is wrong behind it.
    #[error("{word} is not a valid URL: {source}")]
    Malformed {
        word: String,
        source: url::ParseError,
    },
    /// A URL of another protocol.
    #[error("only http and https URLs can be downloaded, not {scheme}")]
    OtherScheme { scheme: String },
    /// Anything else.
    #[error("{word:?} is not a URL, such as https://example.org/disk.img")]
    Other { word: String },
}

impl NoUrl {
    /// Returns whether the answer has a guess at what was meant.
    pub(super) const fn has_a_guess(&self) -> bool {
        matches!(self, Self::NoScheme { .. } | Self::BadScheme { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_on_this_machine_needs_no_scheme() {
        for word in [
            "localhost:8080/x",
            "localhost/x.bin",
            "a.localhost:1/x",
            "127.0.0.1:8080/x",
            "127.0.0.2/x",
            "[::1]:8080/x",
        ] {
            assert_eq!(url(word).unwrap().as_str(), format!("http://{word}"));
        }
    }

    #[test]
    fn a_place_elsewhere_is_offered_with_both_schemes() {
        for word in ["example.org/x", "example.org:8080/x", "10.0.0.1/x"] {
            let answer = url(word).unwrap_err().to_string();
            assert!(
                answer.contains(&format!("did you mean https://{word} or")),
                "{answer}"
            );
        }
    }

    #[test]
    fn no_answer_repeats_a_secret() {
        for word in [
            "u:hush@example.org/x",
            "example.org/x?token=hush",
            "http//u:hush@h/x",
            "https:/u:hush@h/x?token=hush",
            "https:h/x?token=hush",
            "http://u:hush@h:99999/x?token=hush",
            "u:hu@sh@nowhere?token=hush",
        ] {
            let answer = url(word).unwrap_err().to_string();
            assert!(!answer.contains("hu"), "{answer}");
        }
    }

    #[test]
    fn what_is_no_place_is_no_url() {
        for word in [
            "",
            "-",
            "x",
            "./small.bin",
            "../x",
            "/etc/passwd",
            "http:/",
            "http//host/x",
            "get",
        ] {
            assert!(url(word).is_err(), "{word}");
        }
    }
}
