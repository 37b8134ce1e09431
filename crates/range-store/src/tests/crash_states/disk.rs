//! Owns a disk in memory, and every step it has taken. Knows nothing of journals or downloads, nor
//! of what a power cut leaves.

use std::ffi::OsStr;

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
pub(super) type Names = [Option<FileId>; NAMES];

/// The state that a reader finds.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    pub(super) names: Names,
    pub(super) files: Vec<Vec<u8>>,
}

/// One change, or one sync, of a disk.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Create(Name),
    CreateNameless,
    Name(FileId, Name),
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

    pub(super) fn apply(&mut self, step: &Step) {
        match step {
            Step::Create(name) => {
                self.names[*name as usize] = Some(FileId(self.files.len()));
                self.files.push(Vec::new());
            }
            Step::CreateNameless => self.files.push(Vec::new()),
            Step::Name(file, name) => self.names[*name as usize] = Some(*file),
            Step::Rename(..) | Step::Remove(_) => change_names(&mut self.names, step, None),
            Step::Write(file, offset, bytes) => write(&mut self.files[file.0], *offset, bytes),
            Step::Resize(file, length) => self.files[file.0].resize(*length, 0),
            Step::SyncNames | Step::Sync(_) => {}
        }
    }
}

pub(super) fn write(file: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    let end = offset + bytes.len();
    if file.len() < end {
        file.resize(end, 0);
    }
    file[offset..end].copy_from_slice(bytes);
}

/// `moved` is the file that a rename moves, if its old name may not be durable.
pub(super) fn change_names(names: &mut Names, step: &Step, moved: Option<FileId>) {
    match step {
        Step::Rename(from, to) => {
            let file = names[*from as usize].take();
            names[*to as usize] = moved.or(file);
        }
        Step::Remove(name) => names[*name as usize] = None,
        Step::Create(name) => names[*name as usize] = moved,
        Step::Name(file, name) => names[*name as usize] = Some(*file),
        Step::CreateNameless
        | Step::SyncNames
        | Step::Write(..)
        | Step::Resize(..)
        | Step::Sync(_) => {}
    }
}

/// A disk in use, and every step it has taken.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recording {
    pub(super) start: State,
    now: State,
    pub(super) steps: Vec<Step>,
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

    pub(crate) fn create_nameless(&mut self) -> FileId {
        self.step(Step::CreateNameless);
        FileId(self.now.files.len() - 1)
    }

    pub(crate) fn name(&mut self, file: FileId, name: Name) {
        self.step(Step::Name(file, name));
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
}
