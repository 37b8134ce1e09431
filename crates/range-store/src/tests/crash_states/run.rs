//! Owns a program that downloads by the product's own calls, and the next run's use of the files it
//! finds. Knows nothing of the disk, and of no order in which anything is written.

use std::ffi::OsStr;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};

use range_core::RangeSet;
use range_core::block::BlockSize;
use range_core::http::validator::{Agreement, EntityTag, Validators};
use range_core::range::ByteRange;

use super::disk::{Recording, State};
use super::simulated::{SimulatedDisk, Synced};
use crate::disk::Disk;
use crate::journal::{SessionId, Unusable};
use crate::tests::support::{Random, known};
use crate::{
    Claims, Description, Finding, Found, Keeping, Location, OlderVersions, PartNames, Publish,
    ResumableFile, StoreError, Unfinished, WriteMode, Writer,
};

pub(crate) const BLOCK: usize = 4096;

/// The file to download, in one generation.
#[derive(Debug)]
pub(crate) struct Remote {
    pub(crate) content: Vec<u8>,
    pub(crate) validators: Validators,
    /// Makes the journal's header longer or shorter, and so moves every record.
    pub(crate) url: String,
}

/// The way a run works.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manner {
    pub(crate) connections: usize,
    /// The maximum number of bytes in one write.
    pub(crate) chunk: usize,
    /// One step in this many begins a checkpoint.
    pub(crate) checkpoint_every: u64,
    pub(crate) write_mode: WriteMode,
    pub(crate) overwrite: bool,
    /// If true, a block counts only if it was found to match its hash.
    pub(crate) heeds_findings: bool,
    /// A sync that the disk skips.
    pub(crate) ignored: Option<Synced>,
}

/// The state in which the next run begins.
#[derive(Debug)]
pub(crate) enum Next<D: Disk> {
    /// The file is there and proven; the journal is all that is left to remove.
    Finish(Box<Unfinished<D>>),
    /// The final name is taken, and nothing shows the owner.
    Exists,
    /// Nothing is left: there was nothing, or a journal without a part file.
    Fresh,
    /// Nothing is left: the files could not be used.
    StartOver(Why),
    /// These bytes are kept, and the others are fetched.
    Continue {
        file: ResumableFile<D>,
        kept: RangeSet,
    },
    /// A part file without a journal: an error.
    Stuck,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    Unusable(Unusable),
    Changed,
}

impl Manner {
    pub(crate) fn how(self) -> Publish {
        Publish {
            overwrite: self.overwrite,
            sync: true,
        }
    }

    pub(crate) fn location<D: Disk>(self, disk: D) -> Location<D> {
        let names = PartNames::new(OsStr::new("output")).unwrap();
        let keeping = Keeping {
            write_mode: self.write_mode,
            ..Keeping::default()
        };
        let size = BlockSize::new(u32::try_from(BLOCK).unwrap()).unwrap();
        Location::new(disk, names, keeping).with_blocks_of(size)
    }
}

impl Remote {
    pub(crate) fn new(length: usize, generation: u8, url: &str) -> Self {
        let mut random = Random::new(generation.into());
        let bytes = (0..length).map(|_| random.below(256).to_le_bytes()[0]);
        Self {
            content: bytes.collect(),
            validators: Validators {
                entity_tag: EntityTag::parse(&[b'"', b'a' + generation, b'"']),
                ..Validators::default()
            },
            url: url.into(),
        }
    }

    pub(crate) fn length(&self) -> u64 {
        self.content.len() as u64
    }

    pub(crate) fn bytes(&self, range: ByteRange) -> &[u8] {
        let index = |offset| usize::try_from(offset).unwrap();
        &self.content[index(range.start())..index(range.end())]
    }

    /// A session need only differ from journal to journal.
    pub(crate) fn description(&self, random: &mut Random) -> Description {
        Description {
            session: SessionId([random.below(256).to_le_bytes()[0]; 16]),
            url: self.url.clone(),
            validators: self.validators.clone(),
            digests: Vec::new(),
        }
    }
}

/// Looks for the files of an earlier run, in the order in which a download does.
pub(crate) fn next_run<D: Disk>(
    location: &Location<D>,
    remote: &Remote,
    manner: Manner,
) -> Next<D> {
    if let Some(found) = location.unfinished(|| ControlFlow::Continue(())).unwrap() {
        return Next::Finish(Box::new(found));
    }
    match location.check_output(manner.how()) {
        Err(StoreError::OutputExists { .. }) => return Next::Exists,
        checked => checked.unwrap(),
    }
    let mut older = OlderVersions::new(location.clone(), false);
    older.recover().unwrap();
    let earlier = match location.find(false, |_| false).unwrap() {
        Found::Nothing(None) => return Next::Fresh,
        Found::Nothing(Some(why)) => return Next::StartOver(Why::Unusable(why)),
        Found::Foreign(_) => return Next::Stuck,
        Found::Unreadable(error) => panic!("no other version has ever written: {error}"),
        Found::Earlier(earlier) => earlier,
    };
    let header = earlier.header();
    let is_same = header.validators.compare(&remote.validators) == Agreement::Same
        && header.length == remote.length();
    let (file, claims) = earlier.resume().unwrap();
    if !is_same {
        file.discard().unwrap();
        return Next::StartOver(Why::Changed);
    }
    let kept = kept_of(&file, &claims, manner);
    Next::Continue { file, kept }
}

/// Returns the claimed bytes that are kept.
pub(crate) fn kept_of<D: Disk>(
    file: &ResumableFile<D>,
    claims: &Claims,
    manner: Manner,
) -> RangeSet {
    let mut kept = RangeSet::new();
    let verified = file.verify(claims, |finding| {
        let (range, is_right) = match finding {
            Finding::Verified(range) => (range, true),
            Finding::Rejected(range) => (range, false),
        };
        if is_right || !manner.heeds_findings {
            kept.insert(range);
        }
        ControlFlow::Continue(())
    });
    assert!(verified.unwrap().is_continue());
    kept
}

/// Returns the blocks that are still to be fetched.
fn missing<D: Disk>(file: &ResumableFile<D>, kept: &RangeSet, remote: &Remote) -> Vec<ByteRange> {
    let (size, length) = (file.block_size(), remote.length());
    let blocks = (0..size.count(length)).map(range_core::block::BlockIndex);
    let ranges = blocks.map(|block| size.range_of(block, length).unwrap());
    ranges.filter(|range| !kept.intersects(*range)).collect()
}

/// Continues from `next` to the end, one block at a time.
pub(crate) fn complete<D: Disk>(
    next: Next<D>,
    location: &Location<D>,
    remote: &Remote,
    manner: Manner,
) {
    let resumed = match next {
        Next::Finish(found) => {
            found.finish(true).unwrap();
            return;
        }
        Next::Exists | Next::Stuck => return,
        Next::Fresh | Next::StartOver(_) => None,
        Next::Continue { file, kept } => Some((file, kept)),
    };
    complete_file(resumed, location, remote, manner, |_| {});
}

/// Fetches the missing bytes of a file, or all bytes of a new one, and gives it its name. Calls
/// `proven` when the file is complete.
pub(crate) fn complete_file<D: Disk>(
    resumed: Option<(ResumableFile<D>, RangeSet)>,
    location: &Location<D>,
    remote: &Remote,
    manner: Manner,
    proven: impl FnOnce(&ResumableFile<D>),
) {
    let (file, kept) = resumed.unwrap_or_else(|| {
        let description = remote.description(&mut Random::new(remote.length()));
        let file = location.create(known(remote.length()), &description);
        (file.unwrap(), RangeSet::new())
    });
    for range in missing(&file, &kept, remote) {
        let mut writer = file.lease(range).unwrap();
        writer.write(remote.bytes(range)).unwrap();
    }
    proven(&file);
    publish(&file, manner);
}

fn publish<D: Disk>(file: &ResumableFile<D>, manner: Manner) {
    let published = file.publish(manner.how(), None, None).unwrap();
    assert!(published.loose_end.is_none());
}

/// Runs from the present state of the disk to the end, and records every request to the disk.
pub(crate) fn run(state: State, remote: &Remote, manner: Manner, random: &mut Random) -> Recording {
    let disk = SimulatedDisk::new(Recording::from(state), manner.ignored);
    let location = manner.location(disk.clone());
    let (file, kept) = match next_run(&location, remote, manner) {
        next @ (Next::Finish(_) | Next::Exists | Next::Stuck) => {
            complete(next, &location, remote, manner);
            return disk.take();
        }
        Next::Fresh | Next::StartOver(_) => {
            let description = remote.description(random);
            let file = location.create(known(remote.length()), &description);
            (file.unwrap(), RangeSet::new())
        }
        Next::Continue { file, kept } => (file, kept),
    };
    fetch(&disk, &file, &kept, remote, manner, random);
    publish(&file, manner);
    drop(file);
    disk.take()
}

/// Fetches the missing bytes, with checkpoints on the way.
fn fetch(
    disk: &SimulatedDisk,
    file: &ResumableFile<SimulatedDisk>,
    kept: &RangeSet,
    remote: &Remote,
    manner: Manner,
    random: &mut Random,
) {
    let mut planned = missing(file, kept, remote);
    planned.reverse();
    let blocks = file.block_size().count(remote.length());
    let workers = Workers {
        file: file.clone(),
        content: remote.content.clone(),
        manner,
        claimed: usize::try_from(blocks).unwrap() - planned.len(),
        planned,
        busy: Vec::new(),
        random: Random::new(random.below(u64::MAX)),
    };
    let workers = Arc::new(Mutex::new(workers));
    while !workers.lock().unwrap().is_done() {
        if random.below(manner.checkpoint_every) != 0 {
            workers.lock().unwrap().step();
            continue;
        }
        let covered = workers.lock().unwrap().claimed;
        let others = Arc::clone(&workers);
        disk.set_meanwhile(Some(Arc::new(move || {
            let mut workers = others.lock().unwrap();
            for _ in 0..workers.random.below(4) {
                workers.step();
            }
        })));
        file.checkpoint().unwrap();
        disk.set_meanwhile(None);
        disk.promise(covered);
    }
}

/// The connections of a run, which write pieces in any order.
struct Workers {
    file: ResumableFile<SimulatedDisk>,
    content: Vec<u8>,
    manner: Manner,
    /// The blocks that no connection works on yet.
    planned: Vec<ByteRange>,
    busy: Vec<Writer<SimulatedDisk>>,
    claimed: usize,
    random: Random,
}

impl Workers {
    fn is_done(&self) -> bool {
        self.planned.is_empty() && self.busy.is_empty()
    }

    /// Writes a piece on one of the connections.
    fn step(&mut self) {
        while self.busy.len() < self.manner.connections
            && let Some(range) = self.planned.pop()
        {
            self.busy.push(self.file.lease(range).unwrap());
        }
        if self.busy.is_empty() {
            return;
        }
        let at = usize::try_from(self.random.below(self.busy.len() as u64)).unwrap();
        let writer = &mut self.busy[at];
        let rest = writer.remaining().unwrap();
        let start = usize::try_from(rest.start()).unwrap();
        let most = rest.len().min(self.manner.chunk as u64);
        let length = if self.manner.connections == 1 {
            most
        } else {
            1 + self.random.below(most)
        };
        let end = start + usize::try_from(length).unwrap();
        writer.write(&self.content[start..end]).unwrap();
        if writer.remaining().is_none() {
            self.busy.swap_remove(at);
            self.claimed += 1;
        }
    }
}
