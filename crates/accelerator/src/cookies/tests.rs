//! Tests of the places to which each cookie is sent.

use super::*;

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

fn now() -> HttpDate {
    HttpDate::parse(b"Sat, 01 Aug 2026 12:00:00 GMT").unwrap()
}

fn sent(cookies: &Cookies, to: &str) -> String {
    let value = cookies.for_url(&url(to), None, now()).unwrap_or_default();
    String::from_utf8_lossy(&value).into_owned()
}

/// Returns the cookies that are sent to `to` after `from` has set `field`.
fn after(from: &str, field: &str, to: &str) -> String {
    let mut cookies = Cookies::default();
    cookies.note(&url(from), field.as_bytes(), now());
    sent(&cookies, to)
}

#[test]
fn a_cookie_is_sent_where_its_server_wants_it() {
    let long = format!("a={}", "x".repeat(4095));
    for (from, field, to, expected) in [
        ("http://h/", "a=b", "http://h/", "a=b"),
        ("http://h/", "a=b; Path=/", "http://h/x/y?z", "a=b"),
        (
            "http://h/",
            " a = b ;HttpOnly;SameSite=Lax",
            "http://h/",
            "a=b",
        ),
        ("http://h/", "a=\"b c\"; path=/", "http://h/", "a=\"b c\""),
        ("http://h/", "a=b=c", "http://h/", "a=b=c"),
        ("http://h/", "a=", "http://h/", "a="),
        ("http://h/", "token", "http://h/", "token"),
        ("http://h/", "a=\u{fc}", "http://h/", "a=\u{fc}"),
        ("http://h:1/", "a=b", "http://h:2/", "a=b"),
        ("http://h/", "a=b", "https://h/", "a=b"),
        ("http://H.Example/", "a=b", "http://h.example./", "a=b"),
        (
            "http://127.0.0.1/",
            "a=b; Domain=127.0.0.1",
            "http://127.0.0.1/",
            "a=b",
        ),
        ("http://[::1]:8/", "a=b", "http://[::1]:9/", "a=b"),
        (
            "http://localhost/",
            "a=b; Domain=localhost",
            "http://localhost/",
            "a=b",
        ),
        ("http://h/", "a=b; Domain=", "http://h/", "a=b"),
        (
            "http://w.h.example/",
            "a=b; Domain=h.example",
            "http://x.h.example/",
            "a=b",
        ),
        (
            "http://w.h.example/",
            "a=b; Domain=.H.Example",
            "http://h.example/",
            "a=b",
        ),
        ("http://h/x/y", "a=b", "http://h/x/z", "a=b"),
        ("http://h/x/y", "a=b", "http://h/x", "a=b"),
        ("http://h/x/y", "a=b; Path=z", "http://h/x/z", "a=b"),
        ("http://h/x/y", "a=b; Path=/z", "http://h/z/", "a=b"),
        // The last one counts, also where it makes no sense.
        (
            "http://h/x/y",
            "a=b; Path=/z; Path=z",
            "http://h/x/z",
            "a=b",
        ),
        ("http://h/", "a=b; Path=/z/", "http://h/z/y", "a=b"),
        ("https://h/", "a=b; Secure", "https://h/", "a=b"),
        (
            "https://h/",
            "__Host-a=b; Secure; Path=/",
            "https://h/",
            "__Host-a=b",
        ),
        ("http://h/", &long, "http://h/", &long),
    ] {
        assert_eq!(after(from, field, to), expected, "{from} {field} {to}");
    }
}

/// Anybody may have a host below such a domain (the list of public suffixes).
#[test]
fn a_cookie_for_a_public_suffix_is_sent_to_no_neighbour() {
    for suffix in [
        "com",
        "co.uk",
        "github.io",
        "any.kawasaki.jp",
        "s3.amazonaws.com",
        "xn--p1ai",
        "foo.ck",
        "blogspot.com",
        "unknown-top-level",
        "localhost",
    ] {
        let [here, neighbour, own] =
            ["http://a.x.", "http://b.y.", "http://"].map(|before| format!("{before}{suffix}/"));
        for dot in ["", "."] {
            let field = format!("a=b; Domain={dot}{suffix}");
            for to in [&here, &neighbour, &own] {
                assert_eq!(after(&here, &field, to), "", "{field} {to}");
            }
            // The host itself may have cookies, as a site of its own.
            assert_eq!(after(&own, &field, &own), "a=b", "{field}");
            assert_eq!(after(&own, &field, &neighbour), "", "{field}");
            // A domain below it belongs to somebody.
            let field = format!("a=b; Domain={dot}x.{suffix}");
            let sibling = format!("http://c.x.{suffix}/");
            assert_eq!(after(&here, &field, &sibling), "a=b", "{field}");
            assert_eq!(after(&here, &field, &neighbour), "", "{field}");
            let file = format!("{dot}{suffix}\tTRUE\t/\tFALSE\t0\ta\tb");
            let cookies = Cookies::of_file(file.as_bytes()).unwrap();
            assert_eq!(sent(&cookies, &own), "a=b", "{file}");
            assert_eq!(sent(&cookies, &neighbour), "", "{file}");
        }
    }
    // Exceptions of the list are hosts like others.
    for (host, domain) in [
        ("a.www.ck", "www.ck"),
        ("a.city.kawasaki.jp", "city.kawasaki.jp"),
    ] {
        let (here, to) = (format!("http://{host}/"), format!("http://b.{domain}/"));
        assert_eq!(after(&here, &format!("a=b; Domain={domain}"), &to), "a=b");
    }
}

#[test]
fn a_cookie_lives_as_long_as_its_server_says() {
    for attributes in [
        "Max-Age=1",
        "Max-Age=x",
        "Max-Age=99999999999999999999999",
        "Expires=Sat, 01-Aug-2026 12:00:01 GMT",
        "Expires=never",
        "Max-Age=",
        "Max-Age=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
    ] {
        let sent = after("http://h/", &format!("a=b; {attributes}"), "http://h/");
        assert_eq!(sent, "a=b", "{attributes}");
    }
}

#[test]
fn a_cookie_is_sent_nowhere_else() {
    let long = format!("a={}", "x".repeat(4096));
    for (from, field, to) in [
        ("http://h/", "", "http://h/"),
        ("http://h/", "=", "http://h/"),
        ("http://h/", "; Path=/", "http://h/"),
        ("http://h/", &long, "http://h/"),
        ("http://h/", "a=b\r\nX: y", "http://h/"),
        ("http://h/", "a\u{1}=b", "http://h/"),
        ("http://h.example/", "a=b", "http://w.h.example/"),
        ("http://w.h.example/", "a=b", "http://h.example/"),
        (
            "http://h.example/",
            "a=b; Domain=h.example",
            "http://oh.example/",
        ),
        (
            "http://h.example/",
            "a=b; Domain=other.example",
            "http://other.example/",
        ),
        (
            "http://h.example/",
            "a=b; Domain=other.example",
            "http://h.example/",
        ),
        (
            "http://h.example/",
            "a=b; Domain=w.h.example",
            "http://w.h.example/",
        ),
        (
            "http://h.example/",
            "a=b; Domain=example",
            "http://x.example/",
        ),
        (
            "http://h.example/",
            "a=b; Domain=example",
            "http://h.example/",
        ),
        ("http://1.2.3.4/", "a=b; Domain=2.3.4", "http://1.2.3.4/"),
        ("http://1.2.3.4/", "a=b; Domain=.3.4", "http://5.6.3.4/"),
        ("http://h/x/y", "a=b", "http://h/"),
        ("http://h/x/y", "a=b", "http://h/xy"),
        ("http://h/", "a=b; Path=/z", "http://h/zz"),
        ("https://h/", "a=b; Secure", "http://h/"),
        ("http://h/", "a=b; Secure", "https://h/"),
        ("http://h/", "__Secure-a=b", "http://h/"),
        ("https://h/", "__Secure-a=b", "https://h/"),
        ("https://h/", "__Host-a=b; Path=/", "https://h/"),
        ("http://h/x/y", "a=b; Path=/z; Path=z", "http://h/z/"),
        ("https://h/", "__Host-a=b; Secure; Path=/x", "https://h/x"),
        (
            "https://h/",
            "__Host-a=b; Secure; Path=/; Domain=h",
            "https://h/",
        ),
    ] {
        assert_eq!(after(from, field, to), "", "{from} {field} {to}");
    }
}

#[test]
fn a_cookie_that_is_over_is_not_sent() {
    for attributes in [
        "Max-Age=0",
        "Max-Age=-1",
        "Expires=Thu, 01 Jan 1970 00:00:00 GMT",
        "Max-Age=; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
        "Max-Age=x; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
        "Max-Age=0; Expires=Fri, 01 Jan 2100 00:00:00 GMT",
    ] {
        let sent = after("http://h/", &format!("a=b; {attributes}"), "http://h/");
        assert_eq!(sent, "", "{attributes}");
    }
}

#[test]
fn servers_replace_and_remove_cookies() {
    let mut cookies = Cookies::default();
    let host = url("http://h/x/y");
    for field in ["a=1", "b=2; Path=/", "a=3; Path=/", "c=4", "a=5"] {
        cookies.note(&host, field.as_bytes(), now());
    }
    assert_eq!(sent(&cookies, "http://h/x/"), "c=4; a=5; b=2; a=3");
    cookies.note(&host, b"a=; Max-Age=0", now());
    cookies.note(
        &host,
        b"b=; Path=/; Expires=Thu, 01-Jan-1970 00:00:00 GMT",
        now(),
    );
    assert_eq!(sent(&cookies, "http://h/x/"), "c=4; a=3");
}

#[test]
fn what_the_user_wrote_stays_until_a_server_replaces_it() {
    let mut cookies = Cookies::default();
    let host = url("http://h/");
    let both = |cookies: &Cookies| {
        let value = cookies.for_url(&host, Some(b"a=1;b=2; c"), now()).unwrap();
        String::from_utf8(value).unwrap()
    };
    assert_eq!(both(&cookies), "a=1; b=2; c");
    cookies.note(&host, b"b=3", now());
    cookies.note(&host, b"d=4", now());
    assert_eq!(both(&cookies), "a=1; c; b=3; d=4");
    assert_eq!(cookies.for_url(&url("http://g/"), None, now()), None);
}

#[test]
fn servers_set_a_limited_number_and_take_no_place_of_the_file() {
    let file = ["mine", "own", "third"].map(|name| format!("h\tFALSE\t/\tFALSE\t0\t{name}\t1\n"));
    let mut cookies = Cookies::of_file(file.concat().as_bytes()).unwrap();
    // One that is set again and again is one.
    for number in 0..1000 {
        cookies.note(&url("http://h/"), format!("n0={number}").as_bytes(), now());
    }
    assert_eq!(
        sent(&cookies, "http://h/"),
        "mine=1; own=1; third=1; n0=999"
    );
    for number in 0..1000 {
        cookies.note(&url("http://h/"), format!("n{number}=x").as_bytes(), now());
    }
    let sent = sent(&cookies, "http://h/");
    assert!(sent.starts_with("mine=1; own=1; third=1; "), "{sent}");
    assert!(sent.ends_with("; n999=x"), "{sent}");
    assert_eq!(sent.split("; ").count(), 3 + SET_MAX);
    cookies.note(&url("http://h/"), b"mine=; Max-Age=0", now());
    cookies.note(&url("http://h/"), b"more=1", now());
    assert_eq!(cookies.kept.len(), 2 + SET_MAX);
}

const FILE: &str = "# Netscape HTTP Cookie File\n# https://curl.se/docs/http-cookies.html\n\n\
    127.0.0.1\tFALSE\t/\tFALSE\t0\tsession\tabc\n\
    .site.example\tTRUE\t/\tTRUE\t1900000000\tsid\tx y\n\
    #HttpOnly_.site.example\tTRUE\t/dl\tFALSE\t1900000000.5\tauth\tt0k\n\
    # .site.example\tTRUE\t/\tFALSE\t0\tcomment\tno\n\
    site.example\tFALSE\t/\tFALSE\t-1\thost\tonly\n\
    site.example\tFALSE\t/\tFALSE\t1\told\tno\n\
    site.example\tFALSE\t/\tFALSE\t0\tempty\n\
    site.example\tFALSE\t/\tFALSE\tnever\tbad\tno\n\
    site.example\tperhaps\t/\tFALSE\t0\tbad\tno\n";

#[test]
fn cookies_of_a_file_are_sent_where_they_say() {
    for text in [
        FILE.to_owned(),
        FILE.replace('\n', "\r\n"),
        format!("\u{feff}{FILE}"),
        FILE.replacen("Netscape ", "", 1),
        FILE.replacen("# Netscape HTTP Cookie File\n", "# mine\n", 1),
        FILE.trim_end().to_owned(),
    ] {
        let cookies = Cookies::of_file(text.as_bytes()).unwrap();
        for (to, expected) in [
            ("http://127.0.0.1:8080/x", "session=abc"),
            ("https://www.site.example/", "sid=x y"),
            (
                "https://site.example/dl/a",
                "auth=t0k; sid=x y; host=only; empty=",
            ),
            ("http://www.site.example/dl", "auth=t0k"),
            ("http://site.example/", "host=only; empty="),
            ("http://site.example.evil/", ""),
            ("http://other/", ""),
        ] {
            assert_eq!(sent(&cookies, to), expected, "{text:?} {to}");
        }
    }
    let spaces = "# HTTP Cookie File\n127.0.0.1  FALSE / FALSE 0 a  b\n";
    let cookies = Cookies::of_file(spaces.as_bytes()).unwrap();
    assert_eq!(sent(&cookies, "http://127.0.0.1/"), "a=b");
    assert!(!format!("{cookies:?}").contains("Secret(b"));
}

#[test]
fn what_is_no_file_of_cookies_is_told_from_one() {
    for text in [
        "",
        "a=b; c=d",
        "a=b\n",
        "[{\"name\": \"a\"}]",
        "# a=b",
        "a\tb",
        "\u{0}",
        ".\tTRUE\t/\tFALSE\t0\ta\tb",
        "h\tTRUE\t/\tFALSE\t0\ta\u{1}\tb",
        "h\tTRUE\t/\tFALSE\t0\ta\tb\u{1}",
    ] {
        assert!(Cookies::of_file(text.as_bytes()).is_none(), "{text}");
    }
    assert!(Cookies::of_file(b"# Netscape HTTP Cookie File\n").is_some());
}
