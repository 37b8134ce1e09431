//! Owns the limits of what a peer may cost that a user may change, and their defaults. Keeps none.

use std::time::Duration;

/// The limits of what a peer may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections served at once. Further ones wait in the listen queue; while they do, one
    /// without a request, or whose peer takes nothing for some seconds, is closed for each.
    /// Default: 512.
    pub max_connections: usize,
    /// Connections served at once to one address, an IPv6 network of 64 bits being one. Further
    /// ones are closed unheard. Default: 256, and as many as there are for loopback.
    pub max_connections_per_address: Option<usize>,
    /// The time a peer may take for the TLS handshake, and then to send a request head,
    /// counted from the end of the response before it or from the start of the connection.
    /// Default: 30 s.
    pub header_timeout: Duration,
    /// The time a connection may move no byte: in either direction, or out while there is
    /// something to send. Default: 60 s.
    pub stall_timeout: Duration,
    /// The time [`Server::stop`](crate::Server::stop) lets responses finish. Default: 5 s.
    pub drain_timeout: Duration,
}

impl Limits {
    /// Requests of one connection that are answered at a time, and so files that it holds open.
    /// Over HTTP/2 there may be more requests, whose turn has not come: a hundred streams must not
    /// cost as much as a hundred connections.
    pub const ANSWERED_AT_ONCE: usize = 16;
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_connections: 512,
            max_connections_per_address: None,
            header_timeout: Duration::from_secs(30),
            stall_timeout: Duration::from_mins(1),
            drain_timeout: Duration::from_secs(5),
        }
    }
}
