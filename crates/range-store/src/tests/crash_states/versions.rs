//! Tests the states that a power cut may leave while a newer version is fetched and an older one
//! waits. One of the two must always survive, in a state that the next run can put together again.

use std::ops::ControlFlow;

use super::disk::{Name, Recording, State};
use super::run::{Manner, Remote, complete_file, kept_of};
use super::simulated::{SimulatedDisk, Synced};
use super::{BLOCK, PLAIN};
use crate::journal;
use crate::tests::support::{Random, known};
use crate::{Found, Location, OlderVersions, StoreError};

/// The places of a version and of its journal. The last two are interrupted moves.
const PLACES: [(Name, Name); 5] = [
    (Name::Part, Name::Journal),
    (Name::OlderPart, Name::OlderJournal),
    (Name::OldestPart, Name::OldestJournal),
    (Name::OlderPart, Name::Journal),
    (Name::OldestPart, Name::Journal),
];

/// A version that is complete except for its name.
fn with_an_old_version(old: &Remote) -> State {
    let disk = SimulatedDisk::new(Recording::from(State::default()), None);
    let location = PLAIN.location(disk.clone());
    let description = old.description(&mut Random::new(0));
    let file = location.create(known(old.length()), &description).unwrap();
    file.lease_from(0).unwrap().write(&old.content).unwrap();
    file.checkpoint().unwrap();
    drop(file);
    disk.look_at(State::clone)
}

/// Returns the number of blocks of a version on the disk, in the places where a run looks for them.
fn blocks_of(remote: &Remote, state: &State) -> usize {
    let blocks = PLACES.into_iter().filter_map(|(part, journal)| {
        let (id, content) = state.file(part)?;
        let journal = journal::decode(state.file(journal)?.1).ok()?;
        let header = &journal.header;
        if header.part_file.inode != id.0 as u64 || header.validators != remote.validators {
            return None;
        }
        let right = content.chunks(BLOCK).zip(remote.content.chunks(BLOCK));
        let right: Vec<bool> = right.map(|(found, sent)| found == sent).collect();
        let is_right = |index: u64| right.get(usize::try_from(index).unwrap()) == Some(&true);
        let claimed = journal.blocks.iter();
        Some(claimed.filter(|(index, _)| is_right(index.0)).count())
    });
    blocks.max().unwrap_or(0)
}

/// Downloads the newer version from any state, as a session does.
fn fetch(location: &Location<SimulatedDisk>, newer: &Remote, manner: Manner) -> Result<(), String> {
    if let Some(found) = location.unfinished(|| ControlFlow::Continue(())).unwrap() {
        found.finish(true).unwrap();
        return Ok(());
    }
    match location.check_output(manner.how()) {
        Err(StoreError::OutputExists { .. }) => return Ok(()),
        checked => checked.unwrap(),
    }
    let mut older = OlderVersions::new(location.clone(), false);
    older.recover().unwrap();
    let mut found = location.find(false, |_| false).unwrap();
    if let (Found::Nothing(_), Some(at)) = (&found, older.fullest()) {
        older.put_back(at).unwrap();
        found = location.find(false, |_| false).unwrap();
    }
    let resumed = match found {
        Found::Nothing(_) => None,
        Found::Foreign(_) => return Err("a part file is there that nobody dares to touch".into()),
        Found::Unreadable(error) => panic!("no other version has ever written: {error}"),
        Found::Earlier(earlier) => {
            let is_newer = earlier.header().validators == newer.validators;
            let (file, claims) = earlier.resume().unwrap();
            if is_newer {
                let kept = kept_of(&file, &claims, manner);
                Some((file, kept))
            } else {
                older.set_aside(file, None).unwrap();
                None
            }
        }
    };
    complete_file(resumed, location, newer, manner, |file| {
        older.give_way_to(file).unwrap();
    });
    Ok(())
}

fn judge(state: State, old: &Remote, newer: &Remote, blocks: usize) -> Result<(), String> {
    let final_content = state.file(Name::Final).map(|(_, content)| content);
    if final_content.is_some_and(|content| content != newer.content) {
        return Err("a wrong file has the final name".into());
    }
    let is_there = final_content.is_some();
    if !is_there && blocks_of(old, &state).max(blocks_of(newer, &state)) < blocks {
        return Err("both versions are lost".into());
    }
    let disk = SimulatedDisk::new(Recording::forgetful(state), None);
    fetch(&PLAIN.location(disk.clone()), newer, PLAIN)?;
    disk.look_at(|state| {
        let content = state.file(Name::Final).map(|(_, content)| content);
        if content == Some(&newer.content[..]) && state.names() == 1 {
            Ok(())
        } else {
            Err("the next run does not end with the file alone".into())
        }
    })
}

/// Returns the number of states, or the fault in one of them.
fn judge_all(ignored: Option<Synced>) -> Result<u64, String> {
    let (old, newer) = (Remote::new(100, 1, ""), Remote::new(100, 2, ""));
    let start = with_an_old_version(&old);
    let blocks = blocks_of(&old, &start);
    assert_eq!(blocks, 1);
    let disk = SimulatedDisk::new(Recording::from(start), ignored);
    let location = PLAIN.location(disk.clone());
    fetch(&location, &newer, PLAIN).unwrap();
    let recording = disk.take();
    let (mut states, mut failure) = (0, None);
    for point in 0..recording.crash_points() {
        let wrecks = recording.wrecks(point, &[]);
        wrecks.visit(u64::MAX, &mut Random::new(0), |state| {
            states += 1;
            let judged = judge(state, &old, &newer, blocks);
            failure = judged
                .err()
                .map(|why| format!("crash point {point}: {why}"));
            if failure.is_some() {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
        if let Some(failure) = failure {
            return Err(failure);
        }
    }
    Ok(states)
}

#[test]
fn every_state_beside_a_version_that_waits_is_recovered() {
    let states = judge_all(None).unwrap();
    println!("{states} states");
    assert!(states > 50);
}

#[test]
fn a_sync_that_is_left_out_beside_a_version_that_waits_would_be_caught() {
    for ignored in [Synced::Names, Synced::Data, Synced::Journal] {
        let why = judge_all(Some(ignored)).unwrap_err();
        assert!(
            why.ends_with("both versions are lost"),
            "{ignored:?}: {why}"
        );
    }
}

/// Reports whether a power cut in the middle of a discard may leave the part file without its
/// journal, which no later run would touch.
fn discarding_may_leave_the_part_file_alone(ignored: Option<Synced>) -> bool {
    let start = with_an_old_version(&Remote::new(100, 1, ""));
    let disk = SimulatedDisk::new(Recording::from(start), ignored);
    let Found::Earlier(earlier) = PLAIN.location(disk.clone()).find(false, |_| false).unwrap()
    else {
        panic!("a version was left");
    };
    let (file, _claims) = earlier.resume().unwrap();
    file.discard().unwrap();
    assert_eq!(disk.look_at(State::names), 0);
    let recording = disk.take();
    let mut is_alone = false;
    for point in 0..recording.crash_points() {
        let wrecks = recording.wrecks(point, &[]);
        wrecks.visit(u64::MAX, &mut Random::new(0), |state| {
            is_alone |= state.file(Name::Part).is_some() && state.file(Name::Journal).is_none();
            ControlFlow::Continue(())
        });
    }
    is_alone
}

#[test]
fn a_discard_leaves_no_part_file_without_its_journal() {
    assert!(!discarding_may_leave_the_part_file_alone(None));
    assert!(discarding_may_leave_the_part_file_alone(Some(
        Synced::Names
    )));
}
