//! Outages of the server, as clients meet them that interpret nothing.

use std::time::{Duration, Instant};

use range_core::units::ByteCount;
use range_server::{Config, Effect, Ending, Fault};

use crate::faults_on_the_wire::{FILE, hear};
use crate::site::Site;

/// Sends a request, and says whether the connection was reset without a byte of an answer.
fn is_away(site: &Site, path: &str) -> bool {
    let mut client = site.connect();
    client.send("GET", path, &["Connection: close"]);
    let heard = hear(&mut client);
    assert_eq!(heard.is_reset, heard.head.is_empty(), "{}", heard.head);
    heard.is_reset
}

/// Asks until the server is there or away, as `away` says; every answer is one or the other.
fn wait_until(site: &Site, path: &str, away: bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while is_away(site, path) != away {
        assert!(Instant::now() < deadline, "away is to become {away}");
    }
}

#[test]
fn an_outage_resets_what_is_under_way_and_what_comes_until_it_is_over() {
    let site = Site::start(Config::default());
    let url = "/synthetic/1000?fault=outage:600ms,after=300ms";
    // The first request starts the clock. Its answer takes longer than that.
    let slow = format!("{url}&fault=first-byte:20s,requests=1");
    let began = Instant::now();
    let mut under_way = site.connect();
    under_way.send("GET", &slow, &[]);
    assert_eq!(under_way.receive_head().status, 200);
    let mut idle = site.connect();
    idle.send("GET", &slow, &[]);
    assert!(hear(&mut under_way).is_reset);
    assert!(
        hear(&mut idle).is_reset,
        "what is between requests is reset as well"
    );
    assert!(began.elapsed() >= Duration::from_millis(300));
    let records = [site.next_record(), site.next_record()];
    let record = records.iter().find(|record| record.number == 1).unwrap();
    assert_eq!((record.sent, record.ending), (ByteCount(0), Ending::Cut));
    assert_eq!(record.faults, ["first-byte", "outage"]);
    wait_until(&site, &slow, false);
    assert!(began.elapsed() >= Duration::from_millis(900));
    assert!(!is_away(&site, FILE), "other URLs know nothing of it");
}

#[test]
fn an_outage_of_the_server_begins_with_a_request_by_its_number() {
    let outage = Effect::Outage {
        after: Duration::ZERO,
        lasts: Duration::from_millis(300),
    };
    let site = Site::start(Config {
        faults: vec![Fault::on(3.., outage)],
        ..Config::default()
    });
    assert!(!is_away(&site, FILE));
    let mut kept = site.connect();
    kept.send("GET", FILE, &[]);
    assert!(kept.receive(false).is_complete);
    let began = Instant::now();
    assert!(is_away(&site, FILE));
    wait_until(&site, "/synthetic/7", false);
    assert!(began.elapsed() >= Duration::from_millis(300));
    // It was over by then, and comes only once.
    kept.send("GET", FILE, &[]);
    assert!(kept.receive(false).is_complete);
    let records: Vec<_> = (0..3).map(|_| site.next_record()).collect();
    let fired = records.iter().map(|record| record.faults.len());
    assert_eq!(fired.collect::<Vec<_>>(), [0, 0, 1]);
    assert_eq!(records[2].ending, Ending::Cut);
}
