//! Owns the settings of a download, their defaults, and the names of the values they must not have.
//! Knows no environment and no flags; `task` does the checking.

use std::path::PathBuf;
use std::time::Duration;

use catalog::Pieces;
use range_core::digest::Digest;
use range_core::units::{ByteCount, RateLimit};
use range_store::{NameError, WriteMode};
use scheduler::limits;

use crate::cookies::Cookies;
use crate::credentials::{Credentials, InvalidCredentials};
use crate::pin::Pin;
use crate::proxy::Proxies;
use crate::redact::Secret;
use crate::source::Source;

/// The way a file is downloaded: everything but its URL and its path. The default suits most. It is
/// checked once, by [`Download::new`](crate::Download::new).
///
/// ```
/// use accelerator::{Credentials, Exists, Settings};
///
/// let settings = Settings {
///     connections: 8,
///     exists: Exists::Overwrite,
///     credentials: Some(Credentials::basic("aladdin", "open sesame")?),
///     headers: vec![("Accept-Language".into(), "de".into())],
///     ..Settings::default()
/// };
/// # Ok::<(), accelerator::InvalidCredentials>(())
/// ```
#[derive(Clone, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch that has nothing to do with the others"
)]
pub struct Settings {
    /// Most connections at once, from 1 to [`Settings::CONNECTIONS_MAX`]. Fewer are used where more
    /// bring nothing. With [`WriteMode::Mapped`] each costs a window of 8 MiB of resident memory.
    /// Default: 32.
    pub connections: u16,
    /// Most connections to the URL itself, where its [`sources`](Self::sources) may have others; at
    /// least 1. [`connections`](Self::connections) limits all of them together. Default: no limit.
    pub connections_to_url: Option<u16>,
    /// Most bytes that are received in a second, by all connections together; they share them in
    /// equal parts, and what one cannot use goes to the others. Over any five seconds the limit is
    /// kept to within 2 %. It can be changed on the way: see
    /// [`Download::rate_handle`](crate::Download::rate_handle). Default: no limit.
    pub rate_limit: Option<RateLimit>,
    /// Failures in a row without a byte received before the download gives up; at least 1. Default:
    /// 10, which spans about a minute; 7 where replies of something else came each time, and 5
    /// where none began; and as long as no byte has ever come, 3, or 1 where the server has taken
    /// the request and not begun to answer. A number that is set holds for all of them. A file that
    /// was never to be had by ranges is then asked for once more, without.
    pub max_tries: Option<u32>,
    /// The time a connection that has brought bytes may be silent before it is replaced; more than
    /// zero. There is no limit on the time of the whole download. While a host has addresses
    /// that were never tried, the next one is asked as well each time half of it has brought no
    /// reply. Default: 20 seconds.
    pub stall_timeout: Duration,
    /// The time one that has brought none may be silent; more than zero. Some servers make a
    /// file when it is asked for. Where the server has replied in this run already, that tells how
    /// long it takes, and this is the most. Default: 120 seconds.
    pub first_byte_timeout: Duration,
    /// Most bytes that the file may have. A larger file is refused as soon as a reply states its
    /// length; one whose length no reply states is refused when more bytes have come. Default: no
    /// limit.
    pub max_size: Option<ByteCount>,
    /// The length that the file must have. A source that states another one is refused, and so is a
    /// file that has turned out to have another. Default: any length.
    pub length: Option<ByteCount>,
    /// Other places that the same file can be had from, at most [`Settings::SOURCES_MAX`] of them.
    /// The URL is asked first, and the others as well where ranges are served: work goes where it
    /// is done first. All must have a file of one length; one that has another, or none, is not
    /// asked any more. Whether they have the same bytes, only [`digests`](Self::digests) tell:
    /// where the file does not have them, one source after the other is asked for all that others
    /// gave. Default: none.
    pub sources: Vec<Source>,
    /// The digests that the file must have, or it does not get its name; one for each algorithm.
    /// Hashing costs about half a second of one core a GiB, while the file arrives. Default: none.
    pub digests: Vec<Digest>,
    /// True if the file has to have the digest that the server claims for it in the fields of a
    /// reply (`Repr-Digest`, `Digest` and those of stores), where no other is expected. Nothing is
    /// asked for to that end. Default: yes.
    pub server_digests: bool,
    /// The hashes of the file's pieces, each of which is checked once its bytes are there. A wrong
    /// one alone is fetched again, and a source that gave one alone is not asked any more where
    /// there are others. They count only where the number of pieces is the one that the file has.
    /// Default: none.
    pub pieces: Option<Pieces>,
    /// The client's name, which the field `User-Agent` tells every server on the way; a header of
    /// that name replaces it at the origin of the URL. Default: `accelerator/` and the version of
    /// this crate.
    pub user_agent: String,
    /// Header fields, by name and value, for the origin of the URL. They are not sent anywhere
    /// else, redirects included, unless they [tell nobody anything](crate::is_harmless); of a
    /// `Referer` other origins see the origin. `Range`, `Accept-Encoding`, preconditions and the
    /// fields that frame a request belong to the download, and are left out. Default: none.
    pub headers: Vec<(String, Secret<String>)>,
    /// Cookies, each for the hosts and paths it says, redirects included. Default: none.
    pub cookies: Cookies,
    /// The credentials for the origin of the URL, and for nobody else: once a redirect has left
    /// that origin they are not sent again, not even back there. User and password in the URL are
    /// another way to give them, and both together are an error. Default: none.
    pub credentials: Option<Credentials>,
    /// Certificates of authorities, or of servers, to trust beside the system's authorities, each
    /// text in PEM. Default: none.
    pub authorities: Vec<Vec<u8>>,
    /// True if only [`authorities`](Self::authorities) are trusted. Default: no.
    pub only_authorities: bool,
    /// Keys of which every server that is spoken to over TLS has to have one, redirects included,
    /// besides being trusted; not so proxies. Default: none, and any key will do.
    pub pins: Vec<Pin>,
    /// A certificate, those that lead to its authority, and its private key, in PEM, to show to
    /// the origin of the URL if it asks. After a redirect elsewhere they are not shown again.
    /// Default: none.
    pub identity: Option<Secret<Vec<u8>>>,
    /// The oldest version of TLS that is accepted. Default: 1.2.
    pub oldest_tls: TlsVersion,
    /// The proxies that requests go through; the environment is not read. Default: none.
    pub proxies: Proxies,
    /// True if a server out in the world may redirect to an address of this machine, its network or
    /// its provider's inside. If the URL itself leads inside, its redirects may as well. Behind a
    /// proxy, which looks names up unseen, only URLs that name an address or `localhost` are
    /// judged. Default: no.
    pub allow_private: bool,
    /// True if only hosts out in the world are connected to: not even the URL itself may lead to
    /// this machine, its network or its provider's inside, and each look-up of a name is judged. A
    /// service that fetches what strangers ask for needs it. It goes before
    /// [`allow_private`](Self::allow_private). A proxy may be anywhere, and behind one only URLs
    /// that name an address or `localhost` are judged. Default: no.
    pub public_only: bool,
    /// Most bytes that wait in memory for a [writer](crate::Download::to_writer) that gets the file
    /// in order, [`Settings::WINDOW_MIN`] or more; besides, each connection has 256 KiB. A segment
    /// is shorter than half of each connection's share, so that many connections over a long way
    /// need more. A file is not held back by it. Default: 64 MiB.
    pub window: ByteCount,
    /// The way the part file is written. Default: [`WriteMode::Auto`], which maps the file on local
    /// file systems that keep a reservation. If the mapped file is cut short by another program, or
    /// its disk fails, the process gets SIGBUS: see
    /// [`exit_on_bus_error`](crate::exit_on_bus_error). A process that must survive that writes at
    /// positions.
    pub write_mode: WriteMode,
    /// The answer to a file that has the final name already. Default: [`Exists::Verify`].
    pub exists: Exists,
    /// True if bytes of an earlier run are used. If false, they are deleted. Default: yes.
    pub resume: bool,
    /// True if the file is on the disk, not only in memory, before its final name appears, and
    /// every second what has arrived. If false, the system writes at its own pace, as a rule within
    /// 30 seconds: a power cut within that time can damage the finished file, or takes from an
    /// unfinished one what arrived in it. Default: yes.
    pub sync: bool,
    /// True if the finished file shows the server's `Last-Modified`, where it is sent, as the time
    /// of its last change; otherwise it shows the time it was written. Default: no.
    pub remote_time: bool,
}

impl Settings {
    /// The largest value of [`connections`](Self::connections).
    pub const CONNECTIONS_MAX: u16 = limits::WIDTH_MAX.get();

    /// The smallest [`window`](Self::window): with less, no segment would fit into it while others
    /// wait.
    pub const WINDOW_MIN: ByteCount = ByteCount(limits::WINDOW_MIN);

    /// Most [`sources`](Self::sources) beside the URL.
    pub const SOURCES_MAX: u16 = limits::SOURCES_MAX.get() - 1;
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            connections: limits::WIDTH_DEFAULT.get(),
            connections_to_url: None,
            rate_limit: None,
            max_tries: None,
            stall_timeout: Duration::from_secs(20),
            first_byte_timeout: Duration::from_mins(2),
            max_size: None,
            length: None,
            sources: Vec::new(),
            digests: Vec::new(),
            server_digests: true,
            pieces: None,
            user_agent: concat!("accelerator/", env!("CARGO_PKG_VERSION")).to_owned(),
            headers: Vec::new(),
            cookies: Cookies::default(),
            credentials: None,
            authorities: Vec::new(),
            only_authorities: false,
            pins: Vec::new(),
            identity: None,
            oldest_tls: TlsVersion::default(),
            proxies: Proxies::default(),
            allow_private: false,
            public_only: false,
            window: ByteCount(64 << 20),
            write_mode: WriteMode::default(),
            exists: Exists::default(),
            resume: true,
            sync: true,
            remote_time: false,
        }
    }
}

/// The answer to a file that has the final name already. A file is replaced only by a whole one,
/// and only with [`Overwrite`](Self::Overwrite). A download that was killed between giving the file
/// its name and saying so is complete with any of these.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Exists {
    /// The download fails.
    Error,
    /// It is left as it is, and the download [succeeds](crate::Completion::Skipped). If digests are
    /// expected, it has to have them.
    Skip,
    /// The download succeeds if the file is [the one](crate::Completion::AlreadyComplete) that it
    /// would make, and fails if not, or if that cannot be known. It is known by the digests, if any
    /// are expected; else by a record that an earlier download has left in an extended attribute of
    /// the file, and one request. The record tells the URL, the validators, and the length and time
    /// of last change that the file has had.
    #[default]
    Verify,
    /// If it is not complete, what it has of the file is gone on from. Each block of it that seems
    /// to have been written is copied into the part file; some of them are fetched as well. If
    /// those are the same, the rest follows, and the whole file replaces it. If one differs,
    /// nothing of it is used, and it is kept as `NAME.old`. So it is where the server serves no
    /// ranges or gives no strong validator, unless a digest is expected.
    Continue,
    /// It is replaced once the new one is whole.
    Overwrite,
    /// The new one gets another name: `disk.img.1`, or the first number that is free.
    Rename,
}

/// A version of TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TlsVersion {
    /// RFC 5246, the oldest that is spoken.
    #[default]
    V1_2,
    /// RFC 8446.
    V1_3,
}

/// The reason why a download cannot be what it was described to be.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidSetting {
    /// The URL cannot be parsed.
    #[error("this is no URL, which begins with http:// or https://: {source}")]
    Url {
        /// The fault in it.
        source: url::ParseError,
    },
    /// The URL has another scheme.
    #[error("only http and https URLs can be downloaded, not {scheme}")]
    Scheme {
        /// The scheme it has.
        scheme: String,
    },
    /// The path of the output ends in no name, or like a directory.
    #[error("the output {} names no file", path.display())]
    Output {
        /// The path that was given.
        path: PathBuf,
    },
    /// The output has a name that belongs to an unfinished download.
    #[error(
        "{name:?} is the name of a file beside an unfinished download; a finished file needs \
         another name"
    )]
    Reserved {
        /// The name that was given.
        name: std::ffi::OsString,
    },
    /// The output has a name that no file can have beside its part file and journal.
    #[error("could not {0}")]
    Name(#[from] NameError),
    /// There would be no connection, or more than are ever used.
    #[error(
        "{connections} connections: from 1 to {} are possible",
        Settings::CONNECTIONS_MAX
    )]
    Connections {
        /// The number that was given.
        connections: u16,
    },
    /// There are more sources than are ever asked.
    #[error("{sources} mirrors: at most {} are possible", Settings::SOURCES_MAX)]
    Sources {
        /// The number that was given.
        sources: usize,
    },
    /// The window is too small for a segment to fit into it while others wait.
    #[error(
        "a window of {window} is too small: {} is the least",
        Settings::WINDOW_MIN
    )]
    Window {
        /// The size that was given.
        window: ByteCount,
    },
    /// The download would give up before it began.
    #[error("a download needs one try at least")]
    NoTry,
    /// Every connection would be replaced at once.
    #[error("a connection has to be silent for some time before it is replaced")]
    NoStallTimeout,
    /// No server answers in no time.
    #[error("servers need some time until the first byte of a reply")]
    NoFirstByteTimeout,
    /// There are two digests of one algorithm, of which a file has one.
    #[error("there are two digests of the algorithm {algorithm}")]
    SameAlgorithm {
        /// The algorithm's name.
        algorithm: &'static str,
    },
    /// A header's name or value is malformed. The value is not repeated: it may be a secret.
    #[error("the header {name:?} is malformed")]
    Header {
        /// The name as given.
        name: String,
    },
    /// The field `User-Agent` cannot have this value.
    #[error("{user_agent:?} cannot be sent as the user agent")]
    UserAgent {
        /// The value that was given.
        user_agent: String,
    },
    /// User and password of the URL cannot be sent.
    #[error("user and password in the URL: {0}")]
    Credentials(#[from] InvalidCredentials),
    /// There is more than one of user and password in the URL, credentials, and a header
    /// `Authorization`.
    #[error("there are two sets of credentials: in the URL, as a setting, or as a header")]
    TwoCredentials,
    /// The text that should be certificates of authorities is none.
    #[error(
        "the certificates of authorities are not in PEM format; to write one so: \
         openssl x509 -in FILE -out NEW"
    )]
    Authorities,
    /// The text that should be a certificate and its key is none. The error does not repeat it.
    #[error(
        "the client's certificate is not in PEM format; to write it so: openssl x509 -in FILE \
         -out NEW, or openssl pkcs12 -in FILE -nodes -out NEW for a .p12 or .pfx"
    )]
    Identity,
    /// There is no private key with the certificate, or none of a kind that can be used.
    #[error(
        "there is no private key in PEM format with the client's certificate, of RSA, P-256, \
         P-384 or Ed25519"
    )]
    NoKey,
    /// The private key needs a password, and there is none to be asked for.
    #[error(
        "the client's key is encrypted; write it without its password, to a file for nobody else: \
         openssl pkey -in KEY -out FILE"
    )]
    EncryptedKey,
    /// Key and certificate do not belong together.
    #[error("the client's key is not the one of its certificate")]
    KeyOfAnother,
}
