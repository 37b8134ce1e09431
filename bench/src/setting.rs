//! Owns what every scenario is given, and what each makes of it: sources, servers, and contenders
//! as they are told what to do. Knows no scenario.
use std::any::Any;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::arguments::Arguments;
use super::failure::Failure;
use super::job::Job;
use super::peers::{self, PEERS};
use super::round::{Contender, Expected, Preparation};
use super::server::{Server, Site};
use super::workdir::WorkDirectory;
use super::{content, machine, process};

/// The name of the file that is downloaded, and its size unless another one is given.
pub(super) const NAME: &str = "file";
pub(super) const USUAL: u64 = 2 << 30;

/// The arguments of every scenario.
pub(super) struct Setting<'a> {
    pub(super) arguments: &'a Arguments,
    pub(super) workdir: &'a WorkDirectory,
    pub(super) program: &'a Path,
    pub(super) load: machine::Load,
}

/// The rows of a scenario, and what to say of them.
pub(super) struct Plan {
    pub(super) about: String,
    pub(super) runs: u32,
    pub(super) contenders: Vec<Contender>,
    /// Done before each run.
    pub(super) before: Option<Preparation>,
    /// Kept until the last run.
    pub(super) _servers: Vec<Server>,
    pub(super) _undo: Option<Box<dyn Any>>,
}

impl Setting<'_> {
    /// Returns what stands above the table.
    pub(super) fn about(&self, what: &str, runs: u32) -> String {
        let busy = self.load.warning();
        let busy = busy.map_or_else(String::new, |warning| format!("\n\n{warning}"));
        format!("{what} Runs of each: {runs}.{busy}")
    }

    pub(super) fn source(&self, name: &str, size: u64) -> Result<PathBuf, Failure> {
        let path = self.workdir.source().join(name);
        content::make(&path, size)?;
        Ok(path)
    }

    /// nginx on this machine, serving the sources.
    pub(super) fn nginx(&self, tls: bool) -> Result<Server, Failure> {
        Server::nginx(self.workdir, &self.site(tls))
    }

    pub(super) fn site(&self, tls: bool) -> Site {
        Site {
            address: Ipv4Addr::LOCALHOST,
            root: self.workdir.source(),
            tls,
        }
    }

    pub(super) fn job(&self, server: &Server, name: &str) -> Job {
        let certificate = server.certificate.as_ref();
        Job {
            url: format!("{}/{name}", server.url),
            directory: self.workdir.output().display().to_string(),
            name: name.to_owned(),
            certificate: certificate.map(|path| path.display().to_string()),
            digest: None,
        }
    }

    pub(super) fn ours(
        &self,
        name: &str,
        options: &str,
        job: &Job,
        expected: &Expected,
    ) -> Contender {
        let shown = peers::sheave(Path::new("sheave"), options, &job.shown());
        Contender {
            name: name.to_owned(),
            lines: Ok(vec![peers::sheave(self.program, options, job)]),
            shown: vec![shown],
            output: job.output().into(),
            expected: expected.clone(),
            at_most: process::LONGEST,
            again_within: Duration::MAX,
            must_succeed: true,
        }
    }

    /// Every peer that is wanted, over a distance once for each width that is worth a try.
    pub(super) fn peers(
        &self,
        job: &Job,
        expected: &Expected,
        distant: bool,
    ) -> impl Iterator<Item = Contender> {
        let wanted = PEERS.iter().filter(|peer| self.arguments.wants(peer.name));
        wanted.flat_map(move |peer| {
            let missing = peer.missing();
            peer.widths(distant).iter().map(move |&width| Contender {
                name: if distant {
                    format!("{} {width}", peer.name)
                } else {
                    peer.name.to_owned()
                },
                lines: missing
                    .clone()
                    .map_or_else(|| Ok(peer.lines(job, width)), Err),
                shown: peer.shown(&job.shown(), width),
                output: job.output().into(),
                expected: expected.clone(),
                at_most: process::LONGEST,
                again_within: Duration::MAX,
                must_succeed: false,
            })
        })
    }
}
