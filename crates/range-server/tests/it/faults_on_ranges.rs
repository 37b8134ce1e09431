//! Faults in what is said about ranges and validators, as a client reads them.

use std::num::NonZeroU64;
use std::time::Duration;

use http::StatusCode;
use range_core::ByteRange;
use range_core::units::{ByteCount, BytesPerSecond};
use range_server::{Config, Effect, EntityTagFault, Fault, IfRange};

use crate::site::{Answer, Site, content};

pub(crate) const FILE: &str = "/synthetic/1000";

pub(crate) fn site(faults: impl IntoIterator<Item = Fault>) -> Site {
    Site::start(Config {
        faults: faults.into_iter().collect(),
        ..Config::default()
    })
}

/// Returns what one effect makes of a request for bytes 500 to 599.
pub(crate) fn answer(effect: Effect) -> Answer {
    site([Fault::always(effect)]).get(FILE, &["Range: bytes=500-599"])
}

/// `Content-Range` and content.
fn told_and_sent(effect: Effect) -> (Option<String>, Vec<u8>) {
    let answer = answer(effect);
    assert!(answer.status == 206 && answer.is_complete);
    (
        answer.header("content-range").map(str::to_owned),
        answer.content,
    )
}

fn block(bytes: u64) -> NonZeroU64 {
    NonZeroU64::new(bytes).unwrap()
}

#[test]
fn a_range_can_be_another_one_and_say_so() {
    for (effect, start, end) in [
        (Effect::StartEarlier(ByteCount(100)), 400, 600),
        (Effect::StartEarlier(ByteCount(501)), 0, 600),
        (Effect::StartLater(ByteCount(30)), 530, 600),
        (Effect::StartLater(ByteCount(100)), 500, 600),
        (Effect::AlignStart(block(64)), 448, 600),
        (Effect::EndEarlier(ByteCount(1)), 500, 599),
        (Effect::EndEarlier(ByteCount(100)), 500, 600),
        (
            Effect::RangeCap {
                most: block(10),
                refusal: None,
            },
            500,
            510,
        ),
    ] {
        let told = format!("bytes {start}-{}/1000", end - 1);
        assert_eq!(
            told_and_sent(effect.clone()),
            (Some(told), content(start, end)),
            "{effect:?}"
        );
    }
}

#[test]
fn content_can_be_another_than_is_said() {
    let told = Some("bytes 500-599/1000".to_owned());
    for (effect, start, end) in [
        (Effect::Misplace(ByteCount(8)), 508, 608),
        (Effect::Misplace(ByteCount(5000)), 900, 1000),
        (Effect::Overlong(ByteCount(7)), 500, 607),
    ] {
        assert_eq!(
            told_and_sent(effect.clone()),
            (told.clone(), content(start, end)),
            "{effect:?}"
        );
    }
    let (_, past_the_end) = told_and_sent(Effect::Overlong(ByteCount(500)));
    assert_eq!(past_the_end, [content(500, 1000), vec![b' '; 100]].concat());
    let mut damaged = content(500, 600);
    damaged[42] ^= 1;
    assert_eq!(told_and_sent(Effect::Corrupt(542)), (told.clone(), damaged));
    assert_eq!(
        told_and_sent(Effect::Corrupt(600)),
        (told, content(500, 600))
    );
}

#[test]
fn the_complete_length_can_be_wrong_or_unknown() {
    let stated = |length| told_and_sent(Effect::CompleteLength(length)).0.unwrap();
    assert_eq!(stated(Some(ByteCount(7))), "bytes 500-599/7");
    assert_eq!(stated(None), "bytes 500-599/*");
}

#[test]
fn a_206_can_lack_content_range_or_come_in_parts() {
    assert_eq!(
        told_and_sent(Effect::OmitContentRange),
        (None, content(500, 600))
    );
    let wrapped = answer(Effect::Multipart);
    let media_type = wrapped.header("content-type").unwrap();
    assert!(
        media_type.starts_with("multipart/byteranges; boundary="),
        "{media_type}"
    );
    assert_eq!(wrapped.header("content-range"), None);
    let at = wrapped
        .content
        .windows(100)
        .position(|window| window == content(500, 600));
    assert!(wrapped.is_complete && at.is_some_and(|at| at > 60));
}

#[test]
fn a_range_that_is_too_long_can_be_refused() {
    let refusal = Some(StatusCode::FORBIDDEN);
    let site = site([Fault::always(Effect::RangeCap {
        most: block(100),
        refusal,
    })]);
    let status = |range: &str| site.get(FILE, &[range]).status;
    assert_eq!(status("Range: bytes=0-99"), 206);
    assert_eq!(status("Range: bytes=0-100"), 403);
    assert_eq!(site.get(FILE, &[]).status, 200);
}

#[test]
fn only_resumed_requests_or_every_other_can_lose_their_range() {
    let whole = |fault: Fault, ranges: &[&str]| {
        let site = site([fault]);
        let statuses = ranges.iter().map(|range| site.get(FILE, &[range]).status);
        statuses.map(|status| status == 200).collect::<Vec<_>>()
    };
    let ignore = || Fault::always(Effect::IgnoreRange);
    let ranges = [
        "Range: bytes=0-",
        "Range: bytes=5-",
        "Range: bytes=0-9",
        "Range: bytes=9-",
    ];
    assert_eq!(
        whole(ignore().when_resumed(), &ranges),
        [false, true, false, true]
    );
    assert_eq!(
        whole(ignore().every(3), &ranges),
        [false, false, true, false]
    );
    let touching = ignore().touching(ByteRange::new(6, 9).unwrap());
    assert_eq!(whole(touching, &ranges), [true, true, true, false]);
}

#[test]
fn entity_tags_can_be_wrong_in_every_way() {
    let honest = answer(Effect::DelayHead(Duration::ZERO))
        .header("etag")
        .unwrap()
        .to_owned();
    let tag = |fault| {
        answer(Effect::EntityTag(fault))
            .header("etag")
            .map(str::to_owned)
    };
    assert_eq!(tag(EntityTagFault::Omit), None);
    assert_eq!(tag(EntityTagFault::Weaken), Some(format!("W/{honest}")));
    assert_eq!(
        tag(EntityTagFault::Unquote),
        Some(honest.trim_matches('"').to_owned())
    );
    let other = tag(EntityTagFault::Other).unwrap();
    assert!(other != honest && other.starts_with('"') && other.ends_with('"'));

    let site = site([Fault::always(Effect::EntityTag(
        EntityTagFault::PerConnection,
    ))]);
    let (mut first, mut second) = (site.connect(), site.connect());
    let mut tags = Vec::new();
    for client in [&mut first, &mut second] {
        for _ in 0..2 {
            client.send("GET", FILE, &["Range: bytes=0-0"]);
            tags.push(client.receive(false).header("etag").unwrap().to_owned());
        }
    }
    assert!(
        tags[0] == tags[1] && tags[2] == tags[3] && tags[0] != tags[2],
        "{tags:?}"
    );
}

#[test]
fn if_range_can_be_ignored_or_refused() {
    let honest = answer(Effect::DelayHead(Duration::ZERO))
        .header("etag")
        .unwrap()
        .to_owned();
    for (judgement, tag, status) in [
        (IfRange::Ignore, "\"stale\"", 206),
        (IfRange::Refuse, honest.as_str(), 200),
    ] {
        let site = site([Fault::always(Effect::IfRange(judgement))]);
        let fields = ["Range: bytes=0-9", &format!("If-Range: {tag}")];
        assert_eq!(site.get(FILE, &fields).status, status);
        assert_eq!(site.get(FILE, &["Range: bytes=0-9"]).status, 206);
    }
}

#[test]
fn a_file_can_change_its_length() {
    let site = site([Fault::on(2.., Effect::Length(ByteCount(2000)))]);
    assert_eq!(site.get(FILE, &[]).content, content(0, 1000));
    let later = site.get(FILE, &["Range: bytes=1500-1509"]);
    assert_eq!(later.header("content-range"), Some("bytes 1500-1509/2000"));
    assert_eq!(later.content, content(1500, 1510));
}

#[test]
fn content_can_be_compressed_against_all_wishes() {
    let squeezed = answer(Effect::Gzip);
    assert_eq!(squeezed.header("content-encoding"), Some("gzip"));
    assert_eq!(squeezed.header("content-range"), Some("bytes 500-599/1000"));
    let mut plain = Vec::new();
    let mut decoder = flate2::read::GzDecoder::new(squeezed.content.as_slice());
    std::io::Read::read_to_end(&mut decoder, &mut plain).unwrap();
    assert!(squeezed.is_complete && plain == content(500, 600));
}

#[test]
fn an_error_page_can_have_the_right_length() {
    for (effect, length) in [
        (Effect::ErrorPage, 100),
        (Effect::Rate(BytesPerSecond(1 << 20)), 100),
    ] {
        let is_page = effect == Effect::ErrorPage;
        let answer = answer(effect);
        assert_eq!((answer.status, answer.content.len()), (206, length));
        assert_eq!(answer.content.starts_with(b"<!DOCTYPE html>"), is_page);
    }
}

#[test]
fn the_media_type_can_change() {
    let fault = Fault::parse("media-type:application/json;charset=utf-8,requests=2..").unwrap();
    let site = site([fault]);
    let get = |field: &str| site.get(FILE, &[field]);
    let whole = get("Range: bytes=0-");
    assert_eq!(
        whole.header("content-type"),
        Some("application/octet-stream")
    );
    let tag = whole.header("etag").unwrap();
    for (field, status, start) in [
        ("Range: bytes=500-599", 206, 500),
        (
            &format!("Range: bytes=500-599\r\nIf-Range: {tag}"),
            206,
            500,
        ),
        ("Accept: */*", 200, 0),
    ] {
        let answer = get(field);
        let media_type = Some("application/json;charset=utf-8");
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (status, media_type)
        );
        assert_eq!(answer.header("etag"), Some(tag));
        // A browser that opens it runs nothing.
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.starts_with("sandbox"));
        let end = if status == 206 { 600 } else { 1000 };
        assert_eq!(answer.content, content(start, end));
    }
    for wrong in [
        "text",
        "text/",
        "/html",
        "a b/c",
        "text/html,x",
        "a/b;\u{e9}",
    ] {
        assert!(
            Fault::parse(&format!("media-type:{wrong}")).is_err(),
            "{wrong}"
        );
    }
}

#[test]
fn a_weak_tag_can_tell_of_another_generation() {
    let faults = [
        "etag:weak",
        "version:1,requests=3..",
        "no-validators,requests=2",
    ];
    let site = site(faults.map(|text| Fault::parse(text).unwrap()));
    let answers = [1, 2, 3].map(|_| site.get(FILE, &["Range: bytes=0-9"]));
    let tags = answers.each_ref().map(|answer| answer.header("etag"));
    assert_eq!(tags, [Some("W/\"3e8-0-v0\""), None, Some("W/\"3e8-0-v1\"")]);
    assert_eq!(answers.map(|answer| answer.status), [206; 3]);
}
