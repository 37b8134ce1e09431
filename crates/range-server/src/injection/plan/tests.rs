//! The sum of several faults.

use http::Method;

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

#[test]
fn effects_combine_and_the_last_of_a_kind_holds() {
    let cut = |bytes| Effect::Stop(Stop::Cut, Position::After(ByteCount(bytes)));
    let faults = [
        Fault::always(Effect::IgnoreRange),
        Fault::always(cut(1)),
        Fault::on(2.., cut(2)),
    ];
    let plan = |request| {
        let mut plan = FaultPlan::default();
        let facts = RequestFacts {
            request,
            ..first("/")
        };
        plan.add(&faults, &facts, &mut Onsets::new());
        plan
    };
    let stop = |bytes| Some((Stop::Cut, Position::After(ByteCount(bytes))));
    assert_eq!((plan(1).wire.stop, plan(2).wire.stop), (stop(1), stop(2)));
    assert!(plan(2).ignore_range);
    assert_eq!(plan(2).fired, ["ignore-range", "cut", "cut"]);
}

#[test]
fn an_outage_begins_after_the_first_request_that_meets_its_conditions() {
    let faults = ["outage:3s,after=10s,requests=2..", "outage:1s,after=20s"];
    let faults = faults.map(|text| Fault::parse(text).unwrap());
    let mut onsets = Onsets::new();
    let mut met = |request, seconds| {
        let mut plan = FaultPlan::default();
        let facts = RequestFacts {
            request,
            elapsed: Duration::from_secs(seconds),
            ..first("/")
        };
        plan.add(&faults, &facts, &mut onsets);
        assert_eq!(plan.outage == Some(Outage::Now), plan.fired == ["outage"]);
        plan.outage
    };
    let later = |seconds| Some(Outage::In(Duration::from_secs(seconds)));
    // The second alone counts from the first request, at 100 s; the first from the next, at 105 s.
    assert_eq!(met(1, 100), later(20));
    assert_eq!(met(2, 105), later(10));
    assert_eq!(met(3, 114), later(1));
    assert_eq!(met(1, 116), later(4));
    assert_eq!(met(4, 115), Some(Outage::Now));
    assert_eq!(met(5, 117), Some(Outage::Now));
    assert_eq!(met(6, 118), later(2));
    assert_eq!(met(7, 120), Some(Outage::Now));
    assert_eq!(met(8, 121), None);
}
