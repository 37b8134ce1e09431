//! Owns [`Cookies`]: those of a file, those that servers set on the way of one request, and the
//! URLs to which each is sent (RFC 6265). Opens no file, knows no connection and no clock.

use std::sync::Arc;

use range_core::http::date::HttpDate;
use url::{Host, Url};

use crate::redact::Secret;

/// Longest name and value together that are kept, as in browsers.
const LENGTH_MAX: usize = 4096;

/// Most cookies that servers may set on the way of one request.
const SET_MAX: usize = 64;

/// Cookies, each for the hosts and paths it says.
///
/// Nothing is kept from one download to the next: the cookies that a server sets with a redirect go
/// along with what follows from that redirect, as in a browser, and nowhere else.
#[derive(Clone, Debug, Default)]
pub struct Cookies {
    /// The cookies of the file come first. Each request begins with a copy.
    kept: Arc<Vec<Cookie>>,
    set: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Cookie {
    name: Box<[u8]>,
    value: Secret<Box<[u8]>>,
    /// The domain in lower case, without a dot in front.
    domain: String,
    /// True if it is for hosts below the domain as well.
    has_subdomains: bool,
    path: String,
    is_secure: bool,
    /// The moment it expires. `None` lives as long as this does.
    expires: Option<HttpDate>,
}

impl Cookies {
    /// Reads a file in the format that Netscape wrote and browsers' extensions, curl, wget and
    /// yt-dlp write: a line for each cookie, with its domain, whether hosts below that count, its
    /// path, whether it is for https only, the second in which it expires or 0, its name and its
    /// value, divided by tabs. `None` if the text is not in this format.
    pub fn of_file(text: &[u8]) -> Option<Self> {
        let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text);
        let first = text.trim_ascii_start().to_ascii_lowercase();
        let is_declared = first.starts_with(b"# netscape http cookie file")
            || first.starts_with(b"# http cookie file");
        let lines = text.split(|byte| matches!(byte, b'\n' | b'\r'));
        let kept: Vec<_> = lines
            .filter_map(|line| Cookie::of_line(line, is_declared))
            .collect();
        (is_declared || !kept.is_empty()).then(|| Self {
            kept: Arc::new(kept),
            set: 0,
        })
    }

    /// Notes the cookie that a reply from a URL sets. A field that makes no sense, or a cookie that
    /// this host may not set, is passed over.
    pub(crate) fn note(&mut self, url: &Url, field: &[u8], now: HttpDate) {
        let Some(cookie) = Cookie::of_field(url, field, now) else {
            return;
        };
        let kept = Arc::make_mut(&mut self.kept);
        if let Some(at) = kept.iter().position(|other| other.is_replaced_by(&cookie)) {
            // A cookie of the file that is replaced keeps its place: the count of the set ones says
            // which are of servers.
            let is_set = at >= kept.len() - self.set;
            kept.remove(at);
            self.set -= usize::from(is_set);
        }
        if cookie.is_over(now) {
            return;
        }
        if self.set == SET_MAX {
            kept.remove(kept.len() - self.set);
            self.set -= 1;
        }
        kept.push(cookie);
        self.set += 1;
    }

    /// Returns the value of `Cookie` for a request to a URL. `own` is the user's own value, in
    /// which a server may have replaced cookies by name since. Longer paths come first (RFC 6265
    /// section 5.4).
    pub(crate) fn for_url(&self, url: &Url, own: Option<&[u8]>, now: HttpDate) -> Option<Vec<u8>> {
        let mut due: Vec<&Cookie> = self
            .kept
            .iter()
            .filter(|one| one.is_for(url, now))
            .collect();
        due.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        let written = own.unwrap_or_default().split(|byte| *byte == b';');
        let is_kept = |pair: &&[u8]| {
            let name = pair.split(|byte| *byte == b'=').next().unwrap_or_default();
            !pair.is_empty() && !due.iter().any(|cookie| *cookie.name == *name.trim_ascii())
        };
        let written = written.map(<[u8]>::trim_ascii).filter(is_kept);
        let mut pairs: Vec<Vec<u8>> = written.map(<[u8]>::to_vec).collect();
        for Cookie { name, value, .. } in due {
            let value = value.reveal();
            pairs.push(if name.is_empty() {
                value.to_vec()
            } else {
                [name, &b"="[..], value].concat()
            });
        }
        (!pairs.is_empty()).then(|| pairs.join(&b"; "[..]))
    }
}

impl Cookie {
    /// Reads a line of a file. Tabs may have become spaces in a file that names its format.
    fn of_line(line: &[u8], is_declared: bool) -> Option<Self> {
        let line = line.strip_prefix(b"#HttpOnly_").unwrap_or(line);
        if line.starts_with(b"#") {
            return None;
        }
        let has_tabs = line.contains(&b'\t');
        let fields: Vec<&[u8]> = if has_tabs || !is_declared {
            line.splitn(7, |byte| *byte == b'\t').collect()
        } else {
            let words = line.split(u8::is_ascii_whitespace);
            words.filter(|word| !word.is_empty()).collect()
        };
        let (&fields, value) = match fields.split_first_chunk::<6>()? {
            (fields, []) => (fields, &b""[..]),
            (fields, [value]) => (fields, *value),
            (_, _) => return None,
        };
        let [domain, has_subdomains, path, is_secure, expires, name] =
            fields.map(<[u8]>::trim_ascii);
        let flag = |field: &[u8]| match field.to_ascii_uppercase().as_slice() {
            b"TRUE" => Some(true),
            b"FALSE" => Some(false),
            _ => None,
        };
        // Some programs write fractions, and -1 for a session.
        let seconds = str::from_utf8(expires).ok()?.parse::<f64>().ok()?;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a moment is rounded to its second, and those past all dates to the last"
        )]
        let expires = (seconds > 0.0).then_some(HttpDate::from_unix_seconds(seconds as u64));
        let (name, value) = (name, value.trim_ascii());
        let domain = str::from_utf8(domain).ok()?.trim_start_matches('.');
        let domain = domain.to_ascii_lowercase();
        let path = str::from_utf8(path).ok()?;
        let is_sendable = is_text(name) && is_text(value) && !domain.is_empty();
        is_sendable.then_some(Self {
            name: name.into(),
            value: Secret::new(value.into()),
            // Browsers write such a domain for cookies of that very host.
            has_subdomains: flag(has_subdomains)? && !is_public_suffix(&domain),
            domain,
            path: if path.starts_with('/') { path } else { "/" }.to_owned(),
            is_secure: flag(is_secure)?,
            expires,
        })
    }

    /// Reads a `Set-Cookie`.
    fn of_field(url: &Url, field: &[u8], now: HttpDate) -> Option<Self> {
        let mut parts = field.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
        let pair = parts.next()?;
        let (name, value) = split_once(pair, b'=').unwrap_or((b"", pair));
        let is_kept = (!name.is_empty() || !value.is_empty())
            && name.len() + value.len() <= LENGTH_MAX
            && is_text(field);
        let host = url.host_str()?.trim_end_matches('.').to_ascii_lowercase();
        let mut cookie = Self {
            name: name.into(),
            value: Secret::new(value.into()),
            domain: host,
            has_subdomains: false,
            path: default_path(url).to_owned(),
            is_secure: false,
            expires: None,
        };
        let (mut max_age, mut names_domain) = (None, false);
        for part in parts {
            let (attribute, value) = split_once(part, b'=').unwrap_or((part, b""));
            match attribute.to_ascii_lowercase().as_slice() {
                b"domain" => {
                    names_domain |= !value.is_empty();
                    cookie.set_domain(url, value)?;
                }
                b"path" if value.starts_with(b"/") => {
                    str::from_utf8(value).ok()?.clone_into(&mut cookie.path);
                }
                b"path" => default_path(url).clone_into(&mut cookie.path),
                b"secure" => cookie.is_secure = true,
                b"expires" => cookie.expires = HttpDate::parse_loosely(value).or(cookie.expires),
                b"max-age" => max_age = expiry(value, now).or(max_age),
                _ => {}
            }
        }
        cookie.expires = max_age.or(cookie.expires);
        let is_allowed = !cookie.is_secure || url.scheme() == "https";
        (is_kept && is_allowed && cookie.keeps_its_name(names_domain)).then_some(cookie)
    }

    /// A host may set cookies for itself and the domains above it, but not for one whose hosts have
    /// nothing to do with one another, such as `co.uk`. A host that is such a domain sets them for
    /// itself alone (RFC 6265 section 5.3).
    fn set_domain(&mut self, url: &Url, value: &[u8]) -> Option<()> {
        let domain = str::from_utf8(value).ok()?;
        let domain = domain.strip_prefix('.').unwrap_or(domain);
        if domain.is_empty() {
            return Some(());
        }
        let Host::Domain(domain) = Host::parse(domain).ok()? else {
            // An address has nothing below it.
            return (url.host_str()? == domain).then_some(());
        };
        let host = url.domain()?.trim_end_matches('.');
        if domain == host {
            self.has_subdomains = !is_public_suffix(&domain);
            return Some(());
        }
        (!is_public_suffix(&domain) && is_below(host, &domain)).then(|| {
            self.domain = domain;
            self.has_subdomains = true;
        })
    }

    /// Names with these beginnings promise how the cookie was set.
    fn keeps_its_name(&self, names_domain: bool) -> bool {
        let name = self.name.to_ascii_lowercase();
        let is_of_host = !names_domain && self.path == "/";
        (!name.starts_with(b"__secure-") || self.is_secure)
            && (!name.starts_with(b"__host-") || self.is_secure && is_of_host)
    }

    fn is_replaced_by(&self, other: &Self) -> bool {
        self.name == other.name && self.domain == other.domain && self.path == other.path
    }

    fn is_over(&self, now: HttpDate) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }

    fn is_for(&self, url: &Url, now: HttpDate) -> bool {
        let Some(host) = url.host_str() else {
            return false;
        };
        let host = host.trim_end_matches('.');
        let is_its_host = host == self.domain
            || self.has_subdomains && url.domain().is_some() && is_below(host, &self.domain);
        let is_its_scheme = !self.is_secure || url.scheme() == "https";
        is_its_host && is_its_scheme && is_within(url.path(), &self.path) && !self.is_over(now)
    }
}

/// Reports whether browsers would send this; control characters would end the field or confuse its
/// reader.
fn is_text(bytes: &[u8]) -> bool {
    !bytes
        .iter()
        .any(|byte| byte.is_ascii_control() && *byte != b'\t')
}

/// Reports whether anybody may register names below a domain, as far as the list of public suffixes
/// goes that browsers use too. A single label that is not in it counts, such as `localhost`.
fn is_public_suffix(domain: &str) -> bool {
    psl::suffix_str(domain) == Some(domain)
}

fn is_below(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain)
        .is_some_and(|before| before.ends_with('.'))
}

/// Reports whether a path is another, or below it (RFC 6265 section 5.1.4).
fn is_within(path: &str, of: &str) -> bool {
    path.strip_prefix(of)
        .is_some_and(|rest| rest.is_empty() || of.ends_with('/') || rest.starts_with('/'))
}

/// Returns the directory of a URL.
fn default_path(url: &Url) -> &str {
    match url.path().rfind('/') {
        Some(0) | None => "/",
        Some(end) => &url.path()[..end],
    }
}

/// Returns the end of a `Max-Age`: at once, if it is not above 0.
fn expiry(value: &[u8], now: HttpDate) -> Option<HttpDate> {
    let digits = value.strip_prefix(b"-").unwrap_or(value);
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let is_positive = digits.len() == value.len();
    let seconds = str::from_utf8(digits).ok()?.parse().unwrap_or(u64::MAX);
    let seconds = if is_positive { seconds } else { 0 };
    let at = now.unix_seconds().saturating_add(seconds);
    Some(HttpDate::from_unix_seconds(at))
}

fn split_once(text: &[u8], separator: u8) -> Option<(&[u8], &[u8])> {
    let at = text.iter().position(|byte| *byte == separator)?;
    Some((text[..at].trim_ascii(), text[at + 1..].trim_ascii()))
}

#[cfg(test)]
mod tests;
