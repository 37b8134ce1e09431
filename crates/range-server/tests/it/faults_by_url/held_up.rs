//! Connections that a URL holds up: for how long, how many at once, and until whoever asked leaves.

use std::net::Shutdown;
use std::time::{Duration, Instant};

use range_server::{Config, Limits, scenario};

use super::site;
use crate::site::{Client, Site, content};

#[test]
fn a_url_does_not_hold_a_connection_up_for_longer_than_a_minute_at_once() {
    let site = site();
    for fault in [
        "delay:61s",
        "drip-head:99h",
        "first-byte:2m",
        "outage:61s",
        "outage:1s,after=2m",
        "bucket:1KiB,quantum=61KiB",
        "bucket:1,quantum=8EiB",
    ] {
        let (name, _) = fault.split_once(':').unwrap();
        let answer = site.get(&format!("/synthetic/1?fault={fault}"), &[]);
        let expected = format!("{name} in a URL waits a minute at most; a scenario says more\n");
        assert_eq!(answer.status, 400, "{fault}");
        assert_eq!(String::from_utf8_lossy(&answer.content), expected);
    }
    for fault in [
        "interim:10001",
        "redirect:chain:10001",
        "surplus:1073741825",
        "overlong:8EiB",
    ] {
        let answer = site.get(&format!("/synthetic/1?fault={fault}"), &[]);
        let why = String::from_utf8_lossy(&answer.content);
        assert_eq!(answer.status, 400, "{fault}");
        assert!(why.ends_with("; a scenario says more\n"), "{why}");
    }
    for fault in [
        "delay:1m,requests=2",
        "outage:1m,after=1m",
        "bucket:1KiB,quantum=60KiB,requests=2",
    ] {
        let answer = site.get(&format!("/synthetic/1?fault={fault}"), &[]);
        assert_eq!(answer.status, 200, "{fault}");
    }
    let faults = scenario::parse("[[fault]]\neffect = \"delay:99h\"\nrequests = 2\n");
    assert!(faults.is_ok());
}

/// The status line that comes within a moment, if one does.
fn status_line(client: &mut Client) -> Option<String> {
    let moment = Some(Duration::from_millis(50));
    client.stream.set_read_timeout(moment).unwrap();
    let mut line = [0; 12];
    let length = client.read(&mut line).ok()?;
    Some(String::from_utf8_lossy(&line[..length]).into_owned())
}

const REFUSED: &str = "HTTP/1.1 503";

/// So that there is room for others, however many are held up and stay.
#[test]
fn no_more_than_half_of_all_connections_are_held_up_by_urls() {
    for fault in [
        "stall",
        "stall:1",
        "delay:1m",
        "drip-head:1m",
        "first-byte:1m",
        "rate:1",
        "bucket:1,quantum=60",
        "crowd-rate:1,above=0",
    ] {
        let limits = Limits {
            max_connections: 4,
            header_timeout: Duration::from_millis(100),
            stall_timeout: Duration::from_millis(100),
            ..Limits::default()
        };
        let site = Site::start(Config {
            limits,
            ..Config::default()
        });
        let ask = || {
            let mut client = site.connect();
            client.send("GET", &format!("/synthetic/1000?fault={fault}"), &[]);
            client
        };
        let deadline = Instant::now() + Duration::from_secs(20);
        let mut clients = [ask(), ask(), ask()];
        let mut refused = || {
            let mut lines = clients.iter_mut().filter_map(status_line);
            lines.any(|line| line == REFUSED)
        };
        while !refused() {
            assert!(
                Instant::now() < deadline,
                "all three are held up by {fault}"
            );
        }
        let other = site.get("/synthetic/1", &[]);
        assert_eq!(other.content, content(0, 1));
        // Those who leave make room, also between two bytes of a head.
        drop(clients);
        while status_line(&mut ask()).is_some_and(|line| line == REFUSED) {
            assert!(
                Instant::now() < deadline,
                "{fault} holds up nobody any more"
            );
        }
    }
}

/// However the peer leaves, also where it only closes its own side.
#[test]
fn nobody_is_held_up_who_has_left() {
    for fault in [
        "delay:1m",
        "stall",
        "stall:5",
        "drip-head:1m",
        "first-byte:1m",
    ] {
        let limits = Limits {
            max_connections: 4,
            ..Limits::default()
        };
        let site = Site::start(Config {
            limits,
            ..Config::default()
        });
        let ask = || {
            let mut client = site.connect();
            client.send("GET", &format!("/synthetic/1000?fault={fault}"), &[]);
            client
        };
        let held = [ask(), ask()];
        for client in &held {
            client.stream.shutdown(Shutdown::Write).unwrap();
        }
        let deadline = Instant::now() + Duration::from_secs(20);
        while status_line(&mut ask()).is_some_and(|line| line == REFUSED) {
            assert!(Instant::now() < deadline, "{fault} holds up who has left");
        }
        drop(held);
    }
}
