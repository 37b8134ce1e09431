//! Tests of the fields that each status has, and of those that it must not have.

use std::borrow::ToOwned;
use std::format;
use std::string::{String, ToString};
use std::vec;

use super::*;
use crate::http::RangeHeader;
use crate::http::Validators;
use crate::http::conditional::{InvalidRange, Method, RangePolicy, decide};

const TAG: &str = "\"v1\"";
const MODIFIED: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

fn validators(entity_tag: &str) -> Validators {
    Validators {
        entity_tag: EntityTag::parse(entity_tag.as_bytes()),
        last_modified: HttpDate::parse(MODIFIED.as_bytes()),
        date: HttpDate::parse(b"Sun, 06 Nov 1994 09:00:00 GMT"),
    }
}

fn read(field: &[u8]) -> RangeHeader {
    RangePolicy::default().read(field)
}

/// Spells the head as text: the status, then a letter for each field that is present.
fn shown(head: &ResponseHead<'_>) -> String {
    let mut words = vec![head.status.code().to_string()];
    words.extend(head.content_length.map(|length| format!("length={length}")));
    words.extend(head.content_range.map(|range| format!("range={range}")));
    words.extend(head.content_type.map(|content_type| match content_type {
        ContentType::Representation(name) => format!("type={name}"),
        ContentType::Multipart => "type=multipart".to_owned(),
    }));
    for (is_there, name) in [
        (head.content_coding.is_some(), "coding"),
        (head.entity_tag.is_some(), "tag"),
        (head.last_modified.is_some(), "modified"),
        (head.accepts_ranges, "ranges"),
        (head.varies_by_coding, "vary"),
    ] {
        words.extend(is_there.then(|| name.to_owned()));
    }
    words.join(" ")
}

fn head_of(request: &Request<'_>, validators: &Validators, variant: Variant) -> String {
    let representation = SelectedRepresentation {
        length: 1000,
        validators,
        media_type: "a/b",
    };
    let decision = decide(request, representation, InvalidRange::default());
    shown(&ResponseHead::new(
        &decision,
        request,
        representation,
        variant,
    ))
}

#[test]
fn each_status_has_its_fields_and_no_others() {
    let get = Request::new(Method::Get);
    let range = Some(&read(b"bytes=0-9"));
    let tag = Some(TAG.as_bytes());
    let whole = "200 length=1000 type=a/b tag modified ranges";
    let part = "206 length=10 range=bytes 0-9/1000 type=a/b tag modified ranges";
    let short = "206 length=10 range=bytes 0-9/1000 tag ranges";
    for (request, expected) in [
        (get, whole),
        (
            Request {
                range,
                ..Request::new(Method::Head)
            },
            whole,
        ),
        (Request { range, ..get }, part),
        (
            Request {
                range,
                if_match: tag,
                ..get
            },
            part,
        ),
        (
            Request {
                range,
                if_range: tag,
                ..get
            },
            short,
        ),
        (
            Request {
                range,
                if_range: Some(b"\"v0\""),
                ..get
            },
            whole,
        ),
        (
            Request {
                range,
                if_range: Some(MODIFIED.as_bytes()),
                ..get
            },
            short,
        ),
        (
            Request {
                range: Some(&read(b"bytes=1000-")),
                ..get
            },
            "416 range=bytes */1000",
        ),
        (
            Request {
                if_none_match: tag,
                range,
                ..get
            },
            "304 tag",
        ),
        (
            Request {
                if_match: Some(b"\"v0\""),
                range,
                ..get
            },
            "412",
        ),
    ] {
        let head = head_of(&request, &validators(TAG), Variant::default());
        assert_eq!(head, expected, "{request:?}");
    }
}

#[test]
fn without_a_tag_the_date_stays_where_versions_are_told_apart() {
    let dated = validators("");
    let request = Request {
        if_modified_since: Some(MODIFIED.as_bytes()),
        ..Request::new(Method::Get)
    };
    let head = head_of(&request, &dated, Variant::default());
    assert_eq!(head, "304 modified");
    let request = Request {
        range: Some(&read(b"bytes=0-9")),
        if_range: Some(MODIFIED.as_bytes()),
        ..Request::new(Method::Get)
    };
    let head = head_of(&request, &dated, Variant::default());
    assert_eq!(head, "206 length=10 range=bytes 0-9/1000 modified ranges");
}

#[test]
fn several_ranges_keep_the_type_of_the_message() {
    let ranges = Some(&read(b"bytes=0-9,500-509"));
    let get = Request {
        range: ranges,
        ..Request::new(Method::Get)
    };
    let full = head_of(&get, &validators(TAG), Variant::default());
    let length = full.split(' ').nth(1).unwrap();
    assert_eq!(
        full,
        format!("206 {length} type=multipart tag modified ranges")
    );
    let request = Request {
        if_range: Some(TAG.as_bytes()),
        ..get
    };
    let short = head_of(&request, &validators(TAG), Variant::default());
    assert_eq!(short, format!("206 {length} type=multipart tag ranges"));
}

#[test]
fn what_is_negotiated_says_so_with_every_status() {
    let variant = Variant {
        coding: Some(ContentCoding::Gzip),
        is_negotiated: true,
    };
    let get = Request::new(Method::Get);
    for (request, expected) in [
        (
            get,
            "200 length=1000 type=a/b coding tag modified ranges vary",
        ),
        (
            Request {
                if_none_match: Some(b"*"),
                ..get
            },
            "304 tag vary",
        ),
        (
            Request {
                range: Some(&read(b"bytes=-0")),
                ..get
            },
            "416 range=bytes */1000 vary",
        ),
    ] {
        assert_eq!(head_of(&request, &validators(TAG), variant), expected);
    }
}
