//! Owns the moment in which a connection whose reply was let go of becomes free for the next
//! request. Knows no request and no connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The longest time that this takes on a machine with time to spare: two tasks have to be woken. A
/// request takes as long in any case.
const MOMENT: Duration = Duration::from_millis(1);

/// Tells whether a connection may be about to become free.
#[derive(Clone, Debug, Default)]
pub(super) struct HandBack(Arc<AtomicBool>);

/// A guard that is held as long as a reply is.
#[derive(Debug)]
pub(super) struct Taken(HandBack);

impl HandBack {
    pub(super) fn begin(&self) -> Taken {
        Taken(self.clone())
    }

    /// Waits until the connection of a reply that has just ended can be taken. The client's pool
    /// does not wait: it opens another connection, and keeps it although it takes the free one.
    /// That costs the host a connection and, if it punishes too many, the download its rate.
    pub(super) async fn settle(&self) {
        if self.0.load(Ordering::Relaxed) {
            tokio::time::sleep(MOMENT).await;
        }
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.0.0.store(true, Ordering::Relaxed);
    }
}
