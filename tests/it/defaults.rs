//! Compares the defaults that help, rustdoc and docs state with those of the code. A stated default
//! that is not compared with anything fails too.

use std::time::Duration;

use accelerator::{Exists, Settings, TlsVersion};
use range_core::http::conditional::{InvalidRange, RangePolicy};
use range_core::http::range_header::{MAX_RANGE_HEADER_BYTES, MAX_RANGES_DEFAULT};
use range_server::{Config, Directory, Limits};
use scheduler::limits;

use crate::support::stated::{
    Stated, assert_same, bytes, constant, count, in_comments, in_one_line, in_tables, seconds,
};

fn yes_or_no(yes: bool) -> String {
    (if yes { "yes" } else { "no" }).to_owned()
}

fn in_code() -> Stated {
    let of_libraries = [of_downloads(), of_servers(), of_the_program()].concat();
    let of_libraries = of_libraries.into_iter();
    of_libraries
        .map(|(package, item, value)| (package.to_owned(), item.to_owned(), value))
        .collect()
}

/// A crate, what is stated of it, and the default of that.
type Row = (&'static str, &'static str, String);

fn of_downloads() -> Vec<Row> {
    let get = Settings::default();
    assert_eq!(get.oldest_tls, TlsVersion::V1_2);
    assert!(get.digests.is_empty() && get.headers.is_empty() && get.authorities.is_empty());
    assert!(get.sources.is_empty());
    assert!(get.connections_to_url.is_none() && get.length.is_none() && get.pieces.is_none());
    assert!(get.credentials.is_none() && get.identity.is_none() && get.rate_limit.is_none());
    let anywhere = "http://a.example/".parse().unwrap();
    assert_eq!(get.proxies.for_url(&anywhere), Ok(None));
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(get.user_agent, format!("accelerator/{version}"));
    let agent = "`accelerator/` and the version of this crate";
    let rows = [
        ("connections", get.connections.to_string()),
        ("connections_to_url", "no limit".to_owned()),
        ("rate_limit", "no limit".to_owned()),
        ("max_tries", limits::MAX_TRIES.to_string()),
        (
            "stall_timeout",
            format!("{} seconds", get.stall_timeout.as_secs()),
        ),
        (
            "first_byte_timeout",
            format!("{} seconds", get.first_byte_timeout.as_secs()),
        ),
        ("max_size", "no limit".to_owned()),
        ("length", "any length".to_owned()),
        ("sources", "none".to_owned()),
        ("digests", "none".to_owned()),
        ("server_digests", yes_or_no(get.server_digests)),
        ("pieces", "none".to_owned()),
        ("user_agent", agent.to_owned()),
        ("headers", "none".to_owned()),
        ("cookies", "none".to_owned()),
        ("credentials", "none".to_owned()),
        ("authorities", "none".to_owned()),
        ("only_authorities", yes_or_no(get.only_authorities)),
        ("pins", "none".to_owned()),
        ("identity", "none".to_owned()),
        ("oldest_tls", "1.2".to_owned()),
        ("proxies", "none".to_owned()),
        ("allow_private", yes_or_no(get.allow_private)),
        ("public_only", yes_or_no(get.public_only)),
        ("window", format!("{} MiB", get.window.0 >> 20)),
        ("write_mode", format!("[`WriteMode::{:?}`]", get.write_mode)),
        ("exists", format!("[`Exists::{:?}`]", get.exists)),
        ("resume", yes_or_no(get.resume)),
        ("sync", yes_or_no(get.sync)),
        ("remote_time", yes_or_no(get.remote_time)),
    ];
    rows.map(|(item, value)| ("accelerator", item, value))
        .into()
}

fn of_servers() -> Vec<Row> {
    let config = Config::default();
    let limits = Limits::default();
    let directory = Directory::new("/");
    let ranges = RangePolicy::default();
    assert!(config.tls.is_none() && config.profile.is_none() && config.on_request.is_none());
    assert!(config.rate.is_none() && config.rate_per_connection.is_none());
    assert!(config.faults.is_empty() && config.hosts.is_empty() && config.headers.is_empty());
    assert!(config.cors.is_none() && config.login.is_none());
    assert_eq!(ranges.invalid, InvalidRange::Ignore);
    assert_eq!(ranges.max_ranges, MAX_RANGES_DEFAULT);
    let seconds = |duration: Duration| format!("{} s", duration.as_secs());
    let rows = [
        ("tls", "http".to_owned()),
        ("ranges", ranges.max_ranges.to_string()),
        ("profile", "nobody".to_owned()),
        ("rate_per_connection", "unlimited".to_owned()),
        ("rate", "unlimited".to_owned()),
        ("faults", "nothing".to_owned()),
        ("faults_by_url", yes_or_no(config.faults_by_url)),
        ("hosts", "nothing".to_owned()),
        ("cors", "none".to_owned()),
        ("headers", "none".to_owned()),
        ("login", "none".to_owned()),
        ("no_ranges", yes_or_no(config.no_ranges)),
        ("keep_requests", yes_or_no(config.keep_requests)),
        ("on_request", "nobody".to_owned()),
        ("allow_hidden", yes_or_no(directory.allow_hidden)),
        ("allow_symlinks", yes_or_no(directory.allow_symlinks)),
        ("precompressed", yes_or_no(directory.precompressed)),
        ("max_connections", limits.max_connections.to_string()),
        (
            "max_connections_per_address",
            constant("range-server", "DEFAULT_LIMIT"),
        ),
        ("header_timeout", seconds(limits.header_timeout)),
        ("stall_timeout", seconds(limits.stall_timeout)),
        ("drain_timeout", seconds(limits.drain_timeout)),
        // `matrix` and the tests of `range-server` show it.
        ("refusal", "its first `most` bytes".to_owned()),
    ];
    let mut rows = rows
        .map(|(item, value)| ("range-server", item, value))
        .to_vec();
    let max_ranges = "[`MAX_RANGES_DEFAULT`]".to_owned();
    rows.push(("range-core", "max_ranges", max_ranges));
    rows.push(("range-core", "invalid", "it is ignored".to_owned()));
    rows
}

fn of_the_program() -> Vec<Row> {
    let get = Settings::default();
    let serve = Limits::default();
    let seconds = |duration: Duration| format!("{}s", duration.as_secs());
    let ranges = RangePolicy::default().max_ranges;
    let rows = [
        ("output", "the last part of the URL's path".to_owned()),
        ("dir", "the current one".to_owned()),
        ("exists", format!("{:?}", get.exists).to_lowercase()),
        ("max_tries", limits::MAX_TRIES.to_string()),
        ("stall_timeout", seconds(get.stall_timeout)),
        ("first_byte_timeout", seconds(get.first_byte_timeout)),
        ("max_size", "no limit".to_owned()),
        ("limit_rate", "no limit".to_owned()),
        ("window", format!("{}MiB", get.window.0 >> 20)),
        ("proxy", "from `https_proxy`".to_owned()),
        ("key", "in the file of --cert".to_owned()),
        // The tests of `args/bind.rs` show it, and `serve_limits` the next.
        ("bind", "127.0.0.1:8080".to_owned()),
        ("host", "loopback".to_owned()),
        // Of `metalink create`; the tests of `create_metalink.rs` show the second.
        ("output", "standard output".to_owned()),
        ("piece_length", "256KiB".to_owned()),
        // Of the demo.
        ("dir", "the system's".to_owned()),
        ("max_connections", serve.max_connections.to_string()),
        (
            "max_connections_per_address",
            constant("range-server", "DEFAULT_LIMIT"),
        ),
        ("header_timeout", seconds(serve.header_timeout)),
        ("stall_timeout", seconds(serve.stall_timeout)),
        ("max_ranges", ranges.to_string()),
    ];
    rows.map(|(item, value)| ("sheave", item, value)).into()
}

#[test]
fn help_and_rustdoc_state_the_defaults_that_are() {
    assert_same(&in_comments(), &in_code());
}

fn expected(rows: &[(&str, &str, &str)]) -> Stated {
    let rows = rows.iter();
    rows.map(|&(table, name, value)| (table.to_owned(), name.to_owned(), value.to_owned()))
        .collect()
}

#[test]
fn the_manual_states_the_defaults_that_are() {
    let get = Settings::default();
    let server = Limits::default();
    let of = |seconds: Duration| format!("{}s", seconds.as_secs());
    assert!(get.rate_limit.is_none() && get.max_size.is_none() && get.pins.is_empty());
    let ranges = RangePolicy::default().max_ranges.to_string();
    assert!(get.sync && get.resume);
    assert_same(
        &in_tables(&["docs/cli.md", "docs/server.md"]),
        &expected(&[
            ("1", "output", "the last part of the URL's path"),
            ("1", "dir", "the current one"),
            ("1", "create-dirs", "fail"),
            ("1", "connections", "auto"),
            ("1", "checksum", "none"),
            ("1", "checksum-file", "none"),
            ("1", "no-server-digest", "compare it"),
            ("1", "metalink", "none"),
            ("1", "no-metalink", "download what it lists"),
            ("1", "mirror", "none"),
            ("1", "exists", &format!("{:?}", get.exists).to_lowercase()),
            ("1", "continue", &yes_or_no(get.exists == Exists::Continue)),
            (
                "1",
                "overwrite",
                &yes_or_no(get.exists == Exists::Overwrite),
            ),
            ("1", "no-resume", "resume"),
            ("1", "window", &format!("{}MiB", get.window.0 >> 20)),
            ("1", "no-sync", "wait"),
            ("1", "remote-time", "the time of the download"),
            ("1", "content-disposition", "that of the URL"),
            ("1", "max-size", "none"),
            ("1", "max-tries", &limits::MAX_TRIES.to_string()),
            ("1", "first-byte-timeout", &of(get.first_byte_timeout)),
            ("1", "stall-timeout", &of(get.stall_timeout)),
            ("1", "limit-rate", "unlimited"),
            ("1", "write", "auto"),
            ("2", "DIR", "the current one"),
            ("2", "bind", "127.0.0.1:8080"),
            ("2", "tls", "http"),
            ("2", "allow-hidden", "no"),
            ("2", "cors", "none"),
            ("2", "allow-symlinks", "no"),
            ("2", "precompressed", "no"),
            ("2", "max-connections", &server.max_connections.to_string()),
            (
                "2",
                "max-connections-per-address",
                &constant("range-server", "DEFAULT_LIMIT"),
            ),
            ("2", "header-timeout", &of(server.header_timeout)),
            ("2", "stall-timeout", &of(server.stall_timeout)),
            ("2", "rate", "unlimited"),
            ("2", "rate-per-connection", "unlimited"),
            ("2", "max-ranges", &ranges),
            ("2", "invalid-range", "ignore"),
            ("2", "faults", "only `/synthetic/"),
            ("2", "as", "its own"),
        ]),
    );
    let text = in_one_line("docs/cli.md");
    for phrase in [
        format!("1 to {}; `auto` measures", limits::WIDTH_MAX),
        format!("measures how many help, up to {}", limits::WIDTH_DEFAULT),
        format!(
            "`{}`, which maps on",
            format!("{:?}", get.write_mode).to_lowercase()
        ),
    ] {
        assert!(text.contains(&phrase), "{phrase}");
    }
}

/// The rows of the server's limits: each begins with these words, and goes on with what the code
/// has. Those of which the code has no single constant have tests of their own in `serve_limits`.
#[test]
fn the_server_states_the_limits_that_are() {
    let limits = Limits::default();
    let of = |duration: Duration| format!("{} s", duration.as_secs());
    let server_has = |name| bytes("range-server", name);
    let counted = |name| count("range-server", name);
    let ranges = RangePolicy::default().max_ranges;
    let text = in_one_line("docs/server.md");
    for (row, limit) in [
        ("connections at once", limits.max_connections.to_string()),
        (
            "connections of one address, or one IPv6 network of 64 bits",
            counted("DEFAULT_LIMIT"),
        ),
        (
            "time for a TLS handshake, for a request head, and without an open stream over HTTP/2",
            of(limits.header_timeout),
        ),
        (
            "time in which a peer takes nothing of a response",
            of(limits.stall_timeout),
        ),
        ("a request's head", server_has("MAX_HEAD_BYTES")),
        (
            "ranges in a request",
            format!("{ranges}, in {MAX_RANGE_HEADER_BYTES} bytes"),
        ),
        (
            "requests at once over one HTTP/2 connection",
            format!(
                "{}, of which {} are answered at a time",
                counted("MAX_STREAMS"),
                Limits::ANSWERED_AT_ONCE
            ),
        ),
        ("memory for a response that is not read", {
            // Two buffers: one is filled while the other is sent.
            assert_eq!(server_has("BUFFER_SIZE"), "16 KiB");
            "32 KiB".to_owned()
        }),
        (
            "a digest that is asked for",
            format!(
                "{}, or {} of a part",
                server_has("MAX_LENGTH"),
                server_has("MAX_PART")
            ),
        ),
        ("digests remembered", counted("MAX_KNOWN")),
        ("a listing", format!("{} names", counted("MAX_ENTRIES"))),
        (
            "lines of the log that wait",
            format!(
                "{}, or {}",
                count("sheave", "MAX_LINES"),
                bytes("sheave", "MAX_BYTES")
            ),
        ),
        (
            "a wait in a URL",
            format!(
                "{} minute at once; {} minutes for one connection",
                seconds("range-server", "MAX_WAIT") / 60,
                seconds("range-server", "MAX_STANDSTILL") / 60
            ),
        ),
        (
            "interim responses and redirections of a URL, bytes it adds",
            format!("{}, {}", counted("MAX_COUNT"), server_has("MAX_EXTRA")),
        ),
        (
            "time for responses to end when it is stopped",
            of(limits.drain_timeout),
        ),
    ] {
        let stated = format!("| {row} | {limit}");
        assert!(text.contains(&stated), "{stated}");
    }
}

#[test]
fn the_design_states_the_defaults_that_are() {
    let get = Settings::default();
    let plural = |count: u64| if count == 1 { "" } else { "s" };
    let idle = seconds("accelerator", "IDLE_TIMEOUT");
    let connect = seconds("accelerator", "CONNECT_TIMEOUT");
    for (page, phrase) in [
        (
            "http.md",
            format!("kept for reuse for {idle} second{}", plural(idle)),
        ),
        (
            "http.md",
            format!(
                "TLS handshake, may take {connect} second{}",
                plural(connect)
            ),
        ),
        (
            "scheduler.md",
            format!("({} GiB by default)", limits::REACH_DEFAULT >> 30),
        ),
        (
            "scheduler.md",
            format!(
                "({} by default, {} at most)",
                limits::WIDTH_DEFAULT,
                limits::WIDTH_MAX
            ),
        ),
        (
            "scheduler.md",
            format!("`max_tries` ({} by default)", limits::MAX_TRIES),
        ),
        (
            "scheduler.md",
            format!(
                "the stall timeout ({} s by default)",
                get.stall_timeout.as_secs()
            ),
        ),
    ] {
        let text = in_one_line(&format!("docs/design/{page}"));
        assert!(text.contains(&phrase), "{page}: {phrase}");
    }
}
