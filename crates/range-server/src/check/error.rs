//! Owns why a server cannot be checked.

use super::conformance::SHORTEST;

/// Why a server could not be checked at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckError {
    /// The URL is neither http nor https, or has no host.
    #[error("only http and https URLs with a host can be checked")]
    Url,
    /// The certificates to trust cannot be used.
    #[error("the certificates cannot be used")]
    Certificates,
    /// A field of one's own is one that the questions are asked with.
    #[error("{name} cannot be set: the questions set it themselves")]
    OfQuestions {
        /// Its name.
        name: String,
    },
    /// A field of one's own is none.
    #[error("a field of your own has a name or a value that HTTP does not permit")]
    Field,
    /// No connection, or none that spoke HTTP/1.1.
    #[error("the server cannot be asked: {0}")]
    Unreachable(String),
    /// A plain GET was not answered with 200.
    #[error("a plain GET was answered {0}, where the check needs a file")]
    NotServed(u16),
    /// A redirect leads nowhere, in a circle, or from https to http.
    #[error("a plain GET was answered {status}, a redirect that is not followed: {why}")]
    Redirect {
        /// The status.
        status: u16,
        /// The reason why it is not followed.
        why: &'static str,
    },
    /// The file is too short for the table, or its length is unknown.
    #[error("the check needs a file of {SHORTEST} bytes or more whose length the server states")]
    TooShort,
    /// The bytes or the version of the file change from reply to reply.
    #[error("the file changes while it is checked; one that stays the same is needed")]
    Changing,
}
