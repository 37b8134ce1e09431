//! Owns what the program was told to do: arguments and environment in, checked settings out.

use std::path::PathBuf;

use accelerator::ByteCount;
use range_server::check::Trust;

use crate::args::{CheckArgs, Command, DemoArgs, InspectArgs};
use crate::report::{Display, Palette};

mod connection;
mod environment;
mod get;
mod serve;
mod usage_error;

pub(crate) use connection::under_our_name;
pub(crate) use environment::Environment;
pub(crate) use get::{GetSettings, RemoteFile};
pub(crate) use serve::{ServeSettings, Tls};
use usage_error::UsageError;

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

impl Job {
    /// Checks the arguments together.
    pub(crate) fn new(command: Command, environment: Environment) -> Result<Self, UsageError> {
        match command {
            Command::Get(args) => GetSettings::new(*args, environment).map(Self::Get),
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
