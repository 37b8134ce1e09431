//! Owns the settings of a server and their defaults. Reads neither arguments nor environment.

use std::path::PathBuf;

use http::HeaderMap;
use range_core::http::conditional::RangePolicy;
use range_core::units::BytesPerSecond;

use crate::cors::Cors;
use crate::fault::Fault;
use crate::limits::Limits;
use crate::login::Login;
use crate::profile::Profile;
use crate::record::RequestHook;
use crate::tls::TlsIdentity;

/// The settings of a server. The default serves synthetic content only, without faults or pace.
#[derive(Clone, Default)]
pub struct Config {
    /// The content beside `/synthetic/`.
    pub content: Content,
    /// Serves https instead of http; with [`Config::faults`], without HTTP/2. Default: http.
    pub tls: Option<TlsIdentity>,
    /// The limits of what a peer may cost.
    pub limits: Limits,
    /// The number of ranges a request may ask for, and the answer to a malformed `Range`. Default:
    /// 64, and the whole file.
    pub ranges: RangePolicy,
    /// The server to imitate, in place of [`Config::ranges`]. Default: nobody.
    pub profile: Option<Profile>,
    /// The highest rate of each connection. Default: unlimited.
    pub rate_per_connection: Option<BytesPerSecond>,
    /// The highest rate of all connections together. Default: unlimited.
    pub rate: Option<BytesPerSecond>,
    /// The faults that the server has on purpose. Default: nothing.
    pub faults: Vec<Fault>,
    /// Lets every URL ask for faults in its query, and so whoever writes one decide what becomes of
    /// its request. Default: no; then only URLs of `/synthetic/` do, on a server bound to loopback
    /// and asked for by a name or an address of loopback.
    pub faults_by_url: bool,
    /// The hosts to answer for beside those that are right anyway: a name, an address, `*.NAME` for
    /// names beneath one, or `*` for any. Right anyway are, against DNS rebinding, names and
    /// addresses of loopback; off loopback also every address, and names that the public DNS gives
    /// to nobody: without a dot, or under `.local`, `.internal` or `.home.arpa`. Default: nothing.
    pub hosts: Vec<String>,
    /// The pages of other origins that may read answers. Default: none.
    pub cors: Option<Cors>,
    /// Fields that every answer has, in place of its own of these names. They must not be about how
    /// the answer is framed. Default: none.
    pub headers: HeaderMap,
    /// The name and password that a request has to bring. Default: none.
    pub login: Option<Login>,
    /// Answers every `Range` with the whole, as a server that knows no ranges. Default: no.
    pub no_ranges: bool,
    /// Keeps the last requests, some ten thousand, and shows them at `/.sheave/requests`, where
    /// `DELETE` forgets them. Default: no.
    pub keep_requests: bool,
    /// The listener that is told of every response. Default: nobody.
    pub on_request: Option<RequestHook>,
}

/// The content beside `/synthetic/`, which is always there and hides a directory of that name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Content {
    /// Nothing.
    #[default]
    SyntheticOnly,
    /// The regular files beneath a directory.
    Directory(Directory),
}

/// A directory to serve. Nothing outside it is reachable, whatever names and links say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directory {
    /// The directory. It is looked up again when another one is at its path.
    pub root: PathBuf,
    /// Serves names that start with a dot. Default: no.
    pub allow_hidden: bool,
    /// Follows symbolic links that stay beneath the root. Default: no.
    pub allow_symlinks: bool,
    /// Serves `NAME.br`, `NAME.zst` or `NAME.gz` as the coded form of `NAME` to who accepts it,
    /// unless it is older. Only who laid out the directory knows that they are that. Default: no.
    pub precompressed: bool,
}

impl Directory {
    /// A directory without its hidden files and symbolic links.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            allow_hidden: false,
            allow_symlinks: false,
            precompressed: false,
        }
    }
}
