//! A person with a served directory in a browser: looking around, sorting, playing, seeking.

use std::path::Path;

use range_core::units::BytesPerSecond;
use range_server::{Config, Content, Directory, TlsIdentity};

use crate::support::browser::Browser;
use crate::support::files;
use crate::support::site::Site;
use crate::support::wait;

const SECONDS: u32 = 120;
const SAMPLES_PER_SECOND: u32 = 44_100;

/// Two minutes of a tone, 16 bits, one channel: 10 MB.
fn write_tone(path: &Path) {
    let mut bytes = files::wave_head(SECONDS * SAMPLES_PER_SECOND * 2);
    for sample in 0..SECONDS * SAMPLES_PER_SECOND {
        let level: i16 = if sample / 50 % 2 == 0 { 2000 } else { -2000 };
        bytes.extend_from_slice(&level.to_le_bytes());
    }
    std::fs::write(path, bytes).unwrap();
}

fn site(root: &Path, tls: Option<TlsIdentity>) -> Site {
    Site::start(Config {
        content: Content::Directory(Directory::new(root)),
        tls,
        // So slow that the end of the tone is not there yet when it is sought.
        rate_per_connection: Some(BytesPerSecond(500_000)),
        ..Config::default()
    })
}

fn laid_out() -> tempfile::TempDir {
    let root = files::directory();
    let music = root.path().join("some music");
    std::fs::create_dir(&music).unwrap();
    write_tone(&music.join("tone.wav"));
    std::fs::write(music.join("<b>&\"'.txt"), "a name to stumble over").unwrap();
    root
}

#[test]
fn a_browser_looks_around_plays_and_seeks() {
    let Some(browser) = Browser::open() else {
        return;
    };
    let root = laid_out();
    let site = site(root.path(), None);
    browser.go_to(&site.url("/"));
    assert_eq!(browser.title(), "Index of /");
    browser.click("some music");
    assert_eq!(browser.title(), "Index of /some music/");
    browser.press("Size");
    assert!(browser.url().ends_with("?sort=size&order=ascending"));
    let sorted = browser.run(
        "return [document.querySelector('[aria-sort]').textContent.trim(),
            document.querySelectorAll('tbody a')[1].textContent,
            getComputedStyle(document.querySelector('table')).borderCollapse,
            document.querySelectorAll('b').length]",
    );
    let expected = serde_json::json!(["Size ▲", "tone.wav", "collapse", 0]);
    assert_eq!(
        sorted, expected,
        "sorted, styled under the policy, and no name is markup"
    );
    browser.click("<b>&\"'.txt");
    let text = browser.run("return document.body.textContent");
    assert_eq!(text, "a name to stumble over");

    browser.go_to(&site.url("/some%20music/"));
    browser.click("tone.wav");
    let sought = browser.run(
        "const media = document.querySelector('video, audio');
        const happens = (name) => new Promise((done, failed) => {
            media.addEventListener(name, done, { once: true });
            media.addEventListener('error', () => failed(media.error.message));
        });
        const known = media.readyState > 0 ? null : happens('loadedmetadata');
        return Promise.resolve(known).then(() => {
            const sought = happens('seeked');
            media.currentTime = 100;
            return sought;
        }).then(() => [Math.round(media.duration), Math.round(media.currentTime)]);",
    );
    assert_eq!(sought, serde_json::json!([SECONDS, 100]));
    // The browser leaves the one it no longer needs.
    drop(browser);
    let range = wait::until("the request for the rest", || {
        let records = site.requests();
        records.iter().find_map(|record| {
            let range = record.content_range?.to_string();
            let start = range.strip_prefix("bytes ")?.split('-').next()?;
            let is_late = start.parse::<u64>().unwrap() > 5_000_000;
            (is_late && record.status == 206).then_some(range)
        })
    });
    assert!(range.ends_with("/10584044"), "{range}");
}

#[test]
fn a_browser_speaks_http_2() {
    let Some(browser) = Browser::open() else {
        return;
    };
    let root = laid_out();
    let site = site(root.path(), Some(TlsIdentity::generate([]).unwrap()));
    browser.go_to(&site.url("/"));
    assert_eq!(browser.title(), "Index of /");
    browser.click("some music");
    assert_eq!(browser.title(), "Index of /some music/");
    let protocol =
        browser.run("return performance.getEntriesByType('navigation')[0].nextHopProtocol");
    assert_eq!(protocol, "h2");
    let records = site.requests();
    assert!(
        records
            .iter()
            .all(|record| record.connection == records[0].connection)
    );
}
