//! Tests runs whose bytes the system gives up writing: it says so to one sync, calls the pages
//! clean, and goes on reading them from memory. No later run may take them for kept.

use super::disk::{Name, Recording, State};
use super::run::{Next, Remote, complete, next_run};
use super::simulated::SimulatedDisk;
use super::{BLOCK, PLAIN};
use crate::tests::support::{Random, known};
use crate::{ResumableFile, StoreError};

/// The moment at which a run learns that bytes were given up.
#[derive(Clone, Copy, Debug)]
enum Learns {
    /// Never: it is killed before it syncs.
    Nothing,
    /// At a checkpoint, after which it ends.
    AtACheckpoint,
    /// At a checkpoint, after which it is killed.
    AtItsLastCheckpoint,
    /// The moment it publishes the file, after which it is killed.
    WhenItPublishes,
}

/// The ends of one run after another, counted.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    given_up: u32,
    kept: u64,
    refused: u64,
}

/// Runs once until bytes are given up, and once more to the end.
fn judge(learns: Learns, seed: u64, tally: &mut Tally) {
    let mut random = Random::new(seed);
    let blocks = 2 + random.below(5);
    let length = usize::try_from(blocks).unwrap() * BLOCK;
    let remote = Remote::new(length, 1, "");
    let disk = SimulatedDisk::new(Recording::from(State::default()), None);
    let location = PLAIN.location(disk.clone());
    let description = remote.description(&mut random);
    let file = location
        .create(known(remote.length()), &description)
        .unwrap();
    let mut writer = file.lease_from(0).unwrap();
    let all = matches!(learns, Learns::WhenItPublishes);
    let written = if all {
        blocks
    } else {
        1 + random.below(blocks)
    };
    for (at, block) in remote.content.chunks(BLOCK).enumerate() {
        if at as u64 == written {
            break;
        }
        writer.write(block).unwrap();
        if random.below(4) == 0 {
            file.checkpoint().unwrap();
        }
    }
    drop(writer);
    let is_any = disk.give_up(Name::Part, &mut random);
    tally.given_up += u32::from(is_any);
    let is_killed = !matches!(learns, Learns::AtACheckpoint);
    disk.keep_memory(is_killed);
    let outcome = learn(&file, learns);
    assert_eq!(
        outcome.is_err(),
        is_any && !matches!(learns, Learns::Nothing)
    );
    drop(file);
    disk.keep_memory(false);
    if outcome.is_ok() && all {
        return;
    }

    let next = next_run(&location, &remote, PLAIN);
    let Next::Continue { kept, .. } = &next else {
        panic!("{next:?}");
    };
    let on_the_disk = disk.on_the_disk(Name::Part);
    for range in kept.iter() {
        let index = |offset| usize::try_from(offset).unwrap();
        let found = &on_the_disk[index(range.start())..index(range.end())];
        assert!(
            found == remote.bytes(range),
            "{range} is kept, and not on the disk"
        );
    }
    tally.kept += kept.len() / BLOCK as u64;
    tally.refused += written - kept.len() / BLOCK as u64;
    complete(next, &location, &remote, PLAIN);
    assert!(disk.on_the_disk(Name::Final) == remote.content);
}

fn learn(file: &ResumableFile<SimulatedDisk>, learns: Learns) -> Result<(), StoreError> {
    match learns {
        Learns::Nothing => Ok(()),
        Learns::AtACheckpoint | Learns::AtItsLastCheckpoint => file.checkpoint(),
        Learns::WhenItPublishes => file.publish(PLAIN.how(), None, None).map(drop),
    }
}

#[test]
fn no_run_takes_bytes_for_kept_that_the_system_gave_up_writing() {
    for learns in [
        Learns::Nothing,
        Learns::AtACheckpoint,
        Learns::AtItsLastCheckpoint,
        Learns::WhenItPublishes,
    ] {
        let mut tally = Tally::default();
        for seed in 0..200 {
            judge(learns, seed, &mut tally);
        }
        println!("{learns:?}: {tally:?}");
        assert!(tally.given_up > 100 && tally.kept > 0 && tally.refused > 100);
    }
}
