//! Takes: downloads one file over several connections into a part file, verifies it, and makes
//! its final name appear once it is proven.
//!
//! In scope: driving a `scheduler` over HTTP, a part file and a clock; judging
//! every reply before a byte of it is written; digests; events.
//!
//! Out of scope: the terminal, the environment, exit codes, files other than through
//! `range-store`. There is no global state; two downloads in one process know nothing of each
//! other.
//!
//! A subscriber of `tracing` is told of each download, in a span `download`, and of its requests,
//! replies, failures and events; no secret is among that.
//!
//! ```no_run
//! # async fn example() -> Result<(), accelerator::Error> {
//! use accelerator::{Download, Settings};
//!
//! let settings = Settings {
//!     connections: 8,
//!     ..Settings::default()
//! };
//! let download = Download::new("https://example.org/disk.img", "/tmp/disk.img", settings)?;
//! let report = download.run().await?;
//! println!("{} bytes", report.bytes);
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]

mod blocking;
mod claims;
mod clock;
mod cookies;
mod credentials;
mod digester;
mod disk_time;
mod download;
mod driver;
mod error;
mod error_chain;
mod events;
mod file_name;
mod first;
mod generation;
mod generations;
mod hasher;
mod hidden;
mod inbox;
mod inspect;
mod netrc;
mod no_proxy;
mod ordered;
mod piece_checker;
mod pieces;
mod pin;
mod place;
mod probe;
mod progress;
mod proxy;
mod published;
mod redact;
mod remote_file;
mod report;
mod session;
mod settings;
mod sink;
mod small;
mod source;
mod sources;
mod spawn;
mod speed;
mod stored_url;
mod syncer;
mod target;
mod task;
mod threads;
mod transport;
mod verifier;
mod versions;
mod worker;

pub use cookies::Cookies;
pub use credentials::{Credentials, InvalidCredentials};
pub use download::{CancelHandle, Download, RateHandle, probe};
pub use error::{Error, ErrorKind, Loss, Remedy};
pub use events::{Event, EventStream, RestartReason};
pub use file_name::FileName;
pub use hasher::Hasher;
pub use hidden::is_hidden;
pub use inspect::{Checked, Inspection, inspect};
pub use netrc::Netrc;
pub use pin::{InvalidPin, Pin};
pub use probe::Probe;
pub use progress::{Phase, Progress, ProgressHandle, Tally};
pub use proxy::{InvalidProxy, Proxies, Proxy};
pub use redact::{SafeUrl, Secret};
pub use remote_file::RemoteFile;
pub use report::{Completion, Report, Verification};
pub use settings::{Exists, InvalidSetting, Settings, TlsVersion};
pub use small::{Small, read};
pub use source::Source;

pub use transport::fields::is_harmless;

pub use catalog::Pieces;
pub use range_core::digest::{Digest, DigestAlgorithm, ParseDigestError};
pub use range_core::range::ByteRange;
pub use range_core::range_set::RangeSet;
pub use range_core::units::{
    ByteCount, BytesPerSecond, ParseDurationError, RateLimit, parse_duration,
};
pub use scheduler::Tries;

pub use range_store::{
    NameError, TooLittleMemory, WriteMode, exit_on_bus_error, ignore_file_size_signal,
    spare_address_space, stack_limit, too_little_memory,
};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
