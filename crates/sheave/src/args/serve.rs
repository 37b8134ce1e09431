//! Owns the command line of `serve` as the user writes it. Reads no environment, and does not
//! decide what the values mean together.

use std::num::NonZeroU16;
use std::path::PathBuf;
use std::time::Duration;

use accelerator::BytesPerSecond;
use clap::Args as ClapArgs;
use range_server::http::{HeaderName, HeaderValue};
use range_server::{InvalidRange, Login, Profile};

use super::bind::Bind;
use super::values;
use crate::duration;

pub(super) const EXAMPLES: &str = "\
Examples:
  sheave serve                              this directory, on 127.0.0.1:8080
  sheave serve --bind 127.0.0.1:0 ~/images  on a free port, which line 1 names
  sheave serve --rate-per-connection 2MiB   slowly, to see connections add up
  sheave serve --tls                        https; line 2 names the certificate

Synthetic content of any size is at /synthetic/SIZE, e.g.
http://127.0.0.1:8080/synthetic/10GiB.";

/// Arguments of `serve`.
#[derive(Debug, ClapArgs)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the command line"
)]
pub(crate) struct ServeArgs {
    /// The directory to serve
    #[arg(default_value = ".", value_name = "DIR", value_parser = values::path())]
    pub(crate) dir: PathBuf,
    /// Listen here: PORT, HOST, HOST:PORT or unix:PATH; without a host on loopback, without a port
    /// on 8080, and on any free one for port 0 [default: 127.0.0.1:8080, or the socket that systemd
    /// has opened]
    #[arg(long, value_name = "ADDR", value_parser = Bind::parse)]
    pub(crate) bind: Option<Bind>,
    /// Serve https, with --cert or with a certificate made for this run, whose file the second line
    /// of output names
    #[arg(long)]
    pub(crate) tls: bool,
    /// Certificate chain (PEM), the server's own certificate first
    #[arg(long, value_name = "FILE", requires = "tls", requires = "key")]
    pub(crate) cert: Option<PathBuf>,
    /// Private key of the certificate (PEM)
    #[arg(long, value_name = "FILE", requires = "tls", requires = "cert")]
    pub(crate) key: Option<PathBuf>,
    /// Serve names that start with a dot
    #[arg(long)]
    pub(crate) allow_hidden: bool,
    /// Follow symbolic links that stay inside the directory
    #[arg(long)]
    pub(crate) allow_symlinks: bool,
    /// Serve NAME.br, NAME.zst or NAME.gz in place of NAME to clients that accept it, unless it is
    /// older
    #[arg(long)]
    pub(crate) precompressed: bool,
    /// Ask for this name and password (basic authentication)
    #[arg(long, value_name = "NAME:PASSWORD", value_parser = values::login)]
    pub(crate) basic_auth: Option<Login>,
    /// Let pages of other origins read answers: of any, or of ORIGIN (can be repeated)
    #[arg(long, value_name = "ORIGIN", value_parser = values::origin)]
    #[arg(num_args = 0..=1, default_missing_value = "*", require_equals = true)]
    pub(crate) cors: Vec<String>,
    /// Add this field to every answer, in place of its own of that name (can be repeated)
    #[arg(long = "header", value_name = "NAME: VALUE", value_parser = values::field)]
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    /// Maximum connections; further ones wait [default: 512]
    #[arg(long, value_name = "N", value_parser = values::from_one_to(65_536))]
    pub(crate) max_connections: Option<u32>,
    /// Maximum connections per client address; loopback is unlimited [default: 256]
    #[arg(long, value_name = "N", value_parser = values::from_one_to(65_536))]
    pub(crate) max_connections_per_address: Option<u32>,
    /// Drop a client that takes longer than this to send its next request [default: 30s]
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    pub(crate) header_timeout: Option<Duration>,
    /// Drop a client that reads nothing for this long [default: 60s]
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    pub(crate) stall_timeout: Option<Duration>,
    /// Limit the speed of all connections together, e.g. 10MiB a second
    #[arg(long, value_name = "SIZE", value_parser = values::rate)]
    pub(crate) rate: Option<BytesPerSecond>,
    /// Limit the speed of each connection, e.g. 1MiB a second
    #[arg(long, value_name = "SIZE", value_parser = values::rate)]
    pub(crate) rate_per_connection: Option<BytesPerSecond>,
    /// Send the whole file to clients that ask for more than N ranges at once [default: 64]
    #[arg(long, value_name = "N", value_parser = values::ranges)]
    pub(crate) max_ranges: Option<NonZeroU16>,
    /// Answer a malformed Range with the whole file, or with 416
    #[arg(
        long,
        value_name = "ignore|reject",
        default_value = "ignore",
        value_parser = values::invalid_range(),
        hide_possible_values = true
    )]
    pub(crate) invalid_range: InvalidRange,
    /// Answer every Range with the whole file, as a server that knows no ranges
    #[arg(long, conflicts_with_all = ["max_ranges", "invalid_range", "profile"])]
    pub(crate) no_ranges: bool,
    /// Imitate this server: nginx, apache, lighttpd, caddy, go, python, varnish or express
    #[arg(long = "as", value_name = "SERVER", value_parser = values::profile())]
    #[arg(hide_possible_values = true)]
    #[arg(conflicts_with_all = ["max_ranges", "invalid_range"])]
    pub(crate) profile: Option<Profile>,
    /// Answer requests for this host as well: a name, an address, *.NAME, or * for any
    /// [default: loopback; with --bind elsewhere also addresses and names in no public DNS]
    #[arg(long, value_name = "NAME", value_parser = values::host)]
    pub(crate) host: Vec<String>,
    /// Misbehave as described in this TOML file, which is read again on SIGHUP
    #[arg(long, value_name = "FILE")]
    pub(crate) scenario: Option<PathBuf>,
    /// Let any URL ask for faults with ?fault=; without this, those of /synthetic/ do on loopback
    #[arg(long)]
    pub(crate) faults: bool,
    /// Append one JSON object per request to this file; - is standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) log_json: Option<PathBuf>,
    /// Keep the last requests for GET /.sheave/requests, where DELETE forgets them
    #[arg(long)]
    pub(crate) keep_requests: bool,
    /// Do not show requests
    #[arg(short, long)]
    pub(crate) quiet: bool,
}
