//! Owns the recovery of a wreck as real files, by the store's own calls, compared with what was
//! expected of it in memory.

use crate::append_log::AppendLog;
use crate::journal::{self, Verdict};
use crate::publish::{self, Publish};
use crate::{StoreFailure, WriteMode};
use range_core::block::BlockSize;
use range_core::units::ByteCount;

use super::disk::{Disk, Name};
use super::download::{Next, Remote, next_run};
use crate::tests::support::{Scratch, known};

/// How a recovery began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Finished,
    Fresh,
    Continued,
}

const HOW: Publish = Publish {
    overwrite: false,
    sync: true,
};

/// Puts the wreck into a directory, runs the recovery, and checks that the final file is right
/// and nothing else is left.
pub(crate) fn recover(disk: &Disk, remote: &Remote, manner: super::Manner) -> End {
    let scratch = Scratch::new();
    let names = scratch.names.clone();
    for (name, path) in [
        (Name::Part, names.part()),
        (Name::Journal, names.journal()),
        (Name::Final, names.final_name()),
    ] {
        if let Some((_, content)) = disk.file(name) {
            scratch.write(path, content);
        }
    }
    let expected = next_run(disk, remote, manner);
    let end = match &expected {
        Next::Finish => finish(&scratch, disk),
        Next::Exists => End::Finished,
        Next::Fresh | Next::StartOver(_) => start_over(&scratch, &expected, remote),
        Next::Continue { kept, .. } => resume(&scratch, kept.len(), remote),
        Next::Stuck => panic!("no wreck leaves a part file alone"),
    };
    assert!(scratch.read(names.final_name()) == remote.content);
    assert_eq!(scratch.listing(), ["output"]);
    end
}

fn decoded(log: &AppendLog) -> Verdict {
    let mut decoder = journal::Decoder::new();
    log.read_through(ByteCount(1 << 20), |piece| decoder.feed(piece))
        .unwrap();
    journal::judge(decoder.finish(), false)
}

/// The files were copied, so the journal names another file than this; it must still be there.
fn finish(scratch: &Scratch, disk: &Disk) -> End {
    let log = AppendLog::open(&scratch.directory, &scratch.names).unwrap();
    let Verdict::Continue(journal) = decoded(&log) else {
        panic!("the journal is whole");
    };
    let (id, _) = disk.file(Name::Final).unwrap();
    assert_eq!(journal.header.part_file.inode, id.0 as u64);
    assert!(journal.is_complete());
    log.remove().unwrap();
    End::Finished
}

fn start_over(scratch: &Scratch, expected: &Next, remote: &Remote) -> End {
    match (
        scratch.open(crate::Length::Unknown, WriteMode::Positioned),
        expected,
    ) {
        (Ok(part), Next::StartOver(_)) => publish::discard(&part).unwrap(),
        (Err(error), Next::Fresh) if error.disposition() == StoreFailure::NotFound => {
            match AppendLog::open(&scratch.directory, &scratch.names) {
                Ok(log) => log.remove().unwrap(),
                Err(error) => assert_eq!(error.disposition(), StoreFailure::NotFound),
            }
        }
        (found, expected) => panic!("{found:?}, and expected was {expected:?}"),
    }
    let _log = AppendLog::create(&scratch.directory, &scratch.names).unwrap();
    let length = remote.content.len() as u64;
    let part = scratch
        .create(known(length), WriteMode::Positioned)
        .unwrap();
    let mut lease = part.lease(super::super::support::range(0, length)).unwrap();
    lease.write(&remote.content).unwrap();
    drop(lease);
    publish(&part);
    End::Fresh
}

fn resume(scratch: &Scratch, kept: usize, remote: &Remote) -> End {
    let log = AppendLog::open(&scratch.directory, &scratch.names).unwrap();
    let Verdict::Continue(journal) = decoded(&log) else {
        panic!("the journal can be continued");
    };
    let length = remote.content.len() as u64;
    let part = scratch.open(known(length), WriteMode::Positioned).unwrap();
    log.truncate(ByteCount(journal.believed)).unwrap();
    let size: BlockSize = journal.header.block_size;
    let mut encoder = journal.encoder;
    let mut missing: Vec<_> = (0..size.count(length))
        .map(range_core::block::BlockIndex)
        .collect();
    for (block, hash) in &journal.blocks {
        let range = size.range_of(*block, length).unwrap();
        if part.hash_block(range).unwrap() == *hash {
            missing.retain(|other| other != block);
        }
    }
    assert_eq!(missing.len() as u64 + kept as u64, size.count(length));
    for block in missing {
        let bytes = remote.block(block);
        let mut lease = part.lease(size.range_of(block, length).unwrap()).unwrap();
        lease.write(bytes).unwrap();
        let mut record = Vec::new();
        encoder.block(block, super::download::hash(bytes), &mut record);
        log.append(&record).unwrap();
    }
    let Verdict::Continue(journal) = decoded(&log) else {
        panic!("what was appended is believed");
    };
    assert!(journal.is_complete());
    publish(&part);
    End::Continued
}

fn publish(part: &crate::part_file::PartFile) {
    let published = publish::publish(part, HOW).unwrap();
    assert!(published.loose_end.is_none());
}
