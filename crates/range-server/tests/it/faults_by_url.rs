//! What a URL asks for, as someone with curl meets it.

use range_server::synthetic::Seed;
use range_server::{Config, Version, scenario};

use crate::site::{Answer, Site, content, content_of};

fn site() -> Site {
    Site::start(Config::default())
}

fn statuses(site: &Site, path: &str, count: usize) -> Vec<u16> {
    let answers = std::iter::repeat_with(|| site.get(path, &["Range: bytes=0-9"]).status);
    answers.take(count).collect()
}

#[test]
fn a_url_counts_its_own_requests_and_connections() {
    let site = site();
    let refused = "/synthetic/1000?fault=status:503,requests=..=2";
    assert_eq!(statuses(&site, refused, 3), [503, 503, 206]);
    assert_eq!(
        statuses(&site, &format!("{refused}&id=2"), 3),
        [503, 503, 206]
    );
    assert_eq!(statuses(&site, "/synthetic/1000", 1), [206]);
    let second = "/synthetic/1000?fault=ignore-range,connections=2";
    assert_eq!(statuses(&site, second, 3), [206, 200, 206]);
}

#[test]
fn chance_repeats_itself_and_faults_combine() {
    let url = "/synthetic/1000?fault=status:503,probability=0.5,seed=3";
    let first = statuses(&site(), url, 20);
    assert_eq!(first, statuses(&site(), url, 20));
    assert!(first.contains(&503) && first.contains(&206), "{first:?}");
    let site = site();
    let answer = site.get("/synthetic/1000?fault=etag:weak&fault=close:10", &[]);
    assert!(answer.header("etag").unwrap().starts_with("W/"));
    assert!(!answer.is_complete && answer.content == content(0, 10));
    assert_eq!(site.next_record().faults, ["etag", "close"]);
}

#[test]
fn a_mistake_is_answered_with_a_line_that_explains_it() {
    let site = site();
    for (query, expected) in [
        (
            "fault=stal",
            "there is no fault \"stal\"; docs/design/faults.md lists them all\n",
        ),
        (
            "version=x",
            "version is a number from 0 to 255, not \"x\"\n",
        ),
        ("seed=-1", "seed is a number below 2^64, not \"-1\"\n"),
    ] {
        let answer = site.get(&format!("/synthetic/1?{query}"), &[]);
        assert_eq!(answer.status, 400);
        assert_eq!(String::from_utf8_lossy(&answer.content), expected);
    }
    let away = site.get("/synthetic/1?fault=redirect://evil.example/", &[]);
    assert_eq!((away.status, away.header("location")), (400, None));
}

#[test]
fn synthetic_content_presents_itself_as_asked() {
    let site = site();
    let get = |query: &str| site.get(&format!("/synthetic/1000?{query}"), &[]);
    let tag = |answer: &Answer| answer.header("etag").map(str::to_owned);
    let strong = tag(&get("etag=strong")).unwrap();
    assert!(strong.starts_with('"'));
    assert_eq!(tag(&get("etag=weak")), Some(format!("W/{strong}")));
    assert_eq!(
        tag(&get("etag=unquoted")),
        Some(strong.trim_matches('"').to_owned())
    );
    assert_eq!(tag(&get("etag=none")), None);
    let later = get("version=1&seed=5");
    assert_eq!(
        later.content,
        content_of(Seed(5).of_version(Version(1)), 0, 1000)
    );
    assert_ne!(tag(&later), tag(&get("seed=5")));
    assert_eq!(get("last-modified=none").header("last-modified"), None);
    for date in ["784903526", "Tue,%2015%20Nov%201994%2012:45:26%20GMT"] {
        let answer = get(&format!("last-modified={date}"));
        assert_eq!(
            answer.header("last-modified"),
            Some("Tue, 15 Nov 1994 12:45:26 GMT")
        );
    }
    assert_eq!(
        get("name=a%20b.iso").header("content-disposition"),
        Some("attachment; filename=\"a b.iso\"; filename*=UTF-8''a%20b%2Eiso")
    );
}

#[test]
fn a_scenario_is_what_the_server_does() {
    let faults = scenario::parse("[[fault]]\neffect = \"status:429\"\nevery = 2\n").unwrap();
    let site = Site::start(Config {
        faults,
        ..Config::default()
    });
    assert_eq!(statuses(&site, "/synthetic/1000", 4), [206, 429, 206, 429]);
}
