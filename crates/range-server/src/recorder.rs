//! Owns the records that are kept for whoever asks the server what it was asked: a test in any
//! language. Knows nothing of connections.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::record::RequestRecord;

/// The path they are at.
pub(crate) const PATH: &str = "/.sheave/requests";

/// Bytes of records that are kept: some ten thousand requests. The oldest go first.
const MAX_BYTES: usize = 8 << 20;

/// Longest page that takes no room: no more than a peer costs that asks for a file.
const SMALL: usize = 64 << 10;

/// Longer pages on their way at once: each is a copy, whether its peer reads it or not.
const MAX_PAGES: usize = 8;

/// The requests that were answered, as JSON.
#[derive(Debug)]
pub(crate) struct Recorder {
    kept: Mutex<Kept>,
    pages: Arc<Semaphore>,
}

/// The right to have a long page on its way.
pub(crate) type Room = Option<OwnedSemaphorePermit>;

#[derive(Debug, Default)]
struct Kept {
    lines: VecDeque<String>,
    bytes: usize,
    forgotten: u64,
}

impl Default for Recorder {
    fn default() -> Self {
        Self {
            kept: Mutex::default(),
            pages: Arc::new(Semaphore::new(MAX_PAGES)),
        }
    }
}

impl Recorder {
    pub(crate) fn add(&self, record: &RequestRecord) {
        self.add_line(record.to_json());
    }

    fn add_line(&self, line: String) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.bytes += line.len();
        kept.lines.push_back(line);
        while kept.bytes > MAX_BYTES
            && let Some(oldest) = kept.lines.pop_front()
        {
            kept.bytes -= oldest.len();
            kept.forgotten += 1;
        }
    }

    /// A page of all that are kept, and what has to be held until it is sent. `None` where too many
    /// are on their way.
    pub(crate) fn page(&self) -> Option<(Bytes, Room)> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let room = if kept.bytes > SMALL {
            Some(Arc::clone(&self.pages).try_acquire_owned().ok()?)
        } else {
            None
        };
        Some((Bytes::from(kept.json()), room))
    }

    /// Forgets them, for the next test.
    pub(crate) fn clear(&self) {
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Kept::default();
    }
}

impl Kept {
    /// All that are kept, in the order in which their responses ended, and how many are not any
    /// more.
    fn json(&self) -> String {
        let mut json = String::with_capacity(self.bytes + 2 * self.lines.len() + 64);
        json.push_str("{\"forgotten\":");
        json.push_str(&self.forgotten.to_string());
        json.push_str(",\"requests\":[");
        for (index, line) in self.lines.iter().enumerate() {
            json.push_str(if index > 0 { ",\n" } else { "\n" });
            json.push_str(line);
        }
        json.push_str("]}\n");
        json
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_go_when_there_are_too_many() {
        let recorder = Recorder::default();
        let text = || recorder.page().unwrap().0;
        assert_eq!(text(), "{\"forgotten\":0,\"requests\":[]}\n");
        for letter in ["a", "b", "c"] {
            recorder.add_line(format!("\"{}\"", letter.repeat(MAX_BYTES / 3)));
        }
        let json: serde_json::Value = serde_json::from_slice(&text()).unwrap();
        assert_eq!(json["forgotten"], 1);
        let kept = json["requests"].as_array().unwrap();
        assert!(kept.len() == 2 && kept[0].as_str().unwrap().starts_with('b'));
        let pages: Vec<_> = (0..MAX_PAGES).map(|_| recorder.page().unwrap()).collect();
        assert!(recorder.page().is_none());
        drop(pages);
        recorder.clear();
        assert_eq!(text(), "{\"forgotten\":0,\"requests\":[]}\n");
    }
}
