//! Owns the asking over several connections at once: how many are served, and what they bring
//! together. Judges nothing.

use std::time::Duration;

use range_core::http::conditional::Method;
use tokio::task::JoinSet;

use super::client::{Client, Target};
use super::wire::MOST_READ;
use crate::clock;

/// Connections opened at once: as many as downloaders open to one server by themselves.
const AT_ONCE: u64 = 8;
/// Connections whose speed is compared with that of one.
const MEASURED: u64 = 4;
/// The shortest time that says something about a speed.
const SHORTEST_TIME: Duration = Duration::from_millis(50);

/// The yield of several connections.
#[derive(Clone, Debug)]
pub(super) struct Together {
    /// The connections opened at once.
    pub(super) asked: u64,
    /// Those on which a part came.
    pub(super) served: u64,
    /// The connections whose speed was compared with that of one.
    pub(super) measured: u64,
    alone: Duration,
    at_once: Duration,
}

impl Together {
    /// The ratio of the bytes that several connections brought to those of one in the same time;
    /// `None` if the file was too short to tell.
    pub(super) fn gain(&self) -> Option<f64> {
        if self.alone < SHORTEST_TIME || self.at_once.is_zero() {
            return None;
        }
        let ratio = self.alone.as_secs_f64() / self.at_once.as_secs_f64();
        Some(ratio * self.measured as f64)
    }
}

/// Asks for as many parts of a file at once as there are connections, and then for some again to
/// see what they bring.
pub(super) async fn ask(target: &Target, length: u64, patience: Duration) -> Together {
    let piece = (length / AT_ONCE).clamp(1, u64::try_from(MOST_READ).expect("1 MiB"));
    let served = fetch(target, AT_ONCE, piece, patience).await;
    let start = clock::now();
    let one = fetch(target, 1, piece, patience).await;
    let alone = start.elapsed();
    let mut at_once = Duration::ZERO;
    let is_long = usize::try_from(piece) == Ok(MOST_READ);
    if one == 1 && is_long && alone >= SHORTEST_TIME {
        let start = clock::now();
        let several = fetch(target, MEASURED, piece, patience).await;
        if several == MEASURED {
            at_once = start.elapsed();
        }
    }
    Together {
        asked: AT_ONCE,
        served,
        measured: MEASURED,
        alone,
        at_once,
    }
}

/// Fetches so many pieces at once, each on a connection of its own, and counts those that came.
async fn fetch(target: &Target, count: u64, piece: u64, patience: Duration) -> u64 {
    let mut tasks = JoinSet::new();
    for number in 0..count {
        let mut client = Client::new(target.clone());
        let (first, last) = (number * piece, (number + 1) * piece - 1);
        tasks.spawn(async move {
            let fields = vec![("range", format!("bytes={first}-{last}").into_bytes())];
            let asked = tokio::time::timeout(patience, client.ask(Method::Get, &fields)).await;
            let reply = asked.ok().and_then(|asked| asked.reply.ok());
            let is_served = reply.is_some_and(|reply| reply.status == 206 && reply.is_complete);
            (client, is_served)
        });
    }
    // The connections stay open until all have been served.
    let outcomes: Vec<(Client, bool)> = tasks.join_all().await;
    let served = outcomes.iter().filter(|(_, is_served)| *is_served).count();
    u64::try_from(served).expect("a few")
}
