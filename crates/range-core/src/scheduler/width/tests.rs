//! Owns how the search takes its first steps. Knows no worker.

use super::*;

fn sample(millis: u64, workers: usize, starting: usize, latency: u64) -> Sample {
    Sample {
        now: Timestamp::after_start(Duration::from_millis(millis)),
        received: 1 << 20,
        workers,
        starting,
        latency: Duration::from_millis(latency),
        left: 1 << 30,
        limit: None,
    }
}

#[test]
fn a_near_host_is_asked_for_more_once_all_replies_have_begun() {
    let mut search = WidthSearch::new(4, 32);
    search.look(sample(40, 4, 3, 40));
    assert_eq!(search.level(), 4, "three are to come");
    search.look(sample(80, 4, 0, 40));
    assert_eq!(search.level(), 8);
    search.look(sample(200, 8, 0, 40));
    assert_eq!(search.level(), 8, "what eight bring is measured");
}

#[test]
fn a_far_host_is_asked_for_more_at_its_first_reply() {
    let mut search = WidthSearch::new(4, 32);
    search.opened(Duration::from_millis(400), false);
    assert_eq!(search.level(), 16);
    search.look(sample(1200, 16, 0, 400));
    assert_eq!(search.level(), 16, "what sixteen bring is measured");
}

#[test]
fn a_ceiling_holds_for_a_far_host_too() {
    let mut search = WidthSearch::new(4, 6);
    search.opened(Duration::from_millis(400), false);
    assert_eq!(search.level(), 6);
}

#[test]
fn a_limit_on_the_rate_is_no_reason_to_hurry() {
    let mut search = WidthSearch::new(4, 32);
    search.opened(Duration::from_millis(400), true);
    assert_eq!(search.level(), 4);
}
