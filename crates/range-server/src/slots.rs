//! Owns the places that connections have, and which one gives its own up when all are taken and
//! somebody waits. Knows neither sockets nor HTTP.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::{AbortHandle, Id, JoinSet};

use crate::clock;
use crate::connection::{Activity, ConnectionState};

/// The time a connection without a request keeps its place while others wait: several times what a
/// request takes over the longest way there is on Earth.
const IDLE_PATIENCE: Duration = Duration::from_millis(500);

/// The time a peer that takes nothing of its response keeps its place while others wait: longer
/// than a disk that stutters.
const SENDING_PATIENCE: Duration = Duration::from_secs(5);

/// The time between two looks at who could go.
const CHECK: Duration = Duration::from_millis(50);

/// The tasks of all connections, and the places they have.
pub(crate) struct Slots {
    places: Arc<Semaphore>,
    tasks: JoinSet<()>,
    connections: HashMap<Id, (Arc<ConnectionState>, AbortHandle)>,
}

impl Slots {
    pub(crate) fn new(places: usize) -> Self {
        Self {
            places: Arc::new(Semaphore::new(places)),
            tasks: JoinSet::new(),
            connections: HashMap::new(),
        }
    }

    /// Waits for a place; while all are taken, the connection that has stood still for longest
    /// gives its own up.
    pub(crate) async fn take(&mut self) -> OwnedSemaphorePermit {
        loop {
            self.forget_ended();
            if let Ok(place) = Arc::clone(&self.places).try_acquire_owned() {
                return place;
            }
            self.have_one_leave();
            let freed = Arc::clone(&self.places).acquire_owned();
            if let Ok(place) = tokio::time::timeout(CHECK, freed).await {
                return place.expect("never closed");
            }
        }
    }

    /// Runs a connection, which has its place until it ends.
    pub(crate) fn run(
        &mut self,
        place: OwnedSemaphorePermit,
        state: Arc<ConnectionState>,
        serving: impl Future<Output = ()> + Send + 'static,
    ) {
        let handle = self.tasks.spawn(async move {
            serving.await;
            drop(place);
        });
        self.connections.insert(handle.id(), (state, handle));
    }

    /// Waits until every connection has ended.
    pub(crate) async fn drain(&mut self) {
        while self.tasks.join_next().await.is_some() {}
    }

    /// Ended tasks are kept by the set until they are joined.
    fn forget_ended(&mut self) {
        while let Some(ended) = self.tasks.try_join_next_with_id() {
            let id = ended.map_or_else(|error| error.id(), |(id, ())| id);
            self.connections.remove(&id);
        }
    }

    /// Ends the connection that can be done without most, if any can.
    pub(crate) fn have_one_leave(&mut self) {
        self.forget_ended();
        let now = clock::now();
        let activities = self.connections.iter();
        let activities = activities.map(|(&id, (state, _))| (id, state.activity(now)));
        let leaving = leaving(activities).and_then(|id| self.connections.get(&id));
        if let Some((state, task)) = leaving {
            if state.activity(now).0 == Activity::Sending {
                state.reset_at_end();
            }
            task.abort();
        }
    }
}

/// The connection that can be done without most, if any can: of those without a request, or else of
/// those whose peers take nothing, the one that has been so for longest. What the server takes its
/// time over is its own doing.
fn leaving<K>(activities: impl Iterator<Item = (K, (Activity, Duration))>) -> Option<K> {
    let candidates = activities.filter_map(|(key, (activity, still))| {
        let (rank, patience) = match activity {
            Activity::Idle => (1, IDLE_PATIENCE),
            Activity::Sending => (0, SENDING_PATIENCE),
            Activity::Held => return None,
        };
        (still >= patience).then_some((key, (rank, still)))
    });
    let (key, _) = candidates.max_by_key(|(_, order)| *order)?;
    Some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_idle_goes_first_and_who_is_held_stays() {
        let millis = Duration::from_millis;
        let idle = |time| (Activity::Idle, millis(time));
        let sending = |time| (Activity::Sending, millis(time));
        let held = (Activity::Held, Duration::from_hours(1));
        for (activities, expected) in [
            (vec![idle(499), sending(4999), held], None),
            (vec![idle(500), idle(700), sending(60_000), held], Some(1)),
            (vec![idle(499), sending(5000), sending(9000), held], Some(2)),
            (vec![], None),
        ] {
            let activities = activities.into_iter().enumerate();
            assert_eq!(leaving(activities), expected);
        }
    }
}
