//! Tests of the conclusions from replies in a row about the version that is fetched.

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use range_core::ByteRange;
use range_core::http::date::HttpDate;
use range_core::http::validator::{EntityTag, Validators};
use scheduler::SegmentId;

use super::Sighting::{Confirmed, Contradicted, Unconfirmed};
use super::*;

fn version(tag: &str) -> Generation {
    Generation {
        length: Some(100),
        validators: Validators {
            entity_tag: EntityTag::parse(tag.as_bytes()),
            ..Validators::default()
        },
    }
}

fn attempt(segment: u32) -> AttemptId {
    AttemptId {
        segment: SegmentId(segment),
        number: 1,
    }
}

fn reply(tag: &str, media_type: &str) -> Accepted {
    let range = ByteRange::new(0, 50).unwrap();
    Accepted {
        body: Body::Part {
            range,
            complete_length: 100,
        },
        generation: version(tag),
        media_type: MediaType::parse(media_type.as_bytes()),
        coding: None,
    }
}

fn resumed() -> Generations {
    Generations::resume(version("\"old\""), None, false, false)
}

/// Notes a reply of a newer version by a route.
fn newer(generations: &mut Generations, route: Route) -> Sighting {
    generations.differs(&version("\"new\""), route)
}

#[test]
fn one_reply_proves_nothing_and_two_that_agree_do() {
    let mut generations = resumed();
    assert_eq!(newer(&mut generations, Route::Known), Unconfirmed);
    assert_eq!(newer(&mut generations, Route::Original), Confirmed);
}

#[test]
fn the_second_has_to_come_by_the_original_url() {
    let mut generations = resumed();
    for _ in 0..5 {
        assert_eq!(newer(&mut generations, Route::Known), Unconfirmed);
    }
    assert_eq!(newer(&mut generations, Route::Original), Confirmed);
}

#[test]
fn two_that_differ_from_each_other_prove_nothing() {
    let mut generations = resumed();
    let mut differs = |version| generations.differs(&version, Route::Original);
    assert_eq!(differs(version("\"a\"")), Unconfirmed);
    for tag in ["\"b\"", "\"a\"", "\"b\""] {
        assert_eq!(differs(version(tag)), Contradicted);
    }
    let mut shorter = version("\"b\"");
    shorter.length = Some(99);
    assert_eq!(differs(shorter), Contradicted);
}

#[test]
fn nothing_is_newer_while_the_old_one_is_served() {
    let mut generations = resumed();
    generations.accepted(attempt(1), &reply("\"old\"", ""));
    assert_eq!(newer(&mut generations, Route::Original), Unconfirmed);
    assert_eq!(newer(&mut generations, Route::Original), Unconfirmed);
    generations.ended(attempt(1));
    assert_eq!(
        newer(&mut generations, Route::Original),
        Confirmed,
        "the third in a row"
    );
}

#[test]
fn a_reply_of_the_old_one_in_between_clears_the_suspicion() {
    let mut generations = resumed();
    assert_eq!(newer(&mut generations, Route::Original), Unconfirmed);
    generations.accepted(attempt(1), &reply("\"old\"", ""));
    generations.ended(attempt(1));
    assert_eq!(newer(&mut generations, Route::Original), Unconfirmed);
}

#[test]
fn what_states_the_length_only_agrees_with_what_states_more() {
    let mut generations = resumed();
    let mut short = version("");
    short.length = Some(10);
    let mut full = version("\"new\"");
    full.length = Some(10);
    assert_eq!(generations.differs(&full, Route::Original), Unconfirmed);
    assert_eq!(generations.differs(&short, Route::Original), Confirmed);
    let mut other = version("\"newest\"");
    other.length = Some(10);
    let sighting = generations.differs(&other, Route::Original);
    assert_eq!(sighting, Contradicted);
}

#[test]
fn the_first_reply_pins_the_version_and_the_media_type() {
    let mut generations = Generations::begin(None, false);
    assert_eq!(generations.pinned(), None);
    generations.accepted(attempt(1), &reply("\"a\"", "text/csv"));
    let media_type = || generations.expected().unwrap().media_type.clone();
    assert_eq!(media_type(), Some(MediaType::parse(b"text/csv")));
    assert_eq!(generations.pinned(), Some(&version("\"a\"")));
}

#[test]
fn replies_agree_only_while_each_has_the_same_strong_validator() {
    let mut generations = Generations::begin(None, true);
    generations.accepted(attempt(1), &reply("\"a\"", ""));
    generations.accepted(attempt(2), &reply("\"a\"", ""));
    assert!(generations.all_agree());
    generations.accepted(attempt(3), &reply("", ""));
    assert!(!generations.all_agree());
}

#[test]
fn with_a_digest_other_validators_cost_a_try_and_then_nothing() {
    let mut generations = Generations::resume(version("\"old\""), None, false, true);
    let decides = |generations: &Generations| generations.expected().unwrap().digest_decides;
    assert!(decides(&generations), "whichever server goes on");
    generations.accepted(attempt(1), &reply("\"mirror\"", ""));
    assert!(!decides(&generations), "its replies are of one version");
    assert_eq!(generations.pinned(), Some(&version("\"mirror\"")));
    let differs = |generations: &mut Generations, tag| {
        let sighting = generations.differs(&version(tag), Route::Original);
        assert_eq!(sighting, Unconfirmed);
    };
    for tag in ["\"a\"", "\"b\"", "\"a\""] {
        differs(&mut generations, tag);
        assert!(!decides(&generations), "it is still served");
    }
    generations.ended(attempt(1));
    differs(&mut generations, "\"b\"");
    assert!(decides(&generations));
    let mut other = version("\"b\"");
    other.length = Some(99);
    let sighting = generations.differs(&other, Route::Original);
    assert_eq!(sighting, Contradicted, "another length is another file");
}

#[test]
fn a_whole_reply_is_of_its_own_version() {
    let mut generations = Generations::begin(None, true);
    generations.accepted(attempt(1), &reply("\"a\"", ""));
    generations.accepted(attempt(2), &reply("\"b\"", ""));
    let mut whole = reply("\"c\"", "");
    whole.body = Body::Whole { length: Some(100) };
    generations.accepted(attempt(3), &whole);
    assert!(generations.all_agree());
    assert_eq!(generations.pinned(), Some(&version("\"c\"")));
}

fn head(status: u16, fields: &[(&str, &str)]) -> Head {
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        let name = HeaderName::try_from(*name).unwrap();
        headers.append(name, HeaderValue::try_from(*value).unwrap());
    }
    let status = StatusCode::from_u16(status).unwrap();
    Head::new(status, &headers, HttpDate::from_unix_seconds(1_000_000_000))
}

fn part_of(tag: &str) -> Head {
    let range = ("content-range", "bytes 0-49/100");
    head(206, &[range, ("etag", tag)])
}

const TO_A_PART: fn() -> Request = || Request::Part(ByteRange::new(0, 50).unwrap());

fn served(generations: &mut Generations, tag: &str) {
    generations.accepted(attempt(1), &reply(tag, ""));
}

fn tells(generations: &mut Generations, tags: &[&str]) -> Vec<Sighting> {
    let tell = |tag: &&str| generations.differs(&version(tag), Route::Original);
    tags.iter().map(tell).collect()
}

#[test]
fn what_was_served_in_this_run_needs_three_and_nobody_who_still_gets_it() {
    let new = "\"new\"";
    let mut generations = resumed();
    served(&mut generations, "\"old\"");
    let told = tells(&mut generations, &[new, new, new, new]);
    assert_eq!(told, [Unconfirmed; 4], "it is still served");
    generations.ended(attempt(1));
    assert_eq!(tells(&mut generations, &[new]), [Confirmed]);

    let mut generations = resumed();
    served(&mut generations, "\"old\"");
    generations.ended(attempt(1));
    let told = tells(&mut generations, &[new, new, new]);
    assert_eq!(told, [Unconfirmed, Unconfirmed, Confirmed]);
}

#[test]
fn what_came_before_a_reply_of_the_old_one_counts_for_nothing() {
    let mut generations = resumed();
    served(&mut generations, "\"old\"");
    generations.ended(attempt(1));
    assert_eq!(
        tells(&mut generations, &["\"a\"", "\"a\""]),
        [Unconfirmed; 2]
    );
    served(&mut generations, "\"old\"");
    generations.ended(attempt(1));
    let told = tells(&mut generations, &["\"b\"", "\"b\"", "\"b\""]);
    assert_eq!(told, [Unconfirmed, Unconfirmed, Confirmed]);
}

#[test]
fn the_fuller_of_two_that_agree_is_what_the_next_is_held_against() {
    let of = |tag, length| Generation {
        length: Some(length),
        ..version(tag)
    };
    let mut generations = resumed();
    let mut differs = |version: &Generation| generations.differs(version, Route::Known);
    assert_eq!(differs(&of("", 10)), Unconfirmed);
    assert_eq!(differs(&of("\"new\"", 10)), Unconfirmed);
    assert_eq!(differs(&of("", 10)), Unconfirmed);
    assert_eq!(differs(&of("\"newest\"", 10)), Contradicted);

    // Some servers have no tags at all.
    let mut generations = resumed();
    let mut differs = |version: &Generation| generations.differs(version, Route::Original);
    assert_eq!(differs(&of("", 10)), Unconfirmed);
    assert_eq!(differs(&of("", 10)), Confirmed);
    assert_eq!(differs(&of("", 11)), Contradicted);
}

#[test]
fn a_digest_decides_only_after_some_tries_and_once_nobody_is_served() {
    let decides = |generations: &Generations| generations.expected().unwrap().digest_decides;
    let mut generations = Generations::resume(version("\"old\""), None, false, true);
    served(&mut generations, "\"mirror\"");
    tells(
        &mut generations,
        &["\"a\"", "\"b\"", "\"a\"", "\"b\"", "\"a\""],
    );
    assert!(!decides(&generations), "it is still served");
    served(&mut generations, "\"mirror\"");
    generations.ended(attempt(1));
    tells(&mut generations, &["\"a\"", "\"b\"", "\"a\""]);
    assert!(!decides(&generations), "three in a row");
    tells(&mut generations, &["\"b\""]);
    assert!(decides(&generations));
}

#[test]
fn a_resume_learns_from_its_first_reply() {
    let mut generations = resumed();
    assert!(!generations.expected().unwrap().is_of_this_run);
    generations.accepted(attempt(1), &reply("\"old\"", "video/mp4"));
    let expected = generations.expected().unwrap();
    assert!(expected.is_of_this_run);
    assert_eq!(expected.media_type, Some(MediaType::parse(b"video/mp4")));
}

/// The journal gets its mark once: with the first reply that no validator joins to the others.
#[test]
fn the_first_reply_that_differs_is_told() {
    let mut generations = Generations::resume(version("\"old\""), None, false, true);
    let mut is_first = |number, tag| {
        let judged = generations.judge(attempt(number), TO_A_PART(), &part_of(tag), |_| true);
        judged.unwrap().is_first_to_differ
    };
    assert!(is_first(1, "\"mirror\""));
    assert!(!is_first(2, "\"mirror\""));
    let mut generations = Generations::resume(version("\"old\""), None, true, true);
    let judged = generations.judge(attempt(1), TO_A_PART(), &part_of("\"mirror\""), |_| true);
    assert!(!judged.unwrap().is_first_to_differ, "it has its mark");
    let mut generations = resumed();
    let judged = generations.judge(attempt(1), TO_A_PART(), &part_of("\"old\""), |_| true);
    assert!(!judged.unwrap().is_first_to_differ);
}

#[test]
fn what_is_written_over_is_of_the_very_version() {
    let expected = || Expected {
        generation: version("\"a\""),
        media_type: None,
        is_of_this_run: true,
        digest_decides: true,
    };
    let judge = |fields: &[(&str, &str)]| {
        let mut generations = Generations::once_more(expected());
        let judged = generations.judge(attempt(1), Request::Whole, &head(200, fields), |_| true);
        let is_bound = generations.bound().is_some();
        assert!(is_bound, "the next one, too");
        judged.map(drop).map_err(|error| error.disposition())
    };
    let (tag, length) = (("etag", "\"a\""), ("content-length", "100"));
    assert_eq!(judge(&[tag, length]), Ok(()));
    let stray = Err(FailureClass::Stray);
    assert_eq!(judge(&[("etag", "\"b\""), length]), stray);
    assert_eq!(judge(&[length]), stray);
    assert_eq!(judge(&[tag]), stray, "its length is not told");
    assert_eq!(judge(&[tag, ("content-length", "70000")]), stray);
    let coded = ("content-encoding", "gzip");
    assert_eq!(judge(&[tag, length, coded]), Err(FailureClass::Refused));
}

/// A version that was known before binds nothing where the file is fetched anew: the first reply
/// does.
#[test]
fn what_was_known_before_is_not_pinned_until_a_reply_says_what_it_is() {
    let before = Expected {
        generation: version("\"old\""),
        media_type: None,
        is_of_this_run: true,
        digest_decides: false,
    };
    let mut generations = Generations::begin(Some(before), false);
    assert_eq!(generations.pinned(), None);
    generations.accepted(attempt(1), &reply("\"new\"", ""));
    assert_eq!(generations.pinned(), Some(&version("\"new\"")));
    assert!(generations.all_agree());
}
