//! Owns the addresses of hosts: which of them may be connected to, and which is tried first. Knows
//! no HTTP.

use super::address::{Reach, is_public};
use crate::blocking;
use std::collections::HashMap;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::{Mutex, PoisonError};

/// The addresses of the hosts of one download.
#[derive(Debug, Default)]
pub(crate) struct AddressBook {
    hosts: Mutex<HashMap<String, Known>>,
}

/// The experience with the addresses of a host.
#[derive(Clone, Copy, Debug, Default)]
struct Known {
    addresses: usize,
    /// The number of times that the address that was tried first did not answer.
    silences: usize,
}

/// The address of a host that look-ups begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Turn(usize);

/// The reason why a host has no address to connect to.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LookUpError {
    #[error("{host} has no address outside of this machine and its network")]
    Inside { host: String },
    #[error("the address of {host} could not be found")]
    NotFound {
        host: String,
        source: std::io::Error,
    },
}

impl AddressBook {
    /// Returns the addresses to try, best first; at least one.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future changes nothing.
    pub(crate) async fn look_up(
        &self,
        host: &str,
        reach: Reach,
    ) -> Result<Vec<SocketAddr>, LookUpError> {
        let name = host.to_owned();
        // The connector replaces the port.
        let found = blocking::run_detached(move || (name.as_str(), 0).to_socket_addrs()).await;
        let found = found.unwrap_or_else(|lost| Err(std::io::Error::other(lost)));
        let found = found.map_err(|source| LookUpError::NotFound {
            host: host.to_owned(),
            source,
        })?;
        self.order(host, reach, found.collect())
    }

    fn order(
        &self,
        host: &str,
        reach: Reach,
        mut addresses: Vec<SocketAddr>,
    ) -> Result<Vec<SocketAddr>, LookUpError> {
        if reach == Reach::Public {
            addresses.retain(|address| is_public(address.ip()));
        }
        let mut addresses = interleaved(addresses);
        if addresses.is_empty() {
            return Err(LookUpError::Inside {
                host: host.to_owned(),
            });
        }
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let known = hosts.entry(host.to_owned()).or_default();
        known.addresses = addresses.len();
        addresses.rotate_left(known.silences % known.addresses);
        Ok(addresses)
    }

    /// Stands for the address that look-ups begin with at the moment.
    pub(crate) fn turn(&self, host: &str) -> Turn {
        let hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        Turn(hosts.get(host).map_or(0, |known| known.silences))
    }

    /// The address that look-ups have begun with since `turn` does not answer. Look-ups begin with
    /// the next one from here on, unless they do already or all were tried: then `None`.
    pub(crate) fn after(&self, host: &str, turn: Turn) -> Option<Turn> {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let known = hosts.get_mut(host)?;
        if known.silences == turn.0 {
            if known.silences + 1 >= known.addresses {
                return None;
            }
            known.silences += 1;
        }
        Some(Turn(known.silences))
    }

    /// Notes that the address that was tried first cannot be reached, or does not answer: the next
    /// look-up begins with the one after it.
    pub(crate) fn silent(&self, host: &str) {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = hosts.get_mut(host) {
            known.silences += 1;
        }
    }
}

/// Orders the families by turns (RFC 8305 §4), beginning with the one the system prefers, so that
/// the address after a silent one is of the other family.
fn interleaved(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let first_is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (preferred, other): (Vec<_>, Vec<_>) = addresses
        .into_iter()
        .partition(|address| address.is_ipv6() == first_is_v6);
    let (mut preferred, mut other) = (preferred.into_iter(), other.into_iter());
    let mut mixed = Vec::new();
    loop {
        let (one, two) = (preferred.next(), other.next());
        if one.is_none() && two.is_none() {
            return mixed;
        }
        mixed.extend(one.into_iter().chain(two));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
        let parse = |text: &&str| SocketAddr::new(text.parse().unwrap(), 0);
        texts.iter().map(parse).collect()
    }

    fn ordered(book: &AddressBook, reach: Reach, found: &[&str]) -> Option<Vec<String>> {
        let ordered = book.order("h", reach, addresses(found)).ok()?;
        Some(
            ordered
                .iter()
                .map(|address| address.ip().to_string())
                .collect(),
        )
    }

    #[tokio::test]
    async fn a_host_is_looked_up_and_one_that_has_no_address_is_named() {
        let book = AddressBook::default();
        let here = book.look_up("127.0.0.1", Reach::Anywhere).await.unwrap();
        assert_eq!(here, addresses(&["127.0.0.1"]));
        let named = book.look_up("localhost", Reach::Anywhere).await.unwrap();
        assert!(named.iter().all(|address| address.ip().is_loopback()));
        let inside = book.look_up("localhost", Reach::Public).await;
        let inside = inside.unwrap_err().to_string();
        assert!(
            inside.starts_with("localhost has no address outside"),
            "{inside}"
        );
        let none = book.look_up("no.such.host.invalid", Reach::Anywhere).await;
        let none = none.unwrap_err().to_string();
        assert_eq!(
            none,
            "the address of no.such.host.invalid could not be found"
        );
    }

    #[test]
    fn families_take_turns_and_the_system_says_which_is_first() {
        let book = AddressBook::default();
        for (found, expected) in [
            (
                &["2001::1", "2001::2", "1.1.1.1"][..],
                &["2001::1", "1.1.1.1", "2001::2"][..],
            ),
            (
                &["1.1.1.1", "2001::1", "2001::2"],
                &["1.1.1.1", "2001::1", "2001::2"],
            ),
            (&["1.1.1.1", "1.1.1.2"], &["1.1.1.1", "1.1.1.2"]),
        ] {
            assert_eq!(ordered(&book, Reach::Anywhere, found).unwrap(), expected);
        }
    }

    #[test]
    fn an_address_that_does_not_answer_goes_to_the_end() {
        let book = AddressBook::default();
        let found = ["2001::1", "2001::2", "1.1.1.1"];
        assert_eq!(book.after("h", book.turn("h")), None);
        let mut firsts = Vec::new();
        for _ in 0..4 {
            firsts.push(ordered(&book, Reach::Anywhere, &found).unwrap().remove(0));
            book.silent("h");
        }
        assert_eq!(firsts, ["2001::1", "1.1.1.1", "2001::2", "2001::1"]);
        book.silent("never looked up");
    }

    #[test]
    fn each_address_is_tried_once_for_another_that_does_not_answer() {
        let book = AddressBook::default();
        let (one, other) = (book.turn("h"), book.turn("h"));
        let first = || ordered(&book, Reach::Anywhere, &["1.1.1.1", "2001::1"]).unwrap();
        assert_eq!(first()[0], "1.1.1.1");
        let next = book.after("h", one).unwrap();
        assert_eq!(first()[0], "2001::1");
        // Whoever asked the first one meanwhile goes to the second, and nobody further.
        assert_eq!(book.after("h", other), Some(next));
        assert_eq!(book.after("h", next), None);
        assert_eq!(first()[0], "2001::1");
    }

    #[test]
    fn addresses_inside_are_left_out_where_only_the_world_may_be_reached() {
        let book = AddressBook::default();
        let mixed = ["127.0.0.1", "8.8.8.8", "::1"];
        assert_eq!(ordered(&book, Reach::Public, &mixed).unwrap(), ["8.8.8.8"]);
        assert_eq!(ordered(&book, Reach::Anywhere, &mixed).unwrap().len(), 3);
        assert_eq!(ordered(&book, Reach::Public, &["10.0.0.1"]), None);
    }
}
