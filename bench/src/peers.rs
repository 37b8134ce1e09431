//! Owns how the program and each of its peers is told to download one file: its best sensible
//! settings, as command lines. Runs none of them.
use std::env;
use std::path::Path;
use std::process::Command;
use std::slice;

use super::machine;
use super::process::Line;
use super::workdir::stdout_of;

/// What is to be downloaded. Text throughout: it ends in command lines.
#[derive(Clone, Debug)]
pub(super) struct Job {
    pub(super) url: String,
    pub(super) directory: String,
    pub(super) name: String,
    /// The authority to trust, for https.
    pub(super) certificate: Option<String>,
    /// SHA-256 in hexadecimal, where the download is to be verified.
    pub(super) digest: Option<String>,
}

impl Job {
    pub(super) fn output(&self) -> String {
        format!("{}/{}", self.directory, self.name)
    }

    /// The same job with words where values differ from run to run, to be printed.
    pub(super) fn shown(&self) -> Self {
        Self {
            url: "URL/FILE".to_owned(),
            directory: "OUT".to_owned(),
            name: "FILE".to_owned(),
            certificate: self.certificate.as_ref().map(|_| "CA".to_owned()),
            digest: self.digest.as_ref().map(|_| "HEX".to_owned()),
        }
    }

    /// The option, joined to the certificate, where there is one.
    fn trust(&self, option: &str) -> Option<String> {
        let certificate = self.certificate.as_ref()?;
        Some(format!("{option}={certificate}"))
    }
}

/// A downloader that others have written.
pub(super) struct Peer {
    /// As in `--peers`.
    pub(super) name: &'static str,
    /// Where it comes from.
    pub(super) home: Home,
    /// With so many connections.
    download: fn(&Job, u32) -> Line,
    /// How many connections suit it on one machine.
    usual: u32,
    /// How many are tried over a distance: the best of them counts.
    far: &'static [u32],
    /// Whether `download` verifies a digest by itself.
    verifies: bool,
}

/// What has to be there for a peer to run.
pub(super) enum Home {
    /// A program of this name on the search path.
    Program(&'static str),
    /// A module of this name that the interpreter of `python` can import.
    Python(&'static str),
}

/// All of them, in the order of the tables.
pub(super) const PEERS: &[Peer] = &[
    // It refuses more than 16 to a server.
    peer("aria2", Home::Program("aria2c"), aria2, 16, &[16]).verifying(),
    peer("axel", Home::Program("axel"), axel, 16, &[16, 32]),
    peer("lftp", Home::Program("lftp"), lftp, 8, &[16, 32]),
    peer("wget2", Home::Program("wget2"), wget2, 8, &[16, 32]),
    peer("curl", Home::Program("curl"), curl, 1, &[1]),
    peer("rclone", Home::Program("rclone"), rclone, 8, &[16, 32]),
    peer("ripget", Home::Program("ripget"), ripget, 10, &[16, 32]),
    // Its crate calls it `fd`, which on most machines is another program: link it to this name.
    peer(
        "fast-down",
        Home::Program("fast-down"),
        fast_down,
        8,
        &[16, 32],
    ),
    peer(
        "hf_transfer",
        Home::Python("hf_transfer"),
        hf_transfer,
        8,
        &[16, 32],
    ),
];

const fn peer(
    name: &'static str,
    home: Home,
    download: fn(&Job, u32) -> Line,
    usual: u32,
    far: &'static [u32],
) -> Peer {
    Peer {
        name,
        home,
        download,
        usual,
        far,
        verifies: false,
    }
}

impl Peer {
    const fn verifying(mut self) -> Self {
        self.verifies = true;
        self
    }

    /// How many connections are worth a try: one number, or several over a distance.
    pub(super) fn widths(&self, far: bool) -> &[u32] {
        if far {
            self.far
        } else {
            slice::from_ref(&self.usual)
        }
    }

    /// What to run over so many connections, one line after the other.
    pub(super) fn lines(&self, job: &Job, connections: u32) -> Vec<Line> {
        let python = python();
        let mut lines = self.shown(job, connections);
        let words = lines.iter_mut().flat_map(|Line(words)| words);
        for word in words.filter(|word| *word == PYTHON) {
            word.clone_from(&python);
        }
        lines
    }

    /// The same as printed: whoever runs it has the interpreter elsewhere.
    pub(super) fn shown(&self, job: &Job, connections: u32) -> Vec<Line> {
        let mut lines = vec![(self.download)(job, connections)];
        if job.digest.is_some() && !self.verifies {
            lines.push(Line::of("sha256sum").and(job.output()));
        }
        lines
    }

    /// Why it cannot be run, if it cannot.
    pub(super) fn missing(&self) -> Option<String> {
        match self.home {
            Home::Program(program) => machine::find(program)
                .is_none()
                .then(|| format!("MISSING: {program} is not installed")),
            Home::Python(module) => {
                let mut import = Command::new(python());
                import.args(["-c", &format!("import {module}")]);
                stdout_of(import)
                    .is_err()
                    .then(|| format!("MISSING: {} cannot import {module}", python()))
            }
        }
    }

    /// What it says of its version.
    fn version(&self) -> String {
        if self.missing().is_some() {
            return format!("{}: not installed", self.name);
        }
        let mut command;
        match self.home {
            Home::Program(program) => {
                command = Command::new(program);
                command.arg("--version");
            }
            Home::Python(module) => {
                command = Command::new(python());
                command.args(["-c", &format!(
                    "from importlib.metadata import version; print('{module}', version('{module}'))"
                )]);
            }
        }
        // Not every one of them tells its version.
        let said = machine::first_line_of(command);
        if said.contains("error") {
            format!("{}: of unknown version", self.name)
        } else {
            said
        }
    }
}

/// The version of each peer, one line each.
pub(super) fn versions() -> impl Iterator<Item = String> {
    PEERS.iter().map(Peer::version)
}

/// The interpreter of modules, unless `SHEAVE_BENCH_PYTHON` names another.
const PYTHON: &str = "python3";

fn python() -> String {
    env::var("SHEAVE_BENCH_PYTHON").unwrap_or_else(|_| PYTHON.to_owned())
}

/// The program itself, with its defaults but for what is named.
pub(super) fn sheave(program: &Path, options: &str, job: &Job) -> Line {
    let trust = job.trust("--cacert");
    let digest = job.digest.as_ref();
    let digest = digest.map(|digest| format!("--checksum=sha-256={digest}"));
    Line(vec![program.display().to_string()])
        .and_all(Line::of(&format!("get --quiet {options}")).0)
        .and_all(trust.into_iter().chain(digest))
        .and("-o")
        .and(job.output())
        .and(&job.url)
}

fn aria2(job: &Job, connections: u32) -> Line {
    let digest = job.digest.as_ref();
    let digest = digest.map(|digest| format!("--checksum=sha-256={digest}"));
    let options = format!(
        "aria2c --no-conf --quiet --summary-interval=0 -x{connections} -s{connections} \
         --min-split-size=1M --file-allocation=falloc"
    );
    Line::of(&options)
        .and_all(job.trust("--ca-certificate").into_iter().chain(digest))
        .and("-d")
        .and(&job.directory)
        .and("-o")
        .and(&job.name)
        .and(&job.url)
}

fn axel(job: &Job, connections: u32) -> Line {
    // It has no option for an authority to trust.
    let trust = job.certificate.as_ref().map(|_| "--insecure".to_owned());
    Line::of("axel -q -n")
        .and(connections.to_string())
        .and_all(trust)
        .and("-o")
        .and(job.output())
        .and(&job.url)
}

fn lftp(job: &Job, connections: u32) -> Line {
    let trust = job.certificate.as_ref();
    let trust = trust.map(|file| format!("set ssl:ca-file \"{file}\"; "));
    let trust = trust.unwrap_or_default();
    let script = format!(
        "{trust}set pget:save-status never; pget -n {connections} \"{}\" -o \"{}\"",
        job.url,
        job.output()
    );
    Line::of("lftp --norc -c").and(script)
}

fn wget2(job: &Job, connections: u32) -> Line {
    Line::of("wget2 --no-config -q --chunk-size=1M")
        .and(format!("--max-threads={connections}"))
        .and_all(job.trust("--ca-certificate"))
        .and("-O")
        .and(job.output())
        .and(&job.url)
}

fn curl(job: &Job, _one: u32) -> Line {
    let line = Line::of("curl -q -sS --fail");
    let trust = job.certificate.as_ref();
    line.and_all(trust.into_iter().flat_map(|file| ["--cacert", file]))
        .and("-o")
        .and(job.output())
        .and(&job.url)
}

/// What curl reaches when nothing is written.
pub(super) fn curl_to_nothing(job: &Job) -> Line {
    let line = Line::of("curl -q -sS --fail");
    let trust = job.certificate.as_ref();
    line.and_all(trust.into_iter().flat_map(|file| ["--cacert", file]))
        .and_all(["-o", "/dev/null"])
        .and(&job.url)
}

fn rclone(job: &Job, connections: u32) -> Line {
    let (base, name) = job.url.rsplit_once('/').unwrap_or((&job.url, ""));
    // `copyurl` has one connection only, so the site is addressed as a remote.
    let options = format!("--multi-thread-streams {connections} --multi-thread-cutoff 1M");
    Line::of("rclone copyto")
        .and_all(Line::of(&options).0)
        .and("--config")
        .and("")
        .and_all(job.trust("--ca-cert"))
        .and_all(["--http-url", base])
        .and(format!(":http:{name}"))
        .and(job.output())
}

fn ripget(job: &Job, connections: u32) -> Line {
    trusting_environment(job)
        .and_all(["ripget", "--silent", "--threads"])
        .and(connections.to_string())
        .and(&job.url)
        .and(job.output())
}

fn fast_down(job: &Job, connections: u32) -> Line {
    let trust = job.certificate.as_ref().map(|_| "--accept-invalid-certs");
    Line::of("fast-down download --force --yes --no-resume --threads")
        .and(connections.to_string())
        .and_all(trust)
        .and("-d")
        .and(&job.directory)
        .and("-o")
        .and(&job.name)
        .and(&job.url)
}

/// A library without a program; its users ask it for pieces of 10 MiB.
fn hf_transfer(job: &Job, connections: u32) -> Line {
    let call = "import sys, hf_transfer; \
                hf_transfer.download(sys.argv[1], sys.argv[2], int(sys.argv[3]), 10 << 20)";
    trusting_environment(job)
        .and_all([PYTHON, "-c", call])
        .and(&job.url)
        .and(job.output())
        .and(connections.to_string())
}

/// What stands before a program that has no option for an authority to trust.
fn trusting_environment(job: &Job) -> Line {
    let trust = job.certificate.as_ref();
    let trust = trust.map(|file| ["env".to_owned(), format!("SSL_CERT_FILE={file}")]);
    Line(trust.into_iter().flatten().collect())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Home, Job, PEERS, sheave};

    fn job() -> Job {
        Job {
            url: "https://localhost:1/f".to_owned(),
            directory: "/d".to_owned(),
            name: "f".to_owned(),
            certificate: Some("/c".to_owned()),
            digest: Some("00".to_owned()),
        }
    }

    #[test]
    fn what_is_asked_of_the_program_is_asked_of_it() {
        assert_eq!(
            sheave(Path::new("/s"), "--no-sync", &job()).to_string(),
            "/s get --quiet --no-sync --cacert=/c --checksum=sha-256=00 -o /d/f \
             https://localhost:1/f"
        );
    }

    #[test]
    fn every_peer_trusts_verifies_and_writes_where_it_is_told() {
        for peer in PEERS {
            let lines = peer.lines(&job(), 8);
            let first = lines[0].to_string();
            if let Home::Program(program) = peer.home {
                assert!(first.contains(program), "{first}");
            }
            assert!(first.contains("/d"), "{first}");
            let trusts = ["/c", "--insecure", "--accept-invalid-certs"];
            let trusts = trusts.iter().any(|trust| first.contains(trust));
            assert!(trusts, "{first}");
            let own = first.contains("sha-256=00");
            assert_eq!(lines.len(), if own { 1 } else { 2 }, "{first}");
            let plain = Job {
                certificate: None,
                digest: None,
                ..job()
            };
            assert_eq!(peer.lines(&plain, 8).len(), 1);
        }
    }

    #[test]
    fn more_connections_are_asked_for_over_a_distance() {
        for peer in PEERS.iter().filter(|peer| peer.name != "curl") {
            for &width in peer.widths(true) {
                let line = peer.lines(&job(), width)[0].to_string();
                assert!(line.contains(&width.to_string()), "{line}");
            }
        }
    }

    #[test]
    fn what_is_shown_names_no_place_of_this_machine() {
        for line in PEERS.iter().flat_map(|peer| peer.shown(&job().shown(), 8)) {
            let line = line.to_string();
            assert!(
                !line.contains("localhost") && !line.contains("/d/"),
                "{line}"
            );
        }
    }
}
