//! Through a proxy: whose it is, what it is told, and what the server is not.

use std::path::Path;
use std::process::Command;

use range_core::units::ByteCount;
use range_server::synthetic::{self, Seed};

use crate::support::program::{self, Ran};
use crate::support::proxy::Proxy;
use crate::support::secure_proxy::SecureProxy;
use crate::support::site::Site;
use crate::support::{files, nginx};

/// `user:word` and `site:pass` in Base64.
const PROXY_LOGIN: &str = "dXNlcjp3b3Jk";
const SITE_LOGIN: &str = "c2l0ZTpwYXNz";

fn start(url: &str, into: &Path, more: &[&str], variables: &[(&str, &str)]) -> Ran {
    let mut command = Command::new(program::path());
    command
        .args(["get", url, "--json", "-x", "3", "-d"])
        .arg(into);
    command.args(more).envs(variables.iter().copied());
    program::start_command(command).finish()
}

fn check_40_mib(path: &Path) {
    let digest = files::hex(&synthetic::sha256(Seed(4), ByteCount(40 << 20)));
    assert_eq!(files::sha256(path), digest);
}

#[test]
fn plain_http_goes_through_the_proxy_and_its_login_stays_there() {
    let (site, proxy) = (Site::synthetic(Vec::new()), Proxy::http(Some(PROXY_LOGIN)));
    let into = files::directory();
    let url = site
        .url("/synthetic/40MiB?seed=4")
        .replace("http://", "http://site:pass@");
    let through = format!("http://user:word@{}", proxy.authority());
    start(&url, into.path(), &["--proxy", &through], &[]).expect(0);
    check_40_mib(&into.path().join("40MiB"));
    let told = proxy.told();
    assert!(told.len() >= 2, "{told:?}");
    assert!(
        told.iter()
            .all(|head| head.starts_with("GET http://127.0.0.1:")),
        "{told:?}"
    );
    for request in site.requests() {
        assert_eq!(request.header("proxy-authorization"), None);
        assert_eq!(
            request.header("authorization"),
            Some(&*format!("Basic {SITE_LOGIN}"))
        );
    }
}

#[test]
fn https_goes_through_a_tunnel_and_the_proxy_learns_nothing_but_the_host() {
    let root = files::directory();
    let original = files::create(&root.path().join("a.bin"), 3, 20 << 20);
    let Some(nginx) = nginx::Nginx::start(root.path()) else {
        return;
    };
    let proxy = Proxy::http(Some(PROXY_LOGIN));
    let into = files::directory();
    let word = into.path().join("word");
    std::fs::write(&word, "word\n").unwrap();
    let certificate = nginx.certificate();
    let more = [
        "--cacert",
        certificate.to_str().unwrap(),
        "--proxy",
        &proxy.authority(),
        "--proxy-user",
        "user",
        "--proxy-password-file",
        word.to_str().unwrap(),
        "--header",
        "X-Api-Key: hunter2",
    ];
    let url = nginx
        .tls_url("a.bin")
        .replace("https://", "https://site:pass@");
    start(&url, into.path(), &more, &[]).expect(0);
    assert_eq!(
        files::sha256(&into.path().join("a.bin")),
        files::sha256(&original)
    );
    assert!(!proxy.told().is_empty());
    for head in proxy.told() {
        assert!(head.starts_with("CONNECT localhost:"), "{head}");
        assert!(
            !head.contains("hunter2") && !head.contains(SITE_LOGIN),
            "{head}"
        );
        assert!(!head.contains("a.bin"), "{head}");
    }
}

#[test]
fn socks_proxies_look_names_up_themselves_or_not_as_their_scheme_says() {
    let site = Site::synthetic(Vec::new());
    let url = site
        .url("/synthetic/40MiB?seed=4")
        .replace("127.0.0.1", "localhost");
    for (scheme, kinds) in [
        ("socks5h", &["3 localhost:"][..]),
        ("socks5", &["1 127.0.0.1:", "4 [::1]:"]),
    ] {
        let proxy = Proxy::socks(Some(("user", "word")));
        let into = files::directory();
        let through = format!("{scheme}://user:word@{}", proxy.authority());
        start(&url, into.path(), &["--proxy", &through], &[]).expect(0);
        check_40_mib(&into.path().join("40MiB"));
        for target in proxy.told() {
            assert!(
                kinds.iter().any(|kind| target.starts_with(kind)),
                "{scheme}: {target}"
            );
        }
    }
    for request in site.requests() {
        assert_eq!(request.header("proxy-authorization"), None);
    }
}

#[test]
fn the_environment_names_proxies_and_exceptions() {
    let (site, proxy) = (Site::synthetic(Vec::new()), Proxy::http(None));
    // Too small to be split: one request each.
    let url = site.url("/synthetic/64KiB");
    let through = proxy.authority();
    let get = |more: &[&str], variables: &[(&str, &str)]| {
        let into = files::directory();
        start(&url, into.path(), more, variables).expect(0);
        proxy.told().len()
    };
    assert_eq!(get(&[], &[]), 0);
    assert_eq!(get(&[], &[("https_proxy", &through)]), 0);
    assert_eq!(
        get(
            &[],
            &[("http_proxy", &through), ("no_proxy", "127.0.0.0/8")]
        ),
        0
    );
    assert_eq!(get(&["--no-proxy"], &[("all_proxy", &through)]), 0);
    assert_eq!(get(&[], &[("http_proxy", &through)]), 1);
    assert_eq!(get(&[], &[("all_proxy", &through)]), 2);
    assert_eq!(get(&["--proxy", &through], &[]), 3);
}

#[test]
fn a_proxy_that_refuses_or_is_not_there_is_named_by_what_it_did() {
    let site = Site::synthetic(Vec::new());
    let url = site.url("/synthetic/1MiB");
    let into = files::directory();
    let proxy = Proxy::http(Some(PROXY_LOGIN));
    let through = format!("http://user:wrong@{}", proxy.authority());
    let ran = start(&url, into.path(), &["--proxy", &through], &[]).expect(4);
    assert!(
        ran.stderr.contains("407") && !ran.stderr.contains("wrong"),
        "{ran:?}"
    );
    let socks = Proxy::socks(Some(("user", "word")));
    let through = format!("socks5://user:wrong@{}", socks.authority());
    let ran = start(&url, into.path(), &["--proxy", &through], &[]).expect(3);
    assert!(!ran.stderr.contains("wrong"), "{ran:?}");
    let nobody = format!("127.0.0.1:{}", crate::support::wait::free_port());
    let through = format!("http://user:word@{nobody}");
    let ran = start(&url, into.path(), &["--proxy", &through], &[]).expect(3);
    let server = url.split('/').nth(2).unwrap();
    let says = format!("{server} could not be reached through the proxy http://{nobody}/: ");
    assert!(ran.stderr.contains(&says), "{ran:?}");
    let nowhere = "http://user:word@nowhere.invalid:3128";
    let ran = start(&url, into.path(), &["--proxy", nowhere], &[]).expect(3);
    let says =
        "the address of nowhere.invalid could not be found, for the proxy http://nowhere.inv";
    assert!(ran.stderr.contains(says), "{ran:?}");
    assert!(!ran.stderr.contains("word"), "{ran:?}");
    assert_eq!(files::names(into.path()), [""; 0]);
    assert!(site.requests().is_empty());
}

#[test]
fn a_redirect_from_the_world_to_this_machine_is_refused_and_the_way_to_follow_it_is_told() {
    let site = Site::synthetic(Vec::new());
    let inside = site.url("/synthetic/1MiB");
    let proxy = Proxy::redirecting(&inside);
    let into = files::directory();
    let through = ["--proxy", &proxy.authority()];
    let ran = start("http://world.example/it", into.path(), &through, &[]).expect(4);
    let advice = format!(
        "the server redirects to {inside}, which is inside this machine or its network; \
         --allow-private follows it"
    );
    assert!(ran.stderr.contains(&advice), "{}", ran.stderr);
    assert_eq!(ran.last_json()["message"], advice);
    assert!(site.requests().is_empty(), "{:?}", site.requests());
}

#[test]
fn a_proxy_over_tls_is_trusted_as_servers_are_and_keeps_its_login() {
    let site = Site::synthetic(Vec::new());
    let proxy = Proxy::http(Some(PROXY_LOGIN));
    let secure = SecureProxy::before(&proxy);
    let into = files::directory();
    let trusted = into.path().join("proxy.pem");
    std::fs::write(&trusted, secure.certificate()).unwrap();
    let url = site.url("/synthetic/40MiB?seed=4");
    let through = format!("https://user:word@{}", secure.authority());
    let ran = start(&url, into.path(), &["--proxy", &through], &[]).expect(3);
    assert!(ran.stderr.contains("--cacert"), "{}", ran.stderr);
    assert!(ran.stderr.contains("the proxy's identity"), "{ran:?}");
    assert!(
        ran.stderr.contains(&secure.authority()) && !ran.stderr.contains("word"),
        "{}",
        ran.stderr
    );
    assert!(proxy.told().is_empty());
    let trust = ["--cacert", trusted.to_str().unwrap(), "--proxy", &through];
    start(&url, into.path(), &trust, &[]).expect(0);
    check_40_mib(&into.path().join("40MiB"));
    let told = proxy.told();
    assert!(told.len() >= 2, "{told:?}");
    for request in site.requests() {
        assert_eq!(request.header("proxy-authorization"), None);
    }
}
