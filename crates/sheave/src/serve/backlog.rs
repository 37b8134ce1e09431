//! Owns the lines that wait to be logged, and how many bytes of them. Knows neither requests nor
//! where lines go.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

/// Lines that may wait. Further ones are left out: a terminal that is held must not hold up the
/// server.
const MAX_LINES: usize = 4096;

/// Bytes of them that may wait: 4096 lines of ordinary requests, however long the others are.
const MAX_BYTES: usize = 4 << 20;

/// The lines about one request.
#[derive(Debug)]
pub(super) struct Lines {
    /// For people.
    pub(super) shown: Option<String>,
    /// For programs.
    pub(super) logged: Option<String>,
}

/// The end that takes lines.
#[derive(Clone)]
pub(super) struct Backlog {
    waiting: mpsc::Sender<(Lines, OwnedSemaphorePermit)>,
    room: Arc<Semaphore>,
}

/// The end that gives them back, in order.
pub(super) struct Waiting(mpsc::Receiver<(Lines, OwnedSemaphorePermit)>);

/// An empty backlog.
pub(super) fn backlog() -> (Backlog, Waiting) {
    let (waiting, receiver) = mpsc::channel(MAX_LINES);
    let room = Arc::new(Semaphore::new(MAX_BYTES));
    (Backlog { waiting, room }, Waiting(receiver))
}

impl Backlog {
    /// Adds lines, or leaves them out when too many wait: a gap in the numbers of requests tells.
    pub(super) fn add(&self, lines: Lines) {
        let length = |line: &Option<String>| line.as_ref().map_or(0, String::len);
        let bytes = length(&lines.shown) + length(&lines.logged);
        let room = u32::try_from(bytes)
            .ok()
            .and_then(|bytes| Arc::clone(&self.room).try_acquire_many_owned(bytes).ok());
        if let Some(room) = room {
            let _ = self.waiting.try_send((lines, room));
        }
    }
}

impl Waiting {
    /// Waits for the next lines; `None` once nobody can add any. For a thread that may block.
    pub(super) fn next(&mut self) -> Option<Lines> {
        self.0.blocking_recv().map(|(lines, _)| lines)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(length: usize) -> Lines {
        Lines {
            shown: None,
            logged: Some("x".repeat(length)),
        }
    }

    fn count(mut waiting: Waiting) -> usize {
        std::iter::from_fn(|| waiting.next()).count()
    }

    #[test]
    fn long_lines_wait_by_their_bytes_and_short_ones_by_their_number() {
        for (length, expected) in [(1 << 20, 4), (100, MAX_LINES)] {
            let (backlog, waiting) = backlog();
            for _ in 0..2 * MAX_LINES {
                backlog.add(line(length));
            }
            drop(backlog);
            assert_eq!(count(waiting), expected, "{length}");
        }
    }

    #[test]
    fn lines_that_were_written_make_room() {
        let (backlog, mut waiting) = backlog();
        for _ in 0..3 {
            backlog.add(line(MAX_BYTES));
            assert!(waiting.next().is_some());
        }
        backlog.add(line(MAX_BYTES + 1));
        drop(backlog);
        assert_eq!(count(waiting), 0);
    }
}
