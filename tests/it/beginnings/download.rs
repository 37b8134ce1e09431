//! One command, interrupted at a place and run again. Knows the oracle, not the ways to begin.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use range_core::RangeSet;
use range_core::range::ByteRange;
use range_store::journal;
use rustix::process::Signal;
use sha2::{Digest, Sha256};

use super::server::{Hold, Server};
use super::ways::{Keeps, Name, Ranges, Way};
use crate::support::cut_off::BLOCK;
use crate::support::program::{self, Ran, Running};
use crate::support::{files, strace};

/// No process of any case takes longer.
const BOUND: Duration = Duration::from_secs(30);

/// The content under the final name, where it may be replaced.
const BEFORE: &[u8] = b"what was there before";

/// How many requests complete any file. A server that cannot do ranges is asked a few times, and
/// one that sends 300 000 bytes at once is asked for each.
const REQUESTS: usize = 40;

/// How a run is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// By a signal that asks it to stop, with which it exits.
    Asked(Signal, i32),
    Killed,
    /// By a server that resets every connection from then on.
    Abandoned,
}

/// How far it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Point {
    /// It had asked.
    Requested,
    /// It had a head, and no byte.
    Begun,
    /// Half of the file had come, and some of the block after it.
    Middle,
    /// All but a few bytes had come.
    NearTheEnd,
}

pub(super) struct Download<'a> {
    way: &'a Way,
    server: &'a Server,
    into: &'a Path,
    output: PathBuf,
}

impl<'a> Download<'a> {
    pub(super) fn new(way: &'a Way, server: &'a Server, into: &'a Path) -> Self {
        let (Name::OfTheUrl(name) | Name::Suggested(name) | Name::Given(name)) = way.name;
        let output = into.join(name);
        std::fs::create_dir_all(output.parent().unwrap()).unwrap();
        if way.options.contains(&"--overwrite") {
            std::fs::write(&output, BEFORE).unwrap();
        }
        Self {
            way,
            server,
            into,
            output,
        }
    }

    /// Runs the command and ends it at a point. Returns what it has kept, which is all that an
    /// earlier run had and every block that has come, if blocks are kept at all.
    pub(super) fn interrupt(&self, point: Point, end: End, earlier: &RangeSet) -> RangeSet {
        let place = self.place(point);
        self.server.hold(match point {
            Point::Requested => Hold::Heads,
            _ if self.way.manner.length == 0 => Hold::Heads,
            Point::Begun | Point::Middle | Point::NearTheEnd => Hold::From(place),
        });
        let mut running = program::start(self.arguments());
        self.wait_until_held(&mut running, place);
        match end {
            End::Asked(signal, _) => running.signal(signal),
            End::Killed => running.signal(Signal::KILL),
            End::Abandoned => self.server.hold(Hold::Connections),
        }
        let ran = finish(running);
        let code = match end {
            End::Asked(_, code) => Some(code),
            End::Killed => None,
            End::Abandoned => Some(3),
        };
        assert_eq!(ran.code, code, "{ran:?}");
        self.check_nothing_is_published(&ran);
        let kept = self.claimed();
        if self.way.keeps == Keeps::Blocks {
            for range in earlier.iter().chain(whole_blocks(place)) {
                assert!(kept.contains(range), "{range} is lost of {kept:?}: {ran:?}");
            }
        }
        if end != End::Killed {
            self.check_promise(&ran, &kept);
        }
        kept
    }

    /// Runs the command with calls of the system that fail or kill it, as strace's expressions say.
    /// Returns what it has kept, or `None` if it got to its end all the same.
    pub(super) fn fail_at(&self, expressions: &[&str]) -> Option<RangeSet> {
        let mut command = strace::command(expressions);
        command.args(self.arguments());
        self.fail(&finish(program::start_command(command)))
    }

    /// Runs the command, which fails by itself. Returns what it has kept.
    pub(super) fn fail_for_want_of_room(&self) -> RangeSet {
        let ran = finish(program::start(self.arguments()));
        self.fail(&ran).expect("there is no room")
    }

    fn fail(&self, ran: &Ran) -> Option<RangeSet> {
        assert!(!ran.stderr.contains("panicked"), "{ran:?}");
        if ran.code == Some(0) {
            return None;
        }
        assert!(matches!(ran.code, None | Some(7)), "{ran:?}");
        let kept = self.claimed();
        if ran.code.is_some() {
            self.check_nothing_is_published(ran);
            self.check_promise(ran, &kept);
        }
        Some(kept)
    }

    /// Whether the file has its name.
    pub(super) fn is_published(&self) -> bool {
        std::fs::read(&self.output).is_ok_and(|found| found == self.server.content())
    }

    /// The promise it has made of the next run. Nobody knows whether a server will serve ranges
    /// then that has served none now.
    fn check_promise(&self, ran: &Ran, kept: &RangeSet) {
        let promises = ran.stderr.contains("run the same command again to resume");
        match self.way.keeps {
            Keeps::Blocks => assert!(promises || kept.is_empty(), "{ran:?}"),
            Keeps::Nothing if self.way.manner.ranges == Ranges::Served => {
                assert!(!promises || !self.has_bytes(), "{ran:?}");
            }
            Keeps::Nothing => {}
        }
    }

    /// Runs the command to its end.
    pub(super) fn complete(&self, kept: &RangeSet) {
        let had_bytes = self.has_bytes();
        let ran = self.end();
        self.check_what_it_says(&ran, kept, had_bytes && !self.is_complete(kept));
        let asked = self.server.asked();
        assert!(asked.len() <= REQUESTS, "{}: {ran:?}", asked.len());
        if self.way.keeps == Keeps::Blocks {
            // Until a name is suggested nobody knows what there is to continue.
            let named = usize::from(matches!(self.way.name, Name::Suggested(_)));
            let ranges = asked[named..].iter();
            let ranges = ranges.filter_map(|asked| ByteRange::new(asked.first, asked.end));
            let again: u64 = ranges.map(|range| kept.covered(range)).sum();
            // Of a file that is complete the last block is asked for again, for a reply that
            // tells whether it is still this one.
            let allowed = if self.is_complete(kept) { BLOCK } else { 0 };
            assert!(
                again <= allowed,
                "{asked:?} again, and {kept:?} was kept: {ran:?}"
            );
        }
    }

    /// Runs the command, which says nothing of interest.
    pub(super) fn end(&self) -> Ran {
        self.server.hold(Hold::Nothing);
        let ran = finish(program::start(self.arguments()));
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert!(self.is_published(), "WRONG FILE: {ran:?}");
        let name = self.output.file_name().unwrap().to_str().unwrap();
        let directory = self.output.parent().unwrap();
        assert_eq!(files::names(directory), [name], "{ran:?}");
        ran
    }

    fn is_complete(&self, kept: &RangeSet) -> bool {
        let whole = ByteRange::new(0, self.way.manner.length);
        whole.is_some_and(|whole| kept.contains(whole))
    }

    fn check_what_it_says(&self, ran: &Ran, kept: &RangeSet, had_bytes: bool) {
        let lines = |says| ran.stderr.lines().filter(move |line| line.contains(says));
        let (over, resuming) = (
            lines("starting over: ").count(),
            lines("resuming: ").count(),
        );
        // What the earlier run has left may be of no use, and ranges too.
        let reasons: HashSet<&str> = lines("starting over: ").collect();
        assert!(
            over <= 2 && over == reasons.len() && resuming <= 1,
            "{ran:?}"
        );
        assert!(!ran.stderr.contains("panicked"), "{ran:?}");
        match self.way.keeps {
            Keeps::Blocks if !kept.is_empty() => assert_eq!((over, resuming), (0, 1), "{ran:?}"),
            Keeps::Nothing if had_bytes => assert!(over > 0, "{ran:?}"),
            Keeps::Blocks | Keeps::Nothing => {}
        }
    }

    fn check_nothing_is_published(&self, ran: &Ran) {
        assert!(!ran.stderr.contains("panicked"), "{ran:?}");
        let found = std::fs::read(&self.output).ok();
        let before = self.way.options.contains(&"--overwrite").then_some(BEFORE);
        assert_eq!(found.as_deref(), before, "{ran:?}");
    }

    /// Waits until everything before a place has come, and what follows is held back.
    fn wait_until_held(&self, running: &mut Running, place: u64) {
        let begun = Instant::now();
        let has_come = || match self.way.keeps {
            Keeps::Blocks => {
                let kept = self.claimed();
                whole_blocks(place).all(|block| kept.contains(block))
            }
            Keeps::Nothing => place < BLOCK || self.has_bytes(),
        };
        while !(self.server.held() > 0 && has_come()) {
            assert!(!running.has_ended(), "it ended before");
            let (kept, held) = (self.claimed(), self.server.held());
            assert!(begun.elapsed() < BOUND, "{held} held, and it has {kept:?}");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn place(&self, point: Point) -> u64 {
        let length = self.way.manner.length;
        match point {
            Point::Requested | Point::Begun => 0,
            Point::Middle => length / 2,
            Point::NearTheEnd => length - length.min(100),
        }
    }

    fn arguments(&self) -> Vec<String> {
        let name = match self.way.name {
            Name::OfTheUrl(name) => name,
            Name::Suggested(_) | Name::Given(_) => "of-the-url",
        };
        let url = self.server.url(name);
        let (flag, path) = match self.way.name {
            Name::Given(_) => ("-o", &*self.output),
            Name::OfTheUrl(_) | Name::Suggested(_) => ("-d", self.into),
        };
        let path = path.to_str().unwrap();
        let mut arguments: Vec<String> = ["get", &url, flag, path, "--max-tries", "2"]
            .map(str::to_owned)
            .into();
        let agent = format!("User-Agent: {}", self.server.next_run());
        arguments.extend(["--header".to_owned(), agent]);
        arguments.extend(self.way.options.iter().map(|&option| option.to_owned()));
        if self.way.has_checksum {
            let digest = files::hex(&Sha256::digest(self.server.content()));
            arguments.extend(["--checksum".to_owned(), format!("sha-256={digest}")]);
        }
        arguments
    }

    /// The bytes that the journal claims of a file of the right length.
    fn claimed(&self) -> RangeSet {
        let bytes = std::fs::read(self.beside(".part.journal")).unwrap_or_default();
        let Ok(decoded) = journal::decode(&bytes) else {
            return RangeSet::new();
        };
        let length = decoded.header.length;
        let block_size = decoded.header.block_size;
        let blocks = decoded.blocks.iter();
        blocks
            .filter_map(|(block, _)| block_size.range_of(*block, length))
            .collect()
    }

    /// Whether the part file has bytes, or only a length.
    fn has_bytes(&self) -> bool {
        let bytes = std::fs::read(self.beside(".part")).unwrap_or_default();
        bytes.iter().any(|byte| *byte != 0)
    }

    fn beside(&self, ending: &str) -> PathBuf {
        let mut name = self.output.clone().into_os_string();
        name.push(ending);
        name.into()
    }
}

/// Waits for the end of a run, which may take so long and no longer.
fn finish(running: Running) -> Ran {
    let begun = Instant::now();
    let ran = running.finish();
    assert!(begun.elapsed() < BOUND, "{:?}: {ran:?}", begun.elapsed());
    ran
}

fn whole_blocks(before: u64) -> impl Iterator<Item = ByteRange> {
    let blocks = 0..before / BLOCK;
    blocks.filter_map(|block| ByteRange::new(block * BLOCK, (block + 1) * BLOCK))
}
