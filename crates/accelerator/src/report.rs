//! Owns what a download that is complete has to tell. Knows nothing of how it came about.

use std::path::PathBuf;
use std::time::Duration;

use range_core::digest::Digest;

use crate::progress::Tally;
use crate::redact::SafeUrl;

/// What the bytes of a finished file rest on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verification {
    /// They have every digest that was expected.
    Digest,
    /// Every reply had the same strong validator.
    Validator,
    /// The server gave nothing to tell generations apart but the length, or another validator with
    /// every reply; in the latter case all bytes are of one reply.
    None,
}

/// A finished download.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Report {
    /// The URL, without its secrets.
    pub url: SafeUrl,
    /// Where the file is.
    pub path: PathBuf,
    /// Its length.
    pub bytes: u64,
    /// Time from start to end.
    pub elapsed: Duration,
    /// Numbers of the run.
    pub tally: Tally,
    /// What its bytes rest on.
    pub verified: Verification,
    /// The digests that were computed, as expected.
    pub digests: Vec<Digest>,
    /// The content coding the server insisted on; the file holds coded bytes.
    pub coding: Option<String>,
}
