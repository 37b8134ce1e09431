//! Owns how a word on the command line becomes a URL, and the answer to one that does not. Asks
//! nobody whether the place exists.

use std::net::{Ipv4Addr, Ipv6Addr};

use url::{Host, ParseError, Url};

/// Characters that no URL has, and that text around one may leave on it.
const AROUND: [char; 11] = [
    '"', '<', '>', '`', '\u{201c}', '\u{201d}', '\u{ab}', '\u{bb}', '\u{200b}', '\u{2060}',
    '\u{feff}',
];

/// Endings of names that are sites rather than files, in a word without a path.
const SITES: [&str; 6] = [".com", ".org", ".net", ".edu", ".gov", ".int"];

/// Returns a word without what it brings along from the text that it was copied from: space,
/// quotes, angle brackets, the `URL:` that RFC 3986 recommends inside of these, and what a browser
/// puts in front of a page's source.
fn bare(word: &str) -> &str {
    let word = word.trim_matches(|c: char| c.is_whitespace() || AROUND.contains(&c));
    let in_quotes = [('\'', '\''), ('\u{2018}', '\u{2019}')];
    let quoted = in_quotes
        .iter()
        .find_map(|(open, close)| word.strip_prefix(*open)?.strip_suffix(*close));
    let word = quoted.unwrap_or(word).trim();
    let prefixes = ["URL:", "view-source:"].into_iter();
    let mut rests = prefixes.filter_map(|prefix| word.strip_prefix(prefix));
    rests.next().unwrap_or(word)
}

/// Returns whether a word that is no command is meant as the place of a file.
pub(super) fn is_a_place(word: &str) -> bool {
    let word = bare(word);
    let is_url = word.contains("://") || word.starts_with("//");
    is_url || is_like_a_place(word) || is_list_here(word)
}

/// Returns whether a word without a scheme names a place on the network: a host with a dot or a
/// port, and a path behind it. Without a path it is the name of a site.
fn is_like_a_place(word: &str) -> bool {
    let (host, has_path) = match word.split_once('/') {
        Some((host, _)) => (host, true),
        None => (word, false),
    };
    let host = host.rsplit('@').next().unwrap_or_default();
    if let Some(rest) = host.strip_prefix('[') {
        let (address, port) = rest.split_once(']').unwrap_or_default();
        let is_port = port.strip_prefix(':').is_some_and(is_port);
        return address.parse::<Ipv6Addr>().is_ok() && (is_port || (port.is_empty() && has_path));
    }
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) => (name, Some(port)),
        None => (host, None),
    };
    if !name.starts_with(|first: char| first.is_ascii_alphanumeric()) {
        return false;
    }
    let lower = name.to_ascii_lowercase();
    let is_site = lower == "localhost"
        || lower.starts_with("www.")
        || lower.parse::<Ipv4Addr>().is_ok()
        || SITES.iter().any(|end| lower.ends_with(end));
    let is_host = lower == "localhost" || (name.contains('.') && !name.contains(".."));
    match port {
        Some(port) => is_port(port),
        None => is_host && (has_path || is_site),
    }
}

fn is_port(text: &str) -> bool {
    text.parse::<u16>().is_ok()
}

/// Endings of the names of lists.
const LISTS: [&str; 2] = [".meta4", ".metalink"];

/// Returns whether a name is that of a list.
pub(crate) fn is_list(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    LISTS.iter().any(|ending| name.ends_with(ending))
}

/// Returns whether a word names a list on this machine.
pub(super) fn is_list_here(word: &str) -> bool {
    is_list(word) && !word.contains("://") && slip(bare(word)).is_none()
}

/// Parses a URL. A place on this machine needs no scheme: `http` is meant.
pub(super) fn url(word: &str) -> Result<Url, NoUrl> {
    let word = bare(word);
    match word {
        "" => return Err(NoUrl::Empty),
        "-" => return Err(NoUrl::Input),
        _ if word.starts_with(DASHES) => {
            let name = word.trim_start_matches(DASHES);
            let hyphens = if name.chars().count() == 1 { "-" } else { "--" };
            return Err(NoUrl::Dash {
                word: shown(word),
                meant: format!("{hyphens}{}", shown(name)),
            });
        }
        _ if has_several(word) => return Err(NoUrl::Several),
        _ => {}
    }
    if let Some(meant) = slip(word) {
        return Err(NoUrl::BadScheme {
            word: shown(word),
            meant,
        });
    }
    if word.contains("://") {
        return Url::parse(word)
            .map_err(|error| NoUrl::of(word, error))
            .and_then(of_http);
    }
    let place = match word.strip_prefix("//") {
        Some(rest) => Some(rest.trim_start_matches('/')).filter(|rest| !rest.is_empty()),
        None => Some(word).filter(|word| is_like_a_place(word)),
    };
    if let Some(place) = place {
        let url = Url::parse(&format!("http://{place}")).ok();
        return url.filter(is_this_machine).ok_or_else(|| NoUrl::NoScheme {
            word: shown(word),
            place: shown(place),
        });
    }
    let url = Url::parse(word).map_err(|_| NoUrl::other(word))?;
    of_http(url)
}

/// Dashes that typesetters put in the place of hyphens.
const DASHES: [char; 3] = ['\u{2013}', '\u{2014}', '\u{2212}'];

/// The ending of the name of an unfinished download.
const PART: &str = ".part";

/// Returns the URL within a text that it was copied with, as in Markdown or behind a name, without
/// what may be secret.
fn within(word: &str) -> Option<String> {
    let lower = word.to_ascii_lowercase();
    let schemes = ["https://", "http://"].into_iter();
    let begin = schemes.filter_map(|scheme| lower.find(scheme)).min()?;
    let (before, rest) = word.split_at(begin);
    let pairs = [('(', ')'), ('[', ']'), ('{', '}'), ('\'', '\''), ('"', '"')];
    let mut pairs = pairs.into_iter();
    let end = pairs.find(|(open, _)| before.ends_with(*open));
    let url = match end.and_then(|(_, close)| rest.split_once(close)) {
        Some((url, _)) => url,
        None => rest,
    };
    let has_host = Url::parse(url).is_ok_and(|url| url.has_host());
    let (scheme, behind) = url.split_once("://")?;
    has_host.then(|| format!("{}://{}", scheme.to_ascii_lowercase(), shown(behind)))
}

/// Returns whether a word has several URLs, as where a list of them stands in quotes.
fn has_several(word: &str) -> bool {
    let words = word.split_whitespace().skip(1);
    let mut words = words.map(str::to_ascii_lowercase);
    words.any(|word| word.starts_with("http://") || word.starts_with("https://"))
}

/// Schemes without `//` that people have URLs of.
const OPAQUE: [&str; 6] = ["magnet", "data", "blob", "file", "mailto", "urn"];

/// Returns the URL that is meant by one whose scheme is mistyped, or typed twice, without what may
/// be secret.
fn slip(word: &str) -> Option<String> {
    let is_mark = |c: char| matches!(c, ':' | ';' | '/' | '\\');
    let end = word.find(|c: char| !c.is_ascii_alphabetic())?;
    let (scheme, rest) = word.split_at(end);
    let scheme = scheme.to_ascii_lowercase();
    let meant = if scheme.ends_with('s') {
        "https"
    } else {
        "http"
    };
    let behind = rest.trim_start_matches(is_mark);
    if behind.is_empty() {
        return None;
    }
    if scheme == meant {
        // With a third slash the host is missing, as where a variable in a script is empty.
        if !rest.starts_with("://") || rest.starts_with(":///") {
            return rest
                .starts_with(is_mark)
                .then(|| format!("{meant}://{}", with_slashes(behind)));
        }
        let lower = behind.to_ascii_lowercase();
        let mut schemes = ["http", "https"].into_iter();
        let second = schemes.find(|scheme| {
            let rest = lower.strip_prefix(scheme);
            rest.is_some_and(|rest| rest.starts_with("://"))
        })?;
        let behind = behind[second.len()..].trim_start_matches(is_mark);
        return Some(format!("{second}://{}", shown(behind)));
    }
    let is_near = strsim::osa_distance(&scheme, meant) == 1 || scheme.starts_with("hxxp");
    let is_scheme = rest.starts_with(":/") || rest.starts_with(":\\");
    (is_near && is_scheme).then(|| format!("{meant}://{}", with_slashes(behind)))
}

/// Returns the rest of a mistyped URL as a URL has it, without what may be secret.
fn with_slashes(rest: &str) -> String {
    shown(rest).replace('\\', "/")
}

/// The word of another scheme may be a login or a header: no more than its scheme is repeated, but
/// for one that has a host, too.
fn of_http(url: Url) -> Result<Url, NoUrl> {
    let scheme = url.scheme();
    if ["http", "https"].contains(&scheme) {
        return Ok(url);
    }
    let instead = match scheme {
        "file" => "; `cp` copies a file of this machine",
        "s3" | "gs" => "; give its https URL, signed if it is private",
        _ => "",
    };
    let scheme = scheme.to_owned();
    let what = match url.host_str() {
        Some(host) if !host.is_empty() => {
            format!("{scheme}://{host}{}", url.path())
        }
        Some(_) | None => scheme.clone(),
    };
    Err(NoUrl::OtherScheme {
        scheme,
        what,
        instead,
    })
}

/// Returns a mistyped URL without the parts that may be secret: what precedes an `@` and what
/// follows a `?`.
pub(crate) fn shown(word: &str) -> String {
    let (before, query) = match word.split_once('?') {
        Some((before, after)) if !after.is_empty() => (before, "?..."),
        Some(_) | None => (word, ""),
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
    #[error("{word} has no scheme; did you mean https://{place} or http://{place}?")]
    NoScheme { word: String, place: String },
    /// The scheme is mistyped, or not followed by `://`.
    #[error("{word} is not a URL; did you mean {meant}?")]
    BadScheme { word: String, meant: String },
    /// It has a scheme, and is wrong behind it.
    #[error("{word} is not a valid URL: {source}")]
    Malformed { word: String, source: ParseError },
    /// Its host is neither a name nor an address.
    #[error("{word} is not a valid URL: invalid host name")]
    NoHost { word: String },
    /// Nothing, as where a variable in a script is empty.
    #[error("an argument is empty, where a URL is needed")]
    Empty,
    /// A name that other programs have for a list on standard input.
    #[error("- is not a URL; `xargs sheave get < FILE` downloads the URLs in a file")]
    Input,
    /// An option copied from a typeset page.
    #[error("{word} begins with a dash that is no hyphen; did you mean {meant}?")]
    Dash { word: String, meant: String },
    /// An unfinished download.
    #[error(
        "{word} is not a URL; the command that began this download continues it, and `sheave \
         inspect {word}` shows its URL"
    )]
    Part { word: String },
    /// More than one.
    #[error("several URLs are in one argument; leave out the quotes around them")]
    Several,
    /// A URL of another protocol.
    #[error("only http and https URLs can be downloaded, not {what}{instead}")]
    OtherScheme {
        scheme: String,
        what: String,
        instead: &'static str,
    },
    /// Anything else.
    #[error("{word:?} is not a URL, such as https://example.org/disk.img")]
    Other { word: String },
}

impl NoUrl {
    /// The answer to a word that has no scheme.
    fn other(word: &str) -> Self {
        let meant = within(word);
        let is_part = word.len() > PART.len() && word.ends_with(PART);
        let word = shown(word);
        match meant {
            Some(meant) => Self::BadScheme { word, meant },
            None if is_part => Self::Part { word },
            None => Self::Other { word },
        }
    }

    fn of(word: &str, error: ParseError) -> Self {
        if error == ParseError::RelativeUrlWithoutBase {
            return Self::other(word);
        }
        let word = shown(word);
        let is_of_host = matches!(
            error,
            ParseError::IdnaError | ParseError::InvalidDomainCharacter
        );
        if is_of_host {
            Self::NoHost { word }
        } else {
            Self::Malformed {
                word,
                source: error,
            }
        }
    }

    /// Returns whether the answer says what the word is, though it is no URL to download.
    pub(super) fn knows_the_word(&self) -> bool {
        match self {
            Self::NoScheme { .. }
            | Self::BadScheme { .. }
            | Self::Empty
            | Self::Input
            | Self::Dash { .. }
            | Self::Part { .. }
            | Self::Several => true,
            Self::OtherScheme { scheme, .. } => OPAQUE.contains(&&**scheme),
            Self::Malformed { .. } | Self::NoHost { .. } | Self::Other { .. } => false,
        }
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
            "[::1]/x",
            "LocalHost:1/x",
            "localhost",
            "127.0.0.1",
        ] {
            let word = &word.to_ascii_lowercase();
            assert!(is_a_place(word), "{word}");
            let slash = if word.contains('/') { "" } else { "/" };
            assert_eq!(url(word).unwrap().as_str(), format!("http://{word}{slash}"));
        }
    }

    #[test]
    fn a_place_elsewhere_is_offered_with_both_schemes() {
        for word in [
            "example.org/x",
            "example.org:8080/x",
            "10.0.0.1/x",
            "www.x/y",
            "www.x",
            "example.com",
            "1.2.3.4",
            "host:8080/x",
            "[2001:db8::1]/x",
        ] {
            assert!(is_a_place(word), "{word}");
            let answer = url(word).unwrap_err().to_string();
            assert!(
                answer.contains(&format!("did you mean https://{word} or")),
                "{answer}"
            );
        }
    }

    #[test]
    fn what_surrounds_a_url_in_a_text_is_no_part_of_it() {
        for word in [
            " http://h/x",
            "http://h/x\n",
            "http://h/x\r\n",
            "\"http://h/x\"",
            "'http://h/x'",
            "<http://h/x>",
            "<URL:http://h/x>",
            "`http://h/x`",
            "\u{201c}http://h/x\u{201d}",
            "\u{2018}http://h/x\u{2019}",
            "\u{ab}\u{a0}http://h/x\u{a0}\u{bb}",
            "\u{feff}http://h/x",
            "\"http://h/x",
            "HTTP://h/x",
            "view-source:http://h/x",
        ] {
            assert!(is_a_place(word), "{word}");
            assert_eq!(url(word).unwrap().as_str(), "http://h/x", "{word}");
        }
        assert_eq!(url("http://h/it's'").unwrap().as_str(), "http://h/it's'");
    }

    #[test]
    fn a_slip_in_the_scheme_is_offered_mended() {
        for (word, meant) in [
            ("http:host/x", "http://host/x"),
            ("http:/host/x", "http://host/x"),
            ("http//host/x", "http://host/x"),
            ("http;//host/x", "http://host/x"),
            ("http:\\\\host\\x", "http://host/x"),
            ("http:///host/x", "http://host/x"),
            ("https:////host/x", "https://host/x"),
            ("(http://host/x)", "http://host/x"),
            ("[a](https://host/x).", "https://host/x"),
            ("url=https://host/x", "https://host/x"),
            ("url=https://u:hush@host/x?a=hush", "https://...@host/x"),
            ("HTTPS:/host/x", "https://host/x"),
            ("https:://host/x", "https://host/x"),
            ("htp://host/x", "http://host/x"),
            ("htttps://host/x", "https://host/x"),
            ("ttps://host/x", "https://host/x"),
            ("hxxps://host/x", "https://host/x"),
            ("http://https://host/x", "https://host/x"),
            ("//host/x", "https://host/x or http://host/x"),
        ] {
            let answer = url(word).unwrap_err().to_string();
            let offered = format!("did you mean {meant}?");
            assert!(answer.ends_with(&offered), "{answer}");
        }
        for word in ["ftp://h/x", "sftp://h/x", "ftps://h/x", "file:///x"] {
            let answer = url(word).unwrap_err().to_string();
            assert!(answer.starts_with("only http and https"), "{answer}");
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
