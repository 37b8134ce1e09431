//! Owns fuzzing of the `Content-Range` field: what is accepted can be believed, and written back.
use range_core::http::ContentRange;

/// Checks what must hold of any bytes.
///
/// # Panics
///
/// Where it does not.
pub fn run(field: &[u8]) {
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
}
