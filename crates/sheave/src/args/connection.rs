//! Owns the arguments of `get` for authentication, proxies and TLS. Opens no file and reads no
//! environment.

use std::path::PathBuf;

use accelerator::{Pin, TlsVersion};
use clap::Args;

use super::values;

/// Arguments for authentication, proxies and TLS.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Authentication, proxy and TLS options")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the command line"
)]
pub(crate) struct ConnectionArgs {
    /// Log in as this user, with the password of --password-file or --password-env
    #[arg(short, long, value_name = "NAME", conflicts_with_all = ["bearer_file", "bearer_env"])]
    pub(crate) user: Option<String>,
    /// Read the password from the first line of this file; /dev/stdin works
    #[arg(
        long,
        value_name = "FILE",
        requires = "user",
        conflicts_with = "password_env"
    )]
    pub(crate) password_file: Option<PathBuf>,
    /// Read the password from this environment variable
    #[arg(hide_short_help = true)]
    #[arg(long, value_name = "VARIABLE", requires = "user")]
    pub(crate) password_env: Option<String>,
    /// Send the bearer token on the first line of this file
    #[arg(hide_short_help = true)]
    #[arg(long, value_name = "FILE", conflicts_with = "bearer_env")]
    pub(crate) bearer_file: Option<PathBuf>,
    /// Send the bearer token in this environment variable
    #[arg(hide_short_help = true)]
    #[arg(long, value_name = "VARIABLE")]
    pub(crate) bearer_env: Option<String>,
    /// Take user and password from ~/.netrc, or the file that $NETRC names, if it lists the host
    #[arg(hide_short_help = true)]
    #[arg(long, conflicts_with = "netrc_file")]
    pub(crate) netrc: bool,
    /// The same, and the file need not exist, as curl says it.
    #[arg(long, hide = true)]
    pub(crate) netrc_optional: bool,
    /// Take user and password from this file in the format of .netrc, if it lists the host
    #[arg(hide_short_help = true)]
    #[arg(long, value_name = "FILE", alias = "netrc-path")]
    pub(crate) netrc_file: Option<PathBuf>,
    /// Send this header to the URL's origin; only harmless ones, e.g. User-Agent, follow a redirect
    /// to another origin. @FILE reads one header from each line of a file (repeatable)
    #[arg(short = 'H', long = "header", value_name = "K: V|@FILE")]
    pub(crate) headers: Vec<String>,
    /// Send this User-Agent
    #[arg(hide_short_help = true)]
    #[arg(short = 'A', long, value_name = "NAME")]
    pub(crate) user_agent: Option<String>,
    /// Send this Referer
    #[arg(hide_short_help = true)]
    #[arg(long, value_name = "URL", alias = "referrer")]
    pub(crate) referer: Option<String>,
    /// Send these cookies to the URL's origin only. @FILE reads them from a file; in the Netscape
    /// format, each cookie is sent to the hosts it is for. Cookies are never stored
    #[arg(hide_short_help = true)]
    #[arg(long, value_name = "K=V; ...|@FILE")]
    pub(crate) cookie: Option<String>,
    /// Use this proxy, by http, https, socks5 or socks5h [default: from `https_proxy`,
    /// `http_proxy`, `all_proxy`, `no_proxy`]
    #[arg(long, value_name = "URL", conflicts_with = "no_proxy")]
    #[arg(alias = "all-proxy")]
    pub(crate) proxy: Option<String>,
    /// Log in to the proxy as this user, with the password of --proxy-password-file
    #[arg(hide_short_help = true)]
    #[arg(
        long,
        value_name = "NAME",
        requires = "proxy",
        requires = "proxy_password_file"
    )]
    pub(crate) proxy_user: Option<String>,
    /// Read the proxy's password from the first line of this file
    #[arg(hide_short_help = true)]
    #[arg(long, value_name = "FILE", requires = "proxy_user")]
    pub(crate) proxy_password_file: Option<PathBuf>,
    /// Use no proxy, even if the environment names one
    #[arg(hide_short_help = true)]
    #[arg(long)]
    pub(crate) no_proxy: bool,
    /// Also trust the certificates in this PEM file, of authorities or of servers
    #[arg(long, value_name = "FILE", alias = "ca-certificate")]
    pub(crate) cacert: Option<PathBuf>,
    /// Trust only the certificates of --cacert, not the system's
    #[arg(hide_short_help = true)]
    #[arg(long, requires = "cacert")]
    pub(crate) only_cacert: bool,
    /// Trust only servers with this public key, sha256//BASE64, or one of several separated by ;
    /// (repeatable)
    #[arg(hide_short_help = true)]
    #[arg(long = "pin", alias = "pinnedpubkey", value_name = "PIN", value_parser = values::pins)]
    pub(crate) pins: Vec<Pins>,
    /// Client certificate (PEM), sent only to the URL's origin
    #[arg(hide_short_help = true)]
    #[arg(short = 'E', long, value_name = "FILE", alias = "certificate")]
    pub(crate) cert: Option<PathBuf>,
    /// Private key of the client certificate (PEM) [default: in the file of --cert]
    #[arg(hide_short_help = true)]
    #[arg(long, value_name = "FILE", requires = "cert")]
    #[arg(aliases = ["private-key", "cert-key"])]
    pub(crate) key: Option<PathBuf>,
    /// Accept no TLS version older than this
    #[arg(hide_short_help = true)]
    #[arg(
        long,
        value_name = "1.2|1.3",
        default_value = "1.2",
        value_parser = values::tls_version(),
        hide_possible_values = true
    )]
    pub(crate) tls_min: TlsVersion,
    /// Allow redirects from public to private addresses
    #[arg(hide_short_help = true)]
    #[arg(long)]
    pub(crate) allow_private: bool,
}

/// The keys of one `--pin`.
pub(crate) type Pins = Vec<Pin>;
