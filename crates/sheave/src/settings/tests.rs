//! Tests of the settings that command lines lead to.

use std::ffi::OsString;
use std::time::Duration;

use accelerator::{Digest, Exists, RateLimit, TlsVersion, WriteMode};

use super::*;

const PIPED: Environment = Environment {
    terminal: false,
    palette: Palette::PLAIN,
    output_palette: Palette::PLAIN,
    output_terminal: false,
};

fn job(line: &str, environment: Environment) -> Result<Job, UsageError> {
    let arguments = std::iter::once("sheave").chain(line.split_whitespace());
    let command = crate::args::parse(arguments.map(OsString::from)).expect("well-formed");
    Job::new(command, environment)
}

fn get_settings(line: &str) -> GetSettings {
    match job(line, PIPED) {
        Ok(Job::Get(settings)) => *settings,
        other => panic!("{line}: {other:?}"),
    }
}

fn outputs(line: &str) -> Vec<String> {
    let files = get_settings(line).files.into_iter();
    files
        .map(|file| file.output.to_str().unwrap().to_owned())
        .collect()
}

#[test]
fn the_name_is_the_one_given_or_that_of_the_url() {
    for (line, output) in [
        ("http://a/b/disk.img?x#y", "./disk.img"),
        ("http://a/", "./download"),
        ("-d out http://a/b", "out/b"),
        ("-o c http://a/b", "./c"),
        ("-o out/c http://a/b", "out/c"),
        ("-o /c http://a/b", "/c"),
        ("--output=../c http://a/b", "../c"),
        ("-d dir -o c http://a/b", "dir/c"),
        ("-d dir -o c/d http://a/b", "dir/c/d"),
        ("-d dir -o /c http://a/b", "/c"),
        ("-o ./- http://a/b", "./-"),
    ] {
        assert_eq!(outputs(line), [output], "{line}");
    }
}

#[test]
fn contradictions_are_usage_errors() {
    let digest = format!("--checksum sha-256={}", "0".repeat(64));
    let another = format!("--checksum {}", "1".repeat(64));
    for (line, complaint) in [
        ("-o c http://a/b http://a/d".to_owned(), "2 URLs; use --dir"),
        ("-o out/ http://a/b".to_owned(), "names no file"),
        ("-o .. http://a/b".to_owned(), "names no file"),
        ("http://a/b http://c/b".to_owned(), "saved as b"),
        (
            "--header Authorization http://a/b".to_owned(),
            "'NAME: VALUE'",
        ),
        (
            "--cacert /nonexistent/pem http://a/b".to_owned(),
            "/nonexistent/pem",
        ),
        (
            "serve --tls --cert /nonexistent/pem --key /nonexistent/key".to_owned(),
            "certificates in /nonexistent/pem",
        ),
        (
            "serve --tls --cert /dev/null --key /nonexistent/key".to_owned(),
            "key in /nonexistent/key",
        ),
        (
            "serve --tls --cert /dev/null --key /dev/null".to_owned(),
            "failed to read the certificates: no items found",
        ),
        (format!("{digest} http://a/b http://a/c"), "belongs to one"),
        (
            format!("{digest} {another} http://a/b"),
            "algorithm sha-256",
        ),
    ] {
        let error = job(&line, PIPED).unwrap_err().to_string();
        assert!(error.contains(complaint), "{line}: {error}");
    }
}

#[test]
fn what_get_is_told_reaches_the_library() {
    let plain = get_settings("--no-proxy http://a/b").download;
    let expected = under_our_name();
    assert_eq!(format!("{plain:?}"), format!("{expected:?}"));
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(plain.user_agent, format!("sheave/{version}"));
    let line = "-x 7 --limit-rate 5MB --max-tries 3 --stall-timeout 4s --first-byte-timeout 5s \
         --overwrite --no-resume --no-sync --remote-time \
         --window 8MiB --write mapped --tls-min 1.3 --allow-private --header A:b http://a/b";
    let told = get_settings(line).download;
    assert_eq!((told.connections, told.max_tries), (7, Some(3)));
    assert_eq!(told.stall_timeout, Duration::from_secs(4));
    assert_eq!(told.first_byte_timeout, Duration::from_secs(5));
    let patient = get_settings("--stall-timeout 10m http://a/b").download;
    assert_eq!(patient.first_byte_timeout, Duration::from_mins(10));
    let quick = get_settings("--stall-timeout 1s http://a/b").download;
    assert_eq!(quick.first_byte_timeout, plain.first_byte_timeout);
    assert_eq!(told.rate_limit.map(RateLimit::get), Some(5_000_000));
    assert_eq!(told.window.0, 8 << 20);
    assert_eq!(told.write_mode, WriteMode::Mapped);
    assert_eq!(told.oldest_tls, TlsVersion::V1_3);
    assert!(told.exists == Exists::Overwrite && told.remote_time && told.allow_private);
    assert!(!told.resume && !told.sync);
    assert_eq!(told.headers, [("A".to_owned(), "b".into())]);
}

#[test]
fn checksums_come_from_the_option_and_from_behind_the_url() {
    let [sha256, md5] = [("sha256", 64), ("md5", 32)].map(|(name, digits)| {
        let digest = format!("{name}={}", "a".repeat(digits));
        (Digest::parse(&digest).unwrap(), digest)
    });
    let both = [sha256.0, md5.0];
    for line in [
        format!("--checksum {} --checksum {} http://a/b", sha256.1, md5.1),
        format!("--checksum {},{} http://a/b", sha256.1, md5.1),
        format!("--checksum {} http://a/b#egg=c&{}", sha256.1, md5.1),
        format!("http://a/b#{}&{}", sha256.1, md5.1),
        format!("--checksum {} http://a/b#{}&{}", sha256.1, sha256.1, md5.1),
    ] {
        let file = get_settings(&line).files.remove(0);
        assert_eq!(file.digests, both, "{line}");
        assert_eq!(file.name(), "b");
    }
    let files = get_settings(&format!("http://a/b#{} http://a/c#d", sha256.1)).files;
    assert_eq!((files[0].digests.len(), files[1].digests.len()), (1, 0));
    assert_eq!(files[0].url.reveal(), "http://a/b");
    assert_eq!(files[1].url.reveal(), "http://a/c#d");
}

#[test]
fn what_serve_is_told_reaches_the_server() {
    let settings = |line: &str| match job(line, PIPED) {
        Ok(Job::Serve(settings)) => *settings,
        other => panic!("{line}: {other:?}"),
    };
    let plain = settings("serve");
    assert_eq!(plain.config.ranges, range_server::RangePolicy::default());
    assert!(plain.tls.is_none() && plain.show_requests);
    assert!(!plain.config.faults_by_url && plain.config.hosts.is_empty());
    let open = settings("serve --faults --host files.example --host *.b.example");
    assert!(open.config.faults_by_url);
    assert_eq!(open.config.hosts, ["files.example", "*.b.example"]);
    let strict = settings("serve -q --tls --max-ranges 3 --invalid-range reject --allow-hidden a");
    assert_eq!(strict.config.ranges.max_ranges.get(), 3);
    let reject = range_server::InvalidRange::Reject;
    assert_eq!(strict.config.ranges.invalid, reject);
    assert!(matches!(strict.tls, Some(Tls::Generated)) && !strict.show_requests);
    let range_server::Content::Directory(directory) = strict.config.content else {
        panic!("a directory is served");
    };
    assert!(directory.allow_hidden && !directory.allow_symlinks);
}

#[test]
fn what_is_shown_depends_on_where_it_goes() {
    let palette = Palette {
        colour: true,
        unicode: true,
    };
    let terminal = Environment {
        terminal: true,
        palette,
        output_palette: palette,
        output_terminal: true,
    };
    for (line, piped, on_terminal) in [
        (
            "http://h",
            Display::Plain { verbose: false },
            Display::Bars {
                palette,
                verbose: false,
            },
        ),
        (
            "-v http://h",
            Display::Plain { verbose: true },
            Display::Bars {
                palette,
                verbose: true,
            },
        ),
        ("-q http://h", Display::Quiet, Display::Quiet),
        (
            "--json http://h",
            Display::Json { quiet: false },
            Display::Json { quiet: false },
        ),
        (
            "--json -q http://h",
            Display::Json { quiet: true },
            Display::Json { quiet: true },
        ),
    ] {
        for (environment, expected) in [(PIPED, piped), (terminal, on_terminal)] {
            let Ok(Job::Get(settings)) = job(line, environment) else {
                panic!("{line}");
            };
            assert_eq!(settings.display, expected, "{line}");
        }
    }
}
