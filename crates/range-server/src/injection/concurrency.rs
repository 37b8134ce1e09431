//! Owns the count of responses under way for one path, for faults that depend on it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::Name;

/// The number of responses under way for each path that has such a fault.
#[derive(Clone, Debug, Default)]
pub(crate) struct Concurrency {
    counts: Arc<Mutex<HashMap<Name, u32>>>,
}

/// One response that is under way, until it is dropped.
#[derive(Debug)]
pub(crate) struct InFlight {
    concurrency: Concurrency,
    path: Name,
}

impl Concurrency {
    /// Counts a response in, unless so many are under way already.
    pub(crate) fn enter(&self, path: &str, most: Option<u32>) -> Option<InFlight> {
        let path = Name::of(path);
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        // Looked at first, so that nothing is kept of those who are turned away.
        let count = counts.get(&path).copied().unwrap_or(0);
        if most.is_some_and(|most| count >= most) {
            return None;
        }
        counts.insert(path, count + 1);
        Some(InFlight {
            concurrency: self.clone(),
            path,
        })
    }
}

impl InFlight {
    /// The number under way, this one among them.
    pub(crate) fn count(&self) -> u32 {
        let counts = &self.concurrency.counts;
        let counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.get(&self.path).copied().unwrap_or(0)
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let counts = &self.concurrency.counts;
        let mut counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.path) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.path);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_who_leave_make_room() {
        let concurrency = Concurrency::default();
        let (first, second) = (
            concurrency.enter("/a", Some(2)),
            concurrency.enter("/a", Some(2)),
        );
        assert!(concurrency.enter("/a", Some(2)).is_none());
        assert!(concurrency.enter("/b", Some(1)).is_some());
        assert_eq!(second.as_ref().map(InFlight::count), Some(2));
        drop(first);
        assert!(concurrency.enter("/a", Some(2)).is_some());
        assert!(
            concurrency.enter("/b", Some(0)).is_none(),
            "nobody is welcome"
        );
        drop(second);
        assert!(concurrency.counts.lock().unwrap().is_empty());
    }
}
