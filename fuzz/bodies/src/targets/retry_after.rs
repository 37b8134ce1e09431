//! Owns fuzzing of `Retry-After` and of dates: waits are whole seconds, dates survive being
//! written.
use range_core::http::{HttpDate, retry_after};

use crate::decoded;

/// Checks what must hold of any bytes.
///
/// # Panics
///
/// Where it does not.
pub fn run(bytes: &[u8]) {
    let Some(input) = decoded::<(Option<u64>, &[u8])>(bytes) else {
        return;
    };
    let (now, field) = input;
    let date = now.map(HttpDate::from_unix_seconds);
    if let Some(wait) = retry_after::parse(field, date) {
        assert_eq!(wait.subsec_nanos(), 0, "both forms count whole seconds");
    }
    if let Some(parsed) = HttpDate::parse(field) {
        assert!(parsed <= HttpDate::LATEST);
        let written = parsed.to_string();
        assert_eq!(
            HttpDate::parse(written.as_bytes()),
            Some(parsed),
            "{written}"
        );
    }
}
