//! Tests the states that a power cut may leave, one by one, and the next run's use of them. The
//! next run must never produce a wrong file, nor leave a file that no later run will touch. Both
//! runs are the product's own code, on a disk that records every request.

mod disk;
mod files;
mod run;
mod simulated;
mod versions;
mod wrecks;
mod write_back;

use std::ops::ControlFlow;
use std::thread;

use disk::{Name, Recording, State};
use run::{BLOCK, Manner, Next, Remote, Why, complete, next_run, run};
use simulated::{SimulatedDisk, Synced};

use crate::WriteMode;
use crate::journal::Unusable;
use crate::tests::support::{Random, number_from_environment};

/// One worker writes a block at a time, and syncs now and then.
const PLAIN: Manner = Manner {
    connections: 1,
    chunk: BLOCK,
    checkpoint_every: 3,
    write_mode: WriteMode::Positioned,
    overwrite: false,
    heeds_findings: true,
    ignored: None,
};

/// Three workers write pieces of any length, in any order.
const BUSY: Manner = Manner {
    connections: 3,
    chunk: 1500,
    checkpoint_every: 5,
    write_mode: WriteMode::Positioned,
    overwrite: false,
    heeds_findings: true,
    ignored: None,
};

/// The findings over all states.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    states: u64,
    finished: u64,
    fresh: u64,
    continued: u64,
    kept_blocks: u64,
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.states += other.states;
        self.finished += other.finished;
        self.fresh += other.fresh;
        self.continued += other.continued;
        self.kept_blocks += other.kept_blocks;
    }
}

/// The earlier content of the final name.
fn with_old_final(content: &[u8]) -> State {
    let mut recording = Recording::from(State::default());
    let file = recording.create(Name::Final);
    recording.write(file, 0, content);
    recording.now().clone()
}

/// Fails unless the next run ends with the file, or reports that it starts over, and keeps at least
/// as many blocks as were promised.
fn judge(state: State, scene: &Scene, promised: usize) -> Result<Tally, String> {
    let (remote, manner) = (&scene.remote, scene.manner);
    let old = scene.old_final.as_deref();
    let final_content = state.file(Name::Final).map(|(_, content)| content);
    let is_there = final_content == Some(&remote.content[..]);
    if final_content.is_some() && !is_there && final_content != old {
        return Err("a wrong file has the final name".into());
    }
    let has_journal = state.file(Name::Journal).is_some();
    let disk = SimulatedDisk::new(Recording::forgetful(state), None);
    let location = manner.location(disk.clone());
    let next = next_run(&location, remote, manner);
    let mut tally = judge_next(&next, remote, is_there && !has_journal, promised)?;
    tally.states = 1;
    complete(next, &location, remote, manner);
    let is_complete = disk.look_at(|state| {
        let content = state.file(Name::Final).map(|(_, content)| content);
        content == Some(&remote.content[..]) && state.names() == 1
    });
    if is_complete {
        Ok(tally)
    } else {
        Err("the next run does not end with the file alone".into())
    }
}

/// Reports whether that is an honest beginning. `is_done` says that the file is there, and no
/// journal.
fn judge_next(
    next: &Next<SimulatedDisk>,
    remote: &Remote,
    is_done: bool,
    promised: usize,
) -> Result<Tally, String> {
    let mut tally = Tally::default();
    match next {
        Next::Finish(_) => tally.finished = 1,
        // The last step of publishing is done, or nothing has been. With `overwrite`, a finished
        // download is fetched once more, as was asked for.
        Next::Fresh | Next::Exists if is_done => tally.finished = 1,
        Next::Exists => return Err("a finished file is not known as one".into()),
        Next::Stuck => return Err("a part file is there that nobody dares to touch".into()),
        Next::Fresh | Next::StartOver(_) if promised > 0 => {
            return Err("what a checkpoint covered is lost".into());
        }
        Next::Fresh | Next::StartOver(Why::Changed | Why::Unusable(Unusable::JournalDamaged)) => {
            tally.fresh = 1;
        }
        Next::StartOver(why) => return Err(format!("a false reason to start over: {why:?}")),
        Next::Continue { file, kept } => {
            for range in kept.iter() {
                let mut bytes = vec![0; usize::try_from(range.len()).unwrap()];
                let read = file.read_at(range.start(), &mut bytes);
                if read.is_err() || bytes != remote.bytes(range) {
                    return Err(format!("{range} is kept, and wrong"));
                }
            }
            let blocks = usize::try_from(kept.len().div_ceil(BLOCK as u64)).unwrap();
            if blocks < promised {
                return Err("what a checkpoint covered is lost".into());
            }
            tally.continued = 1;
            tally.kept_blocks = blocks as u64;
        }
    }
    Ok(tally)
}

/// Visits the crashed states of every crash point of a recording.
fn judge_all(
    recording: &Recording,
    scene: &Scene,
    limit: u64,
    random: &mut Random,
) -> (Result<Tally, String>, bool) {
    let (mut tally, mut failure, mut all) = (Tally::default(), None, true);
    for point in 0..recording.crash_points() {
        let wrecks = recording.wrecks(point, &scene.stale());
        all &= wrecks.visit(limit, random, |state| {
            match judge(state, scene, recording.promised(point)) {
                Ok(found) => tally.add(found),
                Err(why) => failure = Some(format!("crash point {point}: {why}")),
            }
            if failure.is_some() {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
        if failure.is_some() {
            break;
        }
    }
    (failure.map_or(Ok(tally), Err), all)
}

/// The circumstances besides the run itself.
struct Scene {
    remote: Remote,
    manner: Manner,
    old_final: Option<Vec<u8>>,
    /// The part file and journal of another generation, whose blocks the disk used earlier.
    leftovers: Option<[Vec<u8>; 2]>,
}

impl Scene {
    fn small(length: usize) -> Self {
        Self {
            remote: Remote::new(length, 1, ""),
            manner: PLAIN,
            old_final: None,
            leftovers: None,
        }
    }

    /// Returns circumstances chosen by `random`.
    fn any(random: &mut Random) -> Self {
        let length = usize::try_from(1 + random.below(5 * BLOCK as u64)).unwrap();
        // The header ends before, at or behind the end of a sector.
        let url = "u".repeat(usize::try_from(random.below(600)).unwrap());
        let manner = Manner {
            connections: usize::try_from(1 + random.below(4)).unwrap(),
            checkpoint_every: 2 + random.below(12),
            overwrite: random.below(4) == 0,
            write_mode: if random.below(2) == 0 {
                WriteMode::Mapped
            } else {
                WriteMode::Positioned
            },
            ..BUSY
        };
        let other = Remote::new(length, 2, &url);
        let whole = run(State::default(), &other, BUSY, random);
        let before_publishing = whole.wrecks(whole.crash_points() - 4, &[]).one(random);
        let content = |name| {
            before_publishing
                .file(name)
                .map(|(_, content)| content.to_vec())
        };
        let leftovers = content(Name::Part).zip(content(Name::Journal));
        Self {
            old_final: manner.overwrite.then(|| vec![7; 100]),
            remote: Remote::new(length, 1, &url),
            manner,
            leftovers: leftovers.map(<[Vec<u8>; 2]>::from),
        }
    }

    fn first_run(&self, random: &mut Random) -> Recording {
        let start = self
            .old_final
            .as_deref()
            .map_or_else(State::default, with_old_final);
        run(start, &self.remote, self.manner, random)
    }

    /// The earlier content by number of file: the old final file, if there is one, then part file
    /// and journal.
    fn stale(&self) -> Vec<&[u8]> {
        let old = self.old_final.iter().map(|_| &[][..]);
        let leftovers = self.leftovers.iter().flatten().map(Vec::as_slice);
        old.chain(leftovers).collect()
    }
}

/// The number of states in the sample. The default is CI's share; a nightly run sets more.
fn states_wanted() -> u64 {
    number_from_environment("RANGE_STORE_CRASH_STATES").unwrap_or(150_000)
}

#[test]
fn every_state_of_a_short_download_is_recovered() {
    let mut sum = Tally::default();
    // A block and a bit, in two sectors; one block; less than a sector.
    for (length, seeds) in [(BLOCK + 700, 6), (BLOCK, 8), (100, 8)] {
        let scene = Scene::small(length);
        for seed in 0..seeds {
            let mut random = Random::new(seed);
            let recording = scene.first_run(&mut random);
            let (tally, all) = judge_all(&recording, &scene, u64::MAX, &mut random);
            assert!(all);
            sum.add(tally.unwrap_or_else(|why| panic!("{length} bytes, seed {seed}: {why}")));
        }
    }
    println!("{sum:?}");
    assert!(sum.finished > 0 && sum.fresh > 0 && sum.continued > 0 && sum.kept_blocks > 0);
}

#[test]
fn sampled_states_of_crashed_runs_over_crashed_runs_are_recovered() {
    let (wanted, threads) = (states_wanted(), 2);
    let tallies = thread::scope(|scope| {
        let workers = (0..threads).map(|worker| {
            scope.spawn(move || {
                let (mut sum, mut seed) = (Tally::default(), worker);
                while sum.states < wanted / threads {
                    sum.add(judge_a_chain_of_runs(seed));
                    seed += threads;
                }
                sum
            })
        });
        let workers: Vec<_> = workers.collect();
        workers
            .into_iter()
            .map(|worker| worker.join().unwrap())
            .collect::<Vec<_>>()
    });
    let mut sum = Tally::default();
    for tally in tallies {
        sum.add(tally);
    }
    println!("{sum:?}");
    assert!(sum.finished > 0 && sum.fresh > 0 && sum.continued > 0 && sum.kept_blocks > 0);
}

/// Tests three runs, each on a state that a power cut left of the one before.
fn judge_a_chain_of_runs(seed: u64) -> Tally {
    let mut random = Random::new(seed);
    let scene = Scene::any(&mut random);
    let mut recording = scene.first_run(&mut random);
    let mut sum = Tally::default();
    for crash in 0..3 {
        let (tally, _) = judge_all(&recording, &scene, 40, &mut random);
        sum.add(tally.unwrap_or_else(|why| panic!("seed {seed}, crash {crash}: {why}")));
        let point = random.below(recording.crash_points() as u64);
        let wrecks = recording.wrecks(usize::try_from(point).unwrap(), &scene.stale());
        recording = run(
            wrecks.one(&mut random),
            &scene.remote,
            scene.manner,
            &mut random,
        );
    }
    sum
}

/// Returns the first fault in the states of short downloads, if the runs or the disk behave so.
fn failures_of(manner: Manner) -> Vec<String> {
    let scene = Scene {
        manner,
        ..Scene::small(BLOCK + 100)
    };
    let failure = |seed| {
        let mut random = Random::new(seed);
        let recording = scene.first_run(&mut random);
        let (result, _) = judge_all(&recording, &scene, u64::MAX, &mut random);
        result.err()
    };
    (0..8).filter_map(failure).collect()
}

#[test]
fn claims_that_are_not_read_back_would_be_caught() {
    let failures = failures_of(Manner {
        heeds_findings: false,
        ..PLAIN
    });
    let is_it = |why: &String| why.ends_with("is kept, and wrong");
    assert!(
        failures.len() == 8 && failures.iter().all(is_it),
        "{failures:?}"
    );
}

#[test]
fn a_sync_that_is_left_out_would_be_caught() {
    // The names are synced first when the journal is created, whatever comes later. Data and
    // journal are at a checkpoint, where there is one before the file is published.
    for (ignored, checkpoint_every, what) in [
        (Synced::Names, u64::MAX, "nobody dares to touch"),
        (Synced::NewJournal, u64::MAX, "nobody dares to touch"),
        (Synced::Data, 2, "what a checkpoint covered is lost"),
        (Synced::Journal, 2, "what a checkpoint covered is lost"),
        (Synced::Data, u64::MAX, "a wrong file has the final name"),
        (Synced::Journal, u64::MAX, "is not known as one"),
    ] {
        let failures = failures_of(Manner {
            ignored: Some(ignored),
            checkpoint_every,
            ..PLAIN
        });
        assert_eq!(failures.len(), 8, "{ignored:?}: {failures:?}");
        let is_it = |why: &String| why.ends_with(what);
        assert!(failures.iter().any(is_it), "{ignored:?}: {failures:?}");
    }
}

#[test]
fn sampled_states_are_recovered_by_the_files_themselves() {
    let mut ends = [0; 3];
    for seed in 0..120 {
        let mut random = Random::new(seed);
        let mut scene = Scene::any(&mut random);
        scene.old_final = None;
        scene.manner.overwrite = false;
        let recording = scene.first_run(&mut random);
        let point = random.below(recording.crash_points() as u64);
        let wrecks = recording.wrecks(usize::try_from(point).unwrap(), &scene.stale());
        let state = wrecks.one(&mut random);
        let end = files::recover(&state, &scene.remote, scene.manner);
        let disk = SimulatedDisk::new(Recording::forgetful(state), None);
        let location = scene.manner.location(disk);
        let next = next_run(&location, &scene.remote, scene.manner);
        assert_eq!(end, files::end_of(&next), "seed {seed}");
        ends[end as usize] += 1;
    }
    println!("{ends:?}");
    assert!(ends.iter().all(|count| *count > 0), "{ends:?}");
}
