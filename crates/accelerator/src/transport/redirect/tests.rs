//! Tests of which redirects are followed, and of what goes along.

use super::*;

fn trail(url: &str) -> Trail {
    Trail::new(Url::parse(url).unwrap(), Cookies::default())
}

#[test]
fn relative_and_absolute_locations_are_followed() {
    let mut trail = trail("http://a.example/dir/file?x=1");
    for (location, here) in [
        ("other", "http://a.example/dir/other"),
        ("/root#frag", "http://a.example/root"),
        ("//b.example/y", "http://b.example/y"),
        ("https://c.example/z", "https://c.example/z"),
    ] {
        trail.follow(Some(location.as_bytes())).unwrap();
        assert_eq!(trail.here().as_str(), here);
    }
}

#[test]
fn leaving_the_origin_loses_trust_for_good() {
    for elsewhere in [
        "http://b.example/",
        "http://a.example:81/",
        "https://a.example/",
    ] {
        let mut trail = trail("http://a.example/1");
        trail.follow(Some(b"/2")).unwrap();
        assert!(trail.is_trusted());
        trail.follow(Some(elsewhere.as_bytes())).unwrap();
        assert!(!trail.is_trusted());
    }
    let mut there_and_back = trail("http://a.example/1");
    there_and_back.follow(Some(b"http://b.example/")).unwrap();
    there_and_back.follow(Some(b"http://a.example/2")).unwrap();
    assert!(!there_and_back.is_trusted());
    assert!(!there_and_back.shortcut().is_trusted());
}

#[test]
fn unsafe_redirects_are_refused() {
    let refused = |from: &str, location: &str| trail(from).follow(Some(location.as_bytes()));
    let http = "http://a.example/";
    assert!(matches!(
        refused(http, "file:///etc/passwd"),
        Err(RedirectError::Scheme { .. })
    ));
    assert!(matches!(
        refused(http, "ftp://b.example/"),
        Err(RedirectError::Scheme { .. })
    ));
    assert!(matches!(
        refused(http, "data:,x"),
        Err(RedirectError::Scheme { .. })
    ));
    assert!(matches!(
        refused(http, "http://"),
        Err(RedirectError::BadLocation)
    ));
    let downgraded = refused("https://a.example/", "http://a.example/");
    assert!(matches!(downgraded, Err(RedirectError::Downgrade { .. })));
    assert!(matches!(
        trail(http).follow(None),
        Err(RedirectError::NoLocation)
    ));
}

#[test]
fn a_location_is_read_as_browsers_read_it() {
    for (location, here) in [
        (&b"/a b"[..], "/a%20b"),
        (b" /a\t", "/a"),
        (b"/a%20b%2Fc", "/a%20b%2Fc"),
        (b"/a%", "/a%"),
        ("/caf\u{e9}".as_bytes(), "/caf%C3%A9"),
        (b"/caf\xe9", "/caf%E9"),
        (b"/\xb3\xc9\xb9\xa6?\xff=\xfe", "/%B3%C9%B9%A6?%FF=%FE"),
        (b"?x=\"1\"&y=<2>", "/dir/file?x=%221%22&y=%3C2%3E"),
        (b"\\other\\path", "/other/path"),
        (b"./../x", "/x"),
        (b"/x{y}|z", "/x%7By%7D|z"),
        (b"", "/dir/file"),
        (b"#top", "/dir/file"),
    ] {
        let mut trail = trail("http://a.example/dir/file");
        trail.follow(Some(location)).unwrap();
        let expected = format!("http://a.example{here}");
        assert_eq!(trail.here().as_str(), expected, "{location:?}");
    }
    let mut trail = trail("http://a.example/");
    for (location, host) in [
        ("http://b\u{fc}cher.example/", "xn--bcher-kva.example"),
        ("//B.Example", "b.example"),
        ("HTTPS://c.example:443/", "c.example"),
        ("https:\\\\d.example\\x", "d.example"),
    ] {
        trail.follow(Some(location.as_bytes())).unwrap();
        assert_eq!(trail.here().host_str(), Some(host), "{location}");
    }
}

#[test]
fn a_user_in_a_location_is_for_the_origin_it_leads_to() {
    let login = |user: &str, password: &str| Credentials::basic(user, password).ok();
    let mut trail = trail("http://a.example/");
    for (location, here, expected) in [
        (
            "http://us:er@b.example/x",
            "http://b.example/x",
            login("us", "er"),
        ),
        ("/y", "http://b.example/y", login("us", "er")),
        (
            "//share:@b.example/",
            "http://b.example/",
            login("share", ""),
        ),
        ("http://b.example:81/", "http://b.example:81/", None),
        ("http://b.example/", "http://b.example/", None),
        ("http://u%3A1:p@b.example/", "http://b.example/", None),
    ] {
        trail.follow(Some(location.as_bytes())).unwrap();
        assert_eq!(trail.here().as_str(), here);
        assert_eq!(trail.login(), expected.as_ref(), "{location}");
    }
    trail.follow(Some(b"http://u:p@b.example/")).unwrap();
    assert!(trail.shortcut().login().is_some());
}

#[test]
fn cookies_of_the_hops_go_along_and_later_requests_know_them() {
    let now = HttpDate::from_unix_seconds(1_800_000_000);
    let cookie = |trail: &Trail, own| {
        let value = trail.cookie(own, now).unwrap_or_default();
        String::from_utf8(value).unwrap()
    };
    let mut trail = trail("http://a.example/");
    trail.set_cookie(b"ok=1; Path=/", now);
    trail.follow(Some(b"/")).unwrap();
    assert_eq!(cookie(&trail, None), "ok=1");
    trail.follow(Some(b"http://b.example/")).unwrap();
    assert_eq!(cookie(&trail, None), "");
    trail.set_cookie(b"cdn=2", now);
    trail.follow(Some(b"http://a.example/x")).unwrap();
    assert_eq!(cookie(&trail, Some(b"mine=3")), "mine=3; ok=1");
    trail.follow(Some(b"http://b.example/x")).unwrap();
    assert_eq!(cookie(&trail.shortcut(), None), "cdn=2");
}

#[test]
fn from_the_world_no_redirect_leads_inside() {
    let outside: Option<IpAddr> = Some("8.8.8.8".parse().unwrap());
    let inside: Option<IpAddr> = Some("10.0.0.1".parse().unwrap());
    let targets = [
        "http://127.0.0.1/",
        "http://169.254.169.254/",
        "http://localhost/x",
    ];
    for target in targets {
        let mut trail = trail("http://a.example/");
        trail.answered(outside);
        let refused = trail.follow(Some(target.as_bytes()));
        assert!(
            matches!(refused, Err(RedirectError::Private { .. })),
            "{target}"
        );
    }
    for target in targets {
        let mut trail = trail("http://a.example/");
        trail.answered(inside);
        trail.follow(Some(target.as_bytes())).unwrap();
        assert_eq!(trail.reach(), Reach::Anywhere);
    }
    // The place the user named may be anywhere, the next one may not, nor any after it.
    let mut hops = trail("http://a.example/");
    hops.answered(outside);
    assert_eq!(hops.clone().shortcut().reach(), Reach::Anywhere);
    hops.follow(Some(b"http://b.example/")).unwrap();
    assert_eq!(hops.reach(), Reach::Public);
    hops.answered(inside);
    hops.follow(Some(b"http://c.example/")).unwrap();
    assert_eq!(hops.shortcut().reach(), Reach::Public);
}

#[test]
fn who_was_once_outside_is_never_inside_again() {
    let outside: Option<IpAddr> = Some("8.8.8.8".parse().unwrap());
    let mut trail = trail("http://a.example/");
    // A request that is tried again is answered again.
    trail.answered(outside);
    trail.answered(outside);
    let refused = trail.follow(Some(b"http://127.0.0.1/"));
    assert!(matches!(refused, Err(RedirectError::Private { .. })));
}

#[test]
fn a_shortcut_begins_at_the_last_place_and_may_go_where_the_trail_has_been() {
    let mut trail = trail("http://a.example/1");
    trail.follow(Some(b"/2")).unwrap();
    let mut short = trail.shortcut();
    assert_eq!(short.here().as_str(), "http://a.example/2");
    short.follow(Some(b"/1")).unwrap();
    assert!(short.is_trusted());
}

#[test]
fn behind_a_proxy_a_url_is_judged_by_what_it_says() {
    for (url, reach) in [
        ("http://a.example/", Reach::Public),
        ("http://8.8.8.8/", Reach::Public),
        ("http://10.0.0.1/", Reach::Anywhere),
        ("http://localhost/", Reach::Anywhere),
    ] {
        let mut trail = trail(url);
        trail.answered(None);
        trail.follow(Some(b"http://b.example/")).unwrap();
        assert_eq!(trail.reach(), reach, "{url}");
    }
}

#[test]
fn the_number_of_redirects_is_limited() {
    let mut trail = trail("http://a.example/");
    for hop in 0..20 {
        trail.follow(Some(format!("/{hop}").as_bytes())).unwrap();
    }
    let refused = trail.clone().follow(Some(b"/more"));
    assert!(matches!(refused, Err(RedirectError::TooMany)));
    let refused = trail.follow(Some(b"/7"));
    assert!(matches!(refused, Err(RedirectError::Loop { .. })));
}

#[test]
fn a_later_request_knows_whose_credentials_it_may_carry() {
    let mut away = trail("http://a.example/1");
    away.follow(Some(b"/2")).unwrap();
    let mut short = away.shortcut();
    assert!(short.is_trusted());
    short.follow(Some(b"http://b.example/")).unwrap();
    assert!(!short.is_trusted());
}

#[test]
fn who_wants_the_fence_is_known() {
    let of_caller = trail("http://a.example/").fenced();
    assert!(of_caller.is_fenced_by_caller());
    let mut of_origin = trail("http://8.8.8.8/");
    assert!(!of_origin.is_fenced_by_caller());
    of_origin.answered(Some("8.8.8.8".parse().unwrap()));
    of_origin.follow(Some(b"http://a.example/")).unwrap();
    assert_eq!(of_origin.reach(), Reach::Public);
    assert!(!of_origin.is_fenced_by_caller());
}
