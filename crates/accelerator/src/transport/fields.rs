//! Owns the choice of the user's header fields that go along with a request, once redirects have
//! led it somewhere. Pure: sends nothing.

use http::header::{AUTHORIZATION, COOKIE, REFERER};
use http::{HeaderMap, HeaderValue};
use range_core::http::date::HttpDate;
use url::Url;

use super::redirect::Trail;

/// The fields that tell nobody anything about the user, in lower case: those that browsers send to
/// every server. Fields that begin with one of [`HARMLESS_BEGINNINGS`] are as good.
const HARMLESS: &[&str] = &[
    "accept",
    "accept-language",
    "cache-control",
    "dnt",
    "pragma",
    "priority",
    "upgrade-insecure-requests",
    "user-agent",
];
const HARMLESS_BEGINNINGS: &[&str] = &["sec-ch-ua", "sec-fetch-", "sec-gpc"];

/// The fields that the download decides itself: which bytes of which version are asked for, and how
/// a request is framed. Browsers copy some of them into command lines.
const OF_THE_DOWNLOAD: &[&str] = &[
    "accept-encoding",
    "content-length",
    "expect",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "range",
    "te",
    "transfer-encoding",
    "upgrade",
];

/// Reports whether a field tells nobody anything about the user, so that every origin may see it.
pub fn is_harmless(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    HARMLESS.contains(&name.as_str()) || HARMLESS_BEGINNINGS.iter().any(|own| name.starts_with(own))
}

/// Returns the user's fields for the next request of a trail, and those that servers have added on
/// the way.
///
/// At the origin of the URL these are all of the user's fields. Elsewhere they are the harmless
/// ones, and a `Referer` without its path, which is the policy of browsers
/// (`strict-origin-when-cross-origin`).
pub(super) fn for_hop(own: &HeaderMap, trail: &Trail, now: HttpDate) -> HeaderMap {
    let mut fields = HeaderMap::new();
    for (name, value) in own {
        if OF_THE_DOWNLOAD.contains(&name.as_str()) {
            continue;
        }
        if trail.is_trusted() || is_harmless(name.as_str()) {
            fields.append(name, value.clone());
        } else if name == REFERER
            && let Some(value) = shortened(value, trail.here())
        {
            fields.append(name, value);
        }
    }
    if let Some(login) = trail.login() {
        fields
            .entry(AUTHORIZATION)
            .or_insert_with(|| login.header_value());
    }
    add_cookies(&mut fields, trail, now);
    fields
}

fn add_cookies(fields: &mut HeaderMap, trail: &Trail, now: HttpDate) {
    let own: Vec<&[u8]> = fields
        .get_all(COOKIE)
        .iter()
        .map(HeaderValue::as_bytes)
        .collect();
    let own = own.join(&b"; "[..]);
    let cookies = trail.cookie(Some(&own), now);
    if let Some(mut value) = cookies.and_then(|value| HeaderValue::from_bytes(&value).ok()) {
        value.set_sensitive(true);
        fields.insert(COOKIE, value);
    }
}

/// Returns a referrer as another origin sees it: all of it if it is a page of that origin, nothing
/// if it was read over https and the request is not, and otherwise its origin.
fn shortened(value: &HeaderValue, to: &Url) -> Option<HeaderValue> {
    let referrer = Url::parse(value.to_str().ok()?).ok()?;
    if referrer.origin() == to.origin() {
        return Some(value.clone());
    }
    if referrer.scheme() == "https" && to.scheme() != "https" || !referrer.has_host() {
        return None;
    }
    HeaderValue::try_from(format!("{}/", referrer.origin().ascii_serialization())).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cookies::Cookies;
    use http::HeaderName;

    fn own() -> HeaderMap {
        let mut fields = HeaderMap::new();
        for (name, value) in [
            ("accept", "text/*"),
            ("accept-language", "de"),
            ("authorization", "Basic bWU6"),
            ("cookie", "a=1"),
            ("cookie", "b=2"),
            ("origin", "http://a.example"),
            ("private-token", "t0k"),
            ("proxy-authorization", "Basic bWU6"),
            ("sec-fetch-mode", "navigate"),
            ("user-agent", "Mozilla/5.0"),
            ("x-amz-security-token", "t0k"),
            ("x-forwarded-for", "10.0.0.1"),
        ] {
            fields.append(
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            );
        }
        fields
    }

    fn at(hops: &[&str]) -> Trail {
        let original = Url::parse("http://a.example/page").unwrap();
        let mut trail = Trail::new(original, Cookies::default());
        for hop in hops {
            trail.follow(Some(hop.as_bytes())).unwrap();
        }
        trail
    }

    fn shown(own: &HeaderMap, hops: &[&str]) -> Vec<String> {
        let fields = for_hop(own, &at(hops), HttpDate::LATEST);
        let line = |(name, value): (&HeaderName, &HeaderValue)| {
            format!("{name}: {}", value.to_str().unwrap())
        };
        let mut lines: Vec<_> = fields.iter().map(line).collect();
        lines.sort();
        lines
    }

    #[test]
    fn all_fields_stay_with_their_origin_and_harmless_ones_go_anywhere() {
        let all = shown(&own(), &[]);
        assert_eq!(all.len(), 11, "two cookies are one field: {all:?}");
        assert!(all.contains(&"cookie: a=1; b=2".to_owned()), "{all:?}");
        assert_eq!(shown(&own(), &["/other"]), all);
        let harmless = [
            "accept-language: de",
            "accept: text/*",
            "sec-fetch-mode: navigate",
            "user-agent: Mozilla/5.0",
        ];
        for hops in [
            &["http://b.example/"][..],
            &["http://a.example:81/"],
            &["https://a.example/page"],
            &["http://b.example/", "http://a.example/page"],
        ] {
            assert_eq!(shown(&own(), hops), harmless, "{hops:?}");
        }
    }

    #[test]
    fn a_referrer_shows_another_origin_no_path() {
        for (referrer, hop, expected) in [
            (
                "http://site.example/p?q=1",
                "/x",
                Some("http://site.example/p?q=1"),
            ),
            (
                "http://site.example/p?q=1",
                "http://b.example/",
                Some("http://site.example/"),
            ),
            (
                "http://b.example/p",
                "http://b.example/x",
                Some("http://b.example/p"),
            ),
            (
                "https://site.example:8443/p",
                "https://b.example/",
                Some("https://site.example:8443/"),
            ),
            ("https://site.example/p", "http://b.example/", None),
            ("me", "http://b.example/", None),
            ("about:client", "http://b.example/", None),
        ] {
            let mut own = HeaderMap::new();
            own.insert(REFERER, HeaderValue::from_static(referrer));
            let fields = for_hop(&own, &at(&[hop]), HttpDate::LATEST);
            let found = fields.get(REFERER).map(|value| value.to_str().unwrap());
            assert_eq!(found, expected, "{referrer} {hop}");
        }
    }

    #[test]
    fn a_login_in_a_location_gives_way_to_the_user() {
        let login = "authorization: Basic dTpw";
        assert_eq!(
            shown(&HeaderMap::new(), &["http://u:p@b.example/"]),
            [login]
        );
        let both = shown(&own(), &["http://u:p@a.example/"]);
        assert!(
            both.contains(&"authorization: Basic bWU6".to_owned()),
            "{both:?}"
        );
        assert!(!both.contains(&login.to_owned()));
    }
}
