//! Owns the program's task: arguments and environment in, checked settings out.

use std::path::PathBuf;

use accelerator::ByteCount;
use clap_complete::Shell;
use range_server::check::{Options, Trust};

use crate::args::{CheckArgs, Command, DemoArgs, InspectArgs, MetalinkArgs};
use crate::report::{Display, Palette};

mod connection;
mod environment;
mod get;
mod outputs;
mod serve;
mod usage_error;

pub(crate) use connection::under_our_name;
pub(crate) use environment::Environment;
pub(crate) use get::{GetSettings, LaterList};
pub(crate) use serve::{ServeSettings, Tls, faults};
use usage_error::UsageError;

/// The task of this run, with everything needed to do it.
#[derive(Debug)]
pub(crate) enum Job {
    /// Download.
    Get(Box<GetSettings>),
    /// Serve.
    Serve(Box<ServeSettings>),
    /// Demonstrate the program.
    Demo(DemoSettings),
    /// Inspect a part file.
    Inspect(InspectSettings),
    /// Write a Metalink document.
    CreateMetalink(MetalinkArgs),
    /// Check a server.
    CheckServer(CheckSettings),
    /// Print a shell's completions.
    Completions(Shell),
    /// Write the manual pages into this directory.
    Man(PathBuf),
}

/// Settings of `demo`.
#[derive(Debug)]
pub(crate) struct DemoSettings {
    /// The number of bytes to download.
    pub(crate) size: ByteCount,
    /// The directory in which the temporary directory is made.
    pub(crate) directory: PathBuf,
    /// Keep the file.
    pub(crate) keep: bool,
    /// The options of the display.
    pub(crate) display: Display,
}

/// Settings of `check-server`.
#[derive(Debug)]
pub(crate) struct CheckSettings {
    /// A file on the server.
    pub(crate) url: String,
    /// The name of the server, and the path: what messages call it.
    pub(crate) place: String,
    /// The certificates to trust, and the fields to send.
    pub(crate) options: Options,
    /// True if standard error is a terminal that can move its cursor.
    pub(crate) terminal: bool,
    /// Write JSON.
    pub(crate) json: bool,
    /// Show the sentences of the RFC.
    pub(crate) verbose: bool,
    /// The file for a report in the JUnit format.
    pub(crate) junit: Option<PathBuf>,
}

/// Settings of `inspect`.
#[derive(Debug)]
pub(crate) struct InspectSettings {
    /// The part file.
    pub(crate) part: PathBuf,
    /// Read its bytes back.
    pub(crate) verify: bool,
    /// The style of the progress display; `None` if nobody could see it.
    pub(crate) bars: Option<Palette>,
    /// Write JSON.
    pub(crate) json: bool,
    /// The style of the block map.
    pub(crate) palette: Palette,
}

impl Job {
    /// Checks the arguments together.
    pub(crate) fn new(command: Command, environment: Environment) -> Result<Self, UsageError> {
        match command {
            Command::Get(args) => {
                GetSettings::new(*args, environment).map(|settings| Self::Get(Box::new(settings)))
            }
            Command::Serve(args) => {
                ServeSettings::new(*args).map(|settings| Self::Serve(Box::new(settings)))
            }
            Command::Demo(args) => Ok(Self::Demo(demo(args, environment))),
            Command::CheckServer(args) => check_server(args, environment).map(Self::CheckServer),
            Command::Metalink(args) => Ok(Self::CreateMetalink(args)),
            Command::Completions { shell } => Ok(Self::Completions(shell)),
            Command::Man { directory } => Ok(Self::Man(directory)),
            Command::Inspect(args) => Ok(Self::Inspect(inspect(args, environment))),
        }
    }
}

fn check_server(args: CheckArgs, environment: Environment) -> Result<CheckSettings, UsageError> {
    let pem = args
        .cacert
        .as_deref()
        .map(connection::read_pem)
        .transpose()?;
    let headers = connection::given_headers(&args.headers)?.into_iter();
    let url = args.url;
    let port = url
        .port()
        .map_or_else(String::new, |port| format!(":{port}"));
    let host = url.host_str().unwrap_or_default();
    Ok(CheckSettings {
        place: format!("{host}{port}{}", url.path()),
        url: url.into(),
        terminal: environment.terminal,
        options: Options {
            trust: Trust {
                pem,
                only_pem: args.only_cacert,
                anybody: args.insecure,
            },
            fields: headers
                .map(|(name, value)| (name, value.reveal().clone()))
                .collect(),
            on_question: None,
        },
        json: args.json,
        verbose: args.verbose,
        junit: args.junit,
    })
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
