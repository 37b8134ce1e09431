//! That what the reference documents is what is read, and in every form.

use std::collections::BTreeSet;
use std::ops::Bound;

use http::StatusCode;
use range_core::units::ByteCount;

use super::forms::FORMS;
use super::values::split_effect;
use super::*;
use crate::fault::{Effect, Excess, Position, Stop};

const REFERENCE: &str = include_str!("../../../../../docs/design/faults.md");

/// The code in a column of a table.
fn examples(heading: &str, column: usize) -> Vec<&'static str> {
    let (_, section) = REFERENCE.split_once(heading).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| row.split('|').nth(column).unwrap().trim().trim_matches('`'))
        .collect()
}

#[test]
fn the_reference_has_every_effect_and_each_of_its_examples_is_a_fault_of_that_name() {
    let mut documented = BTreeSet::new();
    for example in examples("## Effects", 1) {
        let fault = Fault::parse(example).unwrap_or_else(|error| panic!("{example}: {error}"));
        let (name, _) = split_effect(example.split(',').next().unwrap());
        assert_eq!(fault.effect.name(), name);
        documented.insert(name);
    }
    let written = FORMS.iter().map(|form| form.name);
    assert_eq!(documented, written.collect());
}

#[test]
fn the_reference_has_every_option_of_every_effect() {
    for form in FORMS {
        for option in form.options {
            let option = format!("{option}=");
            let examples = examples("## Effects", 1);
            let mut own = examples.iter().filter(|text| text.starts_with(form.name));
            assert!(own.any(|text| text.contains(&option)), "{option}");
        }
    }
}

#[test]
fn the_reference_has_an_example_of_each_condition() {
    let conditions = examples("## Conditions", 2);
    for condition in &conditions {
        Fault::parse(&format!("gzip,{condition}")).unwrap();
    }
    assert_eq!(conditions.len(), 10);
}

#[test]
fn spans_are_read_in_all_their_forms() {
    use Bound::{Excluded, Included, Unbounded};
    let fault = |text: &str| Fault::parse(&format!("gzip,{text}"));
    let on = |bounds: (Bound<u64>, Bound<u64>)| Ok(Fault::on(bounds, Effect::Gzip));
    assert_eq!(fault("requests=3"), on((Included(3), Included(3))));
    assert_eq!(fault("requests=2..5"), on((Included(2), Excluded(5))));
    assert_eq!(fault("requests=2..=5"), on((Included(2), Included(5))));
    assert_eq!(fault("requests=..5"), on((Unbounded, Excluded(5))));
    assert_eq!(fault("requests=4.."), on((Included(4), Unbounded)));
    let touching = |start, end| {
        let bytes = ByteRange::new(start, end).unwrap();
        Ok(Fault::always(Effect::Gzip).touching(bytes))
    };
    assert_eq!(fault("bytes=1KiB"), touching(1024, 1025));
    assert_eq!(fault("bytes=..=9"), touching(0, 10));
    assert_eq!(fault("bytes=7.."), touching(7, u64::MAX));
    for wrong in [
        "requests=",
        "requests=a..b",
        "requests=1..=",
        "bytes=5..5",
        "elapsed=5",
    ] {
        assert!(
            matches!(fault(wrong), Err(FaultError::Value { .. })),
            "{wrong}"
        );
    }
}

#[test]
fn stops_are_before_the_head_after_bytes_or_at_an_offset() {
    for (text, stop, position) in [
        ("stall", Stop::Stall, Position::BeforeHead),
        ("reset:1KiB", Stop::Reset, Position::After(ByteCount(1024))),
        ("close:@5", Stop::Close, Position::Offset(5)),
        ("cut:0", Stop::Cut, Position::After(ByteCount(0))),
    ] {
        let expected = Fault::always(Effect::Stop(stop, position));
        assert_eq!(Fault::parse(text), Ok(expected));
    }
    assert!(Fault::parse("stall:").is_err());
}

#[test]
fn a_probability_is_a_fraction_in_either_form() {
    let picked = |text: &str| Fault::parse(&format!("gzip,probability={text}"));
    for (text, same) in [("1/36", "0.027777777777777776"), ("0/7", "0"), ("4/4", "1")] {
        assert_eq!(picked(text), picked(same));
    }
    for wrong in [
        "2/1", "1/0", "1/", "/2", "-1/2", "1/2/3", "1.0/2", "inf", "1e9",
    ] {
        assert!(picked(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn options_belong_to_their_effect() {
    assert!(Fault::parse("gzip,retry-after=1").is_err());
    assert!(Fault::parse("crowd-rate:1KiB").is_err());
    assert!(Fault::parse("bucket:1KiB").is_err());
    assert!(Fault::parse("bucket:1KiB,quantum=0").is_err());
    assert!(Fault::parse("connection-cap:1,excess=shout").is_err());
    let capped = Fault::parse("connection-cap:1").unwrap();
    let unavailable = Excess::Status(StatusCode::SERVICE_UNAVAILABLE);
    let expected = Effect::ConnectionCap {
        most: 1,
        excess: unavailable,
    };
    assert_eq!(capped.effect, expected);
}
