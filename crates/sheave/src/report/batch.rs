//! Owns the last line about several downloads: what became of them. Prints nothing.

use std::time::Duration;

use accelerator::{ByteCount, Completion, Report};

use crate::duration;

/// The number of names that are listed.
const NAMES_MAX: usize = 5;

/// The results of several downloads, so far.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    downloaded: usize,
    already_complete: usize,
    skipped: usize,
    fetched: u64,
    failed: Vec<String>,
}

impl Batch {
    /// Counts a file that is there.
    pub(crate) fn completed(&mut self, report: &Report) {
        self.fetched += report.tally.fetched_bytes;
        *match report.completion {
            Completion::Downloaded => &mut self.downloaded,
            Completion::AlreadyComplete => &mut self.already_complete,
            Completion::Skipped => &mut self.skipped,
        } += 1;
    }

    /// Counts one that is not.
    pub(crate) fn failed(&mut self, name: String) {
        self.failed.push(name);
    }

    /// Returns what became of `files` files in this time.
    pub(crate) fn sentence(&self, files: usize, elapsed: Duration) -> String {
        let mut parts = Vec::new();
        if self.downloaded > 0 {
            let (bytes, time) = (ByteCount(self.fetched), duration::measured(elapsed));
            parts.push(format!(
                "{} downloaded ({bytes} in {time})",
                self.downloaded
            ));
        }
        let failed = self.failed.len();
        let begun = self.downloaded + self.already_complete + self.skipped + failed;
        for (number, what) in [
            (self.already_complete, "already complete"),
            (self.skipped, "skipped"),
            (files - begun, "not begun"),
            (failed, "failed"),
        ] {
            if number > 0 {
                parts.push(format!("{number} {what}"));
            }
        }
        let names = self.failed[..failed.min(NAMES_MAX)].join(", ");
        let more = match failed.saturating_sub(NAMES_MAX) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let colon = if failed > 0 { ": " } else { "" };
        format!("{files} files: {}{colon}{names}{more}", parts.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_counts_what_became_of_all() {
        let mut batch = Batch {
            already_complete: 3,
            ..Batch::default()
        };
        let second = Duration::from_secs(1);
        assert_eq!(batch.sentence(3, second), "3 files: 3 already complete");
        (batch.downloaded, batch.fetched) = (2, 3 << 20);
        assert_eq!(
            batch.sentence(6, second),
            "6 files: 2 downloaded (3.00 MiB in 1.00 s), 3 already complete, 1 not begun"
        );
        for number in 0..7 {
            batch.failed(number.to_string());
        }
        batch.skipped = 1;
        assert_eq!(
            batch.sentence(13, second),
            "13 files: 2 downloaded (3.00 MiB in 1.00 s), 3 already complete, 1 skipped, 7 failed: \
             0, 1, 2, 3, 4 and 2 more"
        );
    }
}
