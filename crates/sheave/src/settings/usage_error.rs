//! Owns the errors of arguments that cannot be used together, or name something unusable.

use std::error::Error;
use std::io;
use std::path::PathBuf;

use accelerator::{ByteCount, ParseDigestError};
use range_server::TlsError;
use range_server::scenario::ScenarioError;

use super::connection::ConnectionError;
use crate::checksum_list::NoChecksum;
use crate::metalink::Unusable;

/// The reason why arguments that are valid one by one cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UsageError {
    /// One file name was given for several URLs.
    #[error("--output names one file, and there are {urls} URLs; use --dir")]
    OneOutput {
        /// The number of URLs.
        urls: usize,
    },
    /// The bytes of a file and lines of JSON would be mixed.
    #[error("--output - and --json both write to standard output; leave one of them out")]
    JsonToo,
    /// A part is to be continued where there is none.
    #[error(
        "--continue cannot go on with what standard output was given; without it, --output - \
         writes the whole file"
    )]
    NothingToContinue,
    /// Standard output is a terminal.
    #[error(
        "--output - would write the file to the terminal; send it to a program or a file, as in \
         `sheave get -o - URL | less`"
    )]
    Terminal,
    /// `--window` is too small.
    #[error("--window {window} is too small: with less than {least} no two requests fit into it")]
    Window {
        /// The size that was given.
        window: ByteCount,
        /// The smallest one.
        least: ByteCount,
    },
    /// One digest was given for several URLs.
    #[error(
        "--checksum belongs to one file, and there are {urls} URLs; write each checksum behind its \
         URL, as in URL#sha256=HEX"
    )]
    OneChecksum {
        /// The number of URLs.
        urls: usize,
    },
    /// Mirrors were given for several URLs.
    #[error("--mirror belongs to one file, and there are {urls} URLs")]
    OneMirrored {
        /// The number of URLs.
        urls: usize,
    },
    /// A Metalink document is not used.
    #[error(transparent)]
    Metalink(#[from] Unusable),
    /// An option is about a URL, and there is a list.
    #[error("{option} belongs to a URL, and a Metalink document has its own")]
    OfUrls {
        /// The option.
        option: &'static str,
    },
    /// The list of `--checksum-file` gives no checksum.
    #[error(transparent)]
    NoChecksum(#[from] NoChecksum),
    /// The fragment of a URL begins as a checksum, and is none.
    #[error("the end of the URL, from # on: {source}")]
    Fragment {
        /// The fault in it.
        source: ParseDigestError,
    },
    /// Two values of one algorithm were given for one file.
    #[error("there are two checksums of the algorithm {algorithm}")]
    SameAlgorithm {
        /// Its name.
        algorithm: &'static str,
    },
    /// Two URLs would get the same file name.
    #[error("two of the URLs would be saved as {name}; download them one by one with --output")]
    SameName {
        /// That name.
        name: String,
    },
    /// Only https is wanted, and a URL is of http.
    #[error("only https is allowed, and one of the URLs uses http")]
    NotHttps,
    /// The directory to serve does not exist, and is written as a port is.
    #[error("there is no directory {place}; to listen there, use --bind {place}")]
    PortForDirectory {
        /// The argument.
        place: String,
    },
    /// `--output` ends like a directory.
    #[error("--output {} names no file; use --dir for a directory", path.display())]
    NoFileName {
        /// The path as given.
        path: PathBuf,
    },
    /// `--output` is a directory.
    #[error(
        "--output {} is a directory; --dir saves the file in it under its own name",
        path.display()
    )]
    Directory {
        /// The path as given.
        path: PathBuf,
    },
    /// The settings for authentication, proxies or TLS cannot be used.
    #[error(transparent)]
    Connection(#[from] ConnectionError),
    /// The file of `--cert` cannot be read.
    #[error("cannot read the certificates in {}: {source}", path.display())]
    Certificates {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// The file of `--key` cannot be read.
    #[error("cannot read the key in {}: {source}", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// The file of `--scenario` cannot be read.
    #[error("cannot read the scenario {}: {source}", path.display())]
    ScenarioFile {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// The file of `--scenario` is not a valid scenario.
    #[error("the scenario {} is wrong in {source}", path.display())]
    Scenario {
        /// The file.
        path: PathBuf,
        /// The place and the problem.
        source: ScenarioError,
    },
    /// The files of `--cert` and `--key` hold no usable certificate and key.
    #[error(
        "cannot serve with --cert and --key: failed to {source}: {}",
        cause(source)
    )]
    Tls {
        /// The reason.
        source: TlsError,
    },
}

/// Returns the cause of an error of the server's library.
fn cause(error: &TlsError) -> String {
    error.source().map_or_else(String::new, ToString::to_string)
}
