//! Owns the `serve` scenario: the program's server beside others, as one client sees them that
//! writes nothing. Knows no download client.
use super::super::failure::Failure;
use super::super::process::Line;
use super::super::reference::shares;
use super::super::round::Contender;
use super::super::server::Server;
use super::super::setting::{NAME, Plan, Setting, USUAL};

/// The file that is asked for, and its server.
struct Target {
    name: String,
    /// Or why there is nobody to ask.
    server: Result<Server, String>,
    path: String,
    must_succeed: bool,
}

pub(super) fn plan(setting: &Setting<'_>) -> Result<Plan, Failure> {
    let size = setting.arguments.size_or(USUAL);
    setting.source(NAME, size)?;
    let mut targets = targets(setting, size, false)?;
    targets.extend(self::targets(setting, size, true)?);
    let mut contenders = Vec::new();
    for connections in [1, 8] {
        let first = contenders.len();
        contenders.extend(targets.iter().map(|t| t.contender(size, connections)));
        contenders[first].shown = vec![curl_in_parts("URL/FILE", None, size, connections)];
    }
    Ok(Plan {
        about: format!(
            "{} MiB to one curl process that writes to /dev/null, over one connection and over \
             eight. Ratios are to the first row. curl has one thread: where it is the limit, \
             servers look alike. CPU and memory are curl's. Its command is the same for every \
             server.",
            size >> 20
        ),
        runs: setting.arguments.runs_or(5),
        contenders,
        before: None,
        _servers: targets.into_iter().filter_map(|t| t.server.ok()).collect(),
        _undo: None,
    })
}

fn targets(setting: &Setting<'_>, size: u64, tls: bool) -> Result<Vec<Target>, Failure> {
    let workdir = setting.workdir;
    let content = setting.site(tls);
    let scheme = if tls { "https" } else { "http" };
    let of = |name: &str, server, path: String, must_succeed| Target {
        name: format!("{name}, {scheme}"),
        server,
        path,
        must_succeed,
    };
    let own = || Server::sheave(setting.program, workdir, tls).map(Ok);
    let file = NAME.to_owned();
    let mut targets = vec![
        of("sheave serve, file", own()?, file.clone(), true),
        of(
            "sheave serve, synthetic",
            own()?,
            format!("synthetic/{size}"),
            true,
        ),
        of(
            "nginx",
            Server::nginx(workdir, &content).map(Ok)?,
            file.clone(),
            true,
        ),
        of(
            "caddy",
            if_installed(Server::caddy(workdir, &content))?,
            file.clone(),
            false,
        ),
    ];
    if !tls {
        let other = if_installed(Server::static_web_server(workdir, &content))?;
        targets.push(of("static-web-server", other, file, false));
    }
    Ok(targets)
}

/// One that is not installed has a row that says so.
fn if_installed(server: Result<Server, Failure>) -> Result<Result<Server, String>, Failure> {
    match server {
        Err(Failure::Missing { program }) => Ok(Err(format!("MISSING: {program}"))),
        server => server.map(Ok),
    }
}

impl Target {
    fn contender(&self, size: u64, connections: u64) -> Contender {
        let line = |server: &Server| {
            let url = format!("{}/{}", server.url, self.path);
            let authority = server.certificate.as_ref().map(|c| c.display().to_string());
            vec![curl_in_parts(&url, authority.as_deref(), size, connections)]
        };
        Contender {
            lines: self.server.as_ref().map(line).map_err(Clone::clone),
            must_succeed: self.must_succeed,
            ..Contender::without_output(&format!("{}, {connections}", self.name), Vec::new())
        }
    }
}

/// One curl that asks for each share on a connection of its own.
fn curl_in_parts(url: &str, authority: Option<&str>, size: u64, connections: u64) -> Line {
    let mut line = Line::of("curl -q --parallel --parallel-immediate");
    for (index, share) in shares(size, connections).enumerate() {
        if index > 0 {
            line = line.and("--next");
        }
        line = line.and_all(Line::of("-sS --http1.1 --fail -o /dev/null").0);
        if let Some(authority) = authority {
            line = line.and("--cacert").and(authority);
        }
        let range = format!("{}-{}", share.start, share.end - 1);
        line = line.and("-r").and(range).and(url);
    }
    line
}
