//! Owns the connection beneath HTTP: its socket, and what responses and socket tell each other.

mod state;
mod watched_stream;

pub(crate) use state::ConnectionState;
pub(crate) use watched_stream::WatchedStream;
