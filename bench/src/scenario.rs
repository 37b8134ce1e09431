//! Owns what each scenario consists of: its content, its servers and its contenders. How they are
//! run and judged is `round`'s.
mod disk;
mod distant;
mod serve;

use std::env;
use std::path::Path;
use std::process::Command;

use super::arguments::Scenario;
use super::failure::Failure;
use super::job::Job;
use super::machine;
use super::peers;
use super::process::Line;
use super::round::{self, Contender, Expected};
use super::server::Server;
use super::setting::{NAME, Plan, Setting, USUAL};
use super::table::Results;
use super::workdir::stdout_of;

/// The rows of the reference, and its options where it writes.
const LIMITS: [(&str, Option<&str>); 4] = [
    ("limit: receive, write and sync", Some("--sync")),
    ("limit: receive and write", Some("")),
    ("limit: splice", Some("--splice")),
    ("limit: receive", None),
];

pub(super) fn run(scenario: Scenario, setting: &Setting<'_>) -> Result<Results, Failure> {
    let mut machine =
        machine::description(setting.program, &setting.workdir.output(), setting.load);
    machine.extend(peers::versions());
    let plan = match scenario {
        Scenario::Wan(path) => return distant::run(path, setting, machine),
        Scenario::Loopback => large(setting, false, false),
        Scenario::Verify => large(setting, false, true),
        Scenario::Tls => large(setting, true, false),
        Scenario::Small => small(setting),
        Scenario::Memory => memory(setting),
        Scenario::Serve => serve::plan(setting),
        Scenario::Disk => disk::plan(setting),
    }?;
    let rows = round::run(plan.contenders, plan.runs, plan.before, setting.workdir)?;
    Ok(Results {
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
    let server = Server::sheave(setting.program, setting.workdir, false)?;
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

fn sha256(path: &Path) -> Result<String, Failure> {
    let mut command = Command::new("sha256sum");
    command.arg(path);
    let said = stdout_of(command)?;
    Ok(said.split(' ').next().unwrap_or_default().to_owned())
}
