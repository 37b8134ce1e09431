//! Owns the connection beneath HTTP: its socket, and what responses and socket tell each other.

mod state;
mod watched_stream;

pub(crate) use state::{Activity, ConnectionState, Hold, UnderWay};
pub(crate) use watched_stream::WatchedStream;
