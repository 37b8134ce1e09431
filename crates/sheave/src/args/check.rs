//! Owns the command line of `check-server`. Decides nothing.

use std::path::PathBuf;

use clap::Args as ClapArgs;
use url::Url;

use super::place;

pub(super) const EXAMPLES: &str = "\
Examples:
  sheave check-server http://127.0.0.1:8080/disk.img
  sheave check-server --verbose https://example.org/disk.img
  sheave check-server --json --cacert authority.pem https://example.org/disk.img
  sheave check-server --junit report.xml http://127.0.0.1:8080/disk.img

The file must have at least 1000 bytes; a file of up to 1MiB is compared whole.
Exits with 9 if the server breaks a rule that RFC 9110 or RFC 9112 says it must
keep, and with 3 if it is gone before the end.";

/// Arguments of `check-server`.
#[derive(Debug, ClapArgs)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the command line"
)]
pub(crate) struct CheckArgs {
    /// A file on the server, by http or https; redirects are followed
    #[arg(value_name = "URL", value_parser = place::url)]
    pub(crate) url: Url,
    /// Send this header with each request, to the URL's origin only. @FILE reads one header from
    /// each line of a file (repeatable)
    #[arg(short = 'H', long = "header", value_name = "K: V|@FILE")]
    pub(crate) headers: Vec<String>,
    /// Also trust the certificates in this PEM file, of authorities or of servers
    #[arg(long, value_name = "FILE")]
    pub(crate) cacert: Option<PathBuf>,
    /// Trust only the certificates of --cacert, not the system's
    #[arg(long, requires = "cacert")]
    pub(crate) only_cacert: bool,
    /// Trust any certificate
    #[arg(short = 'k', long, conflicts_with_all = ["cacert", "only_cacert"])]
    pub(crate) insecure: bool,
    /// Write one JSON object
    #[arg(long)]
    pub(crate) json: bool,
    /// Write a report in the JUnit format, as CI services read it, to this file
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
    /// Show the sentence of the RFC behind each finding
    #[arg(short, long, conflicts_with = "json")]
    pub(crate) verbose: bool,
    /// Switches of curl: redirects are followed and errors shown in any case.
    #[arg(short = 'L', long = "location", short_aliases = ['s', 'S', 'f'], hide = true)]
    #[arg(action = clap::ArgAction::Count)]
    needless: u8,
}
