//! Servers and proxies that people run, as Debian has them: the whole file, and the rest of one
//! that was killed in the middle, are byte for byte what the server has.

use std::path::{Path, PathBuf};

use crate::support::cut_off::reaches;
use crate::support::files;
use crate::support::nginx::Nginx;
use crate::support::peers::Peer;
use crate::support::program;
use crate::support::proxy::Proxy;
use crate::support::python::Python;

const LENGTH: u64 = 24 << 20;

/// The file all of them serve.
struct Original {
    root: tempfile::TempDir,
    sha256: String,
}

impl Original {
    fn new() -> Self {
        let root = files::directory();
        let path = files::create(&root.path().join("a.bin"), 11, LENGTH);
        crate::download::set_old(&path);
        let sha256 = files::sha256(&path);
        Self { root, sha256 }
    }

    fn root(&self) -> &Path {
        self.root.path()
    }

    /// Fetches it from nothing, and as the rest of what a run over a slow line has left. `keeps`
    /// is whether the server can give the rest alone.
    fn check(&self, url: &str, more: &[&str], keeps: bool) {
        let fresh = files::directory();
        self.arrives(url, fresh.path(), more);
        let into = files::directory();
        Self::begin(url, into.path(), more);
        let resumed = self.arrives(url, into.path(), more);
        assert_eq!(
            resumed >= 4 << 20,
            keeps,
            "{url}: {resumed} bytes were kept"
        );
    }

    /// As [`check`](Self::check), with a proxy in between.
    fn check_over(&self, url: &str, proxy: &str) {
        let more = ["-x", "8", "--proxy", proxy];
        let fresh = files::directory();
        self.arrives(url, fresh.path(), &more);
        let into = files::directory();
        Self::begin(url, into.path(), &[]);
        let resumed = self.arrives(url, into.path(), &more);
        assert!(resumed >= 4 << 20, "{url}: {resumed} bytes were kept");
    }

    /// Starts over a slow line, and is killed.
    fn begin(url: &str, into: &Path, more: &[&str]) {
        let slow = Proxy::slow_socks(4 << 20);
        let proxy = format!("socks5h://{}", slow.authority());
        let more = [more, &["--proxy", &proxy]].concat();
        let mut running = program::start_get(url, into, &more);
        assert!(reaches(&mut running, into, "a.bin", 4 << 20), "{url} ended");
        running.kill();
        assert!(!into.join("a.bin").exists());
    }

    /// Runs to the end, and tells how many bytes were there already.
    fn arrives(&self, url: &str, into: &Path, more: &[&str]) -> u64 {
        let ran = program::get(url, into, more).expect(0);
        assert_eq!(files::sha256(&into.join("a.bin")), self.sha256, "{ran:?}");
        assert_eq!(files::names(into), ["a.bin"]);
        ran.number("resumed_bytes")
    }

    /// As [`check`](Self::check), with an nginx that has these directives more.
    fn check_nginx(&self, directives: &str, keeps: bool) {
        if let Some(nginx) = Nginx::with(self.root(), directives) {
            self.check(&nginx.url("a.bin"), &["-x", "8"], keeps);
        }
    }
}

#[test]
fn nginx_plain_and_over_tls() {
    let original = Original::new();
    let Some(nginx) = Nginx::start(original.root()) else {
        return;
    };
    original.check(&nginx.url("a.bin"), &[], true);
    let certificate: PathBuf = nginx.certificate();
    let trust = ["--cacert", certificate.to_str().unwrap()];
    original.check(&nginx.tls_url("a.bin"), &trust, true);
}

#[test]
fn nginx_with_limits() {
    let original = Original::new();
    original.check_nginx("limit_conn each 2;", true);
    original.check_nginx("limit_rate 3m;", true);
}

#[test]
fn nginx_that_compresses_or_serves_no_ranges() {
    let original = Original::new();
    original.check_nginx("gzip on; gzip_types *; gzip_proxied any;", true);
    original.check_nginx("max_ranges 0;", false);
}

#[test]
fn nginx_in_between_that_asks_in_http_1_0() {
    let original = Original::new();
    let Some(behind) = Nginx::start(original.root()) else {
        return;
    };
    let upstream = behind.url("");
    original.check_nginx(
        &format!("location / {{ proxy_pass {upstream}; proxy_http_version 1.0; }}"),
        true,
    );
}

#[test]
fn apache_lighttpd_and_caddy() {
    let original = Original::new();
    let root = original.root();
    for peer in [Peer::apache(root), Peer::lighttpd(root), Peer::caddy(root)] {
        let Some(peer) = peer else { continue };
        original.check(&peer.url("a.bin"), &["-x", "8"], true);
    }
}

#[test]
fn python_that_knows_no_ranges() {
    let original = Original::new();
    if let Some(python) = Python::start(original.root()) {
        original.check(&python.url("a.bin"), &["-x", "8"], false);
    }
}

#[test]
fn squid_in_between() {
    let original = Original::new();
    let (Some(nginx), Some(squid)) = (Nginx::start(original.root()), Peer::squid()) else {
        return;
    };
    let proxy = squid.url("");
    original.check_over(&nginx.url("a.bin"), &proxy);
}

#[test]
fn microsocks_in_between() {
    let original = Original::new();
    let (Some(nginx), Some(socks)) = (Nginx::start(original.root()), Peer::microsocks()) else {
        return;
    };
    let proxy = socks.url("").replace("http://", "socks5h://");
    original.check_over(&nginx.url("a.bin"), &proxy);
}
