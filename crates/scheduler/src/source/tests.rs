//! A source alone: its rate, its failures, its refusals.

use super::*;

fn after(seconds: u64) -> Timestamp {
    Timestamp::after_start(Duration::from_secs(seconds))
}

#[test]
fn a_rate_follows_what_is_measured_and_expires() {
    let mut source = Source::new(&WidthSearch::new(4, 32));
    assert_eq!(source.rate(after(0)), None);
    source.moved(after(1), 10, Some(1000));
    source.moved(after(2), 10, Some(3000));
    source.moved(after(3), 10, None);
    assert_eq!(source.rate(after(3)), Some(2000));
    let expired = after(2) + limits::SOURCE_RATE_LIFE;
    assert_eq!(source.rate(expired), None);
}

#[test]
fn bytes_restore_what_failures_may_be() {
    let mut source = Source::new(&WidthSearch::new(4, 32));
    let stray = FailureClass::Stray;
    assert_eq!(source.failed(after(1), after(0), stray), 1);
    assert_eq!(source.failed(after(1), after(0), stray), 1, "one burst");
    assert_eq!(source.failed(after(2), after(1), stray), 2);
    source.moved(after(1), 1, None);
    assert_eq!(source.failed(after(3), after(2), stray), 3);
    source.moved(after(3), limits::PROGRESS_MIN, None);
    assert_eq!(source.failed(after(4), after(3), stray), 1);
}

#[test]
fn failures_in_a_row_are_alike_until_one_differs() {
    let mut source = Source::new(&WidthSearch::new(4, 32));
    let (stray, broken) = (FailureClass::Stray, FailureClass::Interrupted);
    let alike = [(1, stray), (2, stray), (3, broken), (4, stray)].map(|(second, class)| {
        source.failed(after(second), after(second - 1), class);
        source.fails_alike()
    });
    assert_eq!(alike, [true, true, false, false]);
    source.moved(after(4), limits::PROGRESS_MIN, None);
    source.failed(after(5), after(4), broken);
    assert!(source.fails_alike(), "a new row");
}

#[test]
fn replies_that_break_at_their_start_while_others_stream_refuse() {
    let mut source = Source::new(&WidthSearch::new(4, 32));
    let broke = [(true, true), (true, true), (true, false), (true, true)];
    assert!(
        !broke
            .iter()
            .any(|&(start, serves)| source.broke(start, serves))
    );
    assert!(!source.broke(true, true));
    assert!(source.broke(true, true), "three in a row");
    assert!(!source.broke(false, true));
}

/// A host that serves so many resets one of two requests, again and again: each reply that is
/// accepted makes up for one that broke, and not for all of them.
#[test]
fn a_reply_that_is_accepted_makes_up_for_one_that_broke() {
    let mut source = Source::new(&WidthSearch::new(4, 32));
    let mut round = |broken: u32| {
        source.opened(Duration::from_millis(1), false);
        (0..broken).any(|_| source.broke(true, true))
    };
    assert!((0..100).all(|_| !round(1)), "one of two");
    let rounds = [round(2), round(2), round(2)];
    assert_eq!(rounds, [false, true, true], "two of three");
}

#[test]
fn refusals_of_one_burst_count_once() {
    let mut source = Source::new(&WidthSearch::new(4, 32));
    assert_eq!(source.turned_away(after(5), after(1)), 1);
    assert_eq!(source.turned_away(after(6), after(4)), 1);
    assert_eq!(source.turned_away(after(8), after(5)), 2, "made at once");
}
