//! URLs that files are fetched from, and others.
use super::*;

#[test]
fn urls_are_absolute_and_fetched() {
    let base = Url::parse("https://example.org/pub/list.meta4").unwrap();
    let scheme = |name: &str| Err(UrlError::Scheme(name.to_owned()));
    for (text, expected) in [
        ("https://example.org/f", Ok("https://example.org/f")),
        ("http://example.org", Ok("http://example.org/")),
        ("HTTP://EXAMPLE.ORG/F", Ok("http://example.org/F")),
        ("f.iso#sha256=00", Ok("https://example.org/pub/f.iso")),
        ("/f", Ok("https://example.org/f")),
        ("//mirror.example/f", Ok("https://mirror.example/f")),
        ("http://[::1]:80/f", Ok("http://[::1]/f")),
        ("ftp://example.org/f", scheme("ftp")),
        ("rsync://example.org/f", scheme("rsync")),
        ("magnet:?xt=urn:btih:00", scheme("magnet")),
        ("file:///etc/passwd", scheme("file")),
        ("javascript:alert(1)", scheme("javascript")),
        ("", Err(UrlError::Malformed)),
        ("http://", Err(UrlError::Malformed)),
        ("http://a b/", Err(UrlError::Malformed)),
        ("http://example.org/a\nb", Err(UrlError::Malformed)),
        ("http://example.org/\0", Err(UrlError::Malformed)),
    ] {
        let found = SourceUrl::parse(text, Some(&base));
        assert_eq!(
            found.as_ref().map(SourceUrl::as_str).map_err(Clone::clone),
            expected,
            "{text}"
        );
    }
    assert_eq!(SourceUrl::parse("f.iso", None), Err(UrlError::Malformed));
    let long = format!("http://example.org/{}", "a".repeat(URL_BYTES));
    assert_eq!(SourceUrl::parse(&long, None), Err(UrlError::TooLong));
}

#[test]
fn a_url_that_is_shown_keeps_its_secrets() {
    for (text, shown) in [
        (
            "https://u:hush@example.org/f?token=hush#hush",
            "https://example.org/f?...",
        ),
        ("https://u%40x:hush@example.org", "https://example.org/"),
        ("http://example.org/a@b", "http://example.org/a@b"),
        ("http://example.org?hush@x/", "http://example.org/?..."),
    ] {
        let url = SourceUrl::parse(text, None).unwrap();
        assert_eq!(format!("{url:?}"), shown);
    }
}
