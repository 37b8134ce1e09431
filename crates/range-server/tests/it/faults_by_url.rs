//! Faults that a URL asks for, as someone with curl meets them.

mod held_up;

use std::io::Write;
use std::num::NonZeroU16;
use std::time::Duration;

use range_core::units::BytesPerSecond;
use range_server::synthetic::Seed;
use range_server::{Config, Content, Directory, Profile, RangePolicy, Version, scenario};

use crate::site::{Answer, Site, content, content_of};

fn site() -> Site {
    Site::start(Config::default())
}

/// A site all of whose URLs may ask for faults.
fn permissive() -> Site {
    Site::start(Config {
        faults_by_url: true,
        ..Config::default()
    })
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
}

/// As a program's library writes it, and as a person does.
#[test]
fn a_query_is_decoded_once_and_a_comma_can_be_kept() {
    let site = site();
    for (fault, expected) in [
        ("redirect:/a\\,b,requests=1", "/a,b"),
        ("redirect%3A%2Fa%5C%2Cb%2Crequests%3D1", "/a,b"),
        ("redirect:/a%2520b,requests=1", "/a%20b"),
    ] {
        let path = format!("/synthetic/1?fault={fault}");
        let (first, second) = (site.get(&path, &[]), site.get(&path, &[]));
        assert_eq!((first.status, second.status), (302, 200), "{fault}");
        assert_eq!(first.header("location"), Some(expected), "{fault}");
    }
    let named = site.get("/synthetic/1?name=a+b%2Bc.iso", &[]);
    let disposition = named.header("content-disposition").unwrap();
    assert!(
        disposition.contains("filename=\"a b+c.iso\""),
        "{disposition}"
    );
}

/// Seventy ranges are more than the default of 64, and fewer than this server looks at.
#[test]
fn a_condition_on_bytes_reads_as_many_ranges_as_the_server() {
    let ranges = (0..70).map(|index| format!("{0}-{0}", 10 * index));
    let ranges = format!("Range: bytes={}", ranges.collect::<Vec<_>>().join(","));
    let max_ranges = NonZeroU16::new(100).unwrap();
    for (config, limit) in [
        (
            Config {
                ranges: RangePolicy {
                    max_ranges,
                    ..RangePolicy::default()
                },
                ..Config::default()
            },
            100,
        ),
        (
            Config {
                profile: Some(Profile::Apache),
                ..Config::default()
            },
            u16::MAX,
        ),
    ] {
        let site = Site::start(config);
        let status = |bytes| {
            let url = format!("/synthetic/1MiB?fault=status:503,bytes={bytes}");
            site.get(&url, &[&ranges]).status
        };
        assert_eq!(status("500000..600000"), 206, "{limit}");
        assert_eq!(status("690..700"), 503, "{limit}");
    }
}

/// Characters that browsers leave out of a location (tabs and line ends) or read as a slash are no
/// way out.
#[test]
fn a_redirection_in_a_url_stays_on_the_server() {
    let site = permissive();
    for location in [
        "//evil.example/",
        "/%09/evil.example/",
        "/%0a/evil.example/",
        "/%5Cevil.example/",
        "/%09%5Cevil.example/",
        "/%20/evil.example/",
        "/%7f/",
        "https://evil.example/",
        "http://localhost/",
    ] {
        let away = site.get(&format!("/synthetic/1?fault=redirect:{location}"), &[]);
        assert_eq!(
            (away.status, away.header("location")),
            (400, None),
            "{location}"
        );
    }
    for redirect in ["loop", "once", "chain:1", "expiring:1m"] {
        let query = format!("?fault=redirect:{redirect}");
        let away = site.get(&format!("/\\evil.example/{query}"), &[]);
        assert_eq!((away.status, away.header("location")), (404, None));
        let here = site.get(&format!("//evil.example/{query}"), &[]);
        let location = here.header("location").unwrap();
        assert!(location.starts_with("/evil.example/?"), "{location}");
    }
    for location in ["/", "/other?a=b", "/a//b", "/a/../b"] {
        let here = site.get(&format!("/synthetic/1?fault=redirect:{location}"), &[]);
        assert_eq!(here.status, 302, "{location}");
    }
}

/// Its visitor's own machine is no other name of a server on the network.
#[test]
fn only_on_loopback_a_url_leads_to_another_name_of_the_machine() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let config = Config {
        faults_by_url: true,
        hosts: vec!["files.example".to_owned()],
        ..Config::default()
    };
    let bind = range_server::Server::bind("0.0.0.0:0", config);
    let server = runtime.block_on(bind).unwrap();
    let answer = |host: &str| {
        let address = ("127.0.0.1", server.address().port());
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        let target = "/synthetic/1?fault=redirect:cross-origin";
        let request = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        std::io::read_to_string(stream).unwrap()
    };
    assert!(answer("192.0.2.1:80").starts_with("HTTP/1.1 400 "));
    assert!(answer("files.example").starts_with("HTTP/1.1 400 "));
    assert!(answer("127.0.0.1:80").contains("Location: http://localhost:80/"));
}

#[test]
fn a_url_lowers_the_rate_of_its_connection_and_never_lifts_it() {
    let site = Site::start(Config {
        rate_per_connection: Some(BytesPerSecond(2000)),
        ..Config::default()
    });
    for (rate, least) in [("100GiB", 450), ("1000", 900)] {
        let answer = site.get(&format!("/synthetic/1000?fault=rate:{rate}"), &[]);
        assert_eq!(answer.content, content(0, 1000));
        let elapsed = site.next_record().elapsed;
        assert!(
            elapsed >= Duration::from_millis(least),
            "{rate}: {elapsed:?}"
        );
    }
}

/// Of what the server has, a URL decides nothing unless the user says so; of what is made up, for
/// whoever sits at the machine.
#[test]
fn a_url_asks_for_faults_where_the_server_lets_it() {
    let root = tempfile::tempdir().unwrap();
    std::fs::write(root.path().join("file"), "right").unwrap();
    let serve = |faults_by_url| {
        Site::start(Config {
            content: Content::Directory(Directory::new(root.path())),
            hosts: vec!["files.example".to_owned()],
            faults_by_url,
            ..Config::default()
        })
    };
    let (strict, permissive) = (serve(false), serve(true));
    for fault in ["gzip", "version:7", "stall", "no-such-fault", "redirect:/a"] {
        let path = format!("/file?fault={fault}");
        let refused = strict.get(&path, &[]);
        let why = String::from_utf8_lossy(&refused.content);
        assert_eq!(refused.status, 403, "{fault}");
        assert!(why.contains("--faults"), "{why}");
        let refused = strict.request("OPTIONS", &path, &[]);
        assert_eq!(refused.status, 403, "{fault}");
    }
    let other = permissive.get("/file?fault=version:7", &[]);
    assert!(other.status == 200 && other.content != b"right");
    let link = "/file?expires=1&once=1&hop=5";
    assert_eq!(strict.get(link, &[]).content, b"right");
    assert_eq!(permissive.get(link, &[]).status, 403);
    // A tunnel or a proxy brings the name it is known by.
    for (site, expected) in [(&strict, 403), (&permissive, 503)] {
        let mut client = site.connect();
        let request = "GET /synthetic/1?fault=status:503 HTTP/1.1\r\nHost: files.example\r\n\r\n";
        client.stream.write_all(request.as_bytes()).unwrap();
        assert_eq!(client.receive(false).status, expected);
    }
}

#[test]
fn a_scenario_may_redirect_though_urls_may_not() {
    let faults = scenario::parse("[[fault]]\neffect = \"redirect:once\"\n").unwrap();
    let root = tempfile::tempdir().unwrap();
    std::fs::write(root.path().join("file"), "right").unwrap();
    let site = Site::start(Config {
        content: Content::Directory(Directory::new(root.path())),
        faults,
        ..Config::default()
    });
    let location = site.get("/file", &[]);
    let location = location.header("location").unwrap();
    let statuses = [
        site.get(location, &[]).status,
        site.get(location, &[]).status,
    ];
    assert_eq!(statuses, [200, 403]);
}

#[test]
fn an_explanation_does_not_repeat_at_length_what_it_was_sent() {
    let site = site();
    let long = "%1b".repeat(5000);
    for path in [
        format!("/synthetic/1?fault={long}"),
        format!("/synthetic/1?fault=delay:{long}"),
        format!("/synthetic/1?{long}=1"),
    ] {
        let answer = site.get(&path, &[]);
        assert_eq!(answer.status, 400);
        assert!(answer.content.len() < 2000, "{}", answer.content.len());
    }
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
