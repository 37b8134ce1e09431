//! `Link` fields of mirror networks, of the RFCs, and malformed ones.
use super::*;

fn links(value: &str) -> Links {
    let url = Url::parse("https://origin.example/pub/a.iso").unwrap();
    read(value.as_bytes(), &url)
}

fn places(value: &str) -> Vec<String> {
    let duplicates = links(value).duplicates;
    duplicates
        .iter()
        .map(|link| link.url.as_str().to_owned())
        .collect()
}

#[test]
fn a_mirror_is_read_with_all_that_is_said_of_it() {
    // RFC 6249 §3.4, §3.1 to §3.3.
    let value = concat!(
        "<http://www2.example.com/example.ext>; rel=duplicate; pri=1; pref; geo=gb; depth=1, ",
        "<ftp://ftp.example.com/example.ext>; rel=duplicate, ",
        "<http://example.com/example.ext.torrent>; rel=describedby; ",
        "type=\"application/x-bittorrent\"; name=\"differentname.ext\", ",
        "<http://example.com/example.ext.asc>; rel=describedby; type=\"application/PGP-signature\"",
    );
    let read = links(value);
    let [mirror] = &*read.duplicates else {
        panic!("{read:?}");
    };
    assert_eq!(mirror.url.as_str(), "http://www2.example.com/example.ext");
    assert_eq!(mirror.priority.get(), 1);
    assert!(mirror.is_preferred);
    assert_eq!(
        mirror.location.map(|at| at.as_str().to_owned()).as_deref(),
        Some("gb")
    );
    assert_eq!(mirror.depth, Some(1));
    let [torrent, signature] = &*read.described_by else {
        panic!("{read:?}");
    };
    assert_eq!(
        torrent.media_type.as_deref(),
        Some("application/x-bittorrent")
    );
    assert_eq!(torrent.name.as_deref(), Some("differentname.ext"));
    assert_eq!(
        signature.media_type.as_deref(),
        Some("application/pgp-signature")
    );
}

#[test]
fn preferred_mirrors_are_first_then_priorities() {
    let value = "<http://c/>;rel=duplicate, <http://b/>;rel=duplicate;pri=2, \
                 <http://a/>;rel=duplicate;pri=9;pref, <http://d/>;rel=duplicate;pri=0";
    assert_eq!(
        places(value),
        ["http://a/", "http://b/", "http://c/", "http://d/"]
    );
}

#[test]
fn only_other_places_of_this_resource_are_mirrors() {
    for (value, expected) in [
        ("<https://origin.example/pub/a.iso>; rel=duplicate", 0),
        ("<a.iso#x>; rel=duplicate", 0),
        ("<b.iso>; rel=duplicate, <b.iso>; rel=duplicate", 1),
        ("<http://m/>; rel=duplicate; anchor=\"#part\"", 0),
        ("<http://m/>; rel=next", 0),
        ("<http://m/>; rel=\"prev duplicate\"", 1),
        ("<http://m/>; REL=DUPLICATE", 1),
        // The first relation counts (RFC 8288 §3.3).
        ("<http://m/>; rel=next; rel=duplicate", 0),
        ("<http://m/>", 0),
        ("<magnet:?xt=x>; rel=duplicate", 0),
        ("<file:///etc/passwd>; rel=duplicate", 0),
    ] {
        assert_eq!(places(value).len(), expected, "{value}");
    }
}

#[test]
fn what_is_malformed_does_not_spoil_the_rest() {
    for value in [
        "<http://m/>;rel=duplicate",
        ",, ,<http://m/> ; ; rel = duplicate ;",
        "garbage, <http://m/>; rel=duplicate",
        "garbage; x=\"a, <http://n/>; rel=duplicate\", <http://m/>; rel=\"duplicate\"",
        "<http://m/>; rel=duplicate; title=\"a\\\"b, <c>\"; pri=x",
        "<http://m/>; rel=duplicate; geo=, <>; rel=duplicate; anchor=x",
        "<http://m/>; rel=duplicate (comment), <http://[/>; rel=duplicate",
        "<http://m/>; rel=duplicate; title*=UTF-8''%e2%82%ac",
        "<http://m/>; rel=duplicate; unfinished=\"",
    ] {
        let expected = if value.ends_with("=\"") {
            &[][..]
        } else {
            &["http://m/"]
        };
        assert_eq!(places(value), expected, "{value}");
    }
    for value in [
        "",
        "<",
        "<>",
        ">",
        "<http://m/",
        ";",
        "\"",
        "\\",
        "<http://m/>;rel=\"duplicate",
    ] {
        assert_eq!(places(value), [""; 0], "{value}");
    }
}

#[test]
fn links_are_counted() {
    let links: Vec<_> = (0..9_999)
        .map(|index| format!("<m{index}>;rel=duplicate"))
        .collect();
    let value = links.join(",");
    assert_eq!(places(&value[..FIELD_BYTES]).len(), LINKS);
}
