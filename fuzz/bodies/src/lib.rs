//! Owns the assertions of fuzzing: a function of bytes for each target, which the fuzzer and the
//! replay of its corpora share. Files of other crates that are private there are taken in by
//! `#[path]`, so that what is fuzzed is what is shipped. Knows no fuzzer.
#![forbid(unsafe_code)]
// Files of other crates bring tests that belong there.
#![cfg(not(test))]
#![expect(
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a failed unwrap is a finding; files of other crates are public there"
)]

use arbitrary::{Arbitrary, Unstructured};

#[rustfmt::skip]
#[path = "../../../crates/accelerator/src/transport/address.rs"]
mod address;
#[rustfmt::skip]
#[path = "../../../crates/accelerator/src/cookies.rs"]
mod cookies;
#[rustfmt::skip]
#[path = "../../../crates/accelerator/src/credentials.rs"]
#[expect(dead_code, reason = "redirects use a part of it")]
mod credentials;
#[rustfmt::skip]
#[path = "../../../crates/accelerator/src/netrc.rs"]
mod netrc;
#[rustfmt::skip]
#[path = "../../../crates/accelerator/src/no_proxy.rs"]
mod no_proxy;
#[rustfmt::skip]
#[expect(dead_code, reason = "media types are not fuzzed")]
#[path = "../../../crates/range-server/src/content/path.rs"]
mod path;
#[rustfmt::skip]
#[path = "../../../crates/accelerator/src/redact.rs"]
#[expect(dead_code, reason = "redirects use a part of it")]
mod redact;
#[rustfmt::skip]
#[path = "../../../crates/accelerator/src/transport/redirect.rs"]
#[expect(dead_code, reason = "what a trail gives to requests is not fuzzed")]
mod redirect;
pub mod targets;

/// Returns what bytes stand for, as `libfuzzer_sys::fuzz_target` would read
/// them: corpora keep their meaning.
fn decoded<'a, T: Arbitrary<'a>>(bytes: &'a [u8]) -> Option<T> {
    let (least, _) = T::size_hint(0);
    if bytes.len() < least {
        return None;
    }
    T::arbitrary_take_rest(Unstructured::new(bytes)).ok()
}
