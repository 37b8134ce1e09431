//! Certificates, keys and handshakes as users of other programs have reported them. docs/faults.md
//! says where.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use range_server::{Config, TlsIdentity};
use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};
use tempfile::TempDir;

use crate::field::fails;
use crate::support::files;
use crate::support::program::get;
use crate::support::site::Site;

/// Key and certificate of `localhost` and 127.0.0.1, as `openssl req -x509` makes them.
fn own_authority() -> (KeyPair, CertificateParams) {
    let mut params = CertificateParams::new(["localhost".into(), "127.0.0.1".into()]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    (KeyPair::generate().unwrap(), params)
}

fn pem_file(directory: &Path, name: &str, pem: &str) -> String {
    let path = directory.join(name);
    std::fs::write(&path, pem).unwrap();
    path.to_str().unwrap().to_owned()
}

/// A site of its own authority.
struct Secure {
    kept: TempDir,
    certificate: String,
    /// A file with the certificate.
    trusted: String,
    url: String,
    _site: Site,
}

impl Secure {
    fn start() -> Self {
        let kept = files::directory();
        let (key, params) = own_authority();
        let certificate = params.self_signed(&key).unwrap().pem();
        let identity = TlsIdentity::from_pem(&certificate, &key.serialize_pem()).unwrap();
        let site = Site::start(Config {
            tls: Some(identity),
            ..Config::default()
        });
        let url = site.url("/synthetic/1MiB").replace("http://", "https://");
        let trusted = pem_file(kept.path(), "own.pem", &certificate);
        Self {
            kept,
            certificate,
            trusted,
            url,
            _site: site,
        }
    }
}

#[test]
fn a_certificate_that_is_trusted_by_name_is_trusted() {
    let site = Secure::start();
    let (url, certificate) = (&site.url, &site.certificate);
    let (other_key, other) = own_authority();
    let other = other.self_signed(&other_key).unwrap().pem();
    let stranger = pem_file(site.kept.path(), "other.pem", &other);
    let damaged = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
    let both = pem_file(
        site.kept.path(),
        "both.pem",
        &format!("{damaged}{other}{certificate}"),
    );
    let none = pem_file(site.kept.path(), "none.pem", damaged);
    let fetched = |more: &[&str], code| {
        let into = files::directory();
        get(url, into.path(), &[more, &["--max-tries", "1"]].concat()).expect(code)
    };
    for file in [&site.trusted, &both] {
        fetched(&["--cacert", file], 0);
        fetched(&["--cacert", file, "--only-cacert"], 0);
    }
    fetched(&["--cacert", &stranger], 3);
    fetched(&["--cacert", &stranger, "--only-cacert"], 3);
    fetched(&["--cacert", &none], 2);
    fetched(&["--only-cacert"], 2);
    // The name counts all the same.
    let named = url.replace("127.0.0.1", "127.0.0.2");
    fails(
        &named,
        &["--cacert", &site.trusted, "--max-tries", "1"],
        3,
        "",
    );
}

#[test]
fn a_pinned_key_is_the_only_one_that_will_do() {
    let site = Secure::start();
    let (url, trusted) = (&site.url, &site.trusted);
    let zeros = "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let refused = fails(
        url,
        &["--cacert", trusted, "--pin", zeros, "--max-tries", "1"],
        3,
        "another key",
    );
    // The line says which key it has.
    let actual = refused
        .stderr
        .split_whitespace()
        .find(|word| word.starts_with("sha256//"));
    let actual = actual
        .unwrap()
        .trim_end_matches([';', ',', ':', '.', ')'])
        .to_owned();
    for pins in [vec![actual.clone()], vec![format!("{zeros};{actual}")]] {
        let into = files::directory();
        let mut more = vec!["--cacert", trusted];
        more.extend(pins.iter().flat_map(|pin| ["--pin", pin.as_str()]));
        get(url, into.path(), &more).expect(0);
    }
    // A pin trusts nobody.
    fails(url, &["--pin", &actual, "--max-tries", "1"], 3, "identity");
    fails(url, &["--pin", "sha256//x"], 2, "sha256//");
}

#[test]
fn a_key_that_cannot_be_used_is_said_to_be_so() {
    let kept = files::directory();
    let (key, params) = own_authority();
    let certificate = params.self_signed(&key).unwrap().pem();
    let cert = pem_file(kept.path(), "cert.pem", &certificate);
    let other = pem_file(
        kept.path(),
        "other.key",
        &KeyPair::generate().unwrap().serialize_pem(),
    );
    let encrypted = key
        .serialize_pem()
        .replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
    let encrypted = pem_file(kept.path(), "encrypted.key", &encrypted);
    let url = "https://127.0.0.1:1/f";
    fails(url, &["--cert", &cert, "--key", &encrypted], 2, "encrypted");
    fails(
        url,
        &["--cert", &cert, "--key", &other],
        2,
        "not the one of its certificate",
    );
    fails(url, &["--cert", &cert], 2, "PEM");
}

/// Answers the first bytes of each connection with these, and counts connections.
fn answers(bytes: &'static [u8]) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            counted.fetch_add(1, Ordering::Relaxed);
            let _read = stream.read(&mut [0; 4096]);
            let _written = stream.write_all(bytes);
        }
    });
    (port, count)
}

#[test]
fn a_refused_handshake_is_no_server_that_cannot_be_reached() {
    for (bytes, said) in [
        (&b"\x15\x03\x03\x00\x02\x02\x28"[..], "by RSA"),
        (b"\x15\x03\x01\x00\x02\x02\x46", "no version of TLS"),
        (b"\x15\x03\x03\x00\x02\x02\x74", "client's certificate"),
        (b"\x15\x03\x03\x00\x02\x02\x70", "host's name"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "http://"),
        (b"SSH-2.0-OpenSSH_9.2p1\r\n", "does not speak TLS"),
    ] {
        let (port, count) = answers(bytes);
        let ran = fails(&format!("https://127.0.0.1:{port}/f"), &[], 3, said);
        assert!(!ran.stderr.contains("reached"), "{ran:?}");
        assert!(!ran.stderr.contains("--cacert"), "{ran:?}");
        assert_eq!(count.load(Ordering::Relaxed), 1, "{said}");
    }
}

#[test]
fn why_a_certificate_proves_nothing_is_said_in_words_and_what_helps_with_it() {
    let served = |change: &dyn Fn(&mut CertificateParams)| {
        let (key, mut params) = own_authority();
        params.is_ca = IsCa::NoCa;
        change(&mut params);
        let certificate = params.self_signed(&key).unwrap().pem();
        let identity = TlsIdentity::from_pem(&certificate, &key.serialize_pem()).unwrap();
        let site = Site::start(Config {
            tls: Some(identity),
            ..Config::default()
        });
        (site, certificate)
    };
    let years = |from: i32, to: i32| {
        move |params: &mut CertificateParams| {
            params.not_before = rcgen::date_time_ymd(from, 1, 1);
            params.not_after = rcgen::date_time_ymd(to, 1, 1);
        }
    };
    let named = |params: &mut CertificateParams| {
        let name = "b.example".try_into().unwrap();
        params.subject_alt_names = vec![rcgen::SanType::DnsName(name)];
    };
    for (change, is_trusted, says, helps) in [
        (
            &years(2001, 2002) as &dyn Fn(&mut CertificateParams),
            true,
            " days ago, by",
            false,
        ),
        (&years(3001, 3002), true, " days, by the clock", false),
        (
            &named,
            true,
            "is for b.example, and not for 127.0.0.1",
            false,
        ),
        (
            &|_: &mut CertificateParams| (),
            false,
            "nobody who is trusted",
            true,
        ),
    ] {
        let (site, certificate) = served(change);
        let kept = files::directory();
        let trusted = pem_file(kept.path(), "own.pem", &certificate);
        let url = site.url("/synthetic/1MiB").replace("http://", "https://");
        let trust = ["--cacert", &trusted];
        let more = if is_trusted { &trust[..] } else { &[] };
        let ran = fails(&url, &[&["--max-tries", "1"], more].concat(), 3, says);
        assert_eq!(ran.stderr.contains("--cacert"), helps, "{ran:?}");
        assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
    }
}
