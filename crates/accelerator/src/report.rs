//! Owns the report of a download that is complete. Knows nothing of how it came about.

use std::path::PathBuf;
use std::time::Duration;

use range_core::digest::{Digest, DigestAlgorithm};

use crate::progress::Tally;
use crate::redact::SafeUrl;
use crate::remote_file::RemoteFile;

/// The evidence for the bytes of a finished file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verification {
    /// They have every digest that was expected.
    Digest,
    /// They have the digest that the server claims for the file in the fields of its replies:
    /// nothing was damaged on the way. Nobody else has said what the file should be.
    ServerDigest,
    /// They have every digest that was expected, all of which are
    /// [weak](crate::DigestAlgorithm::is_weak): nothing was damaged, but somebody may have made
    /// this file to be taken for another one.
    WeakDigest,
    /// Every reply had the same strong entity tag: they are of one version, whichever that is.
    EntityTag,
    /// Every reply had the same `Last-Modified`, and had it long enough for that to be strong.
    LastModified,
    /// Every reply had the same strong validator, and some of the bytes were in a file that
    /// [was there](crate::Exists::Continue): that has been compared with the server's in some
    /// places, and not in all.
    Sampled,
    /// Nothing but the length joins the bytes: the server gave nothing else to tell generations
    /// apart, or another validator with every reply; in the latter case all bytes are of one reply.
    None,
}

/// The way a download came to have its file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Completion {
    /// It was downloaded, or the rest of it was.
    #[default]
    Downloaded,
    /// It was there, and is the file that the download would have made.
    AlreadyComplete,
    /// A file was there and was left as it is; nothing tells which: see
    /// [`Exists::Skip`](crate::Exists::Skip).
    Skipped,
}

/// A finished download.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Report {
    /// The URL, without its secrets.
    pub url: SafeUrl,
    /// The file as the server described it.
    pub remote: RemoteFile,
    /// The way it came about.
    pub completion: Completion,
    /// The path of the file; `-` if it went to a [writer](crate::Download::to_writer).
    pub path: PathBuf,
    /// Its length.
    pub bytes: u64,
    /// The time from start to end.
    pub elapsed: Duration,
    /// The counts of the run.
    pub tally: Tally,
    /// The evidence for its bytes.
    pub verified: Verification,
    /// The digests that were computed, as expected.
    pub digests: Vec<Digest>,
    /// True if these are what the server claims, and not what the caller expects.
    pub is_claimed: bool,
    /// The algorithm of the hashes that all pieces of the file were found to have, if any were
    /// expected.
    pub pieces: Option<DigestAlgorithm>,
    /// The content coding the server insisted on; the file holds coded bytes.
    pub coding: Option<String>,
    /// A part file that stands beside a file that was complete already. It is left as it is.
    pub left: Option<PathBuf>,
}
