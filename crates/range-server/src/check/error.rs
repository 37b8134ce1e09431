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
    /// https, and nothing said whom to trust.
    #[error("https needs a certificate to trust, or leave to trust any")]
    NobodyTrusted,
    /// No connection, or none that spoke HTTP/1.1.
    #[error("the server cannot be asked: {0}")]
    Unreachable(String),
    /// A plain GET was not answered with 200.
    #[error("a plain GET was answered {0}; a file that can be had is needed")]
    NotServed(u16),
    /// The file is too short for the table, or its length is not known.
    #[error("the file has to have a known length of {SHORTEST} bytes or more")]
    TooShort,
}
