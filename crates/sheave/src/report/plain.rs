//! Owns the lines of a download whose output is no terminal: nothing in them moves a cursor.

use accelerator::Phase;

use super::sentence::{self, Numbers};
use crate::duration;

/// The first line.
pub(crate) fn started(url: &str) -> String {
    format!("downloading {url}")
}

/// A line about how far it is; `still` says what a download waits for that stands still.
pub(crate) fn progress(numbers: &Numbers, still: Option<&str>) -> String {
    match numbers.phase {
        Phase::Connecting => still.unwrap_or("waiting for the server").to_owned(),
        Phase::Reserving => "reserving space for the file".to_owned(),
        Phase::Verifying => format!("verifying, {} digested", numbers.digested),
        Phase::Publishing => "writing to disk".to_owned(),
        Phase::Fetching | _ => fetching(numbers, still),
    }
}

fn fetching(numbers: &Numbers, still: Option<&str>) -> String {
    let present = match (numbers.length, numbers.percent()) {
        (Some(length), Some(percent)) => format!("{} of {length} ({percent}%)", numbers.present),
        _ => numbers.present.to_string(),
    };
    if let Some(still) = still {
        return format!("{present}, {still}");
    }
    let left = match numbers.left {
        Some(left) => format!(", {} left", duration::estimated(left)),
        None => String::new(),
    };
    let connections = sentence::connections(numbers.connections);
    let verification = match numbers.verification() {
        Some(rest) => format!(", {rest}"),
        None => String::new(),
    };
    format!(
        "{present}, {}{left}, {connections}{verification}",
        numbers.rate
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use accelerator::{ByteCount, BytesPerSecond};
    use std::time::Duration;

    #[test]
    fn a_line_says_what_is_known() {
        let mut numbers = Numbers {
            phase: Phase::Fetching,
            present: ByteCount(1 << 29),
            length: Some(ByteCount(1 << 30)),
            digested: ByteCount(0),
            unverified: ByteCount(0),
            rate: BytesPerSecond(1 << 27),
            left: Some(Duration::from_secs(4)),
            connections: 8,
        };
        assert_eq!(
            progress(&numbers, None),
            "512 MiB of 1.00 GiB (50%), 128 MiB/s, 4 s left, 8 connections"
        );
        numbers.length = None;
        numbers.left = None;
        numbers.connections = 1;
        assert_eq!(progress(&numbers, None), "512 MiB, 128 MiB/s, 1 connection");
        let still = "next try in 2 s (2 of 10): 503";
        assert_eq!(
            progress(&numbers, Some(still)),
            "512 MiB, next try in 2 s (2 of 10): 503"
        );
        numbers.phase = Phase::Connecting;
        assert_eq!(progress(&numbers, Some(still)), still);
        assert_eq!(progress(&numbers, None), "waiting for the server");
    }
}
