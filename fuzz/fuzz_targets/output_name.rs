//! Owns fuzzing of the sanitiser: whatever a URL says, the name is one harmless component.
#![no_main]

use libfuzzer_sys::fuzz_target;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

#[path = "../../crates/sheave/src/output_name.rs"]
mod output_name;
#[path = "../../crates/sheave/src/terminal_text.rs"]
#[expect(dead_code, reason = "names use a part of it")]
mod terminal_text;

use output_name::OutputName;

fuzz_target!(|path: &str| {
    let name = OutputName::from_url_path(path);
    let text = name.as_str();
    assert!((1..=200).contains(&text.len()), "{text:?}");
    assert!(
        !text.contains(['/', '\\', '<', '>', ':', '"', '|', '?', '*']),
        "{text:?}"
    );
    assert!(!text.chars().any(terminal_text::is_hidden), "{text:?}");
    assert!(
        !text.starts_with(['.', '-', ' ']) && !text.ends_with(['.', ' ']),
        "{text:?}"
    );
    // A safe name is left alone.
    let encoded = utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    assert_eq!(OutputName::from_url_path(&encoded), name);
});
