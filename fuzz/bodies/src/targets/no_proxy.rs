//! Owns fuzzing of `NO_PROXY`: an opt-out is never ignored, and never taken back by what else is in
//! the list.
use url::Url;

use crate::no_proxy::NoProxy;

/// Checks what must hold of any bytes.
///
/// # Panics
///
/// If it does not.
pub fn run(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.splitn(3, '\n');
    let mut line = || lines.next().unwrap_or_default();
    let (host, list, more) = (line(), line(), line());
    let Ok(url) = Url::parse(&format!("http://{host}/f")) else {
        return;
    };
    let host = url.host_str().unwrap().to_owned();
    let is_listed = NoProxy::parse(list).contains(&url);
    for longer in [format!("{list},{more}"), format!("{more} {list}")] {
        assert!(
            !is_listed || NoProxy::parse(&longer).contains(&url),
            "{longer:?}"
        );
    }
    assert!(NoProxy::parse(&format!("{list},*")).contains(&url));
    assert!(!NoProxy::parse("").contains(&url));
    // A character that divides entries is part of no name.
    let is_one_entry = !host.contains(['|', ';', '\'', '"', ',', '*', '%']);
    // No name has an empty label.
    if is_one_entry && !host.starts_with('.') && !host.contains("..") {
        for entry in [host.clone(), host.to_ascii_uppercase()] {
            let list = format!("{list},{entry}");
            assert!(NoProxy::parse(&list).contains(&url), "{list:?} {url}");
        }
        if let Some(port) = url.port() {
            let there = NoProxy::parse(&format!("{host}:{port}"));
            assert!(there.contains(&url), "{url}");
        }
    }
}
