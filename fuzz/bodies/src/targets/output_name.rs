//! Owns fuzzing of the sanitiser: whatever a URL says, the name is one harmless component.
use accelerator::{FileName, is_hidden};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::decoded;

/// Some of what systems run, or follow elsewhere, when it is opened.
const TRAPS: &[&str] = &["desktop", "lnk", "scr", "url"];

/// Checks what must hold of any bytes.
///
/// # Panics
///
/// Where it does not.
pub fn run(bytes: &[u8]) {
    let Some(input) = decoded::<&str>(bytes) else {
        return;
    };
    let from_url = FileName::from_url_path(input);
    check_harmless(from_url.as_str());
    // A safe name is left alone.
    let encoded = utf8_percent_encode(from_url.as_str(), NON_ALPHANUMERIC).to_string();
    assert_eq!(FileName::from_url_path(&encoded), from_url);

    let suggested = FileName::from_suggestion(input);
    check_harmless(suggested.as_str());
    let extension = suggested.as_str().rsplit_once('.').map(|(_, end)| end);
    let is_trap = |end: &str| TRAPS.iter().any(|trap| end.eq_ignore_ascii_case(trap));
    assert!(!extension.is_some_and(is_trap), "{suggested}");
    assert_eq!(FileName::from_suggestion(suggested.as_str()), suggested);
}

fn check_harmless(text: &str) {
    assert!((1..=200).contains(&text.len()), "{text:?}");
    assert!(
        !text.contains(['/', '\\', '<', '>', ':', '"', '|', '?', '*']),
        "{text:?}"
    );
    assert!(!text.chars().any(is_hidden), "{text:?}");
    assert!(
        !text.starts_with(['.', '-', ' ']) && !text.ends_with(['.', ' ']),
        "{text:?}"
    );
}
