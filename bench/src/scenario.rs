//! Owns what each scenario consists of: its content, its servers and its contenders. How they are
//! run and judged is `round`'s.
mod disk;
mod far;
mod serve;

use std::env;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::arguments::{Arguments, Scenario};
use super::failure::Failure;
use super::peers::{self, Job, PEERS};
use super::process::{self, Line};
use super::round::{self, Contender, Expected, Preparation};
use super::server::{Server, Site};
use super::table::Report;
use super::workshop::{Workshop, stdout_of};
use super::{content, machine};

const NAME: &str = "file";
const USUAL: u64 = 2 << 30;
/// The rows of the reference, and its options where it writes.
const LIMITS: [(&str, Option<&str>); 4] = [
    ("limit: receive, write and sync", Some("--sync")),
    ("limit: receive and write", Some("")),
    ("limit: splice", Some("--splice")),
    ("limit: receive", None),
];

/// What every scenario is given.
pub(super) struct Setting<'a> {
    pub(super) arguments: &'a Arguments,
    pub(super) workshop: &'a Workshop,
    pub(super) program: &'a Path,
    pub(super) load: machine::Load,
}

/// The rows of a scenario, and what to say of them.
struct Plan {
    about: String,
    runs: u32,
    contenders: Vec<Contender>,
    /// Done before each run.
    before: Option<Preparation>,
    /// Kept until the last run.
    _servers: Vec<Server>,
    _undo: Option<(disk::DirtyLimits, disk::Source)>,
}

pub(super) fn run(scenario: Scenario, setting: &Setting<'_>) -> Result<Report, Failure> {
    let mut machine =
        machine::description(setting.program, &setting.workshop.output(), setting.load);
    machine.extend(peers::versions());
    let plan = match scenario {
        Scenario::Wan(path) => return far::run(path, setting, machine),
        Scenario::Loopback => large(setting, false, false),
        Scenario::Verify => large(setting, false, true),
        Scenario::Tls => large(setting, true, false),
        Scenario::Small => small(setting),
        Scenario::Memory => memory(setting),
        Scenario::Serve => serve::plan(setting),
        Scenario::Disk => disk::plan(setting),
    }?;
    let rows = round::run(plan.contenders, plan.runs, plan.before, setting.workshop)?;
    Ok(Report {
        scenario: scenario.name(),
        about: setting.about(&plan.about, plan.runs),
        machine,
        bound: None,
        rows,
    })
}

/// One large file, with TLS or without, verified or not.
fn large(setting: &Setting<'_>, tls: bool, verify: bool) -> Result<Plan, Failure> {
    let size = setting.arguments.size_or(USUAL);
    let source = setting.source(NAME, size)?;
    let server = setting.nginx(tls)?;
    let mut job = setting.job(&server, NAME);
    if verify {
        job.digest = Some(sha256(&source)?);
    }
    let expected = Expected::File(source.clone());
    let mut contenders = vec![
        setting.ours("sheave", "", &job, &expected),
        setting.ours("sheave --no-sync", "--no-sync", &job, &expected),
    ];
    contenders.extend(setting.peers(&job, &expected, false));
    if verify {
        contenders.push(hash_alone(&source));
    }
    if tls {
        contenders.push(Contender {
            lines: Ok(vec![peers::curl_to_nothing(&job)]),
            ..Contender::without_output(
                "limit: curl to /dev/null",
                vec![peers::curl_to_nothing(&job.shown())],
            )
        });
    } else {
        for limit in LIMITS {
            contenders.push(reference(limit, &job, size, &expected)?);
        }
    }
    let scheme = if tls { "https" } else { "http" };
    let verified = if verify { ", verified by SHA-256" } else { "" };
    Ok(Plan {
        about: format!("{} MiB over {scheme} from nginx{verified}.", size >> 20),
        runs: setting.arguments.runs_or(5),
        contenders,
        before: None,
        _servers: vec![server],
        _undo: None,
    })
}

/// The digest of the source and nothing else, by the fastest program at hand.
fn hash_alone(source: &Path) -> Contender {
    let line = |path: String| vec![Line::of("openssl dgst -sha256").and(path)];
    Contender {
        lines: match machine::find("openssl") {
            Some(_) => Ok(line(source.display().to_string())),
            None => Err("MISSING: openssl is not installed".to_owned()),
        },
        ..Contender::without_output("limit: SHA-256 alone", line("FILE".to_owned()))
    }
}

/// Files so small that starting the process is most of it.
fn small(setting: &Setting<'_>) -> Result<Plan, Failure> {
    let server = setting.nginx(false)?;
    let mut contenders = Vec::new();
    for (name, size) in [("1KiB", 1 << 10), ("1MiB", 1 << 20)] {
        let expected = Expected::File(setting.source(name, size)?);
        let job = setting.job(&server, name);
        contenders.push(setting.ours(&format!("sheave {name}"), "", &job, &expected));
        let no_sync = format!("sheave --no-sync {name}");
        contenders.push(setting.ours(&no_sync, "--no-sync", &job, &expected));
        let curl = setting.peers(&job, &expected, false);
        contenders.extend(
            curl.filter(|peer| peer.name == "curl")
                .map(|peer| Contender {
                    name: format!("curl {name}"),
                    ..peer
                }),
        );
    }
    let version = |program: String| vec![Line(vec![program, "--version".to_owned()])];
    contenders.push(Contender {
        lines: Ok(version(setting.program.display().to_string())),
        must_succeed: true,
        ..Contender::without_output("sheave --version", version("sheave".to_owned()))
    });
    Ok(Plan {
        about: "1 KiB and 1 MiB over http from nginx, the start of the process included. Ratios \
                are to the first row."
            .to_owned(),
        runs: setting.arguments.runs_or(5).saturating_mul(10),
        contenders,
        before: None,
        _servers: vec![server],
        _undo: None,
    })
}

/// Two files of which one is ten times as large, over 16 connections.
fn memory(setting: &Setting<'_>) -> Result<Plan, Failure> {
    let size = setting.arguments.size_or(20 << 30);
    let server = Server::sheave(setting.program, setting.workshop, false)?;
    let contenders = [size.div_ceil(10), size].map(|size| {
        let url = format!("{}/synthetic/{size}", server.url);
        let job = Job {
            url: url.clone(),
            ..setting.job(&server, NAME)
        };
        let expected = Expected::Answer { url, length: size };
        setting.ours(&format!("{} MiB", size >> 20), "-x 16", &job, &expected)
    });
    Ok(Plan {
        about: "Peak memory of `sheave get` with 16 connections, from `sheave serve` to the disk. \
                The content is computed by the server, and never zero, so that the output is as \
                large on the disk as its length. It is compared with what one plain request gets."
            .to_owned(),
        runs: setting.arguments.runs_or(1),
        contenders: contenders.into(),
        before: None,
        _servers: vec![server],
        _undo: None,
    })
}

impl Setting<'_> {
    /// What stands above the table.
    fn about(&self, what: &str, runs: u32) -> String {
        let busy = self.load.warning();
        let busy = busy.map_or_else(String::new, |warning| format!("\n\n{warning}"));
        format!("{what} Runs of each: {runs}.{busy}")
    }

    fn source(&self, name: &str, size: u64) -> Result<PathBuf, Failure> {
        let path = self.workshop.source().join(name);
        content::make(&path, size)?;
        Ok(path)
    }

    /// nginx on this machine, serving the sources.
    fn nginx(&self, tls: bool) -> Result<Server, Failure> {
        Server::nginx(self.workshop, &self.site(tls))
    }

    fn site(&self, tls: bool) -> Site {
        Site {
            address: Ipv4Addr::LOCALHOST,
            root: self.workshop.source(),
            tls,
        }
    }

    fn job(&self, server: &Server, name: &str) -> Job {
        let certificate = server.certificate.as_ref();
        Job {
            url: format!("{}/{name}", server.url),
            directory: self.workshop.output().display().to_string(),
            name: name.to_owned(),
            certificate: certificate.map(|path| path.display().to_string()),
            digest: None,
        }
    }

    fn ours(&self, name: &str, options: &str, job: &Job, expected: &Expected) -> Contender {
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
    fn peers(&self, job: &Job, expected: &Expected, far: bool) -> impl Iterator<Item = Contender> {
        let wanted = PEERS.iter().filter(|peer| self.arguments.wants(peer.name));
        wanted.flat_map(move |peer| {
            let missing = peer.missing();
            peer.widths(far).iter().map(move |&width| Contender {
                name: if far {
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

/// One limit of the machine: this program, as a process of its own.
fn reference(
    (name, options): (&str, Option<&str>),
    job: &Job,
    size: u64,
    expected: &Expected,
) -> Result<Contender, Failure> {
    let this = env::current_exe().map_err(Failure::io("find this program"))?;
    let line = |program: &str, job: &Job, length: &str| {
        let line = Line(vec![program.to_owned()]).and_all([
            "--reference",
            job.url.as_str(),
            "--length",
            length,
        ]);
        let into = options.map(|options| Line::of(options).and("--into").and(job.output()));
        vec![line.and_all(into.into_iter().flat_map(|into| into.0))]
    };
    let program = this.display().to_string();
    Ok(Contender {
        lines: Ok(line(&program, job, &size.to_string())),
        output: job.output().into(),
        expected: options.map_or(Expected::Nothing, |_| expected.clone()),
        must_succeed: true,
        ..Contender::without_output(name, line("sheave-bench", &job.shown(), "LENGTH"))
    })
}

impl Contender {
    /// One whose lines are still to be said, and of which nothing is kept.
    pub(super) fn without_output(name: &str, shown: Vec<Line>) -> Self {
        Self {
            name: name.to_owned(),
            lines: Err("not run".to_owned()),
            shown,
            output: PathBuf::new(),
            expected: Expected::Nothing,
            at_most: process::LONGEST,
            again_within: Duration::MAX,
            must_succeed: false,
        }
    }
}

fn sha256(path: &Path) -> Result<String, Failure> {
    let mut command = Command::new("sha256sum");
    command.arg(path);
    let said = stdout_of(command)?;
    Ok(said.split(' ').next().unwrap_or_default().to_owned())
}
