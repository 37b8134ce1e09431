//! Owns one round: the same command again and again against a world, and at last against a server
//! that behaves; what each run left is judged.

mod verdict;

use std::cell::{Cell, RefCell};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use accelerator::{Digest, DigestAlgorithm};
use range_core::units::ByteCount;
use range_server::synthetic;
use tempfile::TempDir;

use crate::bound::{Bound, HASTY, Haste, PATIENT};
use crate::claims::Claim;
use crate::judge::{Circumstances, Edition};
use crate::program::{self, Plan};
use crate::server::Server;
use crate::summary::Tally;
use crate::world::{Content, Run, World};

/// No run is given longer. One that may take longer, for all that is wrong with its server, is
/// interrupted, and the next one goes on.
const DEADLINE: Duration = Duration::from_secs(90);

/// The content of an older file under the final name.
const AS_IT_WAS: &[u8] = b"as it was\n";

/// The surroundings of a round, beside its server.
pub(crate) struct Surroundings {
    /// The directory below which its file is saved.
    pub(crate) place: PathBuf,
    /// The URL of the proxy between the program and the server.
    pub(crate) proxy: Option<String>,
    /// The certificates to trust, where TLS is met.
    pub(crate) trusted: Option<PathBuf>,
}

/// A round under way.
pub(crate) struct Round<'a> {
    world: &'a World,
    program: &'a Path,
    server: &'a Server,
    surroundings: Surroundings,
    directory: TempDir,
    scratch: TempDir,
    /// The editions that the server has had, the newest last.
    editions: RefCell<Vec<Edition>>,
    tally: Tally,
    /// The bytes that a run has to keep.
    claims: Vec<Claim>,
    has_arrived: bool,
    /// True if what is there may be as a kill has left it.
    left_by_a_kill: bool,
    /// How the last second run ended, for a failure.
    rival: String,
    had_rival: bool,
}

impl<'a> Round<'a> {
    /// Runs a world, and tells how it went and, if it went wrong, why.
    pub(crate) fn run(
        program: &'a Path,
        server: &'a Server,
        surroundings: Surroundings,
        world: &'a World,
    ) -> Outcome {
        let beside = program.parent().unwrap();
        let mut round = Self {
            world,
            program,
            server,
            directory: tempfile::tempdir_in(&surroundings.place).unwrap(),
            surroundings,
            scratch: tempfile::tempdir_in(beside).unwrap(),
            editions: RefCell::default(),
            tally: Tally::default(),
            claims: Vec::new(),
            has_arrived: false,
            left_by_a_kill: false,
            rival: String::new(),
            had_rival: false,
        };
        server.clear_log();
        if world.has_final {
            std::fs::write(round.output(), AS_IT_WAS).unwrap();
        }
        round.publish(world.length);
        let failure = round.go().err();
        if world.content == Content::File {
            server.withdraw(&round.name());
        }
        round.tally.rounds = 1;
        round.tally.met = server.log().1;
        (round.tally, failure)
    }

    fn go(&mut self) -> Result<(), String> {
        for run in &self.world.runs {
            self.get(run, HASTY, true, &[])?;
            if self.has_arrived {
                return Ok(());
            }
        }
        // Whatever was left, the same command ends well once the server behaves.
        let peace = Run::default();
        self.get(&peace, PATIENT, false, &[])?;
        if self.has_arrived {
            return Ok(());
        }
        // Bytes that are wrong are kept for the right checksum.
        if self.editions.borrow().len() == 1 {
            self.get(&peace, PATIENT, false, &["--no-resume"])?;
            if !self.has_arrived {
                return Err("STUCK: it does not recover".to_owned());
            }
        }
        Ok(())
    }

    /// Makes the server have another edition of the file, where it has a file.
    fn publish(&self, length: u64) {
        let mut editions = self.editions.borrow_mut();
        let number = u8::try_from(editions.len()).unwrap();
        // Far from the numbers that faults give.
        let edition = Edition {
            number: 8 * number,
            length,
        };
        editions.push(edition);
        if self.world.content == Content::File {
            let age = (!self.world.is_recent).then_some(u64::from(number));
            self.server
                .publish(&self.name(), &self.world.bytes(edition), age);
        }
    }

    fn name(&self) -> String {
        format!("{}.bin", self.world.seed)
    }

    fn output(&self) -> PathBuf {
        self.directory.path().join("file")
    }

    fn command(&self, haste: Haste, with_faults: bool, more: &[&str]) -> Command {
        let world = self.world;
        let base = &self.server.base_url;
        let query = world.query(with_faults);
        let url = match world.content {
            Content::Computed(_) => format!("{base}/synthetic/{}{query}", world.length),
            Content::File => format!("{base}/{}{query}", self.name()),
        };
        let mut command = Command::new(self.program);
        command.args(["get", &url, "--json", "-x", &world.connections]);
        command.arg("--max-tries").arg(haste.tries.to_string());
        let stall = format!("{}ms", haste.stall.as_millis());
        for option in ["--stall-timeout", "--first-byte-timeout"] {
            command.arg(option).arg(&stall);
        }
        command.arg("-o").arg(self.output());
        command.args(&world.arguments).args(more);
        if world.has_final {
            command.arg("--overwrite");
        }
        match &self.surroundings.proxy {
            Some(proxy) => command.args(["--proxy", proxy]),
            None => command.arg("--no-proxy"),
        };
        if let Some(limit) = world.limit {
            command.arg("--limit-rate").arg(limit.to_string());
        }
        if world.checksum {
            let digest = synthetic::sha256(world.edition_seed(0), ByteCount(world.length));
            let digest = Digest::new(DigestAlgorithm::Sha256, &digest).unwrap();
            command.arg("--checksum").arg(digest.to_string());
        }
        if let Some(trusted) = &self.surroundings.trusted {
            command.arg("--cacert").arg(trusted);
        }
        command
    }

    /// Runs the command once and judges what it did.
    fn get(
        &mut self,
        run: &Run,
        haste: Haste,
        with_faults: bool,
        more: &[&str],
    ) -> Result<(), String> {
        let bound = Bound::of(self.world, haste, with_faults);
        let mut command = self.command(haste, with_faults, more);
        let (rival, requests) = (Cell::new(None), self.server.log().0);
        let found = std::fs::read(self.output()).ok();
        let mut errands: Vec<(Duration, Box<dyn FnMut() + '_>)> = Vec::new();
        if let Some((when, length)) = run.replacement {
            let round = &*self;
            errands.push((when, Box::new(move || round.publish(length))));
        }
        if let Some(when) = run.rival {
            let mut command = self.command(haste, with_faults, more);
            command
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::piped());
            let rival = &rival;
            errands.push((
                when,
                Box::new(move || rival.set(Some(command.spawn().unwrap()))),
            ));
        }
        let plan = Plan {
            stop: run.stop.map(|(stop, when)| (program::heard(stop), when)),
            errands,
            deadline: bound.time.min(DEADLINE),
        };
        let ended = program::run(&mut command, self.scratch.path(), plan);
        let has_rival = match rival.into_inner() {
            None => false,
            Some(child) => {
                self.rival = program::outlast(child, bound.time.min(DEADLINE))?;
                true
            }
        };
        self.had_rival |= has_rival;
        let circumstances = Circumstances {
            with_faults,
            has_rival,
            is_published: found.as_ref().is_some_and(|found| found != AS_IT_WAS),
            is_replaced: self.editions.borrow().len() > 1,
        };
        let requests = self.server.log().0 - requests;
        let claimed = self.claims.iter().map(|claim| claim.present).sum();
        self.tally.add_claimed(claimed);
        self.tally.add_run(
            self.world.seed,
            &ended,
            &bound,
            requests,
            self.connections(),
        );
        let judged = self
            .judge(&ended, circumstances, found.as_deref())
            .and_then(|()| self.measure(&ended, &bound, requests));
        let rival = std::mem::take(&mut self.rival);
        judged.map_err(|why| {
            format!(
                "{why}\n{}\n{}\n{rival}",
                program::line(&command),
                ended.told()
            )
        })
    }

    fn connections(&self) -> u64 {
        self.world.connections.parse().unwrap_or(32)
    }
}

/// How a round went, and why it went wrong, if it did.
pub(crate) type Outcome = (Tally, Option<String>);
