//! That the right row of the table is right, and what the others are known for. What the real
//! servers do is compared with them in `tests/it/profiles.rs`.

use range_core::ByteRange;
use range_core::http::conditional::{
    Decision, Method, RangePolicy, Request, SelectedRepresentation,
};
use range_core::http::{EntityTag, HttpDate, ResolvedRange, Strength, Validators};

use super::outcome::{Deviation, Outcome};
use super::{Profile, Rules, table};
use crate::check::conformance::{ROWS, Subject, request, value};

const LENGTH: u64 = 20_000;

const RANGES: [&str; 30] = [
    "0-0",
    "0-",
    "-1",
    "-0",
    "-19999",
    "-20000",
    "-20001",
    "20000-",
    "19999-",
    "5-2",
    "abc",
    "-",
    "",
    ",",
    "0-9,,20-29",
    " 0-9 , 300-309",
    "0-9,300-309",
    "300-309,0-9",
    "0-99,50-149",
    "0-9,10-19",
    "0-9,60-69",
    "0-9,90-99",
    "0-9999,10050-19999",
    "20000-,0-9",
    "20000-,30000-",
    "0-18446744073709551615",
    "0-99999999999999999999",
    "99999999999999999999-",
    "-0,0-1",
    "1",
];

fn subject() -> Subject {
    let date = |seconds| Some(HttpDate::from_unix_seconds(seconds));
    Subject {
        length: LENGTH,
        validators: Validators {
            entity_tag: EntityTag::new(Strength::Strong, "v1"),
            last_modified: date(1_500_000_000),
            date: date(1_600_000_000),
        },
        known: Vec::new(),
        fields: Vec::new(),
        is_cached: false,
        coded: None,
    }
}

fn representation(subject: &Subject) -> SelectedRepresentation<'_> {
    SelectedRepresentation {
        length: subject.length,
        validators: &subject.validators,
        media_type: "text/plain",
    }
}

fn ranged(profile: Profile, range: &str) -> Outcome {
    let subject = subject();
    let range = format!("bytes={range}");
    let request = Request::new(Method::Get);
    let range = Some(range.as_bytes());
    Rules::As(profile).decide(&request, range, representation(&subject))
}

#[test]
fn the_right_row_decides_as_the_one_decision_does() {
    let subject = subject();
    // No row has a limit on how many there are.
    let tables = ROWS
        .iter()
        .filter(|row| row.name != "the whole, a thousand times")
        .map(|row| (row.method, row.fields(&subject).unwrap()));
    let ranges = RANGES.map(|range| format!("bytes={range}").into_bytes());
    let ranges = ranges.into_iter().flat_map(|range| {
        [Method::Get, Method::Head].map(|method| (method, vec![("range", range.clone())]))
    });
    for (method, fields) in tables.chain(ranges) {
        let range = value(&fields, "range");
        let read = range.map(|range| RangePolicy::default().read(range));
        let request = request(method, &fields, read.as_ref());
        let right = Rules::Right(RangePolicy::default());
        let right = right.decide(&request, range, representation(&subject));
        let row = table::RIGHT.decide(&request, range, representation(&subject));
        assert_eq!(row, right, "{fields:?}");
    }
}

#[test]
fn whatever_is_imitated_the_answer_lies_in_the_file_and_is_no_longer() {
    for profile in Profile::ALL {
        for range in RANGES {
            let outcome = ranged(profile, range);
            let ranges: Vec<ByteRange> = match outcome.decision {
                Decision::Range(ResolvedRange::One(range)) => vec![range],
                Decision::Range(ResolvedRange::Several(ranges)) => ranges,
                Decision::Range(ResolvedRange::Whole | ResolvedRange::Unsatisfiable)
                | Decision::NotModified
                | Decision::PreconditionFailed => Vec::new(),
            };
            let lengths = ranges.iter().map(|range| range.len());
            assert!(lengths.sum::<u64>() <= LENGTH, "{profile:?} {range}");
            assert!(ranges.iter().all(|range| range.end() <= LENGTH));
        }
        let killer = "0-,".repeat(1000);
        let one = ResolvedRange::One(ByteRange::whole(LENGTH).unwrap());
        let decision = ranged(profile, &killer).decision;
        let bounded =
            [ResolvedRange::Whole, ResolvedRange::Unsatisfiable, one].map(Decision::Range);
        assert!(bounded.contains(&decision), "{profile:?}: {decision:?}");
        let subject = Subject {
            length: 0,
            ..subject()
        };
        let (request, range) = (Request::new(Method::Get), Some(&b"bytes=-1"[..]));
        let outcome = Rules::As(profile).decide(&request, range, representation(&subject));
        assert_eq!(outcome, ResolvedRange::Whole.into());
    }
}

#[test]
fn servers_are_known_by_what_they_do() {
    use ResolvedRange::{One, Several, Unsatisfiable, Whole};
    let range = |start, end| ByteRange::new(start, end).unwrap();
    let two = || Several(vec![range(0, 100), range(50, 150)]);
    let joined = || One(range(0, 150));
    for (profile, asked, expected) in [
        (Profile::Nginx, "0-99,50-149", two()),
        (Profile::Apache, "0-99,50-149", joined()),
        (Profile::Caddy, "0-99,50-149", two()),
        (Profile::Express, "0-99,50-149", joined()),
        (Profile::Express, "0-9,300-309", Whole),
        (Profile::Varnish, "0-9,300-309", Unsatisfiable),
        (Profile::Python, "0-9", Whole),
        (Profile::Apache, "0-9, 300-309", Whole),
        (Profile::Nginx, "0-9,,", Unsatisfiable),
        (Profile::Express, "-20001", Unsatisfiable),
        (Profile::Apache, "-0", Whole),
        (Profile::Lighttpd, "5-2,0-9", One(range(0, 10))),
        (Profile::Lighttpd, "0-99999999999999999999", Unsatisfiable),
    ] {
        let decision = ranged(profile, asked).decision;
        assert_eq!(decision, Decision::Range(expected), "{profile:?} {asked}");
    }
    let empty = ranged(Profile::Go, "-0");
    assert_eq!(
        (empty.decision, empty.deviation),
        (Decision::Range(Whole), Deviation::EmptyRange)
    );
}

#[test]
fn names_are_read_back() {
    for profile in Profile::ALL {
        assert_eq!(Profile::parse(profile.name()), Some(profile));
    }
    assert_eq!(Profile::parse("Nginx"), None);
}
