//! Owns the records that are kept for whoever asks the server what it was asked: a test in any
//! language. Knows nothing of connections.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use crate::record::RequestRecord;

/// The path they are at.
pub(crate) const PATH: &str = "/.sheave/requests";

/// Bytes of records that are kept: some ten thousand requests. The oldest go first.
const MAX_BYTES: usize = 8 << 20;

/// The requests that were answered, as JSON.
#[derive(Debug, Default)]
pub(crate) struct Recorder(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    lines: VecDeque<String>,
    bytes: usize,
    forgotten: u64,
}

impl Recorder {
    pub(crate) fn add(&self, record: &RequestRecord) {
        self.add_line(record.to_json());
    }

    fn add_line(&self, line: String) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.bytes += line.len();
        kept.lines.push_back(line);
        while kept.bytes > MAX_BYTES
            && let Some(oldest) = kept.lines.pop_front()
        {
            kept.bytes -= oldest.len();
            kept.forgotten += 1;
        }
    }

    /// All that are kept, in the order in which their responses ended, and how many are not any
    /// more.
    pub(crate) fn json(&self) -> String {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut json = String::with_capacity(kept.bytes + 2 * kept.lines.len() + 64);
        json.push_str("{\"forgotten\":");
        json.push_str(&kept.forgotten.to_string());
        json.push_str(",\"requests\":[");
        for (index, line) in kept.lines.iter().enumerate() {
            json.push_str(if index > 0 { ",\n" } else { "\n" });
            json.push_str(line);
        }
        json.push_str("]}\n");
        json
    }

    /// Forgets them, for the next test.
    pub(crate) fn clear(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Kept::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_go_when_there_are_too_many() {
        let recorder = Recorder::default();
        assert_eq!(recorder.json(), "{\"forgotten\":0,\"requests\":[]}\n");
        for letter in ["a", "b", "c"] {
            recorder.add_line(format!("\"{}\"", letter.repeat(MAX_BYTES / 3)));
        }
        let json: serde_json::Value = serde_json::from_str(&recorder.json()).unwrap();
        assert_eq!(json["forgotten"], 1);
        let kept = json["requests"].as_array().unwrap();
        assert!(kept.len() == 2 && kept[0].as_str().unwrap().starts_with('b'));
        recorder.clear();
        assert_eq!(recorder.json(), "{\"forgotten\":0,\"requests\":[]}\n");
    }
}
