//! Owns why a benchmark has no result at all. A contender that fails is a row, not one of these.
use std::io;

/// Reads on after "failed to".
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// A file or socket of the harness itself; the contenders have their own.
    #[error("{what}: {source}")]
    Io { what: String, source: io::Error },
    /// Another benchmark works in the same directory, and neither would measure anything.
    #[error("start: another benchmark is running")]
    Busy,
    /// A program the harness cannot do without is not on the search path.
    #[error("find {program}: it is not installed")]
    Missing { program: &'static str },
    /// A program the harness cannot do without was not content.
    #[error("run `{command}`: {complaint}")]
    Command { command: String, complaint: String },
    /// A server of the harness answered with something else than was asked of it.
    #[error("fetch {url}: {reason}")]
    Http { url: String, reason: String },
    /// Namespaces, devices and settings of the kernel are an administrator's.
    #[error("{what}: {why}; it takes the rights of root over the kernel")]
    Rights { what: &'static str, why: String },
    /// The link that is to be measured on is another than was asked for.
    #[error("emulate a link within 3 % of what was asked for; the table says where")]
    Link,
    /// The tables do not have what is to be drawn.
    #[error("draw the plot: a table has no row of the program")]
    Plot,
    /// The program or the reference failed, or wrote other bytes than were served.
    #[error("download what was served with {names}; the tables say how")]
    Wrong { names: String },
}

impl Failure {
    /// For `map_err`, where something fails that not everybody may do, whoever it is.
    pub(super) fn rights<E: ToString>(what: &'static str) -> impl FnOnce(E) -> Self {
        move |error| Self::Rights {
            what,
            why: error.to_string(),
        }
    }

    /// For `map_err`, where an operation of the harness fails.
    pub(super) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }
}
