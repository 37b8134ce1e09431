//! Owns what the program was told to do: arguments and environment in, checked settings out. The
//! only place that reads the environment.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::time::Duration;

use accelerator::{ByteCount, Digest, RateLimit, Secret, WriteMode};
use range_server::check::Trust;
use url::Url;

use crate::args::{CheckArgs, Command, Connections, DemoArgs, GetArgs, InspectArgs, Write};
use crate::output_name::OutputName;
use crate::report::{Display, Palette};

mod connection;
mod serve;

pub(crate) use connection::{ConnectionError, ConnectionSettings};
pub(crate) use serve::{ServeSettings, Tls};

/// What to do, with everything needed to do it.
#[derive(Debug)]
pub(crate) enum Job {
    /// Download.
    Get(GetSettings),
    /// Serve.
    Serve(ServeSettings),
    /// Show that it works.
    Demo(DemoSettings),
    /// Show a part file.
    Inspect(InspectSettings),
    /// Check a server.
    CheckServer(CheckSettings),
}

/// Settings of `get`.
#[derive(Debug)]
pub(crate) struct GetSettings {
    /// The files, in the order given.
    pub(crate) files: Vec<RemoteFile>,
    /// What holds for every file.
    pub(crate) options: DownloadOptions,
    /// How it is shown.
    pub(crate) display: Display,
}

/// A file to download, and where to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RemoteFile {
    /// As given.
    pub(crate) url: Secret<String>,
    /// Where the file goes.
    pub(crate) directory: PathBuf,
    /// Its name there.
    pub(crate) name: OsString,
}

/// Settings of a download that do not say which. What is `None` is left to the library.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the command line"
)]
pub(crate) struct DownloadOptions {
    /// Most connections at once.
    pub(crate) connections: Option<u16>,
    /// The digests the file must have.
    pub(crate) digests: Vec<Digest>,
    /// Whether the server is asked for a name.
    pub(crate) content_disposition: bool,
    /// Whom they talk to, and as whom.
    pub(crate) connection: ConnectionSettings,
    /// Failures in a row before giving up.
    pub(crate) max_tries: Option<u32>,
    /// Longest silence of a connection.
    pub(crate) stall_timeout: Option<Duration>,
    /// Most bytes a second.
    pub(crate) rate_limit: Option<RateLimit>,
    /// How the part file is written.
    pub(crate) write_mode: WriteMode,
    /// Whether the final name may be taken from another file.
    pub(crate) overwrite: bool,
    /// Whether bytes of an earlier run are used.
    pub(crate) resume: bool,
    /// Whether to wait for the disk before publishing.
    pub(crate) sync: bool,
    /// Whether the file gets the server's time.
    pub(crate) remote_time: bool,
}

/// Settings of `demo`.
#[derive(Debug)]
pub(crate) struct DemoSettings {
    /// How much to download.
    pub(crate) size: ByteCount,
    /// Where the temporary directory is made.
    pub(crate) directory: PathBuf,
    /// Whether the file stays.
    pub(crate) keep: bool,
    /// How it is shown.
    pub(crate) display: Display,
}

/// Settings of `check-server`.
#[derive(Debug)]
pub(crate) struct CheckSettings {
    /// A file on the server.
    pub(crate) url: String,
    /// Whose certificate is believed.
    pub(crate) trust: Trust,
    /// Whether the answer is JSON.
    pub(crate) json: bool,
}

/// Settings of `inspect`.
#[derive(Debug)]
pub(crate) struct InspectSettings {
    /// The part file.
    pub(crate) part: PathBuf,
    /// Whether its bytes are read back.
    pub(crate) verify: bool,
    /// How to draw how far that is; not at all where nobody could see it.
    pub(crate) bars: Option<Palette>,
    /// Whether the answer is JSON.
    pub(crate) json: bool,
    /// How the block map is drawn.
    pub(crate) palette: Palette,
}

/// Why arguments that are fine one by one make no sense together, or cannot be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UsageError {
    /// One file name for several URLs.
    #[error("--output names one file, and there are {urls} URLs; use --dir")]
    OneOutput {
        /// How many there are.
        urls: usize,
    },
    /// One digest for several URLs.
    #[error("--checksum belongs to one file, and there are {urls} URLs")]
    OneChecksum {
        /// How many there are.
        urls: usize,
    },
    /// The same algorithm twice.
    #[error("there are two checksums of the algorithm {algorithm}")]
    SameAlgorithm {
        /// Its name.
        algorithm: &'static str,
    },
    /// Two URLs would get one name.
    #[error("two of the URLs would be saved as {name}; download them one by one with --output")]
    SameName {
        /// That name.
        name: String,
    },
    /// `--output` ends like a directory.
    #[error("--output {} names no file; use --dir for a directory", path.display())]
    NoFileName {
        /// As given.
        path: PathBuf,
    },
    /// Whom it is to talk to, or as whom, cannot be.
    #[error(transparent)]
    Connection(#[from] ConnectionError),
    /// The file of `--cert` cannot be read.
    #[error("cannot read the certificates in {}: {source}", path.display())]
    Certificates {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The file of `--key` cannot be read.
    #[error("cannot read the key in {}: {source}", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The file of `--scenario` cannot be read.
    #[error("cannot read the scenario {}: {source}", path.display())]
    ScenarioFile {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The file of `--scenario` is no scenario.
    #[error("the scenario {} is wrong in {source}", path.display())]
    Scenario {
        /// The file.
        path: PathBuf,
        /// Where and what.
        source: range_server::scenario::ScenarioError,
    },
    /// The files of `--cert` and `--key` hold nothing to serve with.
    #[error(
        "cannot serve with --cert and --key: failed to {source}: {}",
        serve::cause(source)
    )]
    Tls {
        /// Why not.
        source: range_server::TlsError,
    },
}

/// What the environment says about how to show things.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Environment {
    /// Whether standard error is a terminal that can move its cursor.
    pub(crate) terminal: bool,
    /// How to draw on it.
    pub(crate) palette: Palette,
    /// How to draw on standard output.
    pub(crate) output_palette: Palette,
}

impl Environment {
    /// Reads the environment.
    pub(crate) fn read() -> Self {
        let terminal_type = variable("TERM").unwrap_or_default();
        let can_move_cursor = !matches!(terminal_type.as_str(), "" | "dumb");
        let colour = can_move_cursor && variable("NO_COLOR").is_none();
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
            .into_iter()
            .find_map(variable);
        let unicode = locale.is_none_or(|locale| shows_unicode(&locale));
        Self {
            terminal: can_move_cursor && io::stderr().is_terminal(),
            palette: Palette { colour, unicode },
            output_palette: Palette {
                colour: colour && io::stdout().is_terminal(),
                unicode,
            },
        }
    }
}

/// A variable that is set and not empty, which is how `NO_COLOR` and the locale are defined.
fn variable(name: &str) -> Option<String> {
    raw_variable(name).filter(|value| !value.is_empty())
}

/// A variable that is set. What is not UTF-8 in it becomes something that makes no sense, which is
/// said where it is needed.
fn raw_variable(name: &str) -> Option<String> {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is where the environment is read"
    )]
    let value = std::env::var_os(name)?;
    Some(value.to_string_lossy().into_owned())
}

/// Whether a locale's characters are Unicode, as in `en_US.UTF-8`.
fn shows_unicode(locale: &str) -> bool {
    let locale = locale.to_ascii_lowercase();
    locale.contains("utf-8") || locale.contains("utf8")
}

impl Job {
    /// Checks the arguments together.
    pub(crate) fn new(command: Command, environment: Environment) -> Result<Self, UsageError> {
        match command {
            Command::Get(args) => get(*args, environment).map(Self::Get),
            Command::Serve(args) => ServeSettings::new(args).map(Self::Serve),
            Command::Demo(args) => Ok(Self::Demo(demo(args, environment))),
            Command::CheckServer(args) => check_server(args).map(Self::CheckServer),
            Command::Inspect(args) => Ok(Self::Inspect(inspect(args, environment))),
        }
    }
}

fn check_server(args: CheckArgs) -> Result<CheckSettings, UsageError> {
    let pem = args.cacert.as_deref().map(connection::read).transpose()?;
    Ok(CheckSettings {
        url: args.url,
        trust: pem.map_or(Trust::Nobody, Trust::Pem),
        json: args.json,
    })
}

fn get(args: GetArgs, environment: Environment) -> Result<GetSettings, UsageError> {
    let display = if args.json {
        Display::Json { quiet: args.quiet }
    } else if args.quiet {
        Display::Quiet
    } else if environment.terminal {
        Display::Bars {
            palette: environment.palette,
            verbose: args.verbose,
        }
    } else {
        Display::Plain {
            verbose: args.verbose,
        }
    };
    Ok(GetSettings {
        files: files(&args)?,
        display,
        options: DownloadOptions {
            connections: match args.connections {
                Connections::Auto => None,
                Connections::AtMost(number) => Some(number),
            },
            digests: digests(args.checksums, args.urls.len())?,
            content_disposition: args.content_disposition,
            connection: ConnectionSettings::new(&args.connection, &args.urls, &raw_variable)?,
            max_tries: args.max_tries,
            stall_timeout: args.stall_timeout,
            rate_limit: args.limit_rate,
            write_mode: match args.write {
                Write::Auto => WriteMode::default(),
                Write::Mapped => WriteMode::Mapped,
                Write::Positioned => WriteMode::Positioned,
            },
            overwrite: args.overwrite,
            resume: !args.no_resume,
            sync: !args.no_sync,
            remote_time: args.remote_time,
        },
    })
}

fn files(args: &GetArgs) -> Result<Vec<RemoteFile>, UsageError> {
    if let Some(path) = &args.output {
        let [url] = args.urls.as_slice() else {
            let urls = args.urls.len();
            return Err(UsageError::OneOutput { urls });
        };
        let (directory, name) = split(path)?;
        return Ok(vec![RemoteFile {
            url: url.clone().into(),
            directory,
            name,
        }]);
    }
    let directory = args.dir.clone().unwrap_or_else(|| PathBuf::from("."));
    let mut taken = BTreeSet::new();
    let mut files = Vec::new();
    for url in &args.urls {
        // The library says what is wrong with a URL that cannot be parsed, in its turn.
        let name = match Url::parse(url) {
            Ok(url) => OutputName::from_url_path(url.path()).as_str().to_owned(),
            Err(_) => format!("download-{}", files.len() + 1),
        };
        if !taken.insert(name.clone()) {
            return Err(UsageError::SameName { name });
        }
        files.push(RemoteFile {
            url: url.clone().into(),
            directory: directory.clone(),
            name: name.into(),
        });
    }
    Ok(files)
}

fn split(path: &Path) -> Result<(PathBuf, OsString), UsageError> {
    let ends_like_a_directory = path.as_os_str().as_encoded_bytes().ends_with(b"/");
    let name = path.file_name().filter(|_| !ends_like_a_directory);
    let name = name.ok_or_else(|| UsageError::NoFileName {
        path: path.to_owned(),
    })?;
    let directory = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    Ok((directory.to_owned(), name.to_owned()))
}

fn digests(checksums: Vec<Digest>, urls: usize) -> Result<Vec<Digest>, UsageError> {
    if urls > 1 && !checksums.is_empty() {
        return Err(UsageError::OneChecksum { urls });
    }
    let mut algorithms = BTreeSet::new();
    for algorithm in checksums.iter().map(Digest::algorithm) {
        if !algorithms.insert(algorithm) {
            let algorithm = algorithm.name();
            return Err(UsageError::SameAlgorithm { algorithm });
        }
    }
    Ok(checksums)
}

fn demo(args: DemoArgs, environment: Environment) -> DemoSettings {
    DemoSettings {
        size: args.size,
        directory: args.dir.unwrap_or_else(std::env::temp_dir),
        keep: args.keep,
        display: if environment.terminal {
            Display::Bars {
                palette: environment.palette,
                verbose: false,
            }
        } else {
            Display::Quiet
        },
    }
}

fn inspect(args: InspectArgs, environment: Environment) -> InspectSettings {
    InspectSettings {
        part: args.part,
        verify: args.verify,
        bars: environment.terminal.then_some(environment.palette),
        json: args.json,
        palette: environment.output_palette,
    }
}

#[cfg(test)]
mod tests;
