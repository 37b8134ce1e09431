//! Owns the command line as the user writes it: names, defaults and help. Reads no environment, and
//! does not decide what the values mean together.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use accelerator::{ByteCount, Digest, RateLimit, Settings, WriteMode};
use clap::{Args as ClapArgs, Parser, Subcommand};

use crate::duration;
use crate::exit_code::Exit;

mod connection;
mod serve;
mod values;

pub(crate) use connection::ConnectionArgs;
pub(crate) use serve::ServeArgs;
use values::AUTO;

const EXAMPLES: &str = "\
Examples:
  sheave https://example.org/disk.img   download to ./disk.img
  sheave serve ~/images                 serve a directory on 127.0.0.1:8080
  sheave demo                           see it work, without a network
  sheave inspect disk.img.part          see what an interrupted download holds

Exit codes: 0 complete, 1 bug, 2 usage, 3 network, 4 refused, 5 remote file
changed, 6 digest mismatch, 7 disk, 8 in use or exists, 9 server deviates,
130 or 143 interrupted.";

const GET_EXAMPLES: &str = "\
Examples:
  sheave get https://example.org/disk.img
  sheave get -o local.img -x 16 https://example.org/disk.img
  sheave get --checksum sha-256=9f86d081... https://example.org/disk.img
  sheave get --bearer-file ~/.token https://example.org/private.img
  sheave get --json https://example.org/disk.img | tail -n 1

After an interruption, run the same command again: it checks and keeps the part
that is already there.";

const DEMO_EXAMPLES: &str = "\
Examples:
  sheave demo
  sheave demo --size 4GiB --dir /var/tmp";

const CHECK_EXAMPLES: &str = "\
Examples:
  sheave check-server http://127.0.0.1:8080/disk.img
  sheave check-server --json --cacert authority.pem https://example.org/disk.img

The file must have at least 1000 bytes; a file of up to 1MiB is compared whole.
Exits with 9 if the server breaks a rule that RFC 9110 says it must keep.";

const INSPECT_EXAMPLES: &str = "\
Examples:
  sheave inspect disk.img.part
  sheave inspect --verify disk.img.part   read it back; exit 6 if damaged
  sheave inspect --json disk.img.part";

/// Download large files over several connections, resume after any interruption, and verify the
/// result
#[derive(Debug, Parser)]
#[command(name = "sheave", version, after_help = EXAMPLES, arg_required_else_help = true)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

/// The command, with its arguments.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Download files (the default: `sheave URL` is `sheave get URL`)
    #[command(after_help = GET_EXAMPLES)]
    Get(Box<GetArgs>),
    /// Serve a directory and synthetic content over HTTP, with byte ranges
    #[command(after_help = serve::EXAMPLES)]
    Serve(ServeArgs),
    /// Download, interrupt, resume and verify synthetic content on this machine
    #[command(after_help = DEMO_EXAMPLES)]
    Demo(DemoArgs),
    /// Show what the part file of an interrupted download holds
    #[command(after_help = INSPECT_EXAMPLES)]
    Inspect(InspectArgs),
    /// Test how well a server implements HTTP ranges and preconditions
    #[command(after_help = CHECK_EXAMPLES)]
    CheckServer(CheckArgs),
}

/// Arguments of `get`.
#[derive(Debug, ClapArgs)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the command line"
)]
pub(crate) struct GetArgs {
    /// The file to download, by http or https; several are downloaded one after another
    #[arg(required = true, value_name = "URL")]
    pub(crate) urls: Vec<String>,
    /// Save to this file [default: the last part of the URL's path]
    #[arg(short, long, value_name = "PATH", conflicts_with = "dir")]
    pub(crate) output: Option<PathBuf>,
    /// Save in this directory, which must exist [default: the current one]
    #[arg(short, long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
    /// Use the server's suggested file name, sanitised; costs one extra request
    #[arg(long, conflicts_with = "output")]
    pub(crate) content_disposition: bool,
    #[arg(short = 'x', long, value_name = "N|auto", default_value = AUTO)]
    #[arg(help = help_for_connections(), value_parser = values::connections)]
    pub(crate) connections: u16,
    /// Fail unless the file has this checksum; ALG is sha-256 or sha-512 (repeatable)
    #[arg(long = "checksum", value_name = "ALG=HEX", value_parser = Digest::parse)]
    pub(crate) checksums: Vec<Digest>,
    /// Replace the file if it exists
    #[arg(long)]
    pub(crate) overwrite: bool,
    /// Delete what an earlier run fetched and start from the beginning
    #[arg(long)]
    pub(crate) no_resume: bool,
    /// Do not wait for the disk; faster, but a power cut within about 30 s may damage the file
    #[arg(long)]
    pub(crate) no_sync: bool,
    /// Set the file's modification time from Last-Modified
    #[arg(long)]
    pub(crate) remote_time: bool,
    /// Give up after N failures in a row without progress [default: 10]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) max_tries: Option<u32>,
    /// Replace a connection that has received nothing for this long, e.g. 500ms or 2m [default:
    /// 20s]
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    pub(crate) stall_timeout: Option<Duration>,
    /// Refuse a file larger than this, e.g. 10GiB [default: no limit]
    #[arg(long, value_name = "SIZE", value_parser = values::size)]
    pub(crate) max_size: Option<ByteCount>,
    /// Limit total download speed, e.g. 10MiB a second [default: no limit]
    #[arg(long, value_name = "SIZE", value_parser = values::limit)]
    pub(crate) limit_rate: Option<RateLimit>,
    /// Use memory-mapped or positioned writes; auto is positioned
    #[arg(
        long,
        value_name = "mapped|positioned|auto",
        default_value = AUTO,
        value_parser = values::write_mode(),
        hide_possible_values = true
    )]
    pub(crate) write: WriteMode,
    /// Write one JSON object per line to standard output
    #[arg(long)]
    pub(crate) json: bool,
    /// Show errors only
    #[arg(short, long, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Show retries and other events
    #[arg(short, long)]
    pub(crate) verbose: bool,
    #[command(flatten)]
    pub(crate) connection: ConnectionArgs,
}

/// Arguments of `demo`.
#[derive(Debug, ClapArgs)]
pub(crate) struct DemoArgs {
    /// Download this much, 16MiB or more
    #[arg(long, value_name = "SIZE", default_value = "1GiB", value_parser = values::demo_size)]
    pub(crate) size: ByteCount,
    /// Create the temporary directory here [default: the system's]
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
    /// Keep the downloaded file
    #[arg(long)]
    pub(crate) keep: bool,
}

/// Arguments of `inspect`.
#[derive(Debug, ClapArgs)]
pub(crate) struct InspectArgs {
    /// The part file; its journal must be beside it
    #[arg(value_name = "FILE.part")]
    pub(crate) part: PathBuf,
    /// Read the file back and compare every block with its hash
    #[arg(long)]
    pub(crate) verify: bool,
    /// Write one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// Arguments of `check-server`.
#[derive(Debug, ClapArgs)]
pub(crate) struct CheckArgs {
    /// A file on the server, by http or https
    #[arg(value_name = "URL")]
    pub(crate) url: String,
    /// Trust the certificate authorities in this PEM file; required for https
    #[arg(long, value_name = "FILE")]
    pub(crate) cacert: Option<PathBuf>,
    /// Write one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// Parses the command line. Prints help and usage errors itself; the error is the exit code that
/// they lead to.
pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Command, Exit> {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    match Args::try_parse_from(with_implied_get(arguments.clone())) {
        Ok(args) => Ok(args.command),
        Err(error) => {
            match without_secrets(&error.to_string(), &arguments) {
                Some(text) => crate::printer::note(text.trim_end()),
                // If standard output is closed, nobody reads the text; the exit code says the same.
                None => drop(error.print()),
            }
            Err(if error.use_stderr() {
                Exit::Usage
            } else {
                Exit::Success
            })
        }
    }
}

/// A usage error without the parts of mistyped URLs that may be secret: the text before an `@` and
/// after a `?`. `None` if the error repeats no such part.
fn without_secrets(complaint: &str, arguments: &[OsString]) -> Option<String> {
    let mut text = complaint.to_owned();
    for argument in arguments.iter().map(|argument| argument.to_string_lossy()) {
        let place = argument.rsplit_once('@').map(|(_, place)| place);
        let query = argument.split_once('?').map(|(before, _)| before);
        let shown = match (place, query) {
            (None, None) => continue,
            (Some(place), _) => {
                let place = place.split('?').next().unwrap_or_default();
                format!("...@{place}")
            }
            (None, Some(before)) => format!("{before}?..."),
        };
        text = text.replace(&*argument, &shown);
    }
    (text != complaint).then_some(text)
}

/// Inserts the `get` that may be left out before a URL or an option of `get`.
fn with_implied_get(mut arguments: Vec<OsString>) -> Vec<OsString> {
    let implied = arguments
        .get(1)
        .and_then(|first| first.to_str())
        .is_some_and(|first| match first {
            "-h" | "--help" | "-V" | "--version" => false,
            _ => first.starts_with('-') || first.contains("://"),
        });
    if implied {
        arguments.insert(1, "get".into());
    }
    arguments
}

fn help_for_connections() -> String {
    format!(
        "Use at most N connections, 1 to {}; {AUTO} measures how many help, up to {}",
        Settings::CONNECTIONS_MAX,
        Settings::default().connections
    )
}

#[cfg(test)]
mod tests;
