//! Owns connections and the bytes that flow over them: handshakes, slow start, fair shares of the
//! link. Knows no lease, segment or policy.

mod connection;
mod sharing;

use std::collections::BTreeMap;

use scheduler::SourceId;

use crate::world::{Oddity, World};
use connection::{Connection, State};

pub(crate) use connection::INITIAL_WINDOW;

/// Numbers connections in the order they were opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ConnectionId(u32);

/// Every connection of one client.
#[derive(Debug)]
pub(crate) struct Network<'w> {
    world: &'w World,
    now: f64,
    connections: BTreeMap<ConnectionId, Connection>,
    opened: u32,
    /// Set when something happened that changes shares.
    stale: bool,
    pub(crate) wasted: f64,
    /// Bytes that arrived for someone.
    pub(crate) taken: f64,
    pub(crate) peak: usize,
}

impl<'w> Network<'w> {
    pub(crate) const fn new(world: &'w World) -> Self {
        Self {
            world,
            now: 0.0,
            connections: BTreeMap::new(),
            opened: 0,
            stale: true,
            wasted: 0.0,
            taken: 0.0,
            peak: 0,
        }
    }

    /// Asks a source for `bytes` over an idle connection, or a fresh one. The head takes `later`
    /// more than the way there and back, and the reply may be odd.
    pub(crate) fn ask(
        &mut self,
        source: SourceId,
        bytes: u64,
        later: f64,
        oddity: Option<Oddity>,
    ) -> ConnectionId {
        let idle = self
            .connections
            .iter()
            .find(|(_, c)| c.state == State::Idle && c.source == source)
            .map(|(id, _)| *id);
        let trip = self.world.round_trip;
        let id = idle.unwrap_or_else(|| self.open(source));
        let trips = if idle.is_some() { 1.0 } else { 2.0 };
        let connection = self.connections.get_mut(&id).expect("found or just opened");
        connection.state = State::Asking {
            until: self.now + trips * trip + later,
        };
        connection.arrived = 0.0;
        connection.left = bytes as f64;
        connection.takes = f64::INFINITY;
        connection.oddity = oddity;
        self.stale = true;
        self.peak = self.peak.max(self.used());
        id
    }

    fn open(&mut self, source: SourceId) -> ConnectionId {
        let id = ConnectionId(self.opened);
        self.opened += 1;
        let taken: Vec<usize> = self
            .connections
            .values()
            .filter(|c| !matches!(c.state, State::Closing { .. }))
            .map(|c| c.path)
            .collect();
        let path = (0..=taken.len())
            .find(|path| !taken.contains(path))
            .expect("one more than are taken is not taken");
        let throttle = self.world.throttle;
        let mirror = self.world.mirror(source);
        let allowed = mirror.map_or(f64::INFINITY, |mirror| mirror.connection_rate);
        let connection = Connection {
            source,
            state: State::Idle,
            ramp: INITIAL_WINDOW / self.world.round_trip.max(1e-6),
            next_doubling: f64::INFINITY,
            path,
            most: self.world.path_rate(path).min(allowed),
            before_throttle: throttle.map_or(f64::INFINITY, |throttle| throttle.after),
            flows_at: 0.0,
            burst: f64::INFINITY,
            next_burst: f64::INFINITY,
            rate: 0.0,
            arrived: 0.0,
            left: 0.0,
            takes: f64::INFINITY,
            oddity: None,
            stalled: false,
        };
        self.connections.insert(id, connection);
        id
    }

    /// Connections with a request on them.
    pub(crate) fn used(&self) -> usize {
        self.connections
            .values()
            .filter(|c| matches!(c.state, State::Asking { .. } | State::Streaming))
            .count()
    }

    /// Connections on which a reply's body arrives.
    fn streaming(&self) -> usize {
        let streams = |c: &&Connection| c.state == State::Streaming;
        self.connections.values().filter(streams).count()
    }

    /// Those from one source.
    pub(crate) fn streaming_from(&self, source: SourceId) -> usize {
        let streams = |c: &&Connection| c.source == source && c.state == State::Streaming;
        self.connections.values().filter(streams).count()
    }

    /// Returns whether anything can arrive as soon as it is wanted.
    pub(crate) fn is_served(&self) -> bool {
        self.connections
            .values()
            .any(|c| c.state == State::Streaming && !c.stalled && c.left > 0.5)
    }

    /// Lets go of a connection. One whose reply is complete is kept for the next request.
    pub(crate) fn release(&mut self, id: ConnectionId) {
        let until = self.now + self.world.round_trip;
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.takes = f64::INFINITY;
            connection.state = match connection.state {
                State::Streaming if connection.left < 0.5 => State::Idle,
                State::Streaming => State::Closing { until },
                State::Asking { .. } | State::Idle | State::Closing { .. } => {
                    self.connections.remove(&id);
                    self.stale = true;
                    return;
                }
            };
        }
        self.stale = true;
    }

    /// Forgets a connection that the server ended.
    pub(crate) fn drop_broken(&mut self, id: ConnectionId) {
        self.connections.remove(&id);
        self.stale = true;
    }

    /// Every connection breaks.
    pub(crate) fn reset(&mut self) {
        self.connections.clear();
        self.stale = true;
    }

    /// The source of these has died: those nobody uses are gone, the others are told.
    pub(crate) fn connections_to(&mut self, source: SourceId) -> Vec<ConnectionId> {
        self.stale = true;
        self.connections.retain(|_, c| {
            let is_used = matches!(c.state, State::Asking { .. } | State::Streaming);
            c.source != source || is_used
        });
        let here = self.connections.iter().filter(|(_, c)| c.source == source);
        here.map(|(id, _)| *id).collect()
    }

    /// The oldest connection that streams falls silent. False when there is none.
    pub(crate) fn stall_one(&mut self) -> bool {
        let found = self
            .connections
            .values_mut()
            .find(|c| c.state == State::Streaming && c.left > 0.5);
        self.stale = true;
        found.map(|connection| connection.stalled = true).is_some()
    }

    /// The client takes as many bytes of the current reply, and no more before it says so.
    pub(crate) fn take_up_to(&mut self, id: ConnectionId, bytes: f64) {
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.takes = bytes;
        }
        self.stale = true;
    }

    /// Bytes of the current reply that have arrived.
    pub(crate) fn arrived(&self, id: ConnectionId) -> f64 {
        self.connections[&id].arrived
    }

    /// The rate the connection has until the next event.
    pub(crate) fn rate(&mut self, id: ConnectionId) -> f64 {
        self.share();
        self.connections[&id].rate
    }

    /// The next moment at which a rate changes or a head arrives.
    pub(crate) fn next_event(&mut self) -> f64 {
        self.share();
        let mut next = self.world.next_change(self.now);
        for connection in self.connections.values() {
            next = next.min(match connection.state {
                State::Asking { until } | State::Closing { until } => until,
                State::Streaming if connection.flows_at > self.now => connection.flows_at,
                State::Streaming => connection
                    .next_doubling
                    .min(connection.next_burst)
                    .min(self.now + connection.time_until_it_changes()),
                State::Idle => f64::INFINITY,
            });
        }
        next
    }

    /// Lets time pass, at most to the next event, and tells for which requests a head has arrived:
    /// each is to be answered with [`begin`](Self::begin), [`hush`](Self::hush) or
    /// [`drop_broken`](Self::drop_broken).
    pub(crate) fn advance(&mut self, to: f64) -> Vec<ConnectionId> {
        self.share();
        let span = to - self.now;
        for connection in self.connections.values_mut() {
            let bytes = (connection.rate * span).min(connection.left);
            connection.left -= bytes;
            connection.before_throttle -= bytes;
            connection.burst -= bytes;
            self.stale |= connection.burst < 0.25;
            match connection.state {
                State::Closing { .. } => self.wasted += bytes,
                State::Streaming => {
                    connection.arrived += bytes;
                    self.taken += bytes;
                    self.stale |= connection.is_held();
                }
                State::Asking { .. } | State::Idle => {}
            }
        }
        self.stale |= self.world.next_change(self.now) <= to;
        self.now = to;
        self.flow();
        self.ramp_up();
        self.throttle();
        self.heads()
    }

    /// Bodies begin, and buckets send what has gathered in them.
    fn flow(&mut self) {
        for connection in self.connections.values_mut() {
            let begins = connection.flows_at > 0.0 && connection.flows_at <= self.now;
            if begins {
                connection.flows_at = 0.0;
                connection.next_doubling = self.now + self.world.round_trip;
            }
            let bursts = connection.next_burst <= self.now;
            if bursts && let Some(bucket) = self.world.bucket {
                connection.burst = bucket.quantum;
                connection.next_burst += bucket.quantum / bucket.rate;
            }
            self.stale |= begins || bursts;
        }
    }

    fn ramp_up(&mut self) {
        let (now, trip) = (self.now, self.world.round_trip);
        let before = self.connections.len();
        self.connections
            .retain(|_, c| !matches!(c.state, State::Closing { until } if until <= now));
        self.stale |= self.connections.len() != before;
        for connection in self.connections.values_mut() {
            if connection.state == State::Streaming && connection.next_doubling <= now {
                // A sender that is held back sends no more than before.
                connection.ramp *= if connection.is_held() { 1.0 } else { 2.0 };
                connection.next_doubling = now + trip;
                self.stale = true;
            }
        }
    }

    /// The server slows down those that have brought enough. Half a byte forgives rounding.
    fn throttle(&mut self) {
        let Some(throttle) = self.world.throttle else {
            return;
        };
        for connection in self.connections.values_mut() {
            if connection.before_throttle < 0.5 {
                connection.before_throttle = f64::INFINITY;
                connection.most *= throttle.factor;
                self.stale = true;
            }
        }
    }

    /// Replies show that they are odd: some fall silent, and those that are reset are told.
    pub(crate) fn show_oddities(&mut self) -> Vec<ConnectionId> {
        let mut reset = Vec::new();
        for (id, connection) in &mut self.connections {
            if connection.arrived + 0.5 < connection.odd_after() || connection.stalled {
                continue;
            }
            self.stale = true;
            if matches!(connection.oddity, Some(Oddity::Resets(_))) {
                reset.push(*id);
            }
            connection.stalled = true;
        }
        reset
    }

    fn heads(&self) -> Vec<ConnectionId> {
        self.connections
            .iter()
            .filter(|(_, c)| matches!(c.state, State::Asking { until } if until <= self.now))
            .map(|(id, _)| *id)
            .collect()
    }

    /// No head comes, ever.
    pub(crate) fn hush(&mut self, id: ConnectionId) {
        if let Some(connection) = self.connections.get_mut(&id) {
            let until = f64::INFINITY;
            connection.state = State::Asking { until };
        }
    }

    /// Returns whether a reply was accepted and has not fallen silent.
    pub(crate) fn is_accepted(&self, id: ConnectionId) -> bool {
        let found = self.connections.get(&id);
        found.is_some_and(|c| c.state == State::Streaming && !c.stalled)
    }

    /// Returns whether such a reply has brought bytes and has more.
    pub(crate) fn delivers(&self, id: ConnectionId) -> bool {
        let found = self.connections.get(&id);
        self.is_accepted(id) && found.is_some_and(|c| c.arrived > 0.5 && c.left > 0.5)
    }

    /// The body of a reply begins, `late` after its head, and brings so many bytes.
    pub(crate) fn begin(&mut self, id: ConnectionId, late: f64, bytes: u64) {
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.state = State::Streaming;
            connection.left = connection.left.min(bytes as f64);
            connection.next_doubling = self.now + self.world.round_trip;
            if late > 0.0 {
                connection.flows_at = self.now + late;
                connection.next_doubling = f64::INFINITY;
            }
            if let Some(bucket) = self.world.bucket {
                connection.burst = 0.0;
                connection.next_burst = self.now + late + bucket.quantum / bucket.rate;
            }
        }
        self.stale = true;
    }
}
