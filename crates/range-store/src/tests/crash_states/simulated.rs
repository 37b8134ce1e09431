//! Owns the recording disk as the product sees it. Does not know how it is used.

use std::ffi::OsStr;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::SystemTime;

use range_core::file_identity::FileIdentity;
use range_core::range::ByteRange;

use super::disk::{FileId, Name, Recording, State};
use crate::disk::{Access, Disk, DiskFile, Errno, Kind, Metadata, NewFile, Space, Window};

/// The object of a sync.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Synced {
    /// The part file, or the final file it has become.
    Data,
    Journal,
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
        })))
    }

    pub(crate) fn set_meanwhile(&self, meanwhile: Option<Meanwhile>) {
        self.lock().meanwhile = meanwhile;
    }

    pub(crate) fn promise(&self, blocks: usize) {
        self.lock().recording.promise(blocks);
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

impl SimulatedFile {
    fn sync(&self) {
        let of = self.disk.look_at(|state| {
            if state.id(Name::Journal) == Some(self.id) {
                Synced::Journal
            } else {
                Synced::Data
            }
        });
        self.disk.sync_of(of, |recording| recording.sync(self.id));
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
        self.sync();
        Ok(())
    }

    fn sync_all(&self) -> Result<(), Errno> {
        self.sync();
        Ok(())
    }

    fn set_permissions(&self, _permissions: u32) -> Result<(), Errno> {
        Ok(())
    }

    fn set_modified(&self, _time: SystemTime) -> Result<(), Errno> {
        Ok(())
    }

    fn begin_write_back(&self, _range: ByteRange) {}

    fn forget_cached(&self) {}

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
