//! Tests of what joins the replies of several sources.

use http::{HeaderMap, HeaderValue, StatusCode};
use range_core::ByteRange;
use range_core::http::date::HttpDate;
use scheduler::SegmentId;

use super::*;

const URL: SourceId = SourceId(0);
const MIRROR: SourceId = SourceId(1);

fn part(tag: &str, length: u64) -> Head {
    let mut fields = HeaderMap::new();
    let range = format!("bytes 0-49/{length}");
    fields.insert("content-range", HeaderValue::try_from(range).unwrap());
    if !tag.is_empty() {
        fields.insert("etag", HeaderValue::try_from(tag).unwrap());
    }
    Head::new(
        StatusCode::PARTIAL_CONTENT,
        &fields,
        HttpDate::from_unix_seconds(1 << 30),
    )
}

fn attempt(source: SourceId) -> AttemptId {
    AttemptId {
        segment: SegmentId(source.0.into()),
        number: 1,
    }
}

fn judge(versions: &mut Versions, source: SourceId, head: &Head) -> Result<(), &'static str> {
    let request = Request::Part(ByteRange::new(0, 50).unwrap());
    match versions.judge((source, attempt(source)), request, head) {
        Ok(_) => Ok(()),
        Err(TransportError::Changed { .. }) => Err("changed"),
        Err(_) => Err("other"),
    }
}

fn begun_at(source: SourceId, tag: &str) -> Versions {
    let mut versions = Versions::new(Generations::begin(None, false), false);
    assert_eq!(judge(&mut versions, source, &part(tag, 100_000)), Ok(()));
    versions
}

#[test]
fn a_mirror_has_validators_of_its_own_and_keeps_to_them() {
    let mut versions = begun_at(URL, "\"a\"");
    assert!(versions.all_agree());
    for (source, tag, expected) in [
        (MIRROR, "\"b\"", Ok(())),
        (URL, "\"a\"", Ok(())),
        (URL, "\"b\"", Err("changed")),
        (MIRROR, "\"b\"", Ok(())),
        (MIRROR, "\"a\"", Err("changed")),
    ] {
        let judged = judge(&mut versions, source, &part(tag, 100_000));
        assert_eq!(judged, expected, "{source:?} {tag}");
    }
    assert!(!versions.all_agree(), "nothing joins the two");
    let kept = versions.pinned().unwrap();
    assert_eq!(kept.validators.entity_tag.unwrap().to_string(), "\"a\"");
}

#[test]
fn a_mirror_with_the_same_tag_proves_nothing() {
    let mut versions = begun_at(URL, "\"a\"");
    for (tag, expected) in [("\"a\"", Ok(())), ("\"b\"", Err("changed"))] {
        let judged = judge(&mut versions, MIRROR, &part(tag, 100_000));
        assert_eq!(judged, expected, "it keeps to its own: {tag}");
        assert!(!versions.all_agree());
    }
}

#[test]
fn a_mirror_has_the_length_of_the_others() {
    let mut versions = begun_at(URL, "\"a\"");
    let shorter = part("\"a\"", 99_000);
    assert_eq!(judge(&mut versions, MIRROR, &shorter), Err("changed"));
    assert_eq!(judge(&mut versions, URL, &part("\"a\"", 100_000)), Ok(()));
}

/// A later run asks the URL first, and could compare a mirror's validators with nothing.
#[test]
fn validators_of_a_mirror_alone_are_not_kept() {
    let mut versions = begun_at(MIRROR, "\"b\"");
    assert_eq!(judge(&mut versions, URL, &part("\"a\"", 100_000)), Ok(()));
    assert_eq!(
        judge(&mut versions, URL, &part("\"a\"", 50_000)),
        Err("changed")
    );
    let kept = versions.pinned().unwrap();
    assert_eq!(
        (kept.length, kept.validators),
        (Some(100_000), Validators::default())
    );
    assert!(!versions.all_agree());
}

/// Returns the judgement of the whole file of so many bytes.
fn judge_whole(versions: &mut Versions, source: SourceId, length: u64) -> bool {
    let mut fields = HeaderMap::new();
    fields.insert("content-length", HeaderValue::from(length));
    fields.insert("etag", HeaderValue::from_static("\"z\""));
    fields.insert("accept-ranges", HeaderValue::from_static("bytes"));
    let head = Head::new(
        StatusCode::OK,
        &fields,
        HttpDate::from_unix_seconds(1 << 30),
    );
    let judged = versions.judge((source, attempt(source)), Request::Whole, &head);
    match judged {
        Ok(_) => true,
        Err(TransportError::Changed { .. }) => false,
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn a_newer_file_comes_from_whoever_says_what_the_file_is() {
    let mut versions = begun_at(URL, "\"a\"");
    assert_eq!(
        judge(&mut versions, MIRROR, &part("\"b\"", 100_000)),
        Ok(())
    );
    assert!(!judge_whole(&mut versions, MIRROR, 90_000));
    assert!(judge_whole(&mut versions, URL, 90_000));
    let known = versions.pinned().unwrap().length;
    assert_eq!(known, Some(90_000));
    assert!(judge_whole(&mut versions, MIRROR, 90_000));
}

#[test]
fn what_is_expected_has_the_validators_of_the_url_alone() {
    let tag = |versions: &Versions| {
        let known = versions.expected().unwrap().generation;
        assert_eq!(known.length, Some(100_000));
        known.validators.entity_tag.map(|tag| tag.to_string())
    };
    assert_eq!(tag(&begun_at(URL, "\"a\"")).as_deref(), Some("\"a\""));
    assert_eq!(tag(&begun_at(MIRROR, "\"b\"")), None);
    let fresh =
        |digest_decides| Versions::new(Generations::begin(None, digest_decides), digest_decides);
    assert!(fresh(true).expected().is_none());
    assert!(fresh(true).digest_decides() && !fresh(false).digest_decides());
}

#[test]
fn nothing_is_newer_until_the_last_who_gets_the_old_one_has_ended() {
    let mut versions = begun_at(URL, "\"a\"");
    let mut newer = begun_at(URL, "\"b\"").pinned().unwrap();
    newer.length = Some(90_000);
    let differs = |versions: &mut Versions| versions.differs(URL, &newer, Route::Original);
    for _ in 0..5 {
        assert_eq!(differs(&mut versions), Sighting::Unconfirmed);
    }
    versions.ended(URL, attempt(URL));
    assert_eq!(differs(&mut versions), Sighting::Confirmed);
}
