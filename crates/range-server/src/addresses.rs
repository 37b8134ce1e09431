//! Owns the count of connections each address has. Knows no socket.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

/// Connections one address may have off loopback, unless told otherwise: as many as the widest
/// download of one client, and half of what the server has by default.
const DEFAULT_LIMIT: usize = 256;

/// Counts connections by address. An IPv6 network of 64 bits is one address: its owner has them
/// all.
#[derive(Clone)]
pub(crate) struct AddressCounts {
    counts: Arc<Mutex<HashMap<IpAddr, usize>>>,
    limit: Option<usize>,
}

/// A connection that counts until it is dropped.
pub(crate) struct Counted {
    counts: Arc<Mutex<HashMap<IpAddr, usize>>>,
    address: IpAddr,
}

impl AddressCounts {
    /// Counts to `limit`; without one, to 256, and for loopback, where all clients share an
    /// address, to no end.
    pub(crate) fn new(limit: Option<usize>) -> Self {
        Self {
            counts: Arc::default(),
            limit,
        }
    }

    /// Counts a connection, or `None` when its address has enough.
    pub(crate) fn enter(&self, peer: IpAddr) -> Option<Counted> {
        let address = network(peer);
        let default = if address.is_loopback() {
            usize::MAX
        } else {
            DEFAULT_LIMIT
        };
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.get(&address).copied().unwrap_or(0);
        if count >= self.limit.unwrap_or(default) {
            return None;
        }
        counts.insert(address, count + 1);
        Some(Counted {
            counts: Arc::clone(&self.counts),
            address,
        })
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.address);
            }
        }
    }
}

/// Maps an address to the one it counts as.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) if !address.is_loopback() => {
            let prefix = u128::from(address) & !u128::from(u64::MAX);
            Ipv6Addr::from(prefix).into()
        }
        address @ (IpAddr::V4(_) | IpAddr::V6(_)) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn each_address_has_its_own_count_and_leaves_nothing_behind() {
        let counts = AddressCounts::new(Some(2));
        let one = counts.enter(address("10.0.0.1"));
        let two = counts.enter(address("::ffff:10.0.0.1"));
        assert!(one.is_some() && two.is_some());
        assert!(counts.enter(address("10.0.0.1")).is_none());
        let other = counts.enter(address("10.0.0.2"));
        assert!(other.is_some());
        drop(one);
        assert!(counts.enter(address("10.0.0.1")).is_some());
        drop((two, other));
        assert!(counts.counts.lock().unwrap().is_empty());
    }

    #[test]
    fn an_ipv6_network_is_one_address() {
        let counts = AddressCounts::new(Some(1));
        let _counted = counts.enter(address("2001:db8::1")).unwrap();
        assert!(counts.enter(address("2001:db8::ffff:1")).is_none());
        assert!(counts.enter(address("2001:db8:0:1::1")).is_some());
    }

    #[test]
    fn loopback_is_bounded_only_when_told() {
        let counts = AddressCounts::new(None);
        for peer in ["127.0.0.1", "::1"] {
            let counted: Vec<_> = (0..300).map(|_| counts.enter(address(peer))).collect();
            assert!(counted.iter().all(Option::is_some), "{peer}");
        }
        let counted: Vec<_> = (0..300)
            .filter_map(|_| counts.enter(address("10.0.0.1")))
            .collect();
        assert_eq!(counted.len(), DEFAULT_LIMIT);
    }
}
