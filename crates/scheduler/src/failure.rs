//! Owns [`FailureClass`]: the finite code every failure of an attempt is reduced to before it
//! reaches the scheduler, what each class calls for, and its name for people. Knows no error.

use core::fmt;
use core::time::Duration;

/// The failure of one attempt, as far as a decision depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureClass {
    /// The server is overloaded or limits its clients: 408, 425, 429 and 5xx.
    Busy {
        /// The time that `Retry-After` asked for.
        retry_after: Option<Duration>,
    },
    /// The reply belongs to another generation of the remote file.
    Changed,
    /// The connection ended before the reply did.
    Interrupted,
    /// The reply does not say, or says wrongly, where its bytes belong.
    Misplaced,
    /// A range was asked for and the whole file was sent.
    RangeIgnored,
    /// The server refuses the request: 4xx, or a redirect that must not be followed.
    Refused,
    /// Nothing more arrived for the stall timeout.
    Stalled,
    /// The part file could not be written.
    Storage,
    /// The reply is not of the file that was asked for, as far as a single reply can tell: another
    /// version, or a message in its place.
    Stray,
    /// No byte of a reply's content arrived within the time that is allowed for the first.
    Unanswered,
    /// The server's address could not be found or connected to.
    Unreachable,
    /// The server could not prove who it is, or speaks no HTTP that can be trusted.
    Untrusted,
}

/// The step that a failure calls for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// Ask the original URL: whoever answered may not have the file, or not its newest version.
    AskAnew,
    /// Try again after a delay that grows while nothing arrives.
    BackOff,
    /// As [`Self::BackOff`], and hold every new request to this host back as well.
    BackOffHost,
    /// The whole download stops; trying again cannot help.
    GiveUp,
    /// Go back to the original URL once: a redirect target may have expired.
    Relocate,
    /// The whole download starts over as a new generation.
    Restart,
    /// Ranges cannot be relied on: after a few tries, one plain stream takes over.
    SingleStream,
}

impl FailureClass {
    /// Returns the step that the class calls for.
    pub const fn disposition(self) -> Disposition {
        match self {
            Self::Busy { .. } => Disposition::BackOffHost,
            Self::Changed => Disposition::Restart,
            Self::Interrupted | Self::Stalled | Self::Unanswered | Self::Unreachable => {
                Disposition::BackOff
            }
            Self::Misplaced | Self::RangeIgnored => Disposition::SingleStream,
            Self::Refused => Disposition::Relocate,
            Self::Storage | Self::Untrusted => Disposition::GiveUp,
            Self::Stray => Disposition::AskAnew,
        }
    }
}

impl fmt::Display for FailureClass {
    /// Writes what failed, for whoever knows no more of a failure than its class.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Busy { .. } => "the server is busy",
            Self::Changed => "the remote file has changed",
            Self::Interrupted => "the reply ended before its last byte",
            Self::Misplaced => "the reply does not say where its bytes belong",
            Self::RangeIgnored => "the server sent the whole file when a part was asked for",
            Self::Refused => "the server refused the request",
            Self::Stalled => "nothing arrived for too long",
            Self::Storage => "the part file could not be written",
            Self::Stray => "the reply is not of the file that was asked for",
            Self::Unanswered => "the server has taken the request and not begun to answer",
            Self::Unreachable => "the server could not be reached",
            Self::Untrusted => "the server's identity could not be verified",
        })
    }
}
