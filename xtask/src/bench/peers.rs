//! Owns how the program and each of its peers is told to download one file: its best sensible
//! settings, as command lines. Runs none of them.
use std::path::Path;

use super::process::Line;

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
    /// What is looked for on the search path.
    pub(super) program: &'static str,
    download: fn(&Job) -> Line,
    /// Whether `download` verifies a digest by itself.
    verifies: bool,
}

/// All of them, in the order of the tables.
pub(super) const PEERS: &[Peer] = &[
    Peer {
        name: "aria2",
        program: "aria2c",
        download: aria2,
        verifies: true,
    },
    Peer {
        name: "axel",
        program: "axel",
        download: axel,
        verifies: false,
    },
    Peer {
        name: "lftp",
        program: "lftp",
        download: lftp,
        verifies: false,
    },
    Peer {
        name: "wget2",
        program: "wget2",
        download: wget2,
        verifies: false,
    },
    Peer {
        name: "curl",
        program: "curl",
        download: curl,
        verifies: false,
    },
    Peer {
        name: "rclone",
        program: "rclone",
        download: rclone,
        verifies: false,
    },
];

impl Peer {
    /// What to run, one line after the other.
    pub(super) fn lines(&self, job: &Job) -> Vec<Line> {
        let mut lines = vec![(self.download)(job)];
        if job.digest.is_some() && !self.verifies {
            lines.push(Line::of("sha256sum").and(job.output()));
        }
        lines
    }
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

fn aria2(job: &Job) -> Line {
    let digest = job.digest.as_ref();
    let digest = digest.map(|digest| format!("--checksum=sha-256={digest}"));
    let fixed = "aria2c --no-conf --quiet --summary-interval=0 -x16 -s16 --min-split-size=1M \
                 --file-allocation=falloc";
    Line::of(fixed)
        .and_all(job.trust("--ca-certificate").into_iter().chain(digest))
        .and("-d")
        .and(&job.directory)
        .and("-o")
        .and(&job.name)
        .and(&job.url)
}

fn axel(job: &Job) -> Line {
    // It has no option for an authority to trust.
    let trust = job.certificate.as_ref().map(|_| "--insecure".to_owned());
    Line::of("axel -q -n 16")
        .and_all(trust)
        .and("-o")
        .and(job.output())
        .and(&job.url)
}

fn lftp(job: &Job) -> Line {
    let trust = job.certificate.as_ref();
    let trust = trust.map(|file| format!("set ssl:ca-file \"{file}\"; "));
    let trust = trust.unwrap_or_default();
    let script = format!(
        "{trust}set pget:save-status never; pget -n 8 \"{}\" -o \"{}\"",
        job.url,
        job.output()
    );
    Line::of("lftp --norc -c").and(script)
}

fn wget2(job: &Job) -> Line {
    Line::of("wget2 --no-config -q --chunk-size=1M --max-threads=8")
        .and_all(job.trust("--ca-certificate"))
        .and("-O")
        .and(job.output())
        .and(&job.url)
}

fn curl(job: &Job) -> Line {
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

fn rclone(job: &Job) -> Line {
    let (base, name) = job.url.rsplit_once('/').unwrap_or((&job.url, ""));
    // `copyurl` has one connection only, so the site is addressed as a remote.
    Line::of("rclone copyto --multi-thread-streams 8 --multi-thread-cutoff 1M --config")
        .and("")
        .and_all(job.trust("--ca-cert"))
        .and_all(["--http-url", base])
        .and(format!(":http:{name}"))
        .and(job.output())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Job, PEERS, sheave};

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
            let lines = peer.lines(&job());
            let first = lines[0].to_string();
            assert!(first.starts_with(peer.program), "{first}");
            assert!(first.contains("/d"), "{first}");
            let trusts = first.contains("/c") || first.contains("--insecure");
            assert!(trusts, "{first}");
            let own = first.contains("sha-256=00");
            assert_eq!(lines.len(), if own { 1 } else { 2 }, "{first}");
            let plain = Job {
                certificate: None,
                digest: None,
                ..job()
            };
            assert_eq!(peer.lines(&plain).len(), 1);
        }
    }

    #[test]
    fn what_is_shown_names_no_place_of_this_machine() {
        for line in PEERS.iter().flat_map(|peer| peer.lines(&job().shown())) {
            let line = line.to_string();
            assert!(
                !line.contains("localhost") && !line.contains("/d/"),
                "{line}"
            );
        }
    }
}
