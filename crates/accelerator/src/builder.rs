//! Owns the settings of a download and how they are checked. Knows no environment and no flags.

use std::num::NonZeroU16;
use std::path::PathBuf;
use std::time::Duration;

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};
use range_core::digest::{Digest, DigestAlgorithm};
use range_core::units::RateLimit;
use range_store::{PartNames, Publish, WriteMode};
use scheduler::limits;
use url::Url;

use crate::credentials::{Credentials, InvalidCredentials};
use crate::download::Download;
use crate::error::Error;
use crate::proxy::Proxies;
use crate::redact::Secret;

/// Everything a download needs to know.
#[derive(Debug)]
pub(crate) struct Settings {
    /// Without user and password, which are among the headers.
    pub(crate) url: Url,
    pub(crate) directory: PathBuf,
    pub(crate) names: PartNames,
    pub(crate) connections: NonZeroU16,
    pub(crate) digests: Vec<Digest>,
    /// For the origin of `url` only.
    pub(crate) headers: HeaderMap,
    pub(crate) tls: TlsSettings,
    pub(crate) proxies: Proxies,
    pub(crate) allow_private: bool,
    pub(crate) max_tries: u32,
    pub(crate) stall_timeout: Duration,
    pub(crate) rate_limit: Option<RateLimit>,
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

/// Whom a download trusts, and what it shows of itself, over TLS.
#[derive(Clone, Debug, Default)]
pub(crate) struct TlsSettings {
    /// PEM certificates trusted beside the system's.
    pub(crate) extra_roots: Vec<Vec<u8>>,
    /// A certificate and its key, in PEM, shown to the origin of the URL only.
    pub(crate) identity: Option<Secret<Vec<u8>>>,
    pub(crate) oldest: TlsVersion,
}

/// A version of TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TlsVersion {
    /// RFC 5246, the oldest that is spoken.
    #[default]
    V1_2,
    /// RFC 8446.
    V1_3,
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
    /// User and password of the URL cannot be sent.
    #[error("user and password in the URL: {0}")]
    Credentials(#[from] InvalidCredentials),
    /// Two of: user and password in the URL, credentials, a header `Authorization`.
    #[error("there are two sets of credentials: in the URL, as a setting, or as a header")]
    TwoCredentials,
    /// What should be certificates of authorities is none.
    #[error("the certificates of authorities are not in PEM format")]
    Authorities,
    /// What should be a certificate and its key is none. It is not repeated.
    #[error("the client's certificate and key are not in PEM format")]
    Identity,
}

/// Settings of a download; see [`Download::builder`](crate::Download::builder).
#[derive(Debug)]
#[must_use]
pub struct DownloadBuilder {
    url: Secret<String>,
    directory: PathBuf,
    name: std::ffi::OsString,
    connections: u16,
    digests: Vec<Digest>,
    headers: Vec<(String, Secret<String>)>,
    credentials: Option<Credentials>,
    tls: TlsSettings,
    proxies: Proxies,
    allow_private: bool,
    max_tries: u32,
    stall_timeout: Duration,
    rate_limit: Option<RateLimit>,
    write_mode: WriteMode,
    publish: Publish,
    resume: bool,
    remote_time: bool,
}

impl DownloadBuilder {
    pub(crate) fn new(url: String) -> Self {
        Self {
            url: url.into(),
            directory: PathBuf::from("."),
            name: "download".into(),
            connections: limits::WIDTH_DEFAULT.get(),
            digests: Vec::new(),
            headers: Vec::new(),
            credentials: None,
            tls: TlsSettings::default(),
            proxies: Proxies::default(),
            allow_private: false,
            max_tries: 10,
            stall_timeout: Duration::from_secs(20),
            rate_limit: None,
            write_mode: WriteMode::default(),
            publish: Publish {
                overwrite: false,
                sync: true,
            },
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
    /// Where the file is mapped each costs a window of 8 MiB of resident memory. Default: 32.
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
        self.headers.push((name.into(), Secret::new(value.into())));
        self
    }

    /// Who the download says it is to the origin of the URL, and to nobody else: once a redirect
    /// has left that origin they are not sent again, not even back there. User and password in the
    /// URL are the same thing said differently, and both together are an error.
    pub fn credentials(mut self, credentials: Credentials) -> Self {
        self.credentials = Some(credentials);
        self
    }

    /// PEM certificates of authorities to trust beside the system's.
    pub fn trust(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.tls.extra_roots.push(pem.into());
        self
    }

    /// A certificate, those that lead to its authority, and its private key, in PEM, to show to
    /// the origin of the URL if it asks. After a redirect elsewhere they are not shown again.
    pub fn identity(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.tls.identity = Some(Secret::new(pem.into()));
        self
    }

    /// The oldest version of TLS that is accepted. Default: 1.2.
    pub fn oldest_tls(mut self, version: TlsVersion) -> Self {
        self.tls.oldest = version;
        self
    }

    /// Who stands between. Default: nobody; the environment is not read.
    pub fn proxies(mut self, proxies: Proxies) -> Self {
        self.proxies = proxies;
        self
    }

    /// Whether a server out in the world may redirect to an address of this machine, its network
    /// or its provider's inside. Default: no. Where the URL itself leads inside, its redirects may
    /// as well. Behind a proxy, whose look-ups nobody sees, only URLs that name an address or
    /// `localhost` are judged.
    pub fn allow_private(mut self, allow: bool) -> Self {
        self.allow_private = allow;
        self
    }

    /// Failures in a row without a byte received before the download gives up; at least 1.
    /// Default: 10, which spans about a minute and a half.
    pub fn max_tries(mut self, tries: u32) -> Self {
        self.max_tries = tries.max(1);
        self
    }

    /// How long a connection may be silent before it is replaced. There is no limit on the time
    /// of the whole download. While a host has addresses that were never tried, one that does not
    /// answer is left after half of it. Default: 20 seconds.
    pub fn stall_timeout(mut self, timeout: Duration) -> Self {
        self.stall_timeout = timeout;
        self
    }

    /// Most that is received in a second, by all connections together; they share it in equal
    /// parts, and what one cannot use goes to the others. Over any five seconds it is kept to
    /// within 2 %. It can be changed on the way: see
    /// [`Download::rate_handle`](crate::Download::rate_handle). Default: no limit.
    pub fn rate_limit(mut self, limit: RateLimit) -> Self {
        self.rate_limit = Some(limit);
        self
    }

    /// How the part file is written. Default: [`WriteMode::Positioned`].
    pub fn write_mode(mut self, mode: WriteMode) -> Self {
        self.write_mode = mode;
        self
    }

    /// Whether a file under the final name may be replaced. Default: no.
    pub fn overwrite(mut self, overwrite: bool) -> Self {
        self.publish.overwrite = overwrite;
        self
    }

    /// Whether the file is on the disk, not only in memory, before its final name appears, and what
    /// has arrived every second. Without it the system writes when it likes, as a rule within half
    /// a minute: a power cut within that time can damage the finished file, or takes from one that
    /// is not finished what arrived in it. Default: yes.
    pub fn sync(mut self, sync: bool) -> Self {
        self.publish.sync = sync;
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
        let url = Url::parse(self.url.reveal());
        let mut url = url.map_err(|source| InvalidSetting::Url { source })?;
        if !matches!(url.scheme(), "http" | "https") {
            let scheme = url.scheme().to_owned();
            return Err(InvalidSetting::Scheme { scheme }.into());
        }
        let mut headers = parse_headers(&self.headers)?;
        let in_url = Credentials::take_from(&mut url).map_err(InvalidSetting::Credentials)?;
        for credentials in self.credentials.into_iter().chain(in_url) {
            let header = headers.insert(AUTHORIZATION, credentials.header_value());
            if header.is_some() {
                return Err(InvalidSetting::TwoCredentials.into());
            }
        }
        let connections = self.connections.clamp(1, limits::WIDTH_MAX.get());
        Ok(Download::new(Settings {
            url,
            names: PartNames::new(&self.name)?,
            headers,
            connections: NonZeroU16::new(connections).expect("at least 1"),
            directory: self.directory,
            digests: self.digests,
            tls: self.tls,
            proxies: self.proxies,
            allow_private: self.allow_private,
            max_tries: self.max_tries,
            stall_timeout: self.stall_timeout,
            rate_limit: self.rate_limit,
            write_mode: self.write_mode,
            publish: self.publish,
            resume: self.resume,
            remote_time: self.remote_time,
        }))
    }
}

fn parse_headers(headers: &[(String, Secret<String>)]) -> Result<HeaderMap, InvalidSetting> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let malformed = || InvalidSetting::Header { name: name.clone() };
        let key = HeaderName::try_from(name.as_str()).map_err(|_| malformed())?;
        let mut value = HeaderValue::try_from(value.reveal().as_str()).map_err(|_| malformed())?;
        value.set_sensitive(true);
        map.append(key, value);
    }
    Ok(map)
}
