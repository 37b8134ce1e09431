//! Owns the recovery of a crashed disk as real files, by the program that also recovers it in
//! memory.

use super::disk::{Name, State};
use super::run::{Manner, Next, Remote, complete, next_run};
use crate::disk::Disk;
use crate::journal::{self, Encoder};
use crate::tests::support::Scratch;

/// The beginning of a recovery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Finished,
    Fresh,
    Continued,
}

pub(crate) fn end_of<D: Disk>(next: &Next<D>) -> End {
    match next {
        Next::Finish(_) | Next::Exists => End::Finished,
        Next::Fresh | Next::StartOver(_) => End::Fresh,
        Next::Continue { .. } => End::Continued,
        Next::Stuck => panic!("no wreck leaves a part file alone"),
    }
}

/// Writes the crashed state into a directory, runs the recovery, and checks that the final file is
/// right and nothing else is left.
pub(crate) fn recover(state: &State, remote: &Remote, manner: Manner) -> End {
    let scratch = Scratch::new();
    let names = scratch.names.clone();
    for (name, path) in [
        (Name::Part, names.part()),
        (Name::Final, names.final_name()),
        (Name::Journal, names.journal()),
    ] {
        if let Some((_, content)) = state.file(name) {
            scratch.write(path, content);
            scratch.make_private(path);
        }
    }
    name_the_files(&scratch, state);
    let location = manner.location(scratch.folder.disk().clone());
    let next = next_run(&location, remote, manner);
    let end = end_of(&next);
    complete(next, &location, remote, manner);
    assert!(scratch.read(names.final_name()) == remote.content);
    assert_eq!(scratch.listing(), ["output"]);
    end
}

/// The files were copied, so the journal must name the copy of the file that it named.
fn name_the_files(scratch: &Scratch, state: &State) {
    let Some((_, bytes)) = state.file(Name::Journal) else {
        return;
    };
    let Ok(mut journal) = journal::decode(bytes) else {
        return;
    };
    let inode = journal.header.part_file.inode;
    let is_it = |name| state.id(name).is_some_and(|id| id.0 as u64 == inode);
    let path = if is_it(Name::Part) {
        scratch.names.part()
    } else if is_it(Name::Final) {
        scratch.names.final_name()
    } else {
        return;
    };
    journal.header.part_file = scratch.identity(path);
    let (mut encoder, mut copy) = Encoder::begin(&journal.header);
    for (block, hash) in journal.blocks {
        encoder.block(block, hash, &mut copy);
    }
    // Files that could not be used in memory cannot be used here either.
    copy.extend_from_slice(&bytes[usize::try_from(journal.believed).unwrap()..]);
    scratch.write(scratch.names.journal(), &copy);
    scratch.make_private(scratch.names.journal());
}
