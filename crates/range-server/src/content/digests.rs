//! Owns the hashing of representations on request: off the tasks that serve, few at once, and of
//! each version once. Knows no header field.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use range_core::ByteRange;
use range_core::digest::{Digest, DigestAlgorithm};
use sha2::digest::DynDigest;
use tokio::sync::Semaphore;

use super::identity::Identity;
use super::representation::Source;
use crate::addresses::network;

/// Digests remembered: some hundred bytes each.
const MAX_KNOWN: usize = 1024;

/// Hashed at once. One large file then does not keep everybody waiting, and the rest of the
/// machine stays free to serve.
const MAX_AT_ONCE: usize = 2;

/// The time a response waits for its digest; most clients give up on a head after 30 s or more.
/// After that it goes without.
const PATIENCE: Duration = Duration::from_secs(10);

/// Longest representation that is hashed: what takes longer than [`PATIENCE`] on a fast machine
/// would only ever keep others waiting.
const MAX_LENGTH: u64 = 16 << 30;

/// Read at once. Hashing is slower than either copying or the calls this saves.
const CHUNK: usize = 256 << 10;

/// Digests that have been computed, and the right to compute more.
pub(crate) struct Digests {
    known: Mutex<Known>,
    turns: Arc<Semaphore>,
    /// The turn of each address that waits or computes: one at a time, so that no address has all
    /// turns there are.
    by_address: Mutex<HashMap<IpAddr, Weak<Semaphore>>>,
}

#[derive(Default)]
struct Known {
    digests: HashMap<Key, Digest>,
    /// The keys from the oldest on.
    age: VecDeque<Key>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    identity: Identity,
    algorithm: DigestAlgorithm,
}

impl Default for Digests {
    fn default() -> Self {
        Self {
            known: Mutex::default(),
            turns: Arc::new(Semaphore::new(MAX_AT_ONCE)),
            by_address: Mutex::default(),
        }
    }
}

impl Digests {
    /// The digest of a whole representation, or `None` when it cannot be had in time.
    pub(crate) async fn of_all(
        self: &Arc<Self>,
        source: &Source,
        length: u64,
        algorithm: DigestAlgorithm,
        address: IpAddr,
    ) -> Option<Digest> {
        if length > MAX_LENGTH {
            return None;
        }
        let whole = ByteRange::whole(length);
        let Some(identity) = source.identity() else {
            return self.of_range(source, whole, algorithm, address).await;
        };
        let key = Key {
            identity,
            algorithm,
        };
        if let Some(digest) = self.find(key) {
            return Some(digest);
        }
        self.compute(source, whole, (algorithm, Some(key)), address)
            .await
    }

    /// The digest of a part, or of nothing; not remembered.
    pub(crate) async fn of_range(
        self: &Arc<Self>,
        source: &Source,
        range: Option<ByteRange>,
        algorithm: DigestAlgorithm,
        address: IpAddr,
    ) -> Option<Digest> {
        self.compute(source, range, (algorithm, None), address)
            .await
    }

    /// The turns of an address. Those of addresses that no longer ask are forgotten.
    fn turns_of(&self, address: IpAddr) -> Arc<Semaphore> {
        let by_address = &self.by_address;
        let mut by_address = by_address.lock().unwrap_or_else(PoisonError::into_inner);
        let address = network(address);
        if let Some(turns) = by_address.get(&address).and_then(Weak::upgrade) {
            return turns;
        }
        by_address.retain(|_, turns| turns.strong_count() > 0);
        let turns = Arc::new(Semaphore::new(1));
        by_address.insert(address, Arc::downgrade(&turns));
        turns
    }

    async fn compute(
        self: &Arc<Self>,
        source: &Source,
        range: Option<ByteRange>,
        (algorithm, key): (DigestAlgorithm, Option<Key>),
        address: IpAddr,
    ) -> Option<Digest> {
        let computing = async {
            let own = self.turns_of(address).acquire_owned().await.ok()?;
            let turn = Arc::clone(&self.turns).acquire_owned().await.ok()?;
            // Somebody else may have asked for the same meanwhile.
            if let Some(digest) = key.and_then(|key| self.find(key)) {
                return Some(digest);
            }
            let waiting = Arc::new(());
            let (source, digests) = (source.clone(), Arc::clone(self));
            let is_wanted = Arc::downgrade(&waiting);
            let hashing = tokio::task::spawn_blocking(move || {
                let digest = hash(&source, range, algorithm, &is_wanted)?;
                if let Some(key) = key {
                    digests.remember(key, digest);
                }
                drop((turn, own));
                Some(digest)
            });
            let digest = hashing.await.ok().flatten();
            drop(waiting);
            digest
        };
        tokio::time::timeout(PATIENCE, computing).await.ok()?
    }

    fn find(&self, key: Key) -> Option<Digest> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.digests.get(&key).copied()
    }

    fn remember(&self, key: Key, digest: Digest) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.digests.insert(key, digest).is_some() {
            return;
        }
        known.age.push_back(key);
        if known.age.len() > MAX_KNOWN
            && let Some(oldest) = known.age.pop_front()
        {
            known.digests.remove(&oldest);
        }
    }
}

/// Hashes a range, unless it cannot be read, changes meanwhile, nobody waits for it any more, or
/// the algorithm is none that fields name.
fn hash(
    source: &Source,
    range: Option<ByteRange>,
    algorithm: DigestAlgorithm,
    is_wanted: &Weak<()>,
) -> Option<Digest> {
    let mut hasher: Box<dyn DynDigest> = match algorithm {
        DigestAlgorithm::Sha256 => Box::new(sha2::Sha256::default()),
        DigestAlgorithm::Sha512 => Box::new(sha2::Sha512::default()),
        // No field asks for another one.
        DigestAlgorithm::Sha384
        | DigestAlgorithm::Sha224
        | DigestAlgorithm::Blake2b
        | DigestAlgorithm::Blake2b256
        | DigestAlgorithm::Blake3
        | DigestAlgorithm::Sha1
        | DigestAlgorithm::Md5 => return None,
    };
    let mut buffer = vec![0; CHUNK];
    let mut left = range;
    while let Some(range) = left {
        is_wanted.upgrade()?;
        let length = usize::try_from(range.len()).map_or(CHUNK, |length| length.min(CHUNK));
        source
            .read_blocking(&mut buffer[..length], range.start())
            .ok()?;
        hasher.update(&buffer[..length]);
        let length = u64::try_from(length).expect("a buffer's length fits 64 bits");
        (_, left) = range.split_at(range.start() + length);
    }
    source.check_unchanged().ok()?;
    Digest::new(algorithm, &hasher.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic::Seed;

    fn synthetic(size: u64) -> Source {
        let seed = Seed(0);
        Source::Synthetic { seed, size }
    }

    const ADDRESS: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[test]
    fn one_address_has_one_turn_and_leaves_the_others_to_others() {
        let digests = Digests::default();
        let (one, other) = ("2001:db8::1".parse().unwrap(), "192.0.2.1".parse().unwrap());
        let held = digests.turns_of(one).try_acquire_owned();
        assert!(held.is_ok());
        let same_network = "2001:db8::2".parse().unwrap();
        assert!(digests.turns_of(same_network).try_acquire_owned().is_err());
        assert!(digests.turns_of(other).try_acquire_owned().is_ok());
        drop(held);
        assert!(digests.turns_of(one).try_acquire_owned().is_ok());
        assert!(digests.by_address.lock().unwrap().len() <= 2);
    }

    fn run<T>(test: impl Future<Output = T>) -> T {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        runtime.enable_time().build().unwrap().block_on(test)
    }

    #[test]
    fn hashing_ends_with_the_request_it_is_for() {
        let digests = Arc::new(Digests::default());
        let source = synthetic(MAX_LENGTH);
        run(async {
            let digest = digests.of_all(&source, MAX_LENGTH, DigestAlgorithm::Sha256, ADDRESS);
            let patience = Duration::from_millis(20);
            assert!(tokio::time::timeout(patience, digest).await.is_err());
            let turns = u32::try_from(MAX_AT_ONCE).unwrap();
            let all = digests.turns.acquire_many(turns);
            let bound = Duration::from_secs(5);
            assert!(tokio::time::timeout(bound, all).await.is_ok());
        });
    }

    #[test]
    fn content_that_is_too_long_has_no_digest() {
        let digests = Arc::new(Digests::default());
        let length = MAX_LENGTH + 1;
        let source = synthetic(length);
        let digest = digests.of_all(&source, length, DigestAlgorithm::Sha256, ADDRESS);
        let digest = run(async { tokio::time::timeout(Duration::from_secs(5), digest).await });
        assert_eq!(digest.unwrap(), None);
        assert_eq!(digests.turns.available_permits(), MAX_AT_ONCE);
    }

    #[test]
    fn only_the_latest_digests_are_remembered() {
        let digests = Digests::default();
        let key = |size| Key {
            identity: Identity::Synthetic {
                seed: Seed(0),
                size,
            },
            algorithm: DigestAlgorithm::Sha256,
        };
        let digest = Digest::new(DigestAlgorithm::Sha256, &[0; 32]).unwrap();
        let last = u64::try_from(MAX_KNOWN).unwrap();
        for size in 0..=last {
            digests.remember(key(size), digest);
            digests.remember(key(size), digest);
        }
        assert_eq!(digests.find(key(0)), None);
        assert_eq!(digests.find(key(1)), Some(digest));
        assert_eq!(digests.find(key(last)), Some(digest));
        assert_eq!(digests.known.lock().unwrap().age.len(), MAX_KNOWN);
    }
}
