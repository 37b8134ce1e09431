//! Owns why arguments cannot be used together, or what they name cannot be had.

use std::error::Error;
use std::io;
use std::path::PathBuf;

use range_server::TlsError;
use range_server::scenario::ScenarioError;

use super::connection::ConnectionError;

/// Why arguments that are fine one by one make no sense together, or cannot be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UsageError {
    /// One file name for several URLs.
    #[error("--output names one file, and there are {urls} URLs; use --dir")]
    OneOutput {
        /// How many there are.
        urls: usize,
    },
    /// One digest for several URLs.
    #[error("--checksum belongs to one file, and there are {urls} URLs")]
    OneChecksum {
        /// How many there are.
        urls: usize,
    },
    /// The same algorithm twice.
    #[error("there are two checksums of the algorithm {algorithm}")]
    SameAlgorithm {
        /// Its name.
        algorithm: &'static str,
    },
    /// Two URLs would get one name.
    #[error("two of the URLs would be saved as {name}; download them one by one with --output")]
    SameName {
        /// That name.
        name: String,
    },
    /// `--output` ends like a directory.
    #[error("--output {} names no file; use --dir for a directory", path.display())]
    NoFileName {
        /// As given.
        path: PathBuf,
    },
    /// `--output` is a directory.
    #[error(
        "--output {} is a directory; --dir saves the file in it under its own name",
        path.display()
    )]
    Directory {
        /// As given.
        path: PathBuf,
    },
    /// Whom it is to talk to, or as whom, cannot be.
    #[error(transparent)]
    Connection(#[from] ConnectionError),
    /// The file of `--cert` cannot be read.
    #[error("cannot read the certificates in {}: {source}", path.display())]
    Certificates {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The file of `--key` cannot be read.
    #[error("cannot read the key in {}: {source}", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The file of `--scenario` cannot be read.
    #[error("cannot read the scenario {}: {source}", path.display())]
    ScenarioFile {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The file of `--scenario` is no scenario.
    #[error("the scenario {} is wrong in {source}", path.display())]
    Scenario {
        /// The file.
        path: PathBuf,
        /// Where and what.
        source: ScenarioError,
    },
    /// The files of `--cert` and `--key` hold nothing to serve with.
    #[error(
        "cannot serve with --cert and --key: failed to {source}: {}",
        cause(source)
    )]
    Tls {
        /// Why not.
        source: TlsError,
    },
}

/// What lies behind an error of the server's library.
fn cause(error: &TlsError) -> String {
    error.source().map_or_else(String::new, ToString::to_string)
}
