//! Owns the command line of `cargo xtask bench`, and what it defaults to. Measures nothing.
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use range_core::units::ByteCount;

use super::wan::{self, Path};

/// Of a file, with `--quick`: several segments, and room wherever a file is made.
const QUICK: u64 = 16 << 20;

/// The measurement to make, and for how long.
#[derive(Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line"
)]
pub(super) struct Arguments {
    /// The scenario to measure
    #[arg(value_enum, required_unless_present_any = ["url", "guardian"])]
    scenario: Option<Asked>,
    /// Small sizes and single runs: shows that the harness works, and no speed
    #[arg(long)]
    pub(super) quick: bool,
    /// Runs of each contender [default: 5; 3 for `wan`; 1 for `memory`; tenfold for `small`]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) runs: Option<u32>,
    /// Size of the file, as in 512MiB [default: 2GiB; 20GiB for `memory`; by link for `wan`]
    #[arg(long, value_parser = parse_size)]
    pub(super) size: Option<u64>,
    /// Only these links of `wan`, by name, as in wan-20ms,wan-bbr
    #[arg(long, value_delimiter = ',')]
    pub(super) links: Vec<String>,
    /// Only these peers, by name, as in aria2,curl
    #[arg(long, value_delimiter = ',')]
    pub(super) peers: Vec<String>,
    /// Print JSON instead of tables
    #[arg(long)]
    pub(super) json: bool,
    /// Replace the tables in docs/benchmarks
    #[arg(long)]
    pub(super) write: bool,
    /// Be the guardian: undo what standard input says when it ends
    #[arg(long, hide = true)]
    pub(super) guardian: bool,
    #[command(flatten)]
    pub(super) reference: Option<Reference>,
}

/// The reference as a process of its own, so that it is measured as every other contender is.
#[derive(Args)]
pub(super) struct Reference {
    /// Be the reference: fetch this address
    #[arg(long = "reference", value_name = "URL", hide = true, required = false)]
    pub(super) url: String,
    /// Where the reference writes; without it, it only receives
    #[arg(long, hide = true)]
    pub(super) into: Option<PathBuf>,
    /// The reference moves bytes from the socket to the file without having them itself
    #[arg(long, hide = true, requires = "into")]
    pub(super) splice: bool,
    /// The reference waits for the disk at its end, as the program does
    #[arg(long, hide = true, requires = "into")]
    pub(super) sync: bool,
    /// The number of connections the reference uses
    #[arg(long, hide = true, default_value_t = 8)]
    pub(super) connections: u64,
    /// The number of bytes the reference fetches
    #[arg(long, hide = true, default_value_t = 1)]
    pub(super) length: u64,
}

#[derive(Clone, Copy, ValueEnum)]
enum Asked {
    Loopback,
    Verify,
    Tls,
    Small,
    Memory,
    Serve,
    /// The disk, with nothing in the page cache; needs root
    Disk,
    /// Emulated links; needs root
    Wan,
    /// Check that the emulated link is what was asked for; needs root
    Link,
    /// Draw the plot anew from the tables in docs/benchmarks
    Plot,
    All,
}

/// One thing that is measured, and one table.
#[derive(Clone, Copy, Debug)]
pub(super) enum Scenario {
    Loopback,
    Verify,
    Tls,
    Small,
    Memory,
    Serve,
    Disk,
    Wan(&'static Path),
}

impl Scenario {
    /// As it is asked for, and as its table is marked.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Loopback => "loopback",
            Self::Verify => "verify",
            Self::Tls => "tls",
            Self::Small => "small",
            Self::Memory => "memory",
            Self::Serve => "serve",
            Self::Disk => "disk",
            Self::Wan(path) => path.name,
        }
    }
}

impl Arguments {
    pub(super) fn scenarios(&self) -> Vec<Scenario> {
        let wan = || {
            let wanted = wan::PATHS.iter().filter(|path| self.wants_link(path.name));
            wanted.map(Scenario::Wan)
        };
        match self.scenario {
            None | Some(Asked::Link | Asked::Plot) => vec![],
            Some(Asked::Loopback) => vec![Scenario::Loopback],
            Some(Asked::Verify) => vec![Scenario::Verify],
            Some(Asked::Tls) => vec![Scenario::Tls],
            Some(Asked::Small) => vec![Scenario::Small],
            Some(Asked::Memory) => vec![Scenario::Memory],
            Some(Asked::Serve) => vec![Scenario::Serve],
            Some(Asked::Disk) => vec![Scenario::Disk],
            Some(Asked::Wan) => wan().collect(),
            Some(Asked::All) => [
                Scenario::Loopback,
                Scenario::Verify,
                Scenario::Tls,
                Scenario::Small,
                Scenario::Memory,
                Scenario::Serve,
                Scenario::Disk,
            ]
            .into_iter()
            .chain(wan())
            .collect(),
        }
    }

    /// Returns whether a link is to be run: every one, unless some are named.
    fn wants_link(&self, link: &str) -> bool {
        if self.links.is_empty() {
            !self.quick || wan::QUICK.contains(&link)
        } else {
            self.links.iter().any(|wanted| wanted == link)
        }
    }

    /// Returns whether the link itself is to be measured.
    pub(super) fn checks_link(&self) -> bool {
        matches!(self.scenario, Some(Asked::Link))
    }

    /// Returns whether the plot is asked for.
    pub(super) fn draws_plot(&self) -> bool {
        matches!(self.scenario, Some(Asked::Plot))
    }

    /// Returns whether everything is asked for that this machine can do.
    pub(super) fn is_all(&self) -> bool {
        matches!(self.scenario, Some(Asked::All))
    }

    pub(super) fn size_or(&self, usual: u64) -> u64 {
        self.size.unwrap_or(if self.quick { QUICK } else { usual })
    }

    pub(super) fn runs_or(&self, usual: u32) -> u32 {
        self.runs.unwrap_or(if self.quick { 1 } else { usual })
    }

    /// Returns whether a peer is to be run: every one, unless some are named.
    pub(super) fn wants(&self, peer: &str) -> bool {
        self.peers.is_empty() || self.peers.iter().any(|wanted| wanted == peer)
    }
}

fn parse_size(text: &str) -> Result<u64, String> {
    match ByteCount::parse(text) {
        Ok(ByteCount(0)) => Err("nothing to download".to_owned()),
        Ok(ByteCount(size)) => Ok(size),
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use clap::{Args, Command, FromArgMatches};

    use super::{Arguments, Scenario, parse_size};

    fn parse(words: &str) -> Result<Arguments, clap::Error> {
        let command = Arguments::augment_args(Command::new("bench").no_binary_name(true));
        let matches = command.try_get_matches_from(words.split(' '))?;
        Arguments::from_arg_matches(&matches)
    }

    #[test]
    fn a_scenario_or_the_reference_is_asked_for() {
        let arguments = parse("tls --peers aria2,curl --size 1MiB").unwrap();
        let names = |arguments: &Arguments| -> Vec<_> {
            arguments
                .scenarios()
                .into_iter()
                .map(Scenario::name)
                .collect()
        };
        assert_eq!(names(&arguments), ["tls"]);
        let quick = parse("wan --quick").unwrap();
        assert_eq!(names(&quick), ["wan-100ms", "wan-crawling"]);
        let one = parse("wan --links wan-bbr").unwrap();
        assert_eq!(names(&one), ["wan-bbr"]);
        assert!(arguments.reference.is_none());
        assert!(arguments.wants("curl") && !arguments.wants("axel"));
        assert_eq!((arguments.size_or(9), arguments.runs_or(5)), (1 << 20, 5));
        let reference = parse("--reference http://h/p --length 7")
            .unwrap()
            .reference;
        assert_eq!(reference.map(|reference| reference.length), Some(7));
        assert!(parse("--guardian").unwrap().guardian);
        assert!(parse("--quick").is_err());
    }

    #[test]
    fn a_size_is_written_as_for_the_program_and_is_not_nothing() {
        assert_eq!(parse_size("7"), Ok(7));
        assert_eq!(parse_size("2GiB"), Ok(2 << 30));
        assert!(parse_size("0KiB").is_err());
        assert!(parse_size("MiB").is_err());
    }
}
