//! Tests of the conclusions from replies in a row about the version that is fetched.

use range_core::ByteRange;
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
