//! Owns how many listings are made and kept at once: each costs as much processor time and memory
//! as a directory has names, whatever the request costs. Knows neither names nor pages.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Made at once. The rest of the machine stays free to serve.
const MAX_AT_ONCE: usize = 2;

/// Longest page that takes no room: no more than a peer costs that asks for a file.
const SMALL: usize = 64 << 10;

/// Bytes that longer pages take together, from when they are made to when they are sent.
const MAX_KEPT: usize = 64 << 20;

/// The unit that room is counted in, which lets it fit 32 bits.
const UNIT: usize = 1 << 10;

/// The right to make listings, and the room for them.
pub(crate) struct Turns {
    making: Arc<Semaphore>,
    room: Arc<Semaphore>,
}

/// A page, and the room it takes until it is dropped.
pub(crate) struct Page {
    pub(crate) text: String,
    pub(crate) room: Option<OwnedSemaphorePermit>,
}

impl Default for Turns {
    fn default() -> Self {
        Self {
            making: Arc::new(Semaphore::new(MAX_AT_ONCE)),
            room: Arc::new(Semaphore::new(MAX_KEPT / UNIT)),
        }
    }
}

impl Turns {
    /// Makes a page on a blocking thread when it is its turn. `Ok(None)` when there is no room for
    /// it.
    pub(super) async fn make<E: Send + 'static>(
        &self,
        make: impl FnOnce() -> Result<String, E> + Send + 'static,
    ) -> Result<Option<Page>, E> {
        let turn = Arc::clone(&self.making).acquire_owned().await;
        let turn = turn.expect("never closed");
        let room = Arc::clone(&self.room);
        let page = tokio::task::spawn_blocking(move || {
            let page = make().map(|text| keep(text, room));
            drop(turn);
            page
        });
        match page.await {
            Ok(page) => page,
            // The runtime is about to end.
            Err(_) => Ok(None),
        }
    }
}

fn keep(text: String, room: Arc<Semaphore>) -> Option<Page> {
    if text.len() <= SMALL {
        let room = None;
        return Some(Page { text, room });
    }
    // One that is longer than all the room is alone.
    let units = text.len().div_ceil(UNIT).min(MAX_KEPT / UNIT);
    let units = u32::try_from(units).expect("the room fits 32 bits");
    let room = room.try_acquire_many_owned(units).ok()?;
    Some(Page {
        text,
        room: Some(room),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keep_bytes(turns: &Turns, length: usize) -> Option<Page> {
        keep("x".repeat(length), Arc::clone(&turns.room))
    }

    #[test]
    fn long_pages_share_the_room_there_is_until_they_are_sent() {
        let turns = Turns::default();
        let half = MAX_KEPT / 2;
        let kept = [keep_bytes(&turns, half), keep_bytes(&turns, half)];
        assert!(kept.iter().all(Option::is_some));
        assert!(keep_bytes(&turns, SMALL + 1).is_none());
        assert!(keep_bytes(&turns, SMALL).is_some());
        drop(kept);
        let all = keep_bytes(&turns, 2 * MAX_KEPT);
        assert!(all.is_some() && keep_bytes(&turns, half).is_none());
    }
}
