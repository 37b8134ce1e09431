//! Owns the memory content passes through, and how much of it there may be.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

/// Size of a buffer. Large enough that a system call or a task switch per buffer is small beside
/// the copying, small enough to stay in a core's second-level cache.
const BUFFER_SIZE: usize = 256 << 10;

/// Size of a buffer when many are on loan, and of those for less content than that.
const SMALL_BUFFER_SIZE: usize = 16 << 10;

/// Buffers of full size there are: 16 MiB. A response holds one for as long as its peer does not
/// read, so a thousand such peers hold 32 MiB and not half a gigabyte.
const MAX_FULL: usize = 64;

/// Lends out buffers and takes them back when the bytes in them have been sent.
#[derive(Clone, Default)]
pub(crate) struct BufferPool(Arc<State>);

#[derive(Default)]
struct State {
    /// Buffers of full size that can be lent again.
    idle: Mutex<Vec<Box<[u8]>>>,
    /// How many of full size are on loan.
    lent: AtomicUsize,
}

impl BufferPool {
    /// How many bytes the next buffer should be for at most.
    pub(crate) fn next_size(&self) -> usize {
        if self.0.lent.load(Ordering::Relaxed) < MAX_FULL {
            BUFFER_SIZE
        } else {
            SMALL_BUFFER_SIZE
        }
    }

    /// A buffer for `length` bytes, at most [`Self::next_size`], with anything in it.
    pub(crate) fn take(&self, length: usize) -> Buffer {
        if length <= SMALL_BUFFER_SIZE {
            return Buffer {
                memory: vec![0; length].into_boxed_slice(),
                length,
                pool: None,
            };
        }
        self.0.lent.fetch_add(1, Ordering::Relaxed);
        let idle = self
            .0
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        Buffer {
            memory: idle.unwrap_or_else(|| vec![0; BUFFER_SIZE].into_boxed_slice()),
            length,
            pool: Some(Arc::clone(&self.0)),
        }
    }
}

/// A buffer on loan. What is in use of it is at its front.
pub(crate) struct Buffer {
    memory: Box<[u8]>,
    length: usize,
    /// Where it goes back to.
    pool: Option<Arc<State>>,
}

impl Buffer {
    /// The first `length` bytes, at most those the buffer was taken for, which are in use from
    /// then on.
    pub(crate) fn use_front(&mut self, length: usize) -> &mut [u8] {
        self.length = length;
        &mut self.memory[..length]
    }

    /// The bytes in use. The buffer goes back to its pool once nothing refers to them.
    pub(crate) fn freeze(self) -> Bytes {
        Bytes::from_owner(self)
    }
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        &self.memory[..self.length]
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let Some(pool) = &self.pool else { return };
        pool.lent.fetch_sub(1, Ordering::Relaxed);
        let mut idle = pool.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < MAX_FULL {
            idle.push(std::mem::take(&mut self.memory));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_buffers_are_few_and_used_again() {
        let pool = BufferPool::default();
        let lent: Vec<Bytes> = (0..MAX_FULL)
            .map(|_| {
                assert_eq!(pool.next_size(), BUFFER_SIZE);
                pool.take(BUFFER_SIZE).freeze()
            })
            .collect();
        assert_eq!(pool.next_size(), SMALL_BUFFER_SIZE);
        let small = pool.take(SMALL_BUFFER_SIZE).freeze();
        drop(lent);
        assert_eq!(pool.next_size(), BUFFER_SIZE);
        drop(small);
        assert_eq!(pool.0.idle.lock().unwrap().len(), MAX_FULL);
        let again = pool.take(BUFFER_SIZE);
        assert_eq!(pool.0.idle.lock().unwrap().len(), MAX_FULL - 1);
        drop(again);
        assert_eq!(pool.take(10).freeze().len(), 10);
    }
}
