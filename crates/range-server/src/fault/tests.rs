//! When faults fire.

use range_core::http::conditional::RangePolicy;

use super::*;

/// The first request of a server, for a path.
fn first(path: &str) -> RequestFacts<'_> {
    RequestFacts {
        request: 1,
        connection: 1,
        elapsed: Duration::ZERO,
        path,
        method: &Method::GET,
        range: None,
    }
}

fn fires(fault: &Fault, facts: &RequestFacts<'_>) -> bool {
    fault.trigger.fires(facts, 0)
}

/// The numbers of the first five requests a fault is for.
fn numbers(fault: &Fault) -> Vec<u64> {
    let facts = |request| RequestFacts {
        request,
        ..first("/a")
    };
    (1..=5)
        .filter(|&request| fires(fault, &facts(request)))
        .collect()
}

#[test]
fn faults_apply_to_the_requests_they_name() {
    let effect = || Effect::IgnoreRange;
    assert_eq!(numbers(&Fault::always(effect())), [1, 2, 3, 4, 5]);
    assert_eq!(numbers(&Fault::on(2..=3, effect())), [2, 3]);
    assert_eq!(numbers(&Fault::on(2..3, effect())), [2]);
    assert_eq!(numbers(&Fault::on(4.., effect())), [4, 5]);
    assert!(numbers(&Fault::on(..0, effect())).is_empty());
    assert!(numbers(&Fault::on(1..1, effect())).is_empty());
    assert_eq!(numbers(&Fault::always(effect()).every(2)), [2, 4]);
    assert_eq!(numbers(&Fault::on(3.., effect()).every(2)), [4]);
    assert!(numbers(&Fault::always(effect()).every(0)).is_empty());
    assert_eq!(numbers(&Fault::always(effect()).at("/a")), [1, 2, 3, 4, 5]);
    assert!(numbers(&Fault::always(effect()).at("/b")).is_empty());
}

#[test]
fn faults_apply_to_connections_methods_and_times() {
    let fault = || Fault::always(Effect::IgnoreRange);
    let third = RequestFacts {
        connection: 3,
        elapsed: Duration::from_secs(10),
        method: &Method::HEAD,
        ..first("/")
    };
    let second = Duration::from_secs;
    for (fault, expected) in [
        (fault().on_connections(3..), true),
        (fault().on_connections(..3), false),
        (fault().for_method(Method::HEAD), true),
        (fault().for_method(Method::GET), false),
        (fault().during(second(10)..second(11)), true),
        (fault().during(second(9)..second(10)), false),
        (fault().during(..=second(10)), true),
        (fault().on_connections(3..).for_method(Method::GET), false),
    ] {
        assert_eq!(fires(&fault, &third), expected, "{fault:?}");
    }
}

#[test]
fn faults_apply_to_what_is_asked_for() {
    let bytes = ByteRange::new(100, 200).unwrap();
    let touching = Fault::always(Effect::IgnoreRange).touching(bytes);
    let resumed = Fault::always(Effect::IgnoreRange).when_resumed();
    for (range, touches, resumes) in [
        (None, true, false),
        (Some("bytes=0-99"), false, false),
        (Some("bytes=0-100"), true, false),
        (Some("bytes=199-"), true, true),
        (Some("bytes=200-"), false, true),
        (Some("bytes=0-1,150-160"), true, false),
        (Some("bytes=-5"), false, true),
        (Some("lines=1-2"), true, false),
    ] {
        let range = range.map(|range| RangePolicy::default().read(range.as_bytes()));
        let facts = RequestFacts {
            range: range.as_ref(),
            ..first("/")
        };
        assert_eq!(fires(&touching, &facts), touches, "{range:?}");
        assert_eq!(fires(&resumed, &facts), resumes, "{range:?}");
    }
}

#[test]
fn chance_is_the_same_for_the_same_seed_and_as_likely_as_said() {
    let picked = |probability, seed, index| {
        let probability = Probability::new(probability).unwrap();
        let fault = Fault::always(Effect::IgnoreRange).by_chance(probability, seed);
        let facts = |request| RequestFacts {
            request,
            ..first("/")
        };
        let numbers = (1..=10_000).filter(|&request| fault.trigger.fires(&facts(request), index));
        numbers.collect::<Vec<u64>>()
    };
    let third = picked(0.3, 7, 0);
    assert_eq!(third, picked(0.3, 7, 0));
    assert_ne!(third, picked(0.3, 8, 0));
    assert_ne!(third, picked(0.3, 7, 1));
    assert!((2_800..3_200).contains(&third.len()), "{}", third.len());
    assert_eq!(picked(1.0, 7, 0).len(), 10_000);
    assert!(picked(0.0, 7, 0).is_empty());
    assert_eq!(Probability::new(1.1), None);
    assert_eq!(Probability::new(f64::NAN), None);
}
