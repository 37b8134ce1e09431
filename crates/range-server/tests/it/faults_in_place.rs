//! Faults that put another answer in place of the content, and those that depend on how many there
//! are under way.

use std::num::NonZeroU32;
use std::time::Duration;

use http::{HeaderValue, Method, StatusCode};
use range_core::units::BytesPerSecond;
use range_server::synthetic::Seed;
use range_server::{Effect, Excess, Fault, Redirect, RetryAfter, StatusBody, Stop};

use crate::faults_on_ranges::{FILE, answer, site};
use crate::site::{Site, content_of};

#[test]
fn retry_after_can_be_anything() {
    let wait = Duration::from_secs(90);
    for (retry_after, expected) in [
        (RetryAfter::Seconds(wait), "90"),
        (RetryAfter::Negative, "-5"),
        (RetryAfter::Absurd, "99999999999999999999"),
        (RetryAfter::Garbage, "soon"),
        (RetryAfter::Past, "Tue, 15 Nov 1994 12:45:26 GMT"),
    ] {
        let code = StatusCode::TOO_MANY_REQUESTS;
        let answer = answer(Effect::Status {
            code,
            retry_after: Some(retry_after),
            body: StatusBody::Text,
        });
        assert_eq!(
            (answer.status, answer.header("retry-after")),
            (429, Some(expected))
        );
    }
    let code = StatusCode::SERVICE_UNAVAILABLE;
    let answer = answer(Effect::Status {
        code,
        retry_after: Some(RetryAfter::Date(wait)),
        body: StatusBody::Text,
    });
    let date = |name| {
        let value = answer.header(name).unwrap();
        range_core::http::HttpDate::parse(value.as_bytes()).unwrap()
    };
    assert_eq!(date("retry-after").since(date("date")), Some(wait));
}

#[test]
fn a_message_is_not_compressed_without_a_word() {
    let refusal = Effect::status(StatusCode::FORBIDDEN);
    let plain = site([Fault::always(refusal.clone())]).get(FILE, &[]);
    let beside_gzip = site([Fault::always(refusal), Fault::always(Effect::Gzip)]).get(FILE, &[]);
    assert_eq!(beside_gzip.header("content-encoding"), None);
    assert!(beside_gzip.is_complete);
    assert_eq!(beside_gzip.content, plain.content);
}

#[test]
fn head_alone_can_be_refused() {
    let refusal = Effect::status(StatusCode::METHOD_NOT_ALLOWED);
    let site = site([Fault::always(refusal).for_method(Method::HEAD)]);
    assert_eq!(site.request("HEAD", FILE, &[]).status, 405);
    assert_eq!(site.get(FILE, &[]).status, 200);
}

/// Follows redirections on this server, and returns every status and the last location.
fn follow(site: &Site, path: &str) -> (Vec<u16>, String) {
    let (mut statuses, mut target) = (Vec::new(), path.to_owned());
    for _ in 0..5 {
        let answer = site.get(&target, &[]);
        statuses.push(answer.status);
        let Some(location) = answer.header("location") else {
            break;
        };
        location.clone_into(&mut target);
    }
    (statuses, target)
}

#[test]
fn redirections_come_in_chains_and_loops() {
    let redirect = |redirect| site([Fault::always(Effect::Redirect(redirect))]);
    let chain = redirect(Redirect::Chain(NonZeroU32::new(3).unwrap()));
    assert_eq!(
        follow(&chain, "/synthetic/9?seed=1").0,
        [302, 302, 302, 200]
    );
    assert_eq!(follow(&redirect(Redirect::Loop), FILE).0, [302; 5]);
    let elsewhere = redirect(Redirect::CrossOrigin).get(FILE, &[]);
    let port_and_path = elsewhere
        .header("location")
        .unwrap()
        .strip_prefix("http://127.0.0.1");
    assert_eq!(
        port_and_path,
        Some("/synthetic/1000?hop=1"),
        "the harness asks localhost"
    );
    let anywhere = HeaderValue::from_static("file:///etc/passwd");
    let answer = answer(Effect::RedirectTo(anywhere));
    assert_eq!(answer.header("location"), Some("file:///etc/passwd"));
}

#[test]
fn redirections_lead_to_links_that_wear_out() {
    let once = site([Fault::always(Effect::Redirect(Redirect::Once))]);
    let (statuses, target) = follow(&once, FILE);
    assert_eq!(
        (statuses, once.get(&target, &[]).status),
        (vec![302, 200], 403)
    );
    let instant = Redirect::Expiring(Duration::ZERO);
    let expired = site([Fault::always(Effect::Redirect(instant))]);
    assert_eq!(follow(&expired, FILE).0, [302, 403]);
    let hour = Redirect::Expiring(Duration::from_hours(1));
    let valid = site([Fault::always(Effect::Redirect(hour))]);
    let (statuses, target) = follow(&valid, "/synthetic/5?seed=2");
    assert_eq!(statuses, [302, 200]);
    assert_eq!(valid.get(&target, &[]).content, content_of(Seed(2), 0, 5));
}

#[test]
fn connections_in_excess_are_refused_and_those_who_leave_make_room() {
    let excess = Excess::Status(StatusCode::SERVICE_UNAVAILABLE);
    let site = site([
        Fault::always(Effect::ConnectionCap { most: 2, excess }),
        Fault::on(..=2, Effect::Rate(BytesPerSecond(1))),
    ]);
    let mut slow = [site.connect(), site.connect()];
    for client in &mut slow {
        client.send("GET", FILE, &[]);
        assert_eq!(client.receive_head().status, 200);
    }
    assert_eq!(site.get(FILE, &[]).status, 503);
    assert_eq!(site.get("/synthetic/2000", &[]).status, 200);
    drop(slow);
    let (_, _) = (site.next_record(), site.next_record());
    let _ = (site.next_record(), site.next_record());
    assert_eq!(site.get(FILE, &[]).status, 200);
    let reset = Excess::Stop(Stop::Reset);
    let closed = self::site([Fault::always(Effect::ConnectionCap {
        most: 0,
        excess: reset,
    })]);
    let mut client = closed.connect();
    client.send("GET", FILE, &[]);
    assert!(client.is_ended());
}

#[test]
fn a_crowd_is_slower() {
    let elapsed = |above| {
        let rate = BytesPerSecond(4000);
        let site = site([Fault::always(Effect::CrowdRate { above, rate })]);
        assert!(site.get(FILE, &[]).is_complete);
        site.next_record().elapsed
    };
    // The last of five chunks starts after four fifths of the quarter second.
    let (alone, crowded) = (elapsed(1), elapsed(0));
    assert!(crowded >= Duration::from_millis(200), "{crowded:?}");
    assert!(alone < crowded, "{alone:?}");
}
