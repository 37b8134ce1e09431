//! Fields of heads as servers send them, and what is read of each.

use super::*;
use http::HeaderValue;
use range_core::http::validator::{Agreement, Strength};

const NOON: &[u8] = b"Sat, 01 Aug 2026 12:00:00 GMT";

fn received(fields: &[(&HeaderName, &str)]) -> Head {
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        headers.append(*name, HeaderValue::from_str(value).unwrap());
    }
    let received = HttpDate::parse(NOON).unwrap();
    Head::new(StatusCode::PARTIAL_CONTENT, &headers, received)
}

#[test]
fn a_reply_without_a_date_was_made_about_when_it_was_received() {
    for (last_modified, strength) in [
        ("Sat, 01 Aug 2026 11:58:59 GMT", Strength::Strong),
        ("Sat, 1 aug 2026 10:00:00 +0000", Strength::Strong),
        ("2024-01-01T10:00:00Z", Strength::Strong),
        ("Sat, 01 Aug 2026 11:59:00 GMT", Strength::Weak),
        ("Sat, 01 Aug 2026 12:00:00 GMT", Strength::Weak),
        ("Sun, 02 Aug 2026 12:00:00 GMT", Strength::Weak),
    ] {
        for date in [&[][..], &[(&DATE, "yesterday")][..]] {
            let fields = [&[(&LAST_MODIFIED, last_modified)], date].concat();
            let validators = received(&fields).validators;
            let found = validators.last_modified_strength();
            assert_eq!(found, Some(strength), "{fields:?}");
            let is_same = validators.compare(&validators) == Agreement::Same;
            assert_eq!(is_same, strength == Strength::Strong);
        }
    }
    let stated = received(&[
        (&LAST_MODIFIED, "Sat, 01 Aug 2026 11:59:58 GMT"),
        (&DATE, "Sat, 1 Aug 2026 11:59:59 UTC"),
    ]);
    assert!(stated.validators.is_strong());
    assert!(!received(&[]).validators.is_strong());
}

#[test]
fn codings_are_shown_short_and_as_words() {
    let coding = |values: &[&str]| {
        let fields: Vec<_> = values
            .iter()
            .map(|value| (&CONTENT_ENCODING, *value))
            .collect();
        received(&fields).coding
    };
    for (values, expected) in [
        (&[][..], None),
        (&["identity"], None),
        (&["", " , identity"], None),
        (&["gzip"], Some("gzip")),
        (&["identity, GZip"], Some("gzip")),
        (&["gzip", "br"], Some("gzip, br")),
        (&["gzip; verified by \"x\""], Some("gzip? verified by ?x?")),
        (&["aws-chunked"], Some("aws-chunked")),
    ] {
        assert_eq!(coding(values).as_deref(), expected, "{values:?}");
    }
    assert_eq!(coding(&[&"x".repeat(300_000)]).unwrap().len(), CODING_MAX);
}

#[test]
fn numbers_of_a_nonsensical_content_range_tell_a_part_from_all() {
    for (value, is_part) in [
        ("bytes=0-99/100", false),
        ("bytes: 0-99/100", false),
        ("0-99/100", false),
        ("bytes 0-99", false),
        ("bytes 0-100/100", false),
        ("bytes 1-100/100", false),
        ("bytes 0--1/0", false),
        ("bytes */*", false),
        ("none", false),
        ("bytes=0-99/1000", true),
        ("bytes=100-199/200", true),
        ("bytes 100-199", true),
        ("bytes 0-99/99999999999999999999", true),
        ("bytes 0-9/100, 20-29/100", true),
    ] {
        let fields = [(&CONTENT_RANGE, value), (&CONTENT_LENGTH, "100")];
        let placement = received(&fields).placement;
        assert_eq!(placement, Placement::Unreadable { is_part }, "{value}");
    }
    let twice = [
        (&CONTENT_RANGE, "bytes 0-9/100"),
        (&CONTENT_RANGE, "bytes 0-9/1000"),
    ];
    let is_part = true;
    assert_eq!(
        received(&twice).placement,
        Placement::Unreadable { is_part }
    );
}

#[test]
fn only_chunks_are_taken_apart() {
    for (value, expected) in [
        ("chunked", false),
        ("Chunked", false),
        ("identity", false),
        ("identity, chunked", false),
        ("gzip", true),
        ("gzip, chunked", true),
        ("x-gzip;q=1 , chunked", true),
        ("chunked, deflate", true),
        ("chunked\t", false),
        ("chunked, chunked", false),
        ("", false),
        // The chunks of these would be stored as content.
        ("chunked,", true),
        ("chunked, ", true),
        ("chunked;q=1", true),
        ("chunked, identity", true),
        ("chunked, \u{e4}", true),
    ] {
        let head = received(&[(&TRANSFER_ENCODING, value)]);
        assert_eq!(head.is_transfer_coded, expected, "{value}");
    }
    for (values, expected) in [
        (["identity", "chunked"], false),
        (["chunked", "identity"], true),
        (["chunked", ""], true),
    ] {
        let head = received(&values.map(|value| (&TRANSFER_ENCODING, value)));
        assert_eq!(head.is_transfer_coded, expected, "{values:?}");
    }
}

#[test]
fn a_length_counts_beside_a_coding_that_is_none() {
    for (value, length) in [
        ("identity", Some(7)),
        ("Identity , identity", Some(7)),
        ("chunked", None),
        ("identity, chunked", None),
        ("", Some(7)),
    ] {
        let fields = [(&TRANSFER_ENCODING, value), (&CONTENT_LENGTH, "7")];
        let head = received(&fields);
        let found = (head.content_length, head.ends_by_length);
        assert_eq!(found, (length, length.is_some()), "{value:?}");
    }
    let head = received(&[(&CONTENT_LENGTH, "7")]);
    assert!(!head.ends_by_length);
    assert!(!received(&[(&TRANSFER_ENCODING, "identity")]).ends_by_length);
}

#[test]
fn a_login_that_is_not_spoken_is_named_where_none_is_spoken() {
    for (values, expected) in [
        (&[][..], None),
        (&["Basic realm=\"x\""], None),
        (
            &["Digest realm=\"x\", nonce=\"abc\", qop=\"auth\""],
            Some(Login::Digest),
        ),
        (&["digest realm=x"], Some(Login::Digest)),
        (&["Negotiate"], Some(Login::Negotiate)),
        (&["Negotiate", "NTLM"], Some(Login::Negotiate)),
        (&["NTLM"], Some(Login::Ntlm)),
        (&["Digest realm=x", "Basic realm=x"], None),
        (&["Digest realm=x, Basic realm=x"], None),
        (&["Bearer", "Digest x"], None),
        (&["Own realm=\"digest\""], None),
        (&["Digestive x"], None),
    ] {
        let fields: Vec<_> = values
            .iter()
            .map(|value| (&WWW_AUTHENTICATE, *value))
            .collect();
        assert_eq!(received(&fields).wanted, expected, "{values:?}");
    }
}

#[test]
fn a_wait_until_a_date_counts_from_when_the_reply_was_made() {
    let until = (&RETRY_AFTER, "Sat, 01 Aug 2026 12:00:30 GMT");
    let wait = |fields: &[_]| received(fields).retry_after.map(|wait| wait.as_secs());
    assert_eq!(wait(&[until]), Some(30));
    let date = (&DATE, "Sat, 01 Aug 2026 12:00:20 GMT");
    assert_eq!(wait(&[until, date]), Some(10));
    assert_eq!(wait(&[(&RETRY_AFTER, "7")]), Some(7));
}

#[test]
fn a_length_is_digits_and_nothing_else() {
    let length = |value| received(&[(&CONTENT_LENGTH, value)]).content_length;
    assert_eq!(length("5"), Some(5));
    for value in ["+5", "-5", "", "5 6", "0x5", "5a", "99999999999999999999"] {
        assert_eq!(length(value), None, "{value:?}");
    }
}

#[test]
fn a_reply_tells_how_long_the_file_is_by_the_field_that_means_it() {
    let length = || (CONTENT_LENGTH, "100");
    let placed = |place| (CONTENT_RANGE, place);
    for (status, fields, expected) in [
        (200, &[length()][..], Some(100)),
        (206, &[length()], None),
        (416, &[length()], None),
        (206, &[length(), placed("bytes 0-99/1000")], Some(1000)),
        (206, &[length(), placed("bytes 0-99/*")], None),
        (416, &[length(), placed("bytes */1000")], Some(1000)),
        (200, &[length(), placed("nonsense")], None),
        (200, &[], None),
    ] {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(name, HeaderValue::from_static(value));
        }
        let received = HttpDate::parse(NOON).unwrap();
        let head = Head::new(StatusCode::from_u16(status).unwrap(), &headers, received);
        assert_eq!(head.complete_length(), expected, "{status} {fields:?}");
    }
}
