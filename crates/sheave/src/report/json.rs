//! Owns the JSON lines on standard output: one object a line, `event` first. Other programs read
//! them, so fields are added and never renamed. Prints nothing.

use std::borrow::Cow;
use std::fmt::{self, Write};
use std::time::Duration;

use accelerator::{
    Checked, Completion, Digest, DigestAlgorithm, Error, ErrorKind, Event, Inspection, Phase,
    RangeSet, Report, Verification,
};
use serde_json::{Value, json};

use super::sentence::{self, Numbers};
use crate::exit_code::Exit;
use crate::terminal_text::is_hidden;

/// One JSON object on one line, its fields in the order in which they were added. Its text holds
/// no character that acts on a terminal: those are written as `\u` escapes, which read back the
/// same.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Line(Vec<(Cow<'static, str>, Value)>);

impl Line {
    /// An object without fields.
    pub(crate) const fn new() -> Self {
        Self(Vec::new())
    }

    fn event(name: &'static str) -> Self {
        Self::new().with("event", name)
    }

    /// Adds a field.
    pub(crate) fn with(
        mut self,
        name: impl Into<Cow<'static, str>>,
        value: impl Into<Value>,
    ) -> Self {
        self.0.push((name.into(), value.into()));
        self
    }

    /// Adds a field if there is a value for it.
    pub(crate) fn with_known(self, name: &'static str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// Adds a duration in seconds, exact to the millisecond.
    pub(crate) fn with_seconds(self, name: &'static str, time: Duration) -> Self {
        let milliseconds = (time.as_secs_f64() * 1000.0).round();
        self.with(name, milliseconds / 1000.0)
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('{')?;
        for (index, (name, value)) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_char(',')?;
            }
            write!(f, "\"{name}\":")?;
            // Outside of strings JSON is ASCII, and in them the control characters that JSON
            // forbids are escaped already; what is left is hidden only inside strings.
            for character in value.to_string().chars() {
                if is_hidden(character) {
                    for unit in character.encode_utf16(&mut [0; 2]) {
                        write!(f, "\\u{unit:04x}")?;
                    }
                } else {
                    f.write_char(character)?;
                }
            }
        }
        f.write_char('}')
    }
}

/// A download begins.
pub(crate) fn started(url: &str, name: &str) -> Line {
    Line::event("start").with("url", url).with("name", name)
}

/// A list of files was read.
pub(crate) fn listed(list: &str, files: usize, remarks: &[String]) -> Line {
    Line::event("listed")
        .with("list", list)
        .with("files", files)
        .with("remarks", remarks)
}

/// Returns how far it is.
pub(crate) fn progress(numbers: &Numbers, elapsed: Duration) -> Line {
    Line::event("progress")
        .with("phase", phase_name(numbers.phase))
        .with_seconds("elapsed_s", elapsed)
        .with("present_bytes", numbers.present.0)
        .with("unverified_bytes", numbers.unverified.0)
        .with("bytes", numbers.length.map(|length| length.0))
        .with("bytes_per_second", numbers.rate.0)
        .with("connections", numbers.connections)
}

/// Something about a complete file that its user should know.
pub(crate) fn warning(text: &str) -> Line {
    Line::event("warning").with("text", text)
}

const fn phase_name(phase: Phase) -> &'static str {
    match phase {
        Phase::Connecting => "connecting",
        Phase::Reserving => "reserving",
        Phase::Fetching => "fetching",
        Phase::Verifying => "verifying",
        Phase::Publishing => "publishing",
        _ => "other",
    }
}

/// Something happened.
pub(crate) fn event(event: &Event) -> Line {
    match event {
        Event::Resuming { claimed, length } => Line::event("resuming")
            .with("claimed_bytes", *claimed)
            .with("bytes", *length),
        Event::Planned { length, segmented } => Line::event("planned")
            .with("bytes", *length)
            .with("segmented", *segmented),
        Event::Retrying {
            cause,
            delay,
            tries,
        } => Line::event("retrying")
            .with("cause", cause.as_str())
            .with_seconds("delay_s", *delay)
            .with("failures", tries.failed)
            .with("failures_allowed", tries.allowed),
        Event::SourceDropped { url, cause } => Line::event("source_dropped")
            .with("url", url.as_str())
            .with("cause", cause.as_str()),
        Event::WidthChanged { width } => Line::event("width_changed").with("connections", *width),
        Event::Restarting { reason } => {
            Line::event("restarting").with("reason", reason.to_string())
        }
        Event::Verifying => Line::event("verifying"),
        Event::Publishing => Line::event("publishing"),
        Event::Missed { count } => Line::event("missed").with("events", *count),
        other => Line::event("other").with("text", format!("{other:?}")),
    }
}

/// It is done.
pub(crate) fn completed(report: &Report) -> Line {
    let line = Line::event("done")
        .with("url", report.url.as_str())
        .with("path", report.path.to_string_lossy())
        .with("bytes", report.bytes)
        .with_seconds("elapsed_s", report.elapsed)
        .with("resumed_bytes", report.tally.resumed_bytes)
        .with("fetched_bytes", report.tally.fetched_bytes)
        .with("wasted_bytes", report.tally.wasted_bytes)
        .with("connections_peak", report.tally.connections_peak)
        .with("requests", report.tally.requests)
        .with("retries", report.tally.retries)
        .with("verified", verification_name(report.verified))
        .with("completion", completion_name(report.completion));
    let mut digests = report.digests.clone();
    digests.sort_unstable_by_key(Digest::algorithm);
    let line = digests.iter().fold(line, |line, digest| {
        let name = digest.algorithm().name().replace('-', "");
        line.with(name, digest.hex())
    });
    let left = report.left.as_ref().map(|left| left.to_string_lossy());
    let pieces = report.pieces.map(DigestAlgorithm::name);
    line.with_known("pieces", pieces)
        .with_known("content_coding", report.coding.as_deref())
        .with_known("part_left", left.as_deref())
}

const fn completion_name(completion: Completion) -> &'static str {
    match completion {
        Completion::Downloaded => "downloaded",
        Completion::AlreadyComplete => "already_complete",
        Completion::Skipped => "skipped",
    }
}

const fn verification_name(verified: Verification) -> &'static str {
    match verified {
        Verification::Digest => "digest",
        Verification::ServerDigest => "server-digest",
        Verification::WeakDigest => "weak-digest",
        Verification::EntityTag | Verification::LastModified => "validator",
        Verification::Sampled => "sampled",
        Verification::None => "none",
    }
}

/// It failed.
pub(crate) fn failed(error: &Error) -> Line {
    Line::event("error")
        .with("kind", kind_name(error.kind()))
        .with("message", sentence::of_cause(error))
        .with("resumable", error.has_kept_bytes())
        .with_known("url", error.url().map(accelerator::SafeUrl::as_str))
}

/// Nothing was begun.
pub(crate) fn refused(exit: Exit, why: &str) -> Line {
    let kind = match exit {
        Exit::Network => ErrorKind::Network,
        Exit::Refused => ErrorKind::Refused,
        Exit::Changed => ErrorKind::Changed,
        Exit::Corrupt => ErrorKind::Corrupt,
        Exit::Disk => ErrorKind::Disk,
        Exit::Taken => ErrorKind::Exists,
        Exit::Internal => ErrorKind::Internal,
        Exit::Success | Exit::Usage | Exit::Deviates => ErrorKind::Invalid,
        Exit::Interrupted | Exit::Terminated => ErrorKind::Cancelled,
        Exit::Unread => ErrorKind::Unread,
    };
    Line::event("error")
        .with("kind", kind_name(kind))
        .with("message", why)
        .with("resumable", false)
}

const fn kind_name(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Cancelled => "cancelled",
        ErrorKind::Changed => "changed",
        ErrorKind::Corrupt => "corrupt",
        ErrorKind::Disk => "disk",
        ErrorKind::Exists => "exists",
        ErrorKind::InUse => "in_use",
        ErrorKind::Internal => "internal",
        ErrorKind::Invalid => "invalid",
        ErrorKind::Network => "network",
        ErrorKind::Refused => "refused",
        ErrorKind::Untrusted => "untrusted",
        ErrorKind::Unread => "unread",
        _ => "other",
    }
}

/// Returns what a part file holds.
pub(crate) fn inspection(part: &str, inspection: &Inspection, checked: Option<&Checked>) -> Line {
    Line::new()
        .with("part", part)
        .with("url", inspection.url.as_str())
        .with("bytes", inspection.length)
        .with("present_bytes", inspection.claimed.len())
        .with("present", ranges(&inspection.claimed))
        .with("entity_tag", inspection.entity_tag.as_deref())
        .with("last_modified", inspection.last_modified.as_deref())
        .with("digests", digest_names(&inspection.digests))
        .with("torn_bytes", inspection.torn)
        .with_known(
            "verified_bytes",
            checked.map(|checked| checked.verified.len()),
        )
        .with_known("rejected", checked.map(|checked| ranges(&checked.rejected)))
}

/// Pairs of a first offset and the one after the last.
fn ranges(set: &RangeSet) -> Vec<Value> {
    set.iter()
        .map(|range| json!([range.start(), range.end()]))
        .collect()
}

/// Digests as they are written on the command line.
pub(crate) fn digest_names(digests: &[Digest]) -> Vec<String> {
    digests.iter().map(ToString::to_string).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use accelerator::{ByteCount, BytesPerSecond, Download, Settings, Tries};

    #[test]
    fn fields_keep_their_order_and_absent_ones_are_left_out() {
        let line = Line::event("done")
            .with("url", "http://a/")
            .with_known("sha256", None::<&str>)
            .with_seconds("elapsed_s", Duration::from_micros(1_234_567))
            .with("bytes", u64::MAX);
        assert_eq!(
            line.to_string(),
            r#"{"event":"done","url":"http://a/","elapsed_s":1.235,"bytes":18446744073709551615}"#
        );
    }

    #[test]
    fn text_from_elsewhere_stays_on_its_line_and_reads_back_the_same() {
        let foreign = "a\"b\\\n\x1b[2J\u{7f}\u{9b}\u{202e}é\u{e0041}フ";
        let line = Line::event("retrying").with("cause", foreign).to_string();
        assert!(!line.chars().any(is_hidden), "{line}");
        let read: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(read["cause"], foreign);
        assert!(line.contains('é') && line.contains('フ'));
    }

    #[test]
    fn events_have_the_names_programs_wait_for() {
        let delay = Duration::from_millis(500);
        for (happened, line) in [
            (
                Event::Resuming {
                    claimed: 5,
                    length: 10,
                },
                r#"{"event":"resuming","claimed_bytes":5,"bytes":10}"#,
            ),
            (
                Event::Planned {
                    length: None,
                    segmented: false,
                },
                r#"{"event":"planned","bytes":null,"segmented":false}"#,
            ),
            (
                Event::Retrying {
                    cause: "reset".to_owned(),
                    delay,
                    tries: Tries {
                        failed: 1,
                        allowed: 10,
                    },
                },
                concat!(
                    r#"{"event":"retrying","cause":"reset","delay_s":0.5,"failures":1,"#,
                    r#""failures_allowed":10}"#
                ),
            ),
            (
                Event::WidthChanged { width: 3 },
                r#"{"event":"width_changed","connections":3}"#,
            ),
            (Event::Verifying, r#"{"event":"verifying"}"#),
            (
                Event::Missed { count: 2 },
                r#"{"event":"missed","events":2}"#,
            ),
        ] {
            assert_eq!(event(&happened).to_string(), line);
        }
    }

    #[test]
    fn progress_is_told_in_numbers() {
        let numbers = Numbers {
            phase: Phase::Fetching,
            present: ByteCount(5),
            length: Some(ByteCount(10)),
            digested: ByteCount(0),
            unverified: ByteCount(0),
            rate: BytesPerSecond(2),
            left: None,
            connections: 8,
        };
        assert_eq!(
            progress(&numbers, Duration::from_secs(1)).to_string(),
            concat!(
                r#"{"event":"progress","phase":"fetching","elapsed_s":1.0,"present_bytes":5,"#,
                r#""unverified_bytes":0,"bytes":10,"bytes_per_second":2,"connections":8}"#
            )
        );
    }

    #[test]
    fn a_download_that_cannot_begin_has_an_error_of_its_kind() {
        let refused = Download::new("ftp://a/", "it", Settings::default());
        let error = refused.unwrap_err().into();
        assert_eq!(
            failed(&error).to_string(),
            concat!(
                r#"{"event":"error","kind":"invalid","message":"only http and https URLs can be "#,
                r#"downloaded, not ftp","resumable":false}"#
            )
        );
    }
}
