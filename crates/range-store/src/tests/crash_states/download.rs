//! Owns a download as the disk sees it: what is written, claimed, synced and published, in which
//! order, and what the next run makes of what it finds. The decisions are the product's own.

use crate::BlockHasher;
use crate::journal::{self, Decoded, Encoder, Header, SessionId, Unusable, Verdict};
use range_core::block::{BlockHash, BlockIndex, BlockSize};
use range_core::file_identity::FileIdentity;
use range_core::http::validator::{Agreement, EntityTag, Validators};

use super::disk::{Disk, FileId, Name, Recording};
use crate::tests::support::Random;

pub(crate) const BLOCK: usize = 4096;

/// The file to download, in one generation.
#[derive(Debug)]
pub(crate) struct Remote {
    pub(crate) content: Vec<u8>,
    pub(crate) validators: Validators,
    /// Makes the journal's header, and so the place of every record, longer or shorter.
    pub(crate) url: String,
}

/// How a run goes about it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manner {
    pub(crate) connections: usize,
    /// Most bytes of one write.
    pub(crate) chunk: usize,
    /// One step in this many begins a checkpoint.
    pub(crate) checkpoint_every: u64,
    pub(crate) overwrite: bool,
    /// Whether a claim counts only if the block has its hash. The product's way is to ask.
    pub(crate) reads_back: bool,
}

/// What the next run begins with.
#[derive(Debug)]
pub(crate) enum Next {
    /// The file is there and proven; the journal is all that is left to remove.
    Finish,
    /// The final name is taken, and nothing says by whom.
    Exists,
    /// Nothing is there, or a journal without a part file.
    Fresh,
    /// It is of no use, and is removed with an explanation.
    StartOver(Why),
    /// These blocks are kept, and the others fetched.
    Continue {
        kept: Vec<BlockIndex>,
        journal: Box<Decoded>,
    },
    /// A part file without a journal: an error.
    Stuck,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    Unusable(Unusable),
    Changed,
}

impl Remote {
    pub(crate) fn new(length: usize, generation: u8, url: &str) -> Self {
        let mut random = Random(generation.into());
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

    pub(crate) fn block(&self, block: BlockIndex) -> &[u8] {
        &self.content[of_block(block, self.content.len())]
    }

    fn header(&self, part: FileId, session: u8) -> Header {
        Header {
            session: SessionId([session; 16]),
            part_file: identity(part),
            length: self.content.len() as u64,
            block_size: block_size(),
            validators: self.validators.clone(),
            url: self.url.clone(),
            digests: Vec::new(),
        }
    }
}

fn identity(file: FileId) -> FileIdentity {
    FileIdentity {
        device: 1,
        inode: file.0 as u64,
    }
}

fn block_size() -> BlockSize {
    BlockSize::new(u32::try_from(BLOCK).unwrap()).unwrap()
}

fn of_block(block: BlockIndex, length: usize) -> std::ops::Range<usize> {
    let range = block_size().range_of(block, length as u64).unwrap();
    usize::try_from(range.start()).unwrap()..usize::try_from(range.end()).unwrap()
}

pub(crate) fn hash(bytes: &[u8]) -> BlockHash {
    let mut hasher = BlockHasher::new();
    hasher.update(bytes);
    hasher.finish()
}

/// Whether the file has the bytes the claim is about. A file cut short does not.
fn has(content: &[u8], length: usize, claim: (BlockIndex, BlockHash)) -> bool {
    let bytes = content.get(of_block(claim.0, length));
    bytes.is_some_and(|bytes| hash(bytes) == claim.1)
}

/// What the next run finds, in the order it looks: a file that was being published, the final
/// name, the journal, the part file.
pub(crate) fn next_run(disk: &Disk, remote: &Remote, manner: Manner) -> Next {
    let decoded = disk
        .file(Name::Journal)
        .map(|(_, bytes)| journal::decode(bytes));
    if let Some((id, content)) = disk.file(Name::Final) {
        if let Some(Ok(journal)) = &decoded
            && is_what_the_journal_says(id, content, journal)
        {
            return Next::Finish;
        }
        if !manner.overwrite {
            return Next::Exists;
        }
    }
    let part = disk.file(Name::Part);
    match (decoded, part) {
        (None, None) => Next::Fresh,
        (None, Some(_)) => Next::Stuck,
        (Some(decoded), part) => match (journal::judge(decoded, false), part) {
            (Verdict::Leave(error), _) => panic!("no other version has ever written: {error}"),
            (_, None) => Next::Fresh,
            (Verdict::StartOver(why), Some(_)) => Next::StartOver(Why::Unusable(why)),
            (Verdict::Continue(journal), Some((_, content))) => {
                resume(*journal, content, remote, manner)
            }
        },
    }
}

fn is_what_the_journal_says(id: FileId, content: &[u8], journal: &Decoded) -> bool {
    let claims = &mut journal.blocks.iter();
    journal.header.part_file == identity(id)
        && journal.header.length == content.len() as u64
        && journal.is_complete()
        && claims.all(|claim| has(content, content.len(), *claim))
}

fn resume(journal: Decoded, content: &[u8], remote: &Remote, manner: Manner) -> Next {
    let header = &journal.header;
    let same = header.validators.compare(&remote.validators) == Agreement::Same;
    if !same || header.length != remote.content.len() as u64 {
        return Next::StartOver(Why::Changed);
    }
    let claims = journal.blocks.iter();
    let kept =
        claims.filter(|claim| !manner.reads_back || has(content, remote.content.len(), **claim));
    Next::Continue {
        kept: kept.map(|(block, _)| *block).collect(),
        journal: Box::new(journal),
    }
}

/// A run from what is on the disk to the end, with everything it does to the disk.
pub(crate) fn run(disk: &Disk, remote: &Remote, manner: Manner, random: &mut Random) -> Recording {
    let mut recording = Recording::from(disk.clone());
    match next_run(disk, remote, manner) {
        Next::Finish => {
            recording.sync_names();
            recording.remove(Name::Journal);
        }
        Next::Exists | Next::Stuck => {}
        Next::Fresh => {
            recording.remove(Name::Journal);
            return Run::begin(recording, remote, manner, random).finish(random);
        }
        Next::StartOver(_) => {
            recording.remove(Name::Part);
            recording.sync_names();
            recording.remove(Name::Journal);
            return Run::begin(recording, remote, manner, random).finish(random);
        }
        Next::Continue { kept, journal } => {
            return Run::resume(recording, remote, manner, &kept, *journal).finish(random);
        }
    }
    recording
}

/// A run in the middle of its work.
struct Run<'a> {
    recording: Recording,
    remote: &'a Remote,
    manner: Manner,
    part: FileId,
    log: FileId,
    encoder: Encoder,
    /// Blocks nobody works on yet.
    planned: Vec<BlockIndex>,
    /// What each connection is at: a block, and how much of it is written.
    workers: Vec<(BlockIndex, usize)>,
    checkpoint: Checkpoint,
    claimed: usize,
    /// How many blocks were claimed when the data was synced last.
    covered: usize,
}

/// What the thread that syncs does next.
#[derive(Clone, Copy)]
enum Checkpoint {
    Idle,
    Data,
    Journal,
    Names,
}

impl<'a> Run<'a> {
    fn begin(
        mut recording: Recording,
        remote: &'a Remote,
        manner: Manner,
        random: &mut Random,
    ) -> Self {
        let log = recording.create(Name::Journal);
        recording.sync_names();
        let part = recording.create(Name::Part);
        recording.resize(part, remote.content.len());
        let session = random.below(256).to_le_bytes()[0];
        let (encoder, bytes) = Encoder::begin(&remote.header(part, session));
        recording.append(log, &bytes);
        Self::working(recording, remote, manner, (part, log, encoder), &[])
    }

    fn resume(
        mut recording: Recording,
        remote: &'a Remote,
        manner: Manner,
        kept: &[BlockIndex],
        journal: Decoded,
    ) -> Self {
        let file = |name| recording.now().file(name).expect("it was found").0;
        let (part, log) = (file(Name::Part), file(Name::Journal));
        recording.resize(part, remote.content.len());
        recording.resize(log, usize::try_from(journal.believed).unwrap());
        Self::working(
            recording,
            remote,
            manner,
            (part, log, journal.encoder),
            kept,
        )
    }

    fn working(
        recording: Recording,
        remote: &'a Remote,
        manner: Manner,
        (part, log, encoder): (FileId, FileId, Encoder),
        kept: &[BlockIndex],
    ) -> Self {
        let count = block_size().count(remote.content.len() as u64);
        let missing = (0..count).rev().map(BlockIndex);
        Self {
            recording,
            remote,
            manner,
            part,
            log,
            encoder,
            planned: missing.filter(|block| !kept.contains(block)).collect(),
            workers: Vec::new(),
            checkpoint: Checkpoint::Idle,
            claimed: kept.len(),
            covered: kept.len(),
        }
    }

    fn finish(mut self, random: &mut Random) -> Recording {
        while !self.planned.is_empty() || !self.workers.is_empty() {
            while self.workers.len() < self.manner.connections
                && let Some(block) = self.planned.pop()
            {
                self.workers.push((block, 0));
            }
            if random.below(self.manner.checkpoint_every) == 0 {
                self.sync_a_little();
            } else {
                let worker = random.below(self.workers.len() as u64);
                self.write(usize::try_from(worker).unwrap(), random);
            }
        }
        self.publish()
    }

    fn write(&mut self, worker: usize, random: &mut Random) {
        let (block, written) = self.workers[worker];
        let bytes = self.remote.block(block);
        let most = self.manner.chunk.min(bytes.len() - written) as u64;
        let length = if self.manner.connections == 1 {
            usize::try_from(most).unwrap()
        } else {
            usize::try_from(1 + random.below(most)).unwrap()
        };
        let start = of_block(block, self.remote.content.len()).start + written;
        let chunk = &bytes[written..written + length];
        self.recording.write(self.part, start, chunk);
        if written + length < bytes.len() {
            self.workers[worker].1 += length;
            return;
        }
        self.workers.swap_remove(worker);
        let mut record = Vec::new();
        self.encoder.block(block, hash(bytes), &mut record);
        self.recording.append(self.log, &record);
        self.claimed += 1;
    }

    /// One of the three syncs of a checkpoint; others write in between.
    fn sync_a_little(&mut self) {
        self.checkpoint = match self.checkpoint {
            Checkpoint::Idle => Checkpoint::Data,
            Checkpoint::Data => {
                self.covered = self.claimed;
                self.recording.sync(self.part);
                Checkpoint::Journal
            }
            Checkpoint::Journal => {
                self.recording.sync(self.log);
                Checkpoint::Names
            }
            Checkpoint::Names => {
                self.recording.sync_names();
                self.recording.promise(self.covered);
                Checkpoint::Idle
            }
        };
    }

    fn publish(mut self) -> Recording {
        self.recording.sync(self.log);
        self.recording.sync(self.part);
        self.recording.rename(Name::Part, Name::Final);
        self.recording.sync_names();
        self.recording.remove(Name::Journal);
        self.recording
    }
}
