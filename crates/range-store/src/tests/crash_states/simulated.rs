//! Owns the recording disk as the product sees it. Does not know how it is used.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::SystemTime;

use range_core::file_identity::FileIdentity;
use range_core::range::ByteRange;

use super::disk::{FileId, Name, Recording, State};
use super::wrecks::SECTOR;
use crate::disk::{Access, Disk, DiskFile, Errno, Kind, Metadata, NewFile, Space, Window};
use crate::tests::support::Random;

/// The object of a sync.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Synced {
    /// The part file, or the final file it has become.
    Data,
    Journal,
    /// A journal that has no name yet.
    NewJournal,
    Names,
}

type Meanwhile = Arc<dyn Fn() + Send + Sync>;

/// A directory of one download, on a disk that remembers what was synced.
#[derive(Clone, Debug)]
pub(crate) struct SimulatedDisk(Arc<Mutex<Inner>>);

struct Inner {
    recording: Recording,
    /// The syncs that it reports as done and skips.
    ignores: Option<Synced>,
    /// The changes that others make before a sync is done.
    meanwhile: Option<Meanwhile>,
    memory: Memory,
}

/// The bytes that the system holds in memory and that the disk does not have.
#[derive(Debug, Default)]
struct Memory {
    /// The content that the last sync of each file left on the disk.
    synced: BTreeMap<usize, Vec<u8>>,
    /// The sectors whose writing was given up: file, number of the sector, and its bytes on the
    /// disk.
    given_up: BTreeMap<(usize, usize), Vec<u8>>,
    /// The files whose next sync fails for that.
    untold: BTreeSet<usize>,
    /// If true, nothing is forgotten: the process is killed before it can ask for it.
    is_kept: bool,
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner").finish_non_exhaustive()
    }
}

#[derive(Clone, Debug)]
pub(crate) struct SimulatedFile {
    disk: SimulatedDisk,
    id: FileId,
}

#[derive(Debug)]
pub(crate) struct SimulatedWindow {
    file: SimulatedFile,
    range: ByteRange,
}

impl SimulatedDisk {
    pub(crate) fn new(recording: Recording, ignores: Option<Synced>) -> Self {
        Self(Arc::new(Mutex::new(Inner {
            recording,
            ignores,
            meanwhile: None,
            memory: Memory::default(),
        })))
    }

    pub(crate) fn set_meanwhile(&self, meanwhile: Option<Meanwhile>) {
        self.lock().meanwhile = meanwhile;
    }

    pub(crate) fn promise(&self, blocks: usize) {
        self.lock().recording.promise(blocks);
    }

    /// Gives up writing some of the file's sectors that the disk does not have yet. The next sync
    /// fails, and the one after that succeeds. Reports whether there were any.
    pub(crate) fn give_up(&self, name: Name, random: &mut Random) -> bool {
        let mut inner = self.lock();
        let (FileId(id), content) = inner.recording.now().file(name).unwrap();
        let content = content.to_vec();
        let mut synced = inner.memory.synced.get(&id).cloned().unwrap_or_default();
        synced.resize(content.len(), 0);
        let sectors = content.chunks(SECTOR).zip(synced.chunks(SECTOR));
        for (at, (now, before)) in sectors.enumerate() {
            if now != before && random.below(3) == 0 {
                inner.memory.given_up.insert((id, at), before.to_vec());
            }
        }
        let is_any = inner.memory.given_up.keys().any(|(file, _)| *file == id);
        if is_any {
            inner.memory.untold.insert(id);
        }
        is_any
    }

    /// Lets the process be killed before it can ask the system to forget anything.
    pub(crate) fn keep_memory(&self, is_kept: bool) {
        self.lock().memory.is_kept = is_kept;
    }

    /// Returns the content of a file on the disk, once the system has written what it will write.
    pub(crate) fn on_the_disk(&self, name: Name) -> Vec<u8> {
        let inner = self.lock();
        let (id, content) = inner.recording.now().file(name).unwrap();
        inner.memory.on_the_disk(id, content)
    }

    /// Returns the present state.
    pub(crate) fn look_at<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(self.lock().recording.now())
    }

    /// Returns the whole history. The disk is empty afterwards.
    pub(crate) fn take(&self) -> Recording {
        std::mem::take(&mut self.lock().recording)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap()
    }

    fn sync_of(&self, synced: Synced, sync: impl FnOnce(&mut Recording)) {
        let meanwhile = self.lock().meanwhile.clone();
        if let Some(meanwhile) = meanwhile {
            meanwhile();
        }
        let mut inner = self.lock();
        if inner.ignores != Some(synced) {
            sync(&mut inner.recording);
        }
    }

    fn file(&self, id: FileId) -> SimulatedFile {
        let disk = self.clone();
        SimulatedFile { disk, id }
    }
}

impl Disk for SimulatedDisk {
    type File = SimulatedFile;

    fn create(&self, name: &OsStr) -> Result<SimulatedFile, Errno> {
        let mut inner = self.lock();
        let name = Name::of(name);
        if inner.recording.now().id(name).is_some() {
            return Err(Errno::EXIST);
        }
        let id = inner.recording.create(name);
        drop(inner);
        Ok(self.file(id))
    }

    fn create_nameless(&self) -> Result<SimulatedFile, Errno> {
        let id = self.lock().recording.create_nameless();
        Ok(self.file(id))
    }

    fn name(&self, file: &SimulatedFile, name: &OsStr) -> Result<(), Errno> {
        let mut inner = self.lock();
        let name = Name::of(name);
        if inner.recording.now().id(name).is_some() {
            return Err(Errno::EXIST);
        }
        inner.recording.name(file.id, name);
        Ok(())
    }

    fn open(&self, name: &OsStr, _access: Access) -> Result<SimulatedFile, Errno> {
        let id = self.lock().recording.now().id(Name::of(name));
        Ok(self.file(id.ok_or(Errno::NOENT)?))
    }

    fn look(&self, name: &OsStr) -> Result<Metadata, Errno> {
        self.open(name, Access::Read)?.metadata()
    }

    fn rename(&self, from: &OsStr, to: &OsStr) -> Result<(), Errno> {
        self.lock().recording.rename(Name::of(from), Name::of(to));
        Ok(())
    }

    fn rename_without_replacing(&self, from: &OsStr, to: &OsStr) -> Result<(), Errno> {
        match self.look(to) {
            Ok(_) => Err(Errno::EXIST),
            Err(_) => self.rename(from, to),
        }
    }

    fn link(&self, _from: &OsStr, _to: &OsStr) -> Result<(), Errno> {
        Err(Errno::OPNOTSUPP)
    }

    fn remove(&self, name: &OsStr) -> Result<(), Errno> {
        self.lock().recording.remove(Name::of(name));
        Ok(())
    }

    fn sync(&self) -> Result<(), Errno> {
        self.sync_of(Synced::Names, Recording::sync_names);
        Ok(())
    }

    fn keeps_reservations(&self) -> bool {
        true
    }

    fn space(&self) -> Result<Space, Errno> {
        Ok(Space {
            size: 1 << 50,
            available: 1 << 50,
        })
    }

    fn new_file(&self, _name: &OsStr, permissions: u32) -> Option<NewFile> {
        Some(NewFile {
            owner: rustix::process::geteuid().as_raw(),
            permissions: permissions & !0o022,
        })
    }
}

impl Memory {
    fn on_the_disk(&self, FileId(id): FileId, in_memory: &[u8]) -> Vec<u8> {
        let mut content = in_memory.to_vec();
        for ((file, at), bytes) in &self.given_up {
            if *file == id {
                content[at * SECTOR..][..bytes.len()].copy_from_slice(bytes);
            }
        }
        content
    }
}

impl SimulatedFile {
    fn sync(&self) -> Result<(), Errno> {
        let mut inner = self.disk.lock();
        if inner.memory.untold.remove(&self.id.0) {
            return Err(Errno::IO);
        }
        let content = inner.recording.now().content(self.id).to_vec();
        let content = inner.memory.on_the_disk(self.id, &content);
        inner.memory.synced.insert(self.id.0, content);
        drop(inner);
        let of = self.disk.look_at(|state| {
            if state.id(Name::Journal) == Some(self.id) {
                Synced::Journal
            } else if state.names_of(self.id) == 0 {
                Synced::NewJournal
            } else {
                Synced::Data
            }
        });
        self.disk.sync_of(of, |recording| recording.sync(self.id));
        Ok(())
    }
}

impl DiskFile for SimulatedFile {
    type Window = SimulatedWindow;

    fn metadata(&self) -> Result<Metadata, Errno> {
        let (names, length) = self
            .disk
            .look_at(|state| (state.names_of(self.id), state.content(self.id).len()));
        Ok(Metadata {
            identity: FileIdentity {
                device: 1,
                inode: self.id.0 as u64,
            },
            kind: Kind::Regular,
            names: names as u64,
            owner: rustix::process::geteuid().as_raw(),
            permissions: 0o600,
            length: length as u64,
            allocated: length as u64,
            modified: 0,
            changed: 0,
        })
    }

    fn lock(&self) -> Result<(), Errno> {
        Ok(())
    }

    fn unlock(&self) {}

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, Errno> {
        Ok(self.disk.look_at(|state| {
            let content = state.content(self.id);
            let rest = content.get(index(offset)..).unwrap_or_default();
            let length = rest.len().min(buffer.len());
            buffer[..length].copy_from_slice(&rest[..length]);
            length
        }))
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<usize, Errno> {
        let mut inner = self.disk.lock();
        inner.recording.write(self.id, index(offset), bytes);
        let sectors = index(offset) / SECTOR..(index(offset) + bytes.len()).div_ceil(SECTOR);
        let is_written = |file: usize, at: usize| file == self.id.0 && sectors.contains(&at);
        let given_up = &mut inner.memory.given_up;
        given_up.retain(|(file, at), _| !is_written(*file, *at));
        Ok(bytes.len())
    }

    fn set_length(&self, length: u64) -> Result<(), Errno> {
        let mut inner = self.disk.lock();
        if inner.recording.now().content(self.id).len() != index(length) {
            inner.recording.resize(self.id, index(length));
        }
        Ok(())
    }

    fn reserve(&self, length: u64) -> Result<(), Errno> {
        let is_shorter = self.metadata()?.length < length;
        if is_shorter {
            self.set_length(length)?;
        }
        Ok(())
    }

    fn sync_data(&self) -> Result<(), Errno> {
        self.sync()
    }

    fn sync_all(&self) -> Result<(), Errno> {
        self.sync()
    }

    fn set_permissions(&self, _permissions: u32) -> Result<(), Errno> {
        Ok(())
    }

    fn set_attribute(&self, _name: &str, _value: &[u8]) -> Result<(), Errno> {
        Err(Errno::OPNOTSUPP)
    }

    fn attribute(&self, _name: &str, _buffer: &mut [u8]) -> Result<usize, Errno> {
        Err(Errno::OPNOTSUPP)
    }

    fn set_modified(&self, _time: SystemTime) -> Result<(), Errno> {
        Ok(())
    }

    fn begin_write_back(&self, _range: ByteRange) {}

    fn forget_cached(&self) {
        let mut inner = self.disk.lock();
        if inner.memory.is_kept {
            return;
        }
        let content = inner.recording.now().content(self.id).to_vec();
        let content = inner.memory.on_the_disk(self.id, &content);
        inner
            .memory
            .given_up
            .retain(|(file, _), _| *file != self.id.0);
        inner.recording.write(self.id, 0, &content);
    }

    fn map(&self, range: ByteRange) -> io::Result<SimulatedWindow> {
        let file = self.clone();
        Ok(SimulatedWindow { file, range })
    }
}

impl Window for SimulatedWindow {
    fn length(&self) -> usize {
        index(self.range.len())
    }

    fn copy_in(&mut self, offset: usize, bytes: &[u8]) {
        assert!(offset + bytes.len() <= self.length());
        let offset = self.range.start() + offset as u64;
        let written = self.file.write_at(offset, bytes);
        assert_eq!(written, Ok(bytes.len()));
    }
}

fn index(offset: u64) -> usize {
    usize::try_from(offset).unwrap()
}
