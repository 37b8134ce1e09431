//! Tests of the version of the file that a reply speaks of: the same, a newer one, or none.

use super::*;

/// The judgement of a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Judged {
    Same,
    Newer,
    Instead,
    /// A mistake about ranges, whatever the version.
    Mistake,
}

use Judged::{Instead, Mistake, Newer, Same};

/// A file of 1000 bytes with the tag `"v1"`, of this media type.
fn of_type(media_type: Option<&str>) -> Expected {
    Expected {
        media_type: media_type.map(|value| MediaType::parse(value.as_bytes())),
        is_of_this_run: media_type.is_some(),
        ..expected()
    }
}

fn judged(expected: &Expected, request: Request, status: u16, fields: &[(&str, &str)]) -> Judged {
    match accept(request, Some(expected), &head(status, fields)) {
        Ok(accepted) if accepted.generation.validators == expected.generation.validators => Same,
        Ok(accepted) if accepted.generation.length == Some(LENGTH) => Same,
        Ok(_) | Err(TransportError::Changed { .. }) => Newer,
        Err(TransportError::NotTheFile { .. }) => Instead,
        Err(_) => Mistake,
    }
}

fn to_a_part() -> Request {
    Request::Part(ByteRange::new(500, 600).unwrap())
}

const BINARY: (&str, &str) = ("content-type", "application/octet-stream");
const PLACED: (&str, &str) = ("content-range", "bytes 500-599/1000");
const NEW: (&str, &str) = ("etag", "\"v2\"");
const RANGES: (&str, &str) = ("accept-ranges", "bytes");

#[test]
fn a_200_in_place_of_a_part_is_a_newer_version_only_if_it_can_be_one() {
    let of = |length| ("content-length", length);
    for (fields, expected) in [
        // As filecxx/FileCentipede#463 and opendatateam/udata#3331 met them: a status of 200, and
        // a message in the body.
        (
            vec![of("43"), ("content-type", "application/json")],
            Instead,
        ),
        (vec![of("43"), ("content-type", "text/plain")], Instead),
        (vec![of("43"), ("content-type", "application/xml")], Instead),
        (vec![of("43"), ("content-type", "text/html")], Instead),
        (
            vec![of("43"), ("content-type", "application/xhtml+xml")],
            Instead,
        ),
        (
            vec![of("43"), ("content-type", "application/problem+json")],
            Instead,
        ),
        // Their framework gives each reply a tag.
        (
            vec![of("43"), NEW, ("content-type", "application/json")],
            Instead,
        ),
        (
            vec![of("43"), NEW, RANGES, ("content-type", "text/html")],
            Instead,
        ),
        // A firewall's empty reply: automl/nanoTabPFN#12.
        (vec![of("0"), BINARY], Instead),
        (vec![of("0"), BINARY, NEW, RANGES], Instead),
        // Nothing says what it is.
        (vec![of("43")], Instead),
        (vec![of("43"), BINARY], Instead),
        (vec![of("43"), NEW], Instead),
        (vec![of("2000"), BINARY, NEW], Newer),
        (vec![of("2000"), BINARY, RANGES], Newer),
        (vec![of("1000"), BINARY, NEW], Newer),
        (vec![of("1000"), BINARY, SAME], Mistake),
        (vec![of("1000"), BINARY], Mistake),
    ] {
        let known = of_type(Some("application/octet-stream"));
        let judged = judged(&known, to_a_part(), 200, &fields);
        assert_eq!(judged, expected, "{fields:?}");
    }
}

/// Validators and the type of the file do not make a file of a message.
#[test]
fn a_version_that_is_as_short_as_a_message_is_taken_for_one() {
    let known = Expected {
        generation: Generation {
            length: Some(16 << 20),
            ..pinned()
        },
        ..of_type(Some("application/octet-stream"))
    };
    let long = "bytes 500-599/2000000";
    for (status, fields, expected) in [
        (
            200,
            vec![("content-length", "38"), NEW, BINARY, RANGES],
            Instead,
        ),
        (200, vec![("content-length", "22000"), NEW, BINARY], Instead),
        (
            206,
            vec![("content-range", "bytes 500-599/700"), NEW],
            Instead,
        ),
        (416, vec![("content-range", "bytes */43")], Instead),
        (200, vec![("content-length", "2000000"), NEW, BINARY], Newer),
        (206, vec![("content-range", long), NEW, BINARY], Newer),
        (416, vec![("content-range", "bytes */2000000")], Newer),
    ] {
        let judged = judged(&known, to_a_part(), status, &fields);
        assert_eq!(judged, expected, "{status} {fields:?}");
    }
}

#[test]
fn before_the_first_reply_of_a_run_a_message_is_known_by_its_kind() {
    let of = |length| ("content-length", length);
    for (fields, expected) in [
        (
            vec![of("43"), NEW, ("content-type", "application/json")],
            Instead,
        ),
        (vec![of("43"), NEW, ("content-type", "text/plain")], Instead),
        (vec![of("43"), ("content-type", "image/png")], Instead),
        (vec![of("2000"), NEW, ("content-type", "image/png")], Newer),
        (vec![of("2000"), NEW], Newer),
        (vec![of("2000")], Instead),
    ] {
        let judged = judged(&of_type(None), to_a_part(), 200, &fields);
        assert_eq!(judged, expected, "{fields:?}");
    }
}

#[test]
fn a_part_of_another_media_type_is_not_of_the_file() {
    for (known, now, expected) in [
        ("video/mp4", "text/html", Instead),
        ("video/mp4", "video/webm", Instead),
        ("video/mp4", "Video/MP4; codecs=x", Same),
        // A node that does not know the type leaves the field out.
        ("video/mp4", "", Same),
        ("", "video/mp4", Same),
        ("", "text/html", Instead),
        ("text/html", "text/html;charset=utf-8", Same),
    ] {
        let known = of_type(Some(known));
        let fields = [PLACED, SAME, ("content-type", now)];
        let judged = judged(&known, to_a_part(), 206, &fields);
        assert_eq!(judged, expected, "{known:?} {now}");
    }
    // Nothing is known of the type before the first reply of a run.
    let fields = [PLACED, SAME, ("content-type", "text/html")];
    assert_eq!(judged(&of_type(None), to_a_part(), 206, &fields), Same);
}

#[test]
fn between_two_runs_a_server_may_have_learned_a_better_type() {
    for (before, now, expected) in [
        ("application/octet-stream", "application/gzip", Same),
        ("application/octet-stream", "", Same),
        ("application/octet-stream", "text/html", Instead),
        ("", "text/html", Instead),
        ("text/html", "text/html", Same),
    ] {
        let known = Expected {
            is_of_this_run: false,
            ..of_type(Some(before))
        };
        let fields = [PLACED, SAME, ("content-type", now)];
        let judged = judged(&known, to_a_part(), 206, &fields);
        assert_eq!(judged, expected, "{before} {now}");
    }
}

#[test]
fn a_digest_makes_validators_refuse_nothing() {
    let known = Expected {
        digest_decides: true,
        ..of_type(Some("video/mp4"))
    };
    let judge = |fields: &[(&str, &str)]| judged(&known, to_a_part(), 206, fields);
    assert_eq!(judge(&[PLACED, NEW]), Same);
    assert_eq!(judge(&[PLACED]), Same);
    let shorter = ("content-range", "bytes 500-599/700");
    assert_eq!(
        judge(&[shorter, SAME, ("content-type", "video/mp4")]),
        Newer
    );
    assert_eq!(
        judge(&[PLACED, SAME, ("content-type", "text/html")]),
        Instead
    );
}

#[test]
fn what_had_no_validator_is_not_joined_with_what_has_one() {
    let known = Expected {
        generation: Generation {
            validators: Validators::default(),
            ..pinned()
        },
        ..of_type(None)
    };
    let judge = |fields: &[(&str, &str)]| judged(&known, to_a_part(), 206, fields);
    assert_eq!(judge(&[PLACED]), Same);
    assert_eq!(judge(&[PLACED, NEW]), Newer);
}

#[test]
fn the_whole_file_may_be_newer_but_not_a_message() {
    let of = |length| ("content-length", length);
    let known = of_type(Some("application/octet-stream"));
    for request in [Request::First, Request::Whole] {
        let judge = |status, fields: &[(&str, &str)]| judged(&known, request, status, fields);
        assert_eq!(judge(200, &[of("1000"), BINARY, SAME]), Same);
        assert_eq!(judge(200, &[of("1000"), BINARY]), Same);
        assert_eq!(judge(200, &[of("2000"), BINARY, NEW]), Newer);
        assert_eq!(judge(200, &[of("43"), BINARY]), Instead);
        let json = ("content-type", "application/json");
        assert_eq!(judge(200, &[of("43"), json, NEW]), Instead);
        assert_eq!(judge(200, &[of("0"), BINARY, NEW]), Instead);
    }
}

fn known_by(entity_tag: &[u8], last_modified: &[u8]) -> Expected {
    Expected {
        generation: Generation {
            length: Some(100_000_000),
            validators: Validators {
                entity_tag: EntityTag::parse(entity_tag),
                last_modified: HttpDate::parse(last_modified),
                date: HttpDate::parse(b"Sun, 06 Nov 1994 09:49:37 GMT"),
            },
        },
        ..of_type(Some("application/octet-stream"))
    }
}

const MODIFIED: &[u8] = b"Sun, 06 Nov 1994 08:49:37 GMT";

/// A newer version shows what the older one had: ranges where these were served, or a validator.
#[test]
fn a_version_without_validators_or_ranges_follows_only_one_that_had_neither() {
    let length = ("content-length", "90000000");
    let cases = [
        (known_by(b"", b""), Request::First, Instead),
        (known_by(b"", b""), Request::Whole, Newer),
        (known_by(b"\"v1\"", b""), Request::Whole, Instead),
        (known_by(b"", MODIFIED), Request::Whole, Instead),
        (known_by(b"\"v1\"", b""), Request::First, Instead),
    ];
    for (known, request, expected) in cases {
        let found = judged(&known, request, 200, &[length, BINARY]);
        assert_eq!(found, expected, "{known:?} {request:?}");
        let found = judged(&known, request, 200, &[length, BINARY, NEW]);
        assert_eq!(found, Newer, "{known:?} {request:?}");
        let modified = ("last-modified", "Sun, 06 Nov 1994 08:50:37 GMT");
        let found = judged(&known, request, 200, &[length, BINARY, modified]);
        assert_eq!(found, Newer, "{known:?} {request:?}");
    }
}

#[test]
fn a_version_that_is_much_shorter_and_no_message_is_a_newer_one() {
    let known = known_by(b"\"v1\"", b"");
    for (length, expected) in [("1000000", Newer), ("65537", Newer), ("65536", Instead)] {
        let fields = [("content-length", length), BINARY, NEW];
        assert_eq!(judged(&known, Request::First, 200, &fields), expected);
    }
}

#[test]
fn nothing_is_no_newer_version_of_however_little() {
    let mut known = known_by(b"\"v1\"", b"");
    known.generation.length = Some(10);
    let fields = [("content-length", "0"), BINARY, NEW];
    assert_eq!(judged(&known, Request::First, 200, &fields), Instead);
}

#[test]
fn where_no_type_is_known_a_message_of_any_length_is_none_of_the_file() {
    let known = Expected {
        media_type: None,
        is_of_this_run: false,
        ..known_by(b"\"v1\"", b"")
    };
    let html = ("content-type", "text/html");
    let fields = [("content-length", "90000000"), html, NEW];
    assert_eq!(judged(&known, Request::First, 200, &fields), Instead);
    assert_eq!(judged(&known, to_a_part(), 200, &fields), Instead);
}

/// With a digest, a 200 of another mirror is one that ignores ranges, and no newer version.
#[test]
fn with_a_digest_a_range_that_is_ignored_is_only_that() {
    let known = Expected {
        digest_decides: true,
        ..of_type(None)
    };
    let fields = [("content-length", "1000"), NEW];
    assert_eq!(judged(&known, to_a_part(), 200, &fields), Mistake);
}

/// A weak tag, or none, on the side of what is known: the tag that a reply has proves nothing.
#[test]
fn what_is_known_by_something_weak_takes_a_strong_tag_of_the_same_moment() {
    let known = known_by(b"W/\"v1\"", b"");
    let range = ("content-range", "bytes 500-599/100000000");
    let fields = [range, BINARY, ("etag", "\"v1\"")];
    assert!(accept(to_a_part(), Some(&known), &head(206, &fields)).is_ok());
}

#[test]
fn the_length_of_a_coded_file_is_that_of_other_bytes() {
    let known = known_by(b"\"v1\"", b"");
    let coded = ("content-encoding", "br");
    let same = ("etag", "\"v1\"");
    for request in [Request::First, Request::Whole] {
        let fields = [("content-length", "300"), coded, BINARY, same];
        assert!(accept(request, Some(&known), &head(200, &fields)).is_ok());
    }
    let fields = [("content-length", "300"), coded, BINARY, same];
    assert_eq!(judged(&known, to_a_part(), 200, &fields), Mistake);
}

/// Within a run a server gives one file one type. Between two runs it may have learned a better
/// one, but for that of a message; the one that the file has always had says nothing.
#[test]
fn the_type_of_a_newer_version_is_that_of_this_run_or_no_message() {
    let known = |media_type: &str, is_of_this_run| Expected {
        media_type: Some(MediaType::parse(media_type.as_bytes())),
        is_of_this_run,
        ..known_by(b"\"v1\"", b"")
    };
    let (binary, json) = ("application/octet-stream", "application/json");
    for (before, is_of_this_run, now, expected) in [
        (binary, true, None, Instead),
        (binary, true, Some(binary), Newer),
        (binary, false, None, Newer),
        (binary, false, Some("application/zip"), Newer),
        (binary, false, Some(json), Instead),
        (json, false, Some(json), Newer),
        (json, true, Some(json), Newer),
    ] {
        let media_type = now.map(|now| ("content-type", now));
        let fields = [("content-length", "90000000"), NEW];
        let fields: Vec<_> = fields.into_iter().chain(media_type).collect();
        let known = known(before, is_of_this_run);
        let found = judged(&known, Request::First, 200, &fields);
        assert_eq!(found, expected, "{before} {is_of_this_run} {now:?}");
    }
}

#[test]
fn a_version_is_much_shorter_from_less_than_a_sixteenth_on() {
    let mut known = known_by(b"\"v1\"", b"");
    known.generation.length = Some(32_000);
    for (length, expected) in [("2000", Newer), ("1999", Instead)] {
        let fields = [("content-length", length), BINARY, NEW];
        assert_eq!(judged(&known, Request::First, 200, &fields), expected);
    }
}
