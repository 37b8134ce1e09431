//! What a power cut may leave, state by state, and what the next run makes of it: never a wrong
//! file, and never a file nobody dares to touch.

mod disk;
mod download;
mod files;

use std::thread;

use crate::journal::Unusable;
use disk::{Disk, Name, Recording};
use download::{BLOCK, Manner, Next, Remote, Why, next_run, run};

use crate::tests::support::{Random, number_from_environment};

/// One worker that writes a block at a time, and syncs now and then.
const PLAIN: Manner = Manner {
    connections: 1,
    chunk: BLOCK,
    checkpoint_every: 3,
    overwrite: false,
    reads_back: true,
};

/// Three that write pieces of any length, in any order.
const BUSY: Manner = Manner {
    connections: 3,
    chunk: 1500,
    checkpoint_every: 5,
    overwrite: false,
    reads_back: true,
};

/// What was found, over all states.
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

/// What the final name had before.
fn with_old_final(content: &[u8]) -> Disk {
    let mut recording = Recording::from(Disk::default());
    let file = recording.create(Name::Final);
    recording.write(file, 0, content);
    recording.now().clone()
}

/// Fails unless the next run ends with the file, or says honestly that it starts over, and keeps
/// at least as many blocks as were promised.
fn judge(disk: &Disk, scene: &Scene, promised: usize) -> Result<Tally, String> {
    let (remote, old) = (&scene.remote, scene.old_final.as_deref());
    let mut tally = Tally {
        states: 1,
        ..Tally::default()
    };
    if let Some((_, content)) = disk.file(Name::Final)
        && content != remote.content
        && Some(content) != old
    {
        return Err("a wrong file has the final name".into());
    }
    let is_there = disk
        .file(Name::Final)
        .is_some_and(|(_, content)| content == remote.content);
    match next_run(disk, remote, scene.manner) {
        // With `overwrite`, a finished download is fetched once more, as was asked for.
        Next::Fresh if is_there && disk.file(Name::Journal).is_none() => tally.finished = 1,
        Next::Finish => tally.finished = 1,
        // The last step of publishing is done, or nothing has been.
        Next::Exists if disk.file(Name::Journal).is_none() => tally.finished = 1,
        Next::Exists => return Err("a finished file is not known as one".into()),
        Next::Stuck => return Err("a part file is there that nobody dares to touch".into()),
        Next::Fresh | Next::StartOver(_) if promised > 0 => {
            return Err("what a checkpoint covered is lost".into());
        }
        Next::Fresh | Next::StartOver(Why::Changed | Why::Unusable(Unusable::JournalDamaged)) => {
            tally.fresh = 1;
        }
        Next::StartOver(why) => return Err(format!("a false reason to start over: {why:?}")),
        Next::Continue { kept, .. } => {
            let (_, content) = disk.file(Name::Part).expect("it was continued");
            let mut content = content.to_vec();
            content.resize(remote.content.len(), 0);
            let wrong = kept.iter().find(|block| {
                let start = usize::try_from(block.0).unwrap() * BLOCK;
                let right = remote.block(**block);
                content[start..start + right.len()] != *right
            });
            if let Some(block) = wrong {
                return Err(format!("{block:?} is kept, and wrong"));
            }
            if kept.len() < promised {
                return Err("what a checkpoint covered is lost".into());
            }
            tally.continued = 1;
            tally.kept_blocks = kept.len() as u64;
        }
    }
    Ok(tally)
}

/// Visits the wrecks of every crash point of a recording.
fn judge_all(
    recording: &Recording,
    scene: &Scene,
    limit: u64,
    random: &mut Random,
) -> (Result<Tally, String>, bool) {
    let (mut tally, mut failure, mut all) = (Tally::default(), None, true);
    for point in 0..recording.crash_points() {
        let wrecks = recording.wrecks(point, &scene.stale());
        let (_, exhaustive) = wrecks.visit(limit, random, |disk| {
            match judge(disk, scene, recording.promised(point)) {
                Ok(found) => tally.add(found),
                Err(why) => {
                    failure.get_or_insert_with(|| format!("crash point {point}: {why}"));
                }
            }
        });
        all &= exhaustive;
    }
    (failure.map_or(Ok(tally), Err), all)
}

/// What there is besides the run itself.
struct Scene {
    remote: Remote,
    manner: Manner,
    old_final: Option<Vec<u8>>,
    /// The journal and part file of another generation, whose blocks the disk used before.
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

    /// Chosen by `random`.
    fn any(random: &mut Random) -> Self {
        let length = usize::try_from(1 + random.below(5 * BLOCK as u64)).unwrap();
        // The header ends before, at or behind the end of a sector.
        let url = "u".repeat(usize::try_from(random.below(600)).unwrap());
        let manner = Manner {
            connections: usize::try_from(1 + random.below(4)).unwrap(),
            checkpoint_every: 2 + random.below(12),
            overwrite: random.below(4) == 0,
            ..BUSY
        };
        let other = Remote::new(length, 2, &url);
        let whole = run(&Disk::default(), &other, BUSY, random);
        let before_publishing = whole.wrecks(whole.crash_points() - 4, &[]).one(random);
        let content = |name| {
            before_publishing
                .file(name)
                .map(|(_, content)| content.to_vec())
        };
        let leftovers = content(Name::Journal).zip(content(Name::Part));
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
            .map_or_else(Disk::default, with_old_final);
        run(&start, &self.remote, self.manner, random)
    }

    /// By number of file: the old final file, if there is one, then journal and part file.
    fn stale(&self) -> Vec<&[u8]> {
        let old = self.old_final.iter().map(|_| &[][..]);
        let leftovers = self.leftovers.iter().flatten().map(Vec::as_slice);
        old.chain(leftovers).collect()
    }
}

/// How many states the sample visits. CI's share by default; more for a night.
fn states_wanted() -> u64 {
    number_from_environment("RANGE_STORE_CRASH_STATES").unwrap_or(150_000)
}

#[test]
fn every_state_of_a_short_download_is_recovered() {
    let mut sum = Tally::default();
    // A block and a bit, in two sectors; one block; less than a sector.
    for (length, seeds) in [(BLOCK + 700, 2), (BLOCK, 4), (100, 4)] {
        let scene = Scene::small(length);
        for seed in 0..seeds {
            let mut random = Random(seed);
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

/// Three runs, each over what a power cut left of the one before.
fn judge_a_chain_of_runs(seed: u64) -> Tally {
    let mut random = Random(seed);
    let scene = Scene::any(&mut random);
    let mut recording = scene.first_run(&mut random);
    let mut sum = Tally::default();
    for crash in 0..3 {
        let (tally, _) = judge_all(&recording, &scene, 40, &mut random);
        sum.add(tally.unwrap_or_else(|why| panic!("seed {seed}, crash {crash}: {why}")));
        let point = random.below(recording.crash_points() as u64);
        let wrecks = recording.wrecks(usize::try_from(point).unwrap(), &scene.stale());
        recording = run(
            &wrecks.one(&mut random),
            &scene.remote,
            scene.manner,
            &mut random,
        );
    }
    sum
}

#[test]
fn claims_that_are_not_read_back_would_be_caught() {
    let scene = Scene {
        manner: Manner {
            reads_back: false,
            ..PLAIN
        },
        ..Scene::small(BLOCK)
    };
    let mut random = Random(1);
    let recording = scene.first_run(&mut random);
    let (result, _) = judge_all(&recording, &scene, u64::MAX, &mut random);
    let why = result.expect_err("a record reaches the disk before its block");
    assert!(why.ends_with("is kept, and wrong"), "{why}");
}

#[test]
fn a_name_that_is_not_synced_in_time_would_be_caught() {
    let remote = Remote::new(100, 1, "");
    let scene = Scene::small(100);
    let mut random = Random(1);
    let mut recording = Recording::from(Disk::default());
    recording.create(Name::Journal);
    recording.create(Name::Part);
    let (result, _) = judge_all(&recording, &scene, u64::MAX, &mut random);
    let why = result.expect_err("the part file's name may be durable, and the journal's not");
    assert!(why.ends_with("nobody dares to touch"), "{why}");

    // Publishing before the bytes are durable.
    let mut recording = Recording::from(Disk::default());
    let part = recording.create(Name::Part);
    recording.sync_names();
    recording.write(part, 0, &remote.content);
    recording.rename(Name::Part, Name::Final);
    let (result, _) = judge_all(&recording, &scene, u64::MAX, &mut random);
    assert!(result.is_err());
}

#[test]
fn sampled_states_are_recovered_by_the_files_themselves() {
    let mut ends = [0; 3];
    for seed in 0..120 {
        let mut random = Random(seed);
        let mut scene = Scene::any(&mut random);
        scene.old_final = None;
        scene.manner.overwrite = false;
        let recording = scene.first_run(&mut random);
        let point = random.below(recording.crash_points() as u64);
        let wrecks = recording.wrecks(usize::try_from(point).unwrap(), &scene.stale());
        let disk = wrecks.one(&mut random);
        let end = files::recover(&disk, &scene.remote, scene.manner);
        ends[end as usize] += 1;
    }
    println!("{ends:?}");
    assert!(ends.iter().all(|count| *count > 0), "{ends:?}");
}
