//! Owns how many listings are made and kept at once: each costs as much processor time and memory
//! as a directory has names, whatever the request costs. Knows neither names nor pages.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures::FutureExt;
use futures::future::{BoxFuture, Shared, WeakShared};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Made at once. The rest of the machine stays free to serve.
const MAX_AT_ONCE: usize = 2;

/// Longest page that takes no room: no more than a peer costs that asks for a file.
const SMALL: usize = 64 << 10;

/// Bytes that longer pages take together, from when they are made to when they are sent.
const MAX_KEPT: usize = 64 << 20;

/// The unit that room is counted in, which lets it fit 32 bits.
const UNIT: usize = 1 << 10;

/// The right to make listings, and the room for them. Those who wait for the same one get the same
/// one, however many they are.
pub(crate) struct Turns<K, E: Clone> {
    making: Arc<Semaphore>,
    room: Arc<Semaphore>,
    waiting: Waiting<K, E>,
}

type Made<E> = Result<Option<Page>, E>;
type Making<E> = Shared<BoxFuture<'static, Made<E>>>;
type Waiting<K, E> = Arc<Mutex<HashMap<K, WeakShared<BoxFuture<'static, Made<E>>>>>>;

/// A page, and the room it takes until it is dropped.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    pub(crate) text: Bytes,
    pub(crate) room: Option<Arc<OwnedSemaphorePermit>>,
}

impl<K, E: Clone> Default for Turns<K, E> {
    fn default() -> Self {
        Self {
            making: Arc::new(Semaphore::new(MAX_AT_ONCE)),
            room: Arc::new(Semaphore::new(MAX_KEPT / UNIT)),
            waiting: Arc::default(),
        }
    }
}

impl<K, E> Turns<K, E>
where
    K: Clone + Eq + Hash + Send + 'static,
    E: Clone + Send + Sync + 'static,
{
    /// Makes a page on a blocking thread when it is its turn, or waits with those who wait for the
    /// same. It is begun after this is asked for. `Ok(None)` when there is no room for it.
    pub(super) fn make(
        &self,
        key: K,
        make: impl FnOnce() -> Result<String, E> + Send + 'static,
    ) -> Making<E> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(making) = waiting.get(&key).and_then(WeakShared::upgrade) {
            return making;
        }
        // Those that nobody waits for any more.
        waiting.retain(|_, making| making.upgrade().is_some());
        let making = self.begin(key.clone(), make).shared();
        if let Some(weak) = making.downgrade() {
            waiting.insert(key, weak);
        }
        making
    }

    fn begin(
        &self,
        key: K,
        make: impl FnOnce() -> Result<String, E> + Send + 'static,
    ) -> BoxFuture<'static, Made<E>> {
        let (making, room) = (Arc::clone(&self.making), Arc::clone(&self.room));
        let waiting = Arc::clone(&self.waiting);
        let page = async move {
            let turn = making.acquire_owned().await.expect("never closed");
            // Whoever asks from here on wants to see what is there from here on.
            forget(&waiting, &key);
            let page = tokio::task::spawn_blocking(move || {
                let page = make().map(|text| keep(text, room));
                drop(turn);
                page
            });
            // Otherwise the runtime is about to end.
            page.await.unwrap_or(Ok(None))
        };
        page.boxed()
    }
}

fn forget<K: Eq + Hash, E: Clone>(waiting: &Waiting<K, E>, key: &K) {
    let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
    waiting.remove(key);
}

fn keep(text: String, room: Arc<Semaphore>) -> Option<Page> {
    let text = Bytes::from(text);
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
        room: Some(Arc::new(room)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    type Plain = Turns<&'static str, ()>;

    fn keep_bytes(turns: &Plain, length: usize) -> Option<Page> {
        keep("x".repeat(length), Arc::clone(&turns.room))
    }

    #[test]
    fn long_pages_share_the_room_there_is_until_they_are_sent() {
        let turns = Plain::default();
        let half = MAX_KEPT / 2;
        let kept = [keep_bytes(&turns, half), keep_bytes(&turns, half)];
        assert!(kept.iter().all(Option::is_some));
        assert!(keep_bytes(&turns, SMALL + 1).is_none());
        assert!(keep_bytes(&turns, SMALL).is_some());
        drop(kept);
        let all = keep_bytes(&turns, 2 * MAX_KEPT);
        assert!(all.is_some() && keep_bytes(&turns, half).is_none());
    }

    #[test]
    fn those_who_wait_for_the_same_get_the_same_and_nothing_that_was_begun_before() {
        let turns = Plain::default();
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        runtime.build().unwrap().block_on(async {
            let busy = Arc::clone(&turns.making);
            let busy = busy.acquire_many_owned(2).await.unwrap();
            let texts = ["first", "never made", "other"];
            let [first, never, other] = texts.map(|text| move || Ok(text.to_owned()));
            let waiting = [
                turns.make("/a", first),
                turns.make("/a", never),
                turns.make("/b", other),
            ];
            drop(turns.make("/c", || Ok(String::new())));
            drop(busy);
            let made = futures::future::join_all(waiting.clone()).await;
            let made: Vec<_> = made
                .into_iter()
                .map(|page| page.unwrap().unwrap().text)
                .collect();
            assert_eq!(made, ["first", "first", "other"]);
            let later = turns.make("/a", || Ok("later".to_owned())).await;
            assert_eq!(later.unwrap().unwrap().text, "later");
            assert_eq!(turns.making.available_permits(), MAX_AT_ONCE);
            drop(waiting);
            let _page = turns.make("/d", || Ok(String::new()));
            assert_eq!(turns.waiting.lock().unwrap().len(), 1);
        });
    }
}
