//! Owns the settings of a download and how they are checked. Knows no environment and no flags.

use std::num::NonZeroU16;
use std::path::PathBuf;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use range_core::digest::{Digest, DigestAlgorithm};
use range_core::limits;
use range_store::{PartNames, Publish, WriteMode};
use url::Url;

use crate::download::Download;
use crate::error::Error;

/// Everything a download needs to know.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) url: Url,
    pub(crate) directory: PathBuf,
    pub(crate) names: PartNames,
    pub(crate) connections: NonZeroU16,
    pub(crate) digests: Vec<Digest>,
    pub(crate) headers: HeaderMap,
    pub(crate) extra_roots: Vec<Vec<u8>>,
    pub(crate) max_tries: u32,
    pub(crate) stall_timeout: Duration,
    pub(crate) write_mode: WriteMode,
    pub(crate) publish: Publish,
    pub(crate) resume: bool,
    pub(crate) remote_time: bool,
}

impl Settings {
    /// Of the digests that are expected, in their order.
    pub(crate) fn algorithms(&self) -> Vec<DigestAlgorithm> {
        self.digests.iter().map(Digest::algorithm).collect()
    }
}

/// Why a setting makes no sense.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidSetting {
    /// The URL cannot be parsed.
    #[error("this is no URL: {source}")]
    Url {
        /// What is wrong with it.
        source: url::ParseError,
    },
    /// The URL has another scheme.
    #[error("only http and https URLs can be downloaded, not {scheme}")]
    Scheme {
        /// The scheme it has.
        scheme: String,
    },
    /// A header's name or value is malformed. The value is not repeated: it may be a secret.
    #[error("the header {name:?} is malformed")]
    Header {
        /// The name as given.
        name: String,
    },
}

/// Settings of a download; see [`Download::builder`](crate::Download::builder).
#[derive(Debug)]
#[must_use]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is set by a method of its own"
)]
pub struct DownloadBuilder {
    url: String,
    directory: PathBuf,
    name: std::ffi::OsString,
    connections: u16,
    digests: Vec<Digest>,
    headers: Vec<(String, String)>,
    extra_roots: Vec<Vec<u8>>,
    max_tries: u32,
    stall_timeout: Duration,
    write_mode: WriteMode,
    overwrite: bool,
    sync: bool,
    resume: bool,
    remote_time: bool,
}

impl DownloadBuilder {
    pub(crate) fn new(url: String) -> Self {
        Self {
            url,
            directory: PathBuf::from("."),
            name: "download".into(),
            connections: limits::WIDTH_DEFAULT.get(),
            digests: Vec::new(),
            headers: Vec::new(),
            extra_roots: Vec::new(),
            max_tries: 10,
            stall_timeout: Duration::from_secs(20),
            write_mode: WriteMode::default(),
            overwrite: false,
            sync: true,
            resume: true,
            remote_time: false,
        }
    }

    /// Where the file goes: an existing directory, and the final name in it. The part file and
    /// its journal stand beside it as `NAME.part` and `NAME.part.journal`. Default: `download` in
    /// the current directory.
    pub fn output(
        mut self,
        directory: impl Into<PathBuf>,
        name: impl Into<std::ffi::OsString>,
    ) -> Self {
        self.directory = directory.into();
        self.name = name.into();
        self
    }

    /// Most connections at once, between 1 and 256; other numbers count as the nearest of these.
    /// Each costs a window of 8 MiB of mapped, hence resident, memory. Default: 8.
    pub fn connections(mut self, connections: u16) -> Self {
        self.connections = connections;
        self
    }

    /// A digest the file must have, or it is not published. May be given once an algorithm;
    /// hashing costs about half a second of one core a GiB, while the file arrives.
    pub fn expect_digest(mut self, digest: Digest) -> Self {
        self.digests.push(digest);
        self
    }

    /// A header field for the origin of the URL. It is not sent anywhere else, redirects
    /// included. `Range` and `Accept-Encoding` are ours and cannot be set.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// PEM certificates of authorities to trust beside the system's.
    pub fn trust(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.extra_roots.push(pem.into());
        self
    }

    /// Failures in a row without a byte received before the download gives up; at least 1.
    /// Default: 10, which spans about a minute and a half.
    pub fn max_tries(mut self, tries: u32) -> Self {
        self.max_tries = tries.max(1);
        self
    }

    /// How long a connection may be silent before it is replaced. There is no limit on the time
    /// of the whole download. Default: 20 seconds.
    pub fn stall_timeout(mut self, timeout: Duration) -> Self {
        self.stall_timeout = timeout;
        self
    }

    /// How the part file is written. Default: mapped where that is safe and fast.
    pub fn write_mode(mut self, mode: WriteMode) -> Self {
        self.write_mode = mode;
        self
    }

    /// Whether a file under the final name may be replaced. Default: no.
    pub fn overwrite(mut self, overwrite: bool) -> Self {
        self.overwrite = overwrite;
        self
    }

    /// Whether the file is on the disk, not only in memory, before its final name appears.
    /// Without it a power cut within the next half minute can damage the finished file. Default:
    /// yes.
    pub fn sync(mut self, sync: bool) -> Self {
        self.sync = sync;
        self
    }

    /// Whether bytes of an earlier run are used. Default: yes. Without it they are deleted.
    pub fn resume(mut self, resume: bool) -> Self {
        self.resume = resume;
        self
    }

    /// Whether the finished file shows the server's `Last-Modified`, where it is sent, as the time
    /// of its last change. Default: no, it shows when it was written.
    pub fn remote_time(mut self, remote_time: bool) -> Self {
        self.remote_time = remote_time;
        self
    }

    /// Checks the settings. Touches neither network nor disk.
    pub fn build(self) -> Result<Download, Error> {
        let url = Url::parse(&self.url).map_err(|source| InvalidSetting::Url { source })?;
        if !matches!(url.scheme(), "http" | "https") {
            let scheme = url.scheme().to_owned();
            return Err(InvalidSetting::Scheme { scheme }.into());
        }
        let connections = self.connections.clamp(1, limits::WIDTH_MAX.get());
        Ok(Download::new(Settings {
            url,
            names: PartNames::new(&self.name)?,
            headers: parse_headers(&self.headers)?,
            connections: NonZeroU16::new(connections).expect("at least 1"),
            directory: self.directory,
            digests: self.digests,
            extra_roots: self.extra_roots,
            max_tries: self.max_tries,
            stall_timeout: self.stall_timeout,
            write_mode: self.write_mode,
            publish: Publish {
                overwrite: self.overwrite,
                sync: self.sync,
            },
            resume: self.resume,
            remote_time: self.remote_time,
        }))
    }
}

fn parse_headers(headers: &[(String, String)]) -> Result<HeaderMap, InvalidSetting> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let malformed = || InvalidSetting::Header { name: name.clone() };
        let key = HeaderName::try_from(name.as_str()).map_err(|_| malformed())?;
        let mut value = HeaderValue::try_from(value.as_str()).map_err(|_| malformed())?;
        value.set_sensitive(true);
        map.append(key, value);
    }
    Ok(map)
}
