//! Owns the contenders of the `wan` scenarios: the program with its defaults, and each peer with
//! every width that is worth a try. What a link is like is `wan`'s.
use std::net::Ipv4Addr;

use super::super::failure::Failure;
use super::super::job::Job;
use super::super::link::Link;
use super::super::process;
use super::super::round::{self, Contender, Expected};
use super::super::server::{Server, Site};
use super::super::setting::{NAME, Setting};
use super::super::slow_server::SlowServer;
use super::super::table::Results;
use super::super::wan::{Kind, Path};

/// A contender that takes so many times as long as the best possible is ended.
const PATIENCE: u32 = 4;
/// One that takes this many percent of the best possible is not the best, however its runs differ,
/// and is not run again: most peers are far slower over a distance, and would be most of the wait.
const AGAIN_PERCENT: u32 = 160;
/// In MiB, for `--quick`.
const QUICK: u64 = 8;

/// Whoever serves, running.
enum Host {
    Nginx(Server),
    SlowServer(SlowServer),
}

pub(super) fn run(
    path: &'static Path,
    setting: &Setting<'_>,
    machine: Vec<String>,
) -> Result<Results, Failure> {
    let arguments = setting.arguments;
    let usual = if arguments.quick { QUICK } else { path.size };
    let size = arguments.size.unwrap_or(usual << 20);
    let expected = Expected::File(setting.source(NAME, size)?);
    let link = Link::open(&path.profile, setting.workdir.guardian())?;
    let host = link.at_server(|| host(path, Link::address(), setting))??;
    let bound = path.bound(size);
    let mut contenders = contenders(setting, &host, &expected);
    for contender in &mut contenders {
        contender.at_most = process::LONGEST.min(bound * PATIENCE);
        if !contender.must_succeed {
            contender.again_within = bound * AGAIN_PERCENT / 100;
        }
    }
    let runs = arguments.runs_or(3);
    let rows = link.at_client(|| round::run(contenders, runs, None, setting.workdir))??;
    let what = format!("{} MiB {}.", size >> 20, path.about());
    let carried = link.carried();
    Ok(Results {
        scenario: path.name,
        about: format!(
            "{}\n\nOn the link, both ways: {carried}.",
            setting.about(&what, runs)
        ),
        machine,
        bound: Some(bound),
        rows,
    })
}

fn host(path: &Path, address: Ipv4Addr, setting: &Setting<'_>) -> Result<Host, Failure> {
    match path.server {
        Kind::Nginx => {
            let site = Site {
                address,
                root: setting.workdir.source(),
                tls: false,
            };
            Server::nginx(setting.workdir, &site).map(Host::Nginx)
        }
        Kind::SlowServer(slowness) => {
            SlowServer::start(address, setting.workdir.source(), slowness).map(Host::SlowServer)
        }
    }
}

fn contenders(setting: &Setting<'_>, host: &Host, expected: &Expected) -> Vec<Contender> {
    let job = |site: &str, path: &str| Job {
        url: format!("{site}/{path}"),
        directory: setting.workdir.output().display().to_string(),
        name: NAME.to_owned(),
        certificate: None,
        digest: None,
    };
    let (plain, steady) = match host {
        Host::Nginx(server) => (job(&server.url, NAME), None),
        Host::SlowServer(server) => {
            let site = format!("http://{}:{}", Link::address(), server.port);
            (
                job(&site, NAME),
                Some(job(&site, &SlowServer::steady(NAME))),
            )
        }
    };
    let mut contenders = vec![
        setting.ours("sheave", "", &plain, expected),
        setting.ours("sheave --no-sync", "--no-sync", &plain, expected),
    ];
    if let Some(steady) = steady {
        contenders.push(setting.ours("sheave, a steady server", "", &steady, expected));
    }
    // One of them is enough to see that the harness works.
    let most = if setting.arguments.quick {
        1
    } else {
        usize::MAX
    };
    contenders.extend(setting.peers(&plain, expected, true).take(most));
    contenders
}
