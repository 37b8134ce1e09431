//! Owns one round: run and kill, run again until it is done, compare. Whatever is wrong panics.

use std::path::{Path, PathBuf};

use accelerator::DigestAlgorithm;
use range_core::block::BlockSize;
use range_core::units::ByteCount;
use range_server::synthetic::{self, Seed};
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::case::{Case, Kill, MIB};
use crate::program::{self, Ended};
use crate::site::Site;

/// Records that may be encoded and not appended yet. Each is appended as its block completes.
const BATCH: u64 = 0;

const PAGE: usize = 4096;

/// The values that all rounds share.
pub(crate) struct Workdir {
    program: PathBuf,
    runtime: Runtime,
}

/// The cost of a kill.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    pub(crate) kill: Kill,
    /// Bytes that had arrived and are fetched again.
    pub(crate) again: u64,
    /// The most that it could have cost: a block for each connection, and the records not yet
    /// appended.
    pub(crate) bound: u64,
}

/// A round under way.
struct Round<'a> {
    case: &'a Case,
    program: &'a Path,
    site: Site<'a>,
    directory: TempDir,
    scratch: TempDir,
    costs: Vec<Cost>,
    /// The state that the next run should resume from.
    claimed: u64,
}

impl Workdir {
    pub(crate) fn new(program: PathBuf) -> Self {
        let runtime = Runtime::new().unwrap();
        Self { program, runtime }
    }

    /// Runs one round. Returns what each of its kills cost.
    pub(crate) fn run(&self, case: &Case) -> Vec<Cost> {
        // On the disk the program was built on, not in memory.
        let beside = self.program.parent().unwrap();
        let mut round = Round {
            case,
            program: &self.program,
            site: Site::start(&self.runtime, case),
            directory: tempfile::tempdir_in(beside).unwrap(),
            scratch: tempfile::tempdir_in(beside).unwrap(),
            costs: Vec::new(),
            claimed: 0,
        };
        round.run();
        round.costs
    }
}

impl Round<'_> {
    fn run(&mut self) {
        for run in &self.case.runs {
            match self.get(Some(run.kill)) {
                Ended::Killed => self.killed(run.kill),
                ended @ Ended::Exited { .. } => return self.check_end(&ended),
            }
            // A checksum says which generation is meant, so that with one the file must stay.
            if run.then_change && !self.case.checksum {
                self.site.change();
                self.claimed = 0;
            }
        }
        let ended = self.get(None);
        self.check_end(&ended);
    }

    fn get(&self, kill: Option<Kill>) -> Ended {
        let mut arguments = vec!["get".to_owned(), self.site.url(), "--json".to_owned()];
        arguments.extend(["-o".to_owned(), self.output().display().to_string()]);
        arguments.extend(["-x".to_owned(), self.case.connections.to_string()]);
        arguments.extend(
            self.case
                .arguments
                .iter()
                .map(|&argument| argument.to_owned()),
        );
        if self.case.checksum {
            let digest = synthetic::sha256(Seed(self.case.seed), ByteCount(self.case.length));
            let digest = accelerator::Digest::new(DigestAlgorithm::Sha256, &digest).unwrap();
            arguments.extend(["--checksum".to_owned(), digest.to_string()]);
        }
        program::run(self.program, &arguments, self.scratch.path(), kill)
    }

    fn killed(&mut self, kill: Kill) {
        let mut again = 0;
        self.claimed = 0;
        if self.output().exists() {
            self.check_output();
        } else if self.case.server.claims_blocks() {
            let (arrived, claimed) = (self.arrived(), self.inspected());
            let (most, newest) = (arrived.iter().max().unwrap(), arrived.last().unwrap());
            again = most.saturating_sub(claimed);
            // Of another generation nothing is kept.
            self.claimed = claimed.min(*newest);
        }
        let bound = self.case.connections * MIB + BATCH;
        assert!(again <= bound, "{kill:?} costs {again} bytes, over {bound}");
        self.costs.push(Cost { kill, again, bound });
    }

    /// Returns how many bytes of the part file are, page by page, those of each generation.
    fn arrived(&self) -> Vec<u64> {
        let part = std::fs::read(self.directory.path().join("file.part")).unwrap_or_default();
        let in_place = |whole: &Vec<u8>| -> u64 {
            let pages = part.chunks(PAGE).zip(whole.chunks(PAGE));
            pages
                .filter(|(found, expected)| found == expected)
                .map(|(found, _)| found.len() as u64)
                .sum()
        };
        self.site.generations().iter().map(in_place).collect()
    }

    /// Returns how many bytes the journal claims; none when it has no header yet.
    fn inspected(&self) -> u64 {
        let part = self.directory.path().join("file.part");
        let arguments = [
            "inspect".into(),
            "--json".into(),
            part.display().to_string(),
        ];
        match program::run(self.program, &arguments, self.scratch.path(), None) {
            Ended::Exited { code: 0, last, .. } => number(&last, "present_bytes"),
            Ended::Exited { .. } => 0,
            Ended::Killed => panic!("nobody kills inspect"),
        }
    }

    fn check_end(&mut self, ended: &Ended) {
        let Ended::Exited { code, last, stderr } = ended else {
            panic!("nobody kills the last run");
        };
        if *code == 8 {
            self.check_was_done_already();
        } else {
            assert_eq!(*code, 0, "{last} {stderr}");
            let (resumed, fetched) = (number(last, "resumed_bytes"), number(last, "fetched_bytes"));
            assert_eq!(resumed + fetched, self.case.length, "{last} {stderr}");
            let expected = if self.may_resume() { self.kept() } else { 0 };
            assert!(resumed >= expected, "{expected} bytes were claimed: {last}");
            if fetched > 0 {
                let newest = self.site.generations().pop();
                let found = std::fs::read(self.output()).ok();
                assert!(found == newest, "it is another generation than was fetched");
            }
        }
        self.check_output();
        let names: Vec<_> = std::fs::read_dir(self.directory.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(names, ["file"], "something was left behind");
    }

    /// The only kill after which the file is there and the same command says so: nothing was left
    /// to do but to end.
    fn check_was_done_already(&self) {
        let journal = self.directory.path().join("file.part.journal");
        assert!(
            self.output().exists() && !journal.exists(),
            "exit 8 without reason"
        );
        assert!(!self.costs.is_empty(), "nothing was killed");
    }

    /// Returns what is claimed and not fetched again. Of a file that is complete the last block is,
    /// where only a reply can tell that it is still the same file.
    fn kept(&self) -> u64 {
        let length = self.case.length;
        if self.claimed < length || self.case.checksum {
            return self.claimed;
        }
        BlockSize::for_length(length).floor(length.saturating_sub(1))
    }

    fn may_resume(&self) -> bool {
        use crate::case::ServerKind::{Honest, IgnoresRanges, LengthUnknown, NoValidators};
        match self.case.server {
            Honest => true,
            NoValidators => self.case.checksum,
            // A file that comes whole every time is of no use in part.
            IgnoresRanges | LengthUnknown => false,
        }
    }

    /// The final name leads to exactly one generation, or the program lied.
    fn check_output(&self) {
        let found = std::fs::read(self.output()).unwrap();
        let right = self.site.generations().contains(&found);
        assert!(right, "WRONG FILE under the final name");
    }

    fn output(&self) -> PathBuf {
        self.directory.path().join("file")
    }
}

fn number(value: &Value, field: &str) -> u64 {
    value[field]
        .as_u64()
        .unwrap_or_else(|| panic!("no {field} in {value}"))
}
