//! Owns fuzzing of the `Content-Range` field: what is accepted can be believed, and written back.
#![no_main]

use libfuzzer_sys::fuzz_target;
use range_core::http::ContentRange;

fuzz_target!(|field: &[u8]| {
    let Ok(parsed) = ContentRange::parse(field) else {
        return;
    };
    if let ContentRange::Satisfied {
        range,
        complete_length: Some(length),
    } = parsed
    {
        assert!(range.start() < range.end() && range.end() <= length);
    }
    let written = parsed.to_string();
    assert_eq!(
        ContentRange::parse(written.as_bytes()),
        Ok(parsed),
        "{written}"
    );
});
