//! Owns the arguments of `get` that say whom it talks to, and as whom. Opens no file and reads no
//! environment.

use std::path::PathBuf;

use accelerator::{Pin, TlsVersion};
use clap::Args;

use super::values;

/// Arguments of connections.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Whom it talks to, and as whom")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the command line"
)]
pub(crate) struct ConnectionArgs {
    /// Log in as this user, with the password of --password-file or --password-env
    #[arg(long, value_name = "NAME", conflicts_with_all = ["bearer_file", "bearer_env"])]
    pub(crate) user: Option<String>,
    /// The password is the first line of this file; /dev/stdin works
    #[arg(
        long,
        value_name = "FILE",
        requires = "user",
        conflicts_with = "password_env"
    )]
    pub(crate) password_file: Option<PathBuf>,
    /// The password is in this environment variable
    #[arg(long, value_name = "VARIABLE", requires = "user")]
    pub(crate) password_env: Option<String>,
    /// Send the token on the first line of this file
    #[arg(long, value_name = "FILE", conflicts_with = "bearer_env")]
    pub(crate) bearer_file: Option<PathBuf>,
    /// Send the token in this environment variable
    #[arg(long, value_name = "VARIABLE")]
    pub(crate) bearer_env: Option<String>,
    /// Take user and password from ~/.netrc, or the file that $NETRC names, where it has the host
    #[arg(long, conflicts_with = "netrc_file")]
    pub(crate) netrc: bool,
    /// Take user and password from this file in the format of .netrc, where it has the host
    #[arg(long, value_name = "FILE")]
    pub(crate) netrc_file: Option<PathBuf>,
    /// Send this header to the URL's origin; harmless ones, as User-Agent, follow redirects, no
    /// other does. @FILE reads one from each line of a file (repeatable)
    #[arg(long = "header", value_name = "K: V|@FILE")]
    pub(crate) headers: Vec<String>,
    /// Send these cookies to the URL's origin, and nowhere else; @FILE reads them from a file, and
    /// where that is in the Netscape format, each is sent to the hosts it is for. None is ever kept
    #[arg(long, value_name = "K=V; ...|@FILE")]
    pub(crate) cookie: Option<String>,
    /// Go through this proxy, by http, https, socks5 or socks5h [default: that of
    /// the environment: `https_proxy`, `http_proxy`, `all_proxy`, `no_proxy`]
    #[arg(long, value_name = "URL", conflicts_with = "no_proxy")]
    pub(crate) proxy: Option<String>,
    /// Log in to the proxy as this user, with the password of --proxy-password-file
    #[arg(
        long,
        value_name = "NAME",
        requires = "proxy",
        requires = "proxy_password_file"
    )]
    pub(crate) proxy_user: Option<String>,
    /// The proxy's password is the first line of this file
    #[arg(long, value_name = "FILE", requires = "proxy_user")]
    pub(crate) proxy_password_file: Option<PathBuf>,
    /// Use no proxy, whatever the environment says
    #[arg(long)]
    pub(crate) no_proxy: bool,
    /// Trust the certificates in this PEM file too, of authorities or of servers
    #[arg(long, value_name = "FILE")]
    pub(crate) cacert: Option<PathBuf>,
    /// Trust the certificates of --cacert alone, and not the system's
    #[arg(long, requires = "cacert")]
    pub(crate) only_cacert: bool,
    /// Trust only servers with this public key, sha256//BASE64, or one of several, divided by ;
    /// (repeatable)
    #[arg(long = "pin", value_name = "PIN", value_parser = values::pins)]
    pub(crate) pins: Vec<Pins>,
    /// Show this certificate, a PEM file, to the URL's origin if it asks
    #[arg(long, value_name = "FILE")]
    pub(crate) cert: Option<PathBuf>,
    /// The private key of the certificate, a PEM file [default: in the file of --cert]
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub(crate) key: Option<PathBuf>,
    /// Accept no TLS older than this
    #[arg(
        long,
        value_name = "1.2|1.3",
        default_value = "1.2",
        value_parser = values::tls_version(),
        hide_possible_values = true
    )]
    pub(crate) tls_min: TlsVersion,
    /// Follow redirects from the world to addresses inside this machine or its network
    #[arg(long)]
    pub(crate) allow_private: bool,
}

/// Keys that stand behind one `--pin`.
pub(crate) type Pins = Vec<Pin>;
