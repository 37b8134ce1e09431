//! Owns the command line as it is written: names, defaults and help. Reads no environment, and
//! does not decide what the values mean together.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::num::NonZeroU16;
use std::path::PathBuf;
use std::time::Duration;

use accelerator::{ByteCount, BytesPerSecond, Digest, RateLimit};
use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use range_server::Profile;

use crate::duration;
use crate::exit_code::Exit;

mod connection;

pub(crate) use connection::{ConnectionArgs, TlsMin};

const EXAMPLES: &str = "\
Examples:
  sheave https://example.org/disk.img     download to ./disk.img
  sheave serve ~/images                   serve a directory on http://127.0.0.1:8080
  sheave demo                             see it work, without a network
  sheave inspect disk.img.part            see what an interrupted download holds

Exit codes: 0 complete, 1 bug, 2 usage, 3 network, 4 refused, 5 remote file changed,
6 digest mismatch, 7 disk, 8 in use or exists, 9 server deviates, 130 or 143 interrupted.";

const GET_EXAMPLES: &str = "\
Examples:
  sheave get https://example.org/disk.img
  sheave get -o local.img -x 16 https://example.org/disk.img
  sheave get --checksum sha-256=9f86d081... https://example.org/disk.img
  sheave get --bearer-file ~/.token https://example.org/private.img
  sheave get --json https://example.org/disk.img | tail -n 1

After an interruption run the same command again: what was fetched is checked and kept.";

const SERVE_EXAMPLES: &str = "\
Examples:
  sheave serve                                  this directory, on http://127.0.0.1:8080
  sheave serve --bind 127.0.0.1:0 ~/images      on a free port; the first line says which
  sheave serve --rate-per-connection 2MiB .     slowly, to see connections add up
  sheave serve --tls                            https; the second line names the certificate's file

Content of any size is at /synthetic/SIZE, as in http://127.0.0.1:8080/synthetic/10GiB.";

const DEMO_EXAMPLES: &str = "\
Examples:
  sheave demo
  sheave demo --size 4GiB --dir /var/tmp";

const CHECK_EXAMPLES: &str = "\
Examples:
  sheave check-server http://127.0.0.1:8080/disk.img
  sheave check-server --json --cacert authority.pem https://example.org/disk.img

The file has to have 1000 bytes or more; one of up to 1MiB is compared whole. Exits with 9 if the
server does not do what RFC 9110 says it must.";

const INSPECT_EXAMPLES: &str = "\
Examples:
  sheave inspect disk.img.part
  sheave inspect --verify disk.img.part         read it back; exit 6 if a block is damaged
  sheave inspect --json disk.img.part";

/// Download one large file over several connections, keep every byte however it is stopped, and
/// prove that what was kept is the file.
#[derive(Debug, Parser)]
#[command(name = "sheave", version, after_help = EXAMPLES, arg_required_else_help = true)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Download files (the default: `sheave URL` is `sheave get URL`)
    #[command(after_help = GET_EXAMPLES)]
    Get(Box<GetArgs>),
    /// Serve a directory, and synthetic content, by byte range
    #[command(after_help = SERVE_EXAMPLES)]
    Serve(ServeArgs),
    /// Download, interrupt, resume and verify synthetic content on this machine
    #[command(after_help = DEMO_EXAMPLES)]
    Demo(DemoArgs),
    /// Show what the part file of an interrupted download holds
    #[command(after_help = INSPECT_EXAMPLES)]
    Inspect(InspectArgs),
    /// Ask a server how well it keeps the rules of ranges and preconditions
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
    /// What to download, http or https; several are downloaded one after another
    #[arg(required = true, value_name = "URL")]
    pub(crate) urls: Vec<String>,
    /// Save to this file [default: the last part of the URL's path]
    #[arg(short, long, value_name = "PATH", conflicts_with = "dir")]
    pub(crate) output: Option<PathBuf>,
    /// Save in this directory, which must exist [default: the current one]
    #[arg(short, long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
    /// Take the name the server suggests, made harmless, before that of the URL; asks once more
    #[arg(long, conflicts_with = "output")]
    pub(crate) content_disposition: bool,
    /// Use at most N connections, 1 to 256; auto finds how many pay, up to 32
    #[arg(short = 'x', long, value_name = "N|auto", default_value = "auto")]
    #[arg(value_parser = parse_connections)]
    pub(crate) connections: Connections,
    /// Publish only a file with this digest; ALG is sha-256 or sha-512 (repeatable)
    #[arg(long = "checksum", value_name = "ALG=HEX", value_parser = Digest::parse)]
    pub(crate) checksums: Vec<Digest>,
    /// Replace the file if it exists
    #[arg(long)]
    pub(crate) overwrite: bool,
    /// Delete what an earlier run fetched, and start from the beginning
    #[arg(long)]
    pub(crate) no_resume: bool,
    /// Leave the disk to the system, and wait for it neither on the way nor at the end; a power cut
    /// may damage the file until half a minute later
    #[arg(long)]
    pub(crate) no_sync: bool,
    /// Give the file the time of the server's Last-Modified, where there is one
    #[arg(long)]
    pub(crate) remote_time: bool,
    /// Give up after N failures in a row without progress [default: 10]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) max_tries: Option<u32>,
    /// Replace a connection that is silent for so long, as in 500ms, 20s, 2m [default: 20s]
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    pub(crate) stall_timeout: Option<Duration>,
    /// Receive at most so many bytes a second, all together, as in 10MiB [default: no limit]
    #[arg(long, value_name = "SIZE", value_parser = parse_limit)]
    pub(crate) limit_rate: Option<RateLimit>,
    /// Write the part file mapped, or at positions, or as is best
    #[arg(
        long,
        value_name = "mapped|positioned|auto",
        value_enum,
        default_value_t = Write::Auto,
        hide_possible_values = true
    )]
    pub(crate) write: Write,
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

/// How many connections are allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Connections {
    /// As many as the library thinks right.
    Auto,
    /// At most so many.
    AtMost(u16),
}

/// How the part file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Write {
    /// As was measured to be fastest: at positions.
    Auto,
    /// Through memory mappings, or not at all.
    Mapped,
    /// At positions, with ordinary writes.
    Positioned,
}

/// What a malformed `Range` is answered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum InvalidRange {
    /// The whole file.
    Ignore,
    /// 416.
    Reject,
}

/// Arguments of `serve`.
#[derive(Debug, ClapArgs)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the command line"
)]
pub(crate) struct ServeArgs {
    /// The directory to serve
    #[arg(default_value = ".", value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// Listen here; port 0 stands for any free one
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:8080")]
    pub(crate) bind: SocketAddr,
    /// Serve https; without --cert, with a certificate made for this run, whose file is named on
    /// the second line
    #[arg(long)]
    pub(crate) tls: bool,
    /// The certificate, and those that lead to its authority, as a PEM file
    #[arg(long, value_name = "FILE", requires = "tls", requires = "key")]
    pub(crate) cert: Option<PathBuf>,
    /// The private key of the certificate, as a PEM file
    #[arg(long, value_name = "FILE", requires = "tls", requires = "cert")]
    pub(crate) key: Option<PathBuf>,
    /// Serve names that start with a dot
    #[arg(long)]
    pub(crate) allow_hidden: bool,
    /// Follow symbolic links that stay in the directory
    #[arg(long)]
    pub(crate) allow_symlinks: bool,
    /// Serve NAME.br, NAME.zst or NAME.gz in place of NAME to who accepts it, unless it is older
    #[arg(long)]
    pub(crate) precompressed: bool,
    /// Serve at most N connections at once [default: 512]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub(crate) max_connections: Option<u32>,
    /// Serve at most N of them to one address [default: 256; from this machine any number]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub(crate) max_connections_per_address: Option<u32>,
    /// Drop a peer that takes longer to send a request, counted from the last [default: 30s]
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    pub(crate) header_timeout: Option<Duration>,
    /// Drop a peer that takes no byte of its reply for so long [default: 60s]
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    pub(crate) stall_timeout: Option<Duration>,
    /// Send at most so many bytes a second, as in 10MiB
    #[arg(long, value_name = "SIZE", value_parser = parse_rate)]
    pub(crate) rate: Option<BytesPerSecond>,
    /// Send at most so many bytes a second on each connection
    #[arg(long, value_name = "SIZE", value_parser = parse_rate)]
    pub(crate) rate_per_connection: Option<BytesPerSecond>,
    /// Send the whole file to who asks for more than N ranges of it at once [default: 64]
    #[arg(long, value_name = "N")]
    pub(crate) max_ranges: Option<NonZeroU16>,
    /// Answer a malformed Range with the whole file, or with 416
    #[arg(
        long,
        value_name = "ignore|reject",
        value_enum,
        default_value_t = InvalidRange::Ignore,
        hide_possible_values = true
    )]
    pub(crate) invalid_range: InvalidRange,
    /// Answer as this server would: nginx, apache, lighttpd, caddy, go, python, varnish or express
    #[arg(long = "as", value_name = "SERVER", value_parser = parse_profile)]
    #[arg(conflicts_with_all = ["max_ranges", "invalid_range"])]
    pub(crate) profile: Option<Profile>,
    /// Do wrong what this file says, in TOML; URLs can ask for the same with ?fault=
    #[arg(long, value_name = "FILE")]
    pub(crate) scenario: Option<PathBuf>,
    /// Append one JSON object per request to this file
    #[arg(long, value_name = "FILE")]
    pub(crate) log_json: Option<PathBuf>,
    /// Do not show requests
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

/// Arguments of `demo`.
#[derive(Debug, ClapArgs)]
pub(crate) struct DemoArgs {
    /// How much to download, 16MiB or more
    #[arg(long, value_name = "SIZE", default_value = "1GiB", value_parser = parse_demo_size)]
    pub(crate) size: ByteCount,
    /// Make the temporary directory in this one [default: the system's]
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
    /// Keep the downloaded file
    #[arg(long)]
    pub(crate) keep: bool,
}

/// Arguments of `inspect`.
#[derive(Debug, ClapArgs)]
pub(crate) struct InspectArgs {
    /// The part file; its journal is beside it
    #[arg(value_name = "FILE.part")]
    pub(crate) part: PathBuf,
    /// Read back what is claimed, and compare every block with its hash
    #[arg(long)]
    pub(crate) verify: bool,
    /// Write one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// Arguments of `check-server`.
#[derive(Debug, ClapArgs)]
pub(crate) struct CheckArgs {
    /// A file on the server, http or https
    #[arg(value_name = "URL")]
    pub(crate) url: String,
    /// Trust the certificate authorities in this PEM file; https needs it
    #[arg(long, value_name = "FILE")]
    pub(crate) cacert: Option<PathBuf>,
    /// Write one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// Parses the command line. Help and complaints are printed here; the error is the exit they
/// lead to.
pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Command, Exit> {
    match Args::try_parse_from(with_implied_get(arguments.into_iter().collect())) {
        Ok(args) => Ok(args.command),
        Err(error) => {
            // Nobody reads it, and the exit code says the same.
            let _ = error.print();
            Err(if error.use_stderr() {
                Exit::Usage
            } else {
                Exit::Success
            })
        }
    }
}

/// Puts in the `get` that may be left out before a URL or an option of `get`.
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

fn parse_connections(text: &str) -> Result<Connections, &'static str> {
    if text == "auto" {
        return Ok(Connections::Auto);
    }
    match text.parse() {
        Ok(number @ 1..=256) => Ok(Connections::AtMost(number)),
        Ok(_) | Err(_) => Err("use a number from 1 to 256, or auto"),
    }
}

/// Smaller files are one segment of few blocks, of which an interruption leaves too little to show.
fn parse_demo_size(text: &str) -> Result<ByteCount, String> {
    match ByteCount::parse(text) {
        Ok(size) if size < ByteCount(16 << 20) => Err("the demo needs 16MiB or more".to_owned()),
        Ok(size) => Ok(size),
        Err(error) => Err(error.to_string()),
    }
}

fn parse_profile(text: &str) -> Result<Profile, String> {
    Profile::parse(text).ok_or_else(|| {
        let names = Profile::ALL.map(Profile::name).join(", ");
        format!("use one of {names}")
    })
}

fn parse_rate(text: &str) -> Result<BytesPerSecond, String> {
    parse_limit(text).map(|limit| BytesPerSecond(limit.get()))
}

fn parse_limit(text: &str) -> Result<RateLimit, String> {
    let ByteCount(bytes) = ByteCount::parse(text).map_err(|error| error.to_string())?;
    let limit = RateLimit::new(BytesPerSecond(bytes));
    limit.ok_or_else(|| "a rate of zero never ends".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;
    use clap::error::ErrorKind;

    fn parsed(line: &str) -> Result<Command, ErrorKind> {
        let arguments = std::iter::once("sheave").chain(line.split_whitespace());
        Args::try_parse_from(with_implied_get(arguments.map(OsString::from).collect()))
            .map(|args| args.command)
            .map_err(|error| error.kind())
    }

    fn get(line: &str) -> GetArgs {
        match parsed(line) {
            Ok(Command::Get(args)) => *args,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn the_definitions_contradict_nothing() {
        Args::command().debug_assert();
    }

    #[test]
    fn get_may_be_left_out() {
        for line in [
            "http://a/x",
            "get http://a/x",
            "-x 4 http://a/x",
            "--connections=4 http://a/x",
            "-q http://a/x",
        ] {
            assert_eq!(get(line).urls, ["http://a/x"], "{line}");
        }
    }

    #[test]
    fn a_misspelt_command_is_not_taken_for_a_url() {
        assert_eq!(
            parsed("gett http://a/x").unwrap_err(),
            ErrorKind::InvalidSubcommand
        );
    }

    #[test]
    fn defaults_leave_the_choice_to_the_library() {
        let args = get("http://a/x http://a/y");
        assert_eq!(args.urls.len(), 2);
        assert_eq!(args.connections, Connections::Auto);
        assert_eq!(args.write, Write::Auto);
        assert!(args.output.is_none() && args.dir.is_none() && args.connection.cacert.is_none());
        assert!(args.max_tries.is_none() && args.stall_timeout.is_none());
        assert_eq!(args.limit_rate, None);
        assert!(!args.overwrite && !args.no_resume && !args.no_sync);
        assert!(!args.json && !args.quiet && !args.verbose);
        let Ok(Command::Serve(serve)) = parsed("serve") else {
            panic!("serve needs no arguments");
        };
        assert_eq!(serve.dir, PathBuf::from("."));
        assert!(serve.bind.ip().is_loopback());
        let Ok(Command::Demo(demo)) = parsed("demo") else {
            panic!("demo needs no arguments");
        };
        assert_eq!(demo.size, ByteCount(1 << 30));
    }

    #[test]
    fn values_are_checked_where_they_are_written() {
        assert_eq!(get("-x auto u://").connections, Connections::Auto);
        assert_eq!(get("-x 256 u://").connections, Connections::AtMost(256));
        let limit = RateLimit::new(BytesPerSecond(5_000_000));
        assert_eq!(get("--limit-rate 5MB u://").limit_rate, limit);
        for line in [
            "-x 0 u://",
            "--limit-rate 0 u://",
            "--limit-rate abc u://",
            "--limit-rate=-1 u://",
            "--limit-rate 16EiB u://",
            "-x 257 u://",
            "-x many u://",
            "--max-tries 0 u://",
            "--stall-timeout 20 u://",
            "--checksum md5=00 u://",
            "--write sideways u://",
            "serve --bind here",
            "serve --rate 0",
            "serve --max-connections 0",
            "serve --max-connections-per-address 0",
            "serve --max-ranges 0",
            "serve --max-ranges 65536",
            "serve --invalid-range obey",
            "serve --as iis",
            "demo --size big",
            "demo --size 15MiB",
        ] {
            let kind = parsed(line).unwrap_err();
            assert!(
                matches!(kind, ErrorKind::ValueValidation | ErrorKind::InvalidValue),
                "{line}: {kind:?}"
            );
        }
        for line in [
            "-q -v u://",
            "-o a -d b u://",
            "serve --as nginx --max-ranges 5",
        ] {
            assert_eq!(parsed(line).unwrap_err(), ErrorKind::ArgumentConflict);
        }
        for line in [
            "get",
            "serve --tls --cert a",
            "serve --tls --key b",
            "serve --cert a --key b",
        ] {
            assert_eq!(
                parsed(line).unwrap_err(),
                ErrorKind::MissingRequiredArgument,
                "{line}"
            );
        }
        assert_eq!(
            parsed("").unwrap_err(),
            ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
        );
    }
}
