//! https as curl sees it, which brings a TLS library that is not ours.

use std::io::{Read, Write};
use std::process::{Command, Output};
use std::time::Duration;

use range_core::units::ByteCount;
use range_server::{Config, Effect, Ending, Fault, Limits, Position, Stop, TlsError, TlsIdentity};
use tempfile::NamedTempFile;

use crate::site::{Site, content};

/// An https site, and the file that holds what its clients have to trust.
pub(crate) fn site(config: Config) -> (Site, NamedTempFile) {
    let identity = TlsIdentity::generate([]).unwrap();
    site_of(identity, config)
}

fn site_of(identity: TlsIdentity, config: Config) -> (Site, NamedTempFile) {
    let mut trusted = NamedTempFile::new().unwrap();
    trusted
        .write_all(identity.certificate_pem().as_bytes())
        .unwrap();
    let site = Site::start(Config {
        tls: Some(identity),
        ..config
    });
    (site, trusted)
}

/// Returns what curl makes of a path, or `None` where there is no curl.
pub(crate) fn curl(site: &Site, path: &str, arguments: &[&str]) -> Option<Output> {
    let output = Command::new(needs::program("curl")?)
        .args(["-sS", "--max-time", "20", "--noproxy", "*"])
        .args(arguments)
        .arg(format!("{}{path}", site.server.base_url()))
        .output();
    Some(output.unwrap())
}

#[test]
fn a_generated_certificate_is_trusted_by_who_is_told_to() {
    let (site, trusted) = site(Config::default());
    assert!(site.server.base_url().starts_with("https://127.0.0.1:"));
    let trusted = trusted.path().to_str().unwrap();
    let arguments = ["--cacert", trusted, "-r", "5-300004"];
    let Some(output) = curl(&site, "/synthetic/1MB", &arguments) else {
        return;
    };
    assert!(output.status.success(), "{output:?}");
    assert!(output.stdout == content(5, 300_005));
    let record = site.next_record();
    assert_eq!(
        (record.status.as_u16(), record.ending),
        (206, Ending::Complete)
    );
    let unknown = curl(&site, "/synthetic/1MB", &[]).unwrap();
    assert_eq!(unknown.status.code(), Some(60), "{unknown:?}");
    let port = site.server.address().port();
    let resolve = format!("evil.example:{port}:127.0.0.1");
    let other = Command::new("curl")
        .args(["-sS", "--max-time", "20", "--cacert", trusted])
        .args(["--resolve", &resolve])
        .arg(format!("https://evil.example:{port}/"))
        .output()
        .unwrap();
    assert_eq!(other.status.code(), Some(60), "{other:?}");
}

#[test]
fn several_ranges_and_several_requests_go_over_one_connection() {
    let (site, trusted) = site(Config::default());
    let trusted = trusted.path().to_str().unwrap();
    let url = format!("{}/synthetic/1MB", site.server.base_url());
    let arguments = ["--cacert", trusted, "-r", "0-9,500000-500019", &url];
    let Some(output) = curl(&site, "/synthetic/1MB", &arguments) else {
        return;
    };
    assert!(output.status.success(), "{output:?}");
    let records = [site.next_record(), site.next_record()];
    for record in records {
        assert_eq!((record.connection, record.parts.len()), (1, 2));
    }
}

#[test]
fn a_cut_is_exact_and_is_no_clean_end() {
    let fault = Fault::always(Effect::Stop(Stop::Cut, Position::After(ByteCount(300_000))));
    let (site, trusted) = site(Config {
        faults: vec![fault],
        ..Config::default()
    });
    let trusted = trusted.path().to_str().unwrap();
    let Some(output) = curl(&site, "/synthetic/1MB", &["--cacert", trusted]) else {
        return;
    };
    assert!(!output.status.success());
    assert!(
        output.stdout == content(0, 300_000),
        "{}",
        output.stdout.len()
    );
    assert_eq!(site.next_record().ending, Ending::Cut);
}

#[test]
fn a_given_certificate_is_shown() {
    let own = rcgen::generate_simple_self_signed(["localhost".into()]).unwrap();
    let identity = TlsIdentity::from_pem(&own.cert.pem(), &own.signing_key.serialize_pem());
    let (site, trusted) = site_of(identity.unwrap(), Config::default());
    let port = site.server.address().port();
    let Some(curl) = needs::program("curl") else {
        return;
    };
    let output = Command::new(curl)
        .args(["-sS", "--max-time", "20", "--noproxy", "*", "--cacert"])
        .arg(trusted.path())
        .arg(format!("https://localhost:{port}/synthetic/10"))
        .output()
        .unwrap();
    assert_eq!(output.stdout, content(0, 10), "{output:?}");
}

#[test]
fn what_cannot_be_a_certificate_is_said_at_once() {
    let pair = || rcgen::generate_simple_self_signed(["localhost".into()]).unwrap();
    let (own, other) = (pair(), pair());
    let (certificate, key) = (own.cert.pem(), own.signing_key.serialize_pem());
    let error = |certificate: &str, key: &str| TlsIdentity::from_pem(certificate, key).err();
    assert!(error(&certificate, &key).is_none());
    assert!(matches!(error("", &key), Some(TlsError::Certificates(_))));
    assert!(matches!(error(&certificate, ""), Some(TlsError::Key(_))));
    let other_key = other.signing_key.serialize_pem();
    assert!(matches!(
        error(&certificate, &other_key),
        Some(TlsError::Unusable(_))
    ));
    let unwritable = TlsIdentity::generate(["\u{e9}".to_owned()]).err();
    assert!(matches!(unwritable, Some(TlsError::Generate(_))));
}

#[test]
fn peers_that_do_not_speak_tls_are_dropped() {
    let (site, _trusted) = site(Config {
        limits: Limits {
            header_timeout: Duration::from_millis(100),
            ..Limits::default()
        },
        ..Config::default()
    });
    assert!(site.connect().is_ended(), "silent");
    let mut plain = site.connect();
    plain.send("GET", "/synthetic/1", &[]);
    let mut answer = Vec::new();
    // A reset is a refusal too.
    let _ = plain.stream.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP/"), "{answer:?}");
}
