//! Owns a disk in memory that remembers what was synced, and every state that a power cut may leave
//! it in. Knows nothing of journals or downloads.
//!
//! Between two syncs a disk may write any of the changed sectors, in any of the versions they had,
//! or none; leave a file with any of the lengths it had; and make any of the changes of names
//! durable and lose the others. A file that has grown may also show the bytes that lay on the disk
//! before. A sector of 512 bytes is written whole.

use std::ffi::OsStr;
use std::ops::ControlFlow;

use crate::tests::support::Random;

const SECTOR: usize = 512;

type Sector = Box<[u8; SECTOR]>;

/// The names of a download, and of the older versions that wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Name {
    Part,
    Journal,
    Final,
    OlderPart,
    OlderJournal,
    OldestPart,
    OldestJournal,
}

const NAMES: usize = 7;

impl Name {
    /// Returns the name in a directory whose download is called `output`.
    pub(super) fn of(text: &OsStr) -> Self {
        match text.to_str() {
            Some("output.part") => Self::Part,
            Some("output.part.journal") => Self::Journal,
            Some("output") => Self::Final,
            Some("output.old-version.part") => Self::OlderPart,
            Some("output.old-version.part.journal") => Self::OlderJournal,
            Some("output.old-version2.part") => Self::OldestPart,
            Some("output.old-version2.part.journal") => Self::OldestJournal,
            _ => panic!("{text:?} is no name of the download"),
        }
    }
}

/// The identity of a file, whatever its name. It stands for the inode number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileId(pub(crate) usize);

/// The file to which each name refers.
type Names = [Option<FileId>; NAMES];

/// The state that a reader finds.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    names: Names,
    files: Vec<Vec<u8>>,
}

/// One change, or one sync, of a disk.
#[derive(Clone, Debug)]
enum Step {
    Create(Name),
    Rename(Name, Name),
    Remove(Name),
    SyncNames,
    Write(FileId, usize, Vec<u8>),
    Resize(FileId, usize),
    Sync(FileId),
}

impl State {
    /// Returns the number of names.
    pub(crate) fn names(&self) -> usize {
        self.names.iter().flatten().count()
    }

    pub(crate) fn id(&self, name: Name) -> Option<FileId> {
        self.names[name as usize]
    }

    /// Returns the number of names that a file has.
    pub(crate) fn names_of(&self, file: FileId) -> usize {
        self.names
            .iter()
            .filter(|name| **name == Some(file))
            .count()
    }

    pub(crate) fn content(&self, file: FileId) -> &[u8] {
        &self.files[file.0]
    }

    pub(crate) fn file(&self, name: Name) -> Option<(FileId, &[u8])> {
        let id = self.names[name as usize]?;
        Some((id, &self.files[id.0]))
    }

    fn apply(&mut self, step: &Step) {
        match step {
            Step::Create(name) => {
                self.names[*name as usize] = Some(FileId(self.files.len()));
                self.files.push(Vec::new());
            }
            Step::Rename(..) | Step::Remove(_) => change_names(&mut self.names, step, None),
            Step::Write(file, offset, bytes) => write(&mut self.files[file.0], *offset, bytes),
            Step::Resize(file, length) => self.files[file.0].resize(*length, 0),
            Step::SyncNames | Step::Sync(_) => {}
        }
    }
}

fn write(file: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    let end = offset + bytes.len();
    if file.len() < end {
        file.resize(end, 0);
    }
    file[offset..end].copy_from_slice(bytes);
}

/// `moved` is the file that a rename moves, if its old name may not be durable.
fn change_names(names: &mut Names, step: &Step, moved: Option<FileId>) {
    match step {
        Step::Rename(from, to) => {
            let file = names[*from as usize].take();
            names[*to as usize] = moved.or(file);
        }
        Step::Remove(name) => names[*name as usize] = None,
        Step::Create(name) => names[*name as usize] = moved,
        Step::SyncNames | Step::Write(..) | Step::Resize(..) | Step::Sync(_) => {}
    }
}

/// A disk in use, and every step it has taken.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recording {
    start: State,
    now: State,
    steps: Vec<Step>,
    /// The number of steps after which a number of blocks must survive every power cut.
    promises: Vec<(usize, usize)>,
    /// If true, the history is not kept.
    forgets: bool,
}

impl Recording {
    /// Returns a disk that keeps no history.
    pub(crate) fn forgetful(now: State) -> Self {
        Self {
            now,
            forgets: true,
            ..Self::default()
        }
    }

    /// Returns a disk on which everything is durable.
    pub(crate) fn from(start: State) -> Self {
        Self {
            now: start.clone(),
            start,
            ..Self::default()
        }
    }

    /// From here on, at least `blocks` blocks survive.
    pub(crate) fn promise(&mut self, blocks: usize) {
        self.promises.push((self.steps.len(), blocks));
    }

    /// Returns the number of blocks promised by the first `steps` steps.
    pub(crate) fn promised(&self, steps: usize) -> usize {
        let mut latest_first = self.promises.iter().rev();
        let last = latest_first.find(|(after, _)| *after <= steps);
        last.map_or(0, |(_, blocks)| *blocks)
    }

    pub(crate) fn now(&self) -> &State {
        &self.now
    }

    /// Returns the number of crash points: one before each step, and one after the last.
    pub(crate) fn crash_points(&self) -> usize {
        self.steps.len() + 1
    }

    pub(crate) fn create(&mut self, name: Name) -> FileId {
        self.step(Step::Create(name));
        FileId(self.now.files.len() - 1)
    }

    pub(crate) fn rename(&mut self, from: Name, to: Name) {
        self.step(Step::Rename(from, to));
    }

    pub(crate) fn remove(&mut self, name: Name) {
        self.step(Step::Remove(name));
    }

    pub(crate) fn sync_names(&mut self) {
        self.step(Step::SyncNames);
    }

    pub(crate) fn write(&mut self, file: FileId, offset: usize, bytes: &[u8]) {
        self.step(Step::Write(file, offset, bytes.to_vec()));
    }

    pub(crate) fn resize(&mut self, file: FileId, length: usize) {
        self.step(Step::Resize(file, length));
    }

    pub(crate) fn sync(&mut self, file: FileId) {
        self.step(Step::Sync(file));
    }

    fn step(&mut self, step: Step) {
        self.now.apply(&step);
        if !self.forgets {
            self.steps.push(step);
        }
    }

    /// Returns the states that a power cut may leave after the first `steps` steps. `stale` is the
    /// earlier content of the disk, file by file.
    pub(crate) fn wrecks(&self, steps: usize, stale: &[&[u8]]) -> Wrecks {
        let steps = &self.steps[..steps];
        let created = steps.iter().filter(|step| matches!(step, Step::Create(_)));
        let files = (0..self.start.files.len() + created.count()).map(|id| {
            let first = self.start.files.get(id).cloned().unwrap_or_default();
            let stale = stale.get(id).copied().unwrap_or_default();
            Remains::of(FileId(id), first, steps, stale)
        });
        Wrecks {
            names: self.durable_names(steps),
            files: files.collect(),
        }
    }

    /// Returns every set of names that a power cut may leave.
    fn durable_names(&self, steps: &[Step]) -> Vec<Names> {
        let synced = steps
            .iter()
            .rposition(|step| matches!(step, Step::SyncNames));
        let mut disk = self.start.clone();
        let mut base = disk.names;
        let mut pending = Vec::new();
        for (at, step) in steps.iter().enumerate() {
            let moved = match step {
                Step::Rename(from, _) => disk.names[*from as usize],
                Step::Create(_) => Some(FileId(disk.files.len())),
                Step::Remove(_)
                | Step::SyncNames
                | Step::Write(..)
                | Step::Resize(..)
                | Step::Sync(_) => None,
            };
            let of_names = matches!(step, Step::Rename(..) | Step::Create(_) | Step::Remove(_));
            disk.apply(step);
            if Some(at) <= synced {
                base = disk.names;
            } else if of_names {
                pending.push((step, moved));
            }
        }
        let mut found = Vec::new();
        for subset in 0..1_u32 << pending.len() {
            let mut names = base;
            for (bit, (step, moved)) in pending.iter().enumerate() {
                if subset >> bit & 1 == 1 {
                    change_names(&mut names, step, *moved);
                }
            }
            if !found.contains(&names) {
                found.push(names);
            }
        }
        found
    }
}

/// The possible remains of one file.
#[derive(Clone, Debug)]
struct Remains {
    lengths: Vec<usize>,
    /// The possible contents of each sector.
    sectors: Vec<Vec<Sector>>,
}

impl Remains {
    fn of(id: FileId, mut content: Vec<u8>, steps: &[Step], stale: &[u8]) -> Self {
        let is_sync = |step: &Step| matches!(step, Step::Sync(file) if *file == id);
        let synced = steps.iter().rposition(is_sync).map_or(0, |at| at + 1);
        for step in &steps[..synced] {
            change(&mut content, step, id);
        }
        let durable = content.len();
        let mut remains = Self {
            lengths: Vec::new(),
            sectors: Vec::new(),
        };
        remains.lengths.push(durable);
        let durable_sectors = content.chunks(SECTOR).map(|bytes| vec![sector(bytes)]);
        remains.sectors.extend(durable_sectors);
        for step in &steps[synced..] {
            let before = content.len();
            if change(&mut content, step, id) {
                // A file may also be found on its way to a new length.
                remains.add_length(before.midpoint(content.len()));
                remains.add(&content);
            }
        }
        let grown = durable.div_ceil(SECTOR)..remains.sectors.len();
        for (at, bytes) in stale.chunks(SECTOR).enumerate() {
            if grown.contains(&at) {
                remains.add_sector(at, bytes);
            }
        }
        remains
    }

    fn add(&mut self, content: &[u8]) {
        self.add_length(content.len());
        for (at, bytes) in content.chunks(SECTOR).enumerate() {
            self.add_sector(at, bytes);
        }
    }

    fn add_length(&mut self, length: usize) {
        if !self.lengths.contains(&length) {
            self.lengths.push(length);
        }
    }

    fn add_sector(&mut self, at: usize, bytes: &[u8]) {
        if self.sectors.len() <= at {
            // Before this change the file ended here, which reads as zeros once it is longer.
            self.sectors.push(vec![sector(&[])]);
        }
        let bytes = sector(bytes);
        if !self.sectors[at].contains(&bytes) {
            self.sectors[at].push(bytes);
        }
    }

    fn count(&self) -> u128 {
        let sectors = self.sectors.iter().map(|options| options.len() as u128);
        sectors.fold(self.lengths.len() as u128, u128::saturating_mul)
    }

    fn pick(&self, choose: &mut impl FnMut(usize) -> usize) -> Vec<u8> {
        let length = self.lengths[choose(self.lengths.len())];
        let mut content = Vec::with_capacity(self.sectors.len() * SECTOR);
        for options in &self.sectors {
            content.extend_from_slice(&*options[choose(options.len())]);
        }
        content.resize(length, 0);
        content
    }
}

/// Returns `bytes`, filled up with zeros.
fn sector(bytes: &[u8]) -> Sector {
    let mut sector = Box::new([0; SECTOR]);
    sector[..bytes.len()].copy_from_slice(bytes);
    sector
}

/// Reports whether `step` changed the file `id`, whose content is `content`.
fn change(content: &mut Vec<u8>, step: &Step, id: FileId) -> bool {
    if let Step::Write(file, offset, bytes) = step
        && *file == id
    {
        write(content, *offset, bytes);
        return true;
    }
    if let Step::Resize(file, length) = step
        && *file == id
    {
        content.resize(*length, 0);
        return true;
    }
    false
}

/// All states that one power cut may leave.
#[derive(Clone, Debug)]
pub(crate) struct Wrecks {
    names: Vec<Names>,
    files: Vec<Remains>,
}

impl Wrecks {
    /// Passes the states to `visit` until it breaks off: all of them if a set of names has at most
    /// `limit`, and otherwise `limit` of them chosen by `random`. Reports whether all were visited.
    pub(crate) fn visit(
        &self,
        limit: u64,
        random: &mut Random,
        mut visit: impl FnMut(State) -> ControlFlow<()>,
    ) -> bool {
        let mut all = true;
        for names in &self.names {
            let named = names.iter().flatten();
            let count = named.fold(1, |product: u128, id| {
                product.saturating_mul(self.files[id.0].count())
            });
            let exhaustive = count <= limit.into();
            all &= exhaustive;
            let visits = u64::try_from(count).map_or(limit, |count| count.min(limit));
            for index in 0..visits {
                let mut rest = index;
                let state = self.state(*names, &mut |options| {
                    let options = options as u64;
                    let digit = if exhaustive {
                        let digit = rest % options;
                        rest /= options;
                        digit
                    } else {
                        random.below(options)
                    };
                    usize::try_from(digit).unwrap()
                });
                if visit(state).is_break() {
                    return false;
                }
            }
        }
        all
    }

    /// Returns one state, chosen by `random`.
    pub(crate) fn one(&self, random: &mut Random) -> State {
        let mut below = |bound: usize| usize::try_from(random.below(bound as u64)).unwrap();
        let names = self.names[below(self.names.len())];
        self.state(names, &mut below)
    }

    /// The content of a file without a name does not matter, and stays empty.
    fn state(&self, names: Names, choose: &mut impl FnMut(usize) -> usize) -> State {
        let files = self.files.iter().enumerate().map(|(id, remains)| {
            if names.contains(&Some(FileId(id))) {
                remains.pick(choose)
            } else {
                Vec::new()
            }
        });
        State {
            names,
            files: files.collect(),
        }
    }
}
