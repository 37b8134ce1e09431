//! Owns which downloaders there are beside the program, where each is found, and how many
//! connections it gets. What they are told is `command_line`'s.
mod command_line;

use std::env;
use std::process::Command;
use std::slice;

use command_line::{
    PYTHON, aria2, axel, curl, fast_down, hf_transfer, lftp, rclone, ripget, wget2,
};
pub(super) use command_line::{curl_to_nothing, sheave};

use super::job::Job;
use super::machine;
use super::process::Line;
use super::workdir::stdout_of;

/// A downloader that others have written.
pub(super) struct Peer {
    /// As in `--peers`.
    pub(super) name: &'static str,
    /// Where it comes from.
    pub(super) home: Home,
    /// With so many connections.
    download: fn(&Job, u32) -> Line,
    /// The number of connections that suits it on one machine.
    usual: u32,
    /// The numbers of connections that are tried over a distance: the best of them counts.
    distant: &'static [u32],
    /// True if `download` verifies a digest by itself.
    verifies: bool,
}

/// The program or module that a peer needs to run.
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
    distant: &'static [u32],
) -> Peer {
    Peer {
        name,
        home,
        download,
        usual,
        distant,
        verifies: false,
    }
}

impl Peer {
    const fn verifying(mut self) -> Self {
        self.verifies = true;
        self
    }

    /// Returns how many connections are worth a try: one number, or several over a distance.
    pub(super) fn widths(&self, distant: bool) -> &[u32] {
        if distant {
            self.distant
        } else {
            slice::from_ref(&self.usual)
        }
    }

    /// Returns what to run over so many connections, one line after the other.
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

    /// Returns the version it states.
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

fn python() -> String {
    env::var("SHEAVE_BENCH_PYTHON").unwrap_or_else(|_| PYTHON.to_owned())
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
