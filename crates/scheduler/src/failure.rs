//! Owns [`FailureClass`]: the finite code every failure of an attempt is reduced to before it
//! reaches the scheduler, and what each class calls for. Knows no error's text.

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
