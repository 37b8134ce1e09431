//! Owns the command line as the user writes it: names, defaults and help. Reads no environment, and
//! does not decide what the values mean together.

use std::ffi::OsString;
use std::num::NonZeroU64;
use std::path::PathBuf;
use std::time::Duration;

use accelerator::{ByteCount, Digest, Exists, RateLimit, Settings, WriteMode};
use clap::error::ErrorKind;
use clap::{Args as ClapArgs, CommandFactory as _, Parser, Subcommand};
use clap_complete::Shell;
use url::Url;

use crate::duration;
use crate::exit_code::Exit;

mod bind;
mod check;
mod complaint;
mod connection;
mod habits;
mod leading;
mod list;
pub(crate) mod pages;
mod place;
mod serve;
mod values;

pub(crate) use bind::Bind;
pub(crate) use check::CheckArgs;
pub(crate) use connection::ConnectionArgs;
use habits::Needless;
pub(crate) use list::{ListPlace, Wanted};
pub(crate) use place::{is_list, shown};
pub(crate) use serve::ServeArgs;
use values::AUTO;
pub(crate) use values::Connections;

const EXAMPLES: &str = "\
Examples:
  sheave https://example.org/disk.img   download to ./disk.img
  sheave get -h                         list the options of a download
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
  sheave get -o - https://example.org/backup.tar.zst | tar --zstd -x
  sheave get --bearer-file ~/.token https://example.org/private.img
  sheave get --json https://example.org/disk.img | tail -n 1

After an interruption, run the same command again: it checks and keeps the part
that is already there.";

const GET_SHORTLY: &str = "\
After an interruption, run the same command again: it keeps what is there.
`sheave get --help` lists every option, with examples.";

const DEMO_EXAMPLES: &str = "\
Examples:
  sheave demo
  sheave demo --size 4GiB --dir /var/tmp";

const COMPLETIONS_EXAMPLES: &str = "\
Examples (make the directory first, with mkdir -p):
  sheave completions bash > ~/.local/share/bash-completion/completions/sheave
  sheave completions zsh > ~/.zfunc/_sheave      with ~/.zfunc in $fpath
  sheave completions fish > ~/.config/fish/completions/sheave.fish";

const MAN_EXAMPLES: &str = "\
Examples:
  mkdir -p ~/.local/share/man/man1
  sheave man ~/.local/share/man/man1
  man sheave-get";

const METALINK_EXAMPLES: &str = "\
Examples:
  sheave metalink create disk.img --url https://example.org/disk.img -o disk.img.meta4
  sheave metalink create *.iso --url https://a.example/isos/ --url https://b.example/isos/
  sheave get disk.img.meta4               download what it lists";

const INSPECT_EXAMPLES: &str = "\
Examples:
  sheave inspect disk.img.part
  sheave inspect --verify disk.img.part   read it back; exit 6 if damaged
  sheave inspect --json disk.img.part";

/// Download large files over several connections, resume after any interruption, and verify the
/// result
#[derive(Debug, Parser)]
#[command(name = "sheave", version, after_help = EXAMPLES, arg_required_else_help = true)]
#[command(override_usage = "sheave [OPTIONS] URL...\n       sheave COMMAND [OPTIONS] ...")]
struct Args {
    #[command(subcommand)]
    command: Command,
}

/// The command, with its arguments.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Download files (the default: `sheave URL` is `sheave get URL`)
    #[command(after_help = GET_SHORTLY, after_long_help = GET_EXAMPLES, args_override_self = true)]
    #[command(override_usage = "sheave [get] [OPTIONS] URL...")]
    Get(Box<GetArgs>),
    /// Serve a directory and synthetic content over HTTP, with byte ranges
    #[command(after_help = serve::EXAMPLES)]
    Serve(Box<ServeArgs>),
    /// Download, interrupt, resume and verify synthetic content on this machine
    #[command(after_help = DEMO_EXAMPLES)]
    Demo(DemoArgs),
    /// Show what the part file of an interrupted download holds
    #[command(after_help = INSPECT_EXAMPLES)]
    Inspect(InspectArgs),
    /// Write a Metalink document about files: their sizes, checksums and places
    #[command(after_help = METALINK_EXAMPLES)]
    Metalink(MetalinkArgs),
    /// Test how well a server implements HTTP ranges and preconditions
    #[command(after_help = check::EXAMPLES)]
    CheckServer(CheckArgs),
    /// Print the script that completes command lines in a shell
    #[command(after_help = COMPLETIONS_EXAMPLES)]
    Completions {
        /// The shell: bash, elvish, fish, powershell or zsh
        #[arg(hide_possible_values = true)]
        shell: Shell,
    },
    /// Write the manual pages into a directory
    #[command(after_help = MAN_EXAMPLES)]
    Man {
        /// The directory, which must exist
        #[arg(value_name = "DIR")]
        directory: PathBuf,
    },
}

impl Command {
    /// Returns whether its errors are wanted as JSON, too.
    pub(crate) const fn wants_json(&self) -> bool {
        match self {
            Self::Get(args) => args.json,
            Self::Inspect(args) => args.json,
            Self::CheckServer(args) => args.json,
            Self::Serve(_)
            | Self::Demo(_)
            | Self::Metalink(_)
            | Self::Completions { .. }
            | Self::Man { .. } => false,
        }
    }
}

/// Arguments of `get`.
#[derive(Debug, ClapArgs)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the command line"
)]
pub(crate) struct GetArgs {
    /// The file to download, by http or https, or a list of files (.meta4, .metalink); several are
    /// downloaded one after another
    #[arg(id = "urls", required_unless_present = "metalinks", value_name = "URL")]
    #[arg(value_parser = list::wanted)]
    pub(crate) wanted: Vec<Wanted>,
    /// Download what this Metalink document lists, whatever its name (repeatable)
    #[arg(hide_short_help = true)]
    #[arg(long = "metalink", value_name = "FILE|URL", value_parser = list::metalink)]
    #[arg(alias = "metalink-file")]
    pub(crate) metalinks: Vec<Wanted>,
    /// Save Metalink documents as files, instead of what they list
    #[arg(hide_short_help = true)]
    #[arg(long, conflicts_with = "metalinks")]
    pub(crate) no_metalink: bool,
    /// Save to this file; - writes to standard output [default: the last part of the URL's path]
    #[arg(short, long, value_name = "PATH", value_parser = values::path())]
    #[arg(aliases = ["out", "output-document"])]
    pub(crate) output: Option<PathBuf>,
    /// Save in this directory [default: the current one]
    #[arg(short, long, value_name = "DIR", value_parser = values::path())]
    #[arg(aliases = ["output-dir", "directory-prefix"])]
    pub(crate) dir: Option<PathBuf>,
    /// Create the directory of the file if it does not exist
    #[arg(hide_short_help = true)]
    #[arg(long, aliases = ["create-directories", "mkdir"])]
    pub(crate) create_dirs: bool,
    /// Use the server's suggested file name, sanitised
    #[arg(hide_short_help = true)]
    #[arg(
        short = 'J',
        long,
        conflicts_with = "output",
        alias = "remote-header-name"
    )]
    pub(crate) content_disposition: bool,
    #[arg(short = 'x', long, value_name = "N|auto", default_value = AUTO)]
    #[arg(help = help_for_connections(), value_parser = values::connections)]
    #[arg(allow_negative_numbers = true)]
    #[arg(aliases = ["max-connection-per-server", "split", "num-connections", "max-connections"])]
    pub(crate) connections: Connections,
    /// Fetch the file from this URL as well, a mirror of the first one (repeatable)
    #[arg(long = "mirror", value_name = "URL", value_parser = place::url)]
    pub(crate) mirrors: Vec<Url>,
    /// Fail unless the file has this checksum; ALG is sha-256, sha-512, sha-384, sha-224, blake2b,
    /// blake3, sha-1 or md5 (repeatable)
    #[arg(long = "checksum", value_name = "[ALG=]HEX", value_parser = Digest::parse)]
    #[arg(value_delimiter = ',')]
    pub(crate) checksums: Vec<Digest>,
    /// Take the checksum from a list, as SHA256SUMS; auto looks for one beside the file
    #[arg(hide_short_help = true)]
    #[arg(long, value_name = "FILE|URL|auto", value_parser = list::list)]
    pub(crate) checksum_file: Option<ListPlace>,
    /// Do not compare the file with the checksum that the server may claim for it
    #[arg(hide_short_help = true)]
    #[arg(long)]
    pub(crate) no_server_digest: bool,
    /// Go on from a file that another program has begun; the same as --exists continue
    #[arg(hide_short_help = true)]
    #[arg(short = 'c', long = "continue", conflicts_with = "no_resume")]
    pub(crate) continues: bool,
    /// If the file exists: fail, leave it, succeed if it is the same, go on from it, replace it, or
    /// save the new one as NAME.1 [default: verify]
    #[arg(hide_short_help = true)]
    #[arg(long, value_name = "error|skip|verify|continue|overwrite|rename")]
    #[arg(value_parser = values::exists(), hide_possible_values = true)]
    pub(crate) exists: Option<Exists>,
    /// Replace the file if it exists; the same as --exists overwrite
    #[arg(long, aliases = ["allow-overwrite", "clobber"], conflicts_with = "exists")]
    pub(crate) overwrite: bool,
    /// Delete what an earlier run fetched and start from the beginning
    #[arg(long)]
    pub(crate) no_resume: bool,
    /// Do not wait for the disk; faster, but a power cut within about 30 s may damage the file
    #[arg(hide_short_help = true)]
    #[arg(long)]
    pub(crate) no_sync: bool,
    /// Set the file's modification time from Last-Modified
    #[arg(hide_short_help = true)]
    #[arg(short = 'R', long, alias = "use-server-timestamps")]
    pub(crate) remote_time: bool,
    /// Give up after N failures in a row without progress [default: 10]
    #[arg(hide_short_help = true)]
    #[arg(long, value_name = "N", value_parser = values::from_one)]
    #[arg(allow_negative_numbers = true)]
    #[arg(aliases = ["tries", "retry", "retries", "max-retries", "max-retry"])]
    pub(crate) max_tries: Option<u32>,
    /// Wait this long for the first byte of a reply, e.g. 10m where a file is made when asked for
    /// [default: 120s]
    #[arg(long, hide_short_help = true, value_name = "DURATION", value_parser = duration::parse)]
    pub(crate) first_byte_timeout: Option<Duration>,
    /// Replace a connection that has received nothing more for this long, e.g. 500ms or 2m
    /// [default: 20s]
    #[arg(hide_short_help = true)]
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    pub(crate) stall_timeout: Option<Duration>,
    /// Refuse a file larger than this, e.g. 10GiB [default: no limit]
    #[arg(hide_short_help = true)]
    #[arg(long, value_name = "SIZE", value_parser = values::size, alias = "max-filesize")]
    #[arg(allow_negative_numbers = true)]
    pub(crate) max_size: Option<ByteCount>,
    /// Limit total download speed, e.g. 1.5MiB a second [default: no limit]
    #[arg(long, value_name = "SIZE", value_parser = values::limit)]
    #[arg(allow_negative_numbers = true)]
    #[arg(aliases = ["max-download-limit", "max-overall-download-limit", "max-speed"])]
    pub(crate) limit_rate: Option<RateLimit>,
    /// With -o -, keep at most this much in memory for whoever reads [default: 64MiB]
    #[arg(hide_short_help = true)]
    #[arg(long, value_name = "SIZE", value_parser = values::size)]
    #[arg(allow_negative_numbers = true)]
    pub(crate) window: Option<ByteCount>,
    /// Write through a memory mapping or at positions; auto maps where blocks can be reserved
    #[arg(hide_short_help = true)]
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
    #[arg(
        short,
        long,
        conflicts_with = "verbose",
        short_alias = 's',
        alias = "silent"
    )]
    pub(crate) quiet: bool,
    /// Show retries and other events
    #[arg(short, long)]
    pub(crate) verbose: bool,
    #[command(flatten)]
    pub(crate) connection: ConnectionArgs,
    #[command(flatten)]
    pub(crate) needless: Needless,
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

/// Arguments of `metalink`.
#[derive(Debug, ClapArgs)]
pub(crate) struct MetalinkArgs {
    /// The word create
    #[arg(value_name = "create", value_parser = ["create"], hide_possible_values = true)]
    pub(crate) action: String,
    /// The files, on this machine
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// A place that the file can be had from, the best first (repeatable); of several files, the
    /// directory that they are in, with a / at its end
    #[arg(long = "url", required = true, value_name = "URL", value_parser = place::url)]
    pub(crate) urls: Vec<Url>,
    /// Write the document to this file [default: standard output]
    #[arg(short, long, value_name = "FILE", value_parser = values::path())]
    pub(crate) output: Option<PathBuf>,
    /// The length of the pieces that have checksums of their own [default: 256KiB, or more where
    /// there would be more than 4096 of them]
    #[arg(long, value_name = "SIZE", value_parser = values::piece_length)]
    pub(crate) piece_length: Option<NonZeroU64>,
}

/// The definition of the command line, for those who describe it.
pub(crate) fn definition() -> clap::Command {
    Args::command()
}

/// The reason why a command line has no command to run.
#[derive(Debug)]
pub(crate) enum Unparsed {
    /// It asked for a page, which has been shown.
    Page(Exit),
    /// It is wrong.
    Complaint {
        /// In one line, without secrets.
        text: String,
        /// True if the answer is wanted as JSON.
        json: bool,
    },
}

/// Parses the command line. Prints help itself.
pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Command, Unparsed> {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let program = Args::command();
    let typed = leading::with_command(arguments, &program);
    let complaint = |text, arguments: &[OsString]| Unparsed::Complaint {
        text,
        json: wants_json(arguments),
    };
    let arguments = in_our_words(&typed, &program).map_err(|text| complaint(text, &typed))?;
    match Args::try_parse_from(arguments.clone()) {
        Ok(args) => Ok(args.command),
        Err(error) if is_help(&error) => {
            if error.use_stderr() {
                // If standard error is closed, nobody reads the text; the exit code says the same.
                drop(error.print());
                return Err(Unparsed::Page(Exit::Usage));
            }
            crate::printer::output(error.print());
            Err(Unparsed::Page(crate::printer::unless_lost(Exit::Success)))
        }
        Err(error) => {
            let text = complaint::sentence(&error, &arguments, &program);
            Err(complaint(text, &arguments))
        }
    }
}

/// Translates what is meant for `get`.
fn in_our_words(arguments: &[OsString], program: &clap::Command) -> Result<Vec<OsString>, String> {
    match (leading::command(arguments), program.find_subcommand("get")) {
        (Some("get"), Some(get)) => habits::translated(arguments, get),
        _ => Ok(arguments.to_vec()),
    }
}

/// Returns whether the arguments, wrong as they may be, ask for errors as JSON.
fn wants_json(arguments: &[OsString]) -> bool {
    let mut options = arguments.iter().take_while(|word| *word != "--");
    let command = leading::command(arguments).unwrap_or_default();
    let has_json = ["get", "inspect", "check-server"].contains(&command);
    has_json && options.any(|word| word == "--json")
}

/// Returns whether the text of the error is a page to be read, and no complaint.
fn is_help(error: &clap::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::DisplayHelp
            | ErrorKind::DisplayVersion
            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    )
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
