//! Owns the tools that the tests share: scratch directories, planted files and a seeded generator.
#![expect(
    clippy::disallowed_methods,
    reason = "tests plant and inspect files behind the store"
)]

use std::ffi::OsStr;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use crate::{
    Description, Directory, Keeping, Location, PartNames, StoreError, StoreFailure, WriteMode,
};
use range_core::ByteRange;
use range_core::file_identity::FileIdentity;
use range_core::http::validator::Validators;
use range_core::units::ByteCount;
use rustix::fs::Mode;

use crate::folder::Folder;
use crate::journal::SessionId;
use crate::part_file::PartFile;

pub(crate) const MIB: u64 = 1 << 20;

/// Returns a directory for the files of tests, on the file system that the project is built on.
pub(crate) fn target_directory() -> &'static Path {
    static DIRECTORY: LazyLock<PathBuf> = LazyLock::new(|| {
        let program = env::current_exe().unwrap();
        let directory = program.parent().unwrap().join("range-store-tests");
        fs::create_dir_all(&directory).unwrap();
        directory
    });
    &DIRECTORY
}

/// A directory for one test, removed at its end, and the names of one download in it.
pub(crate) struct Scratch {
    pub(crate) folder: Folder<Directory>,
    pub(crate) names: PartNames,
    path: PathBuf,
    temp: Option<tempfile::TempDir>,
}

impl Scratch {
    /// Makes one on the file system that the project is built on.
    pub(crate) fn new() -> Self {
        Self::on(target_directory())
    }

    pub(crate) fn location(&self) -> Location {
        let (directory, names) = (self.folder.disk().clone(), self.names.clone());
        Location::new(directory, names, Keeping::default())
    }

    pub(crate) fn on(parent: &Path) -> Self {
        let temp = tempfile::Builder::new()
            .prefix("store")
            .tempdir_in(parent)
            .unwrap();
        let mut scratch = Self::at(temp.path());
        scratch.temp = Some(temp);
        scratch
    }

    /// Uses an existing directory, which stays.
    pub(crate) fn at(path: &Path) -> Self {
        let names = PartNames::new(OsStr::new("output")).unwrap();
        Self {
            folder: Folder::new(Directory::open(path).unwrap(), &names, true),
            names,
            path: path.to_owned(),
            temp: None,
        }
    }

    pub(crate) fn create(
        &self,
        length: Option<ByteCount>,
        mode: WriteMode,
    ) -> Result<PartFile<Directory>, StoreError> {
        PartFile::create(&self.folder, &self.names, length, mode)
    }

    pub(crate) fn open(
        &self,
        length: Option<ByteCount>,
        mode: WriteMode,
    ) -> Result<PartFile<Directory>, StoreError> {
        PartFile::open(&self.folder, &self.names, length, mode)
    }

    /// Opens a log that this test has closed. The children of other tests may still have it open.
    pub(crate) fn reopen(&self, length: Option<ByteCount>) -> PartFile<Directory> {
        eventually(|| match self.open(length, WriteMode::default()) {
            Err(error) if error.disposition() == StoreFailure::InUse => None,
            opened => Some(opened.unwrap()),
        })
    }

    pub(crate) fn path(&self, name: &OsStr) -> PathBuf {
        self.path.join(name)
    }

    /// Returns the names in the directory, sorted.
    pub(crate) fn listing(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.path).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    pub(crate) fn read(&self, name: &OsStr) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    pub(crate) fn write(&self, name: &OsStr, bytes: &[u8]) {
        fs::write(self.path(name), bytes).unwrap();
    }

    /// Gives the file the permissions with which a download creates its files.
    pub(crate) fn make_private(&self, name: &OsStr) {
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(0o600)).unwrap();
    }

    /// Writes `length` zeros and syncs them, or leaves nothing.
    pub(crate) fn try_write(&self, name: &OsStr, length: u64) -> bool {
        let path = self.path(name);
        let zeros = vec![0; usize::try_from(length).unwrap()];
        let written = fs::write(&path, zeros).is_ok()
            && fs::File::open(&path).is_ok_and(|file| file.sync_all().is_ok());
        if !written {
            // There may have been no room for its name either.
            let _removed = fs::remove_file(path);
        }
        written
    }

    /// Returns the bytes that a file occupies on the disk.
    pub(crate) fn allocated(&self, name: &OsStr) -> u64 {
        fs::symlink_metadata(self.path(name)).unwrap().blocks() * 512
    }

    pub(crate) fn identity(&self, name: &OsStr) -> FileIdentity {
        let file = fs::symlink_metadata(self.path(name)).unwrap();
        FileIdentity {
            device: file.dev(),
            inode: file.ino(),
        }
    }

    pub(crate) fn mode(&self, name: &OsStr) -> u32 {
        fs::symlink_metadata(self.path(name))
            .unwrap()
            .permissions()
            .mode()
            & 0o7777
    }

    pub(crate) fn length(&self, name: &OsStr) -> u64 {
        fs::symlink_metadata(self.path(name)).unwrap().size()
    }

    pub(crate) fn rename(&self, from: &OsStr, to: &OsStr) {
        fs::rename(self.path(from), self.path(to)).unwrap();
    }

    pub(crate) fn link(&self, from: &OsStr, to: &OsStr) {
        fs::hard_link(self.path(from), self.path(to)).unwrap();
    }

    pub(crate) fn remove(&self, name: &OsStr) {
        fs::remove_file(self.path(name)).unwrap();
    }

    /// Returns another descriptor of the open file that this process has of an inode.
    pub(crate) fn copy_of_open_file(inode: u64) -> OwnedFd {
        let entries = fs::read_dir("/proc/self/fd").unwrap();
        let numbers = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let is_it = |number: &String| {
            fs::metadata(format!("/proc/self/fd/{number}")).is_ok_and(|file| file.ino() == inode)
        };
        let number: i32 = numbers
            .filter(is_it)
            .map(|n| n.parse().unwrap())
            .next()
            .unwrap();
        let own = rustix::process::getpid();
        let pidfd = rustix::process::pidfd_open(own, rustix::process::PidfdFlags::empty()).unwrap();
        let flags = rustix::process::PidfdGetfdFlags::empty();
        rustix::process::pidfd_getfd(pidfd, number, flags).unwrap()
    }

    /// Reports whether the bytes at `offset` can be read without the disk; `None` if that is
    /// unknown.
    pub(crate) fn is_in_memory(&self, name: &OsStr, offset: u64) -> Option<bool> {
        let file = fs::File::open(self.path(name)).unwrap();
        let mut byte = [0];
        let mut buffers = [std::io::IoSliceMut::new(&mut byte)];
        let flags = rustix::io::ReadWriteFlags::NOWAIT;
        match rustix::io::preadv2(file, &mut buffers, offset, flags) {
            Ok(read) => Some(read == 1),
            Err(rustix::io::Errno::AGAIN) => Some(false),
            Err(error) => {
                needs::unmet("a file system that tells what is in memory", error);
                None
            }
        }
    }

    /// Returns the free bytes of the file system.
    pub(crate) fn free(&self) -> u64 {
        let stat = rustix::fs::statvfs(&self.path).unwrap();
        stat.f_bavail * stat.f_frsize
    }
}

/// An obstacle that a name may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Planted {
    Symlink,
    DanglingSymlink,
    Fifo,
    Directory,
    HardLink,
}

impl Planted {
    pub(crate) const ALL: [Self; 5] = [
        Self::Symlink,
        Self::DanglingSymlink,
        Self::Fifo,
        Self::Directory,
        Self::HardLink,
    ];

    /// Plants the obstacle at `name`. Links lead to a file `victim` that holds "precious".
    pub(crate) fn plant(self, scratch: &Scratch, name: &OsStr) {
        let (path, victim) = (scratch.path(name), OsStr::new("victim"));
        match self {
            Self::Symlink => {
                scratch.write(victim, b"precious");
                std::os::unix::fs::symlink("victim", path).unwrap();
            }
            Self::DanglingSymlink => std::os::unix::fs::symlink("nowhere", path).unwrap(),
            Self::Fifo => {
                rustix::fs::mkfifoat(rustix::fs::CWD, path, Mode::RUSR | Mode::WUSR).unwrap();
            }
            Self::Directory => fs::create_dir(path).unwrap(),
            Self::HardLink => {
                scratch.write(victim, b"precious");
                scratch.link(victim, name);
            }
        }
    }

    /// Panics unless the obstacle is still there, and the target of a link is unharmed.
    pub(crate) fn assert_untouched(self, scratch: &Scratch, name: &OsStr) {
        let kind = fs::symlink_metadata(scratch.path(name)).unwrap();
        let kept = match self {
            Self::Symlink | Self::DanglingSymlink => kind.is_symlink(),
            Self::Fifo => kind.file_type().is_fifo(),
            Self::Directory => kind.is_dir(),
            Self::HardLink => kind.nlink() == 2,
        };
        assert!(kept, "{self:?}");
        assert!(!scratch.path(OsStr::new("nowhere")).exists());
        if matches!(self, Self::Symlink | Self::HardLink) {
            assert_eq!(scratch.read(OsStr::new("victim")), b"precious");
        }
    }
}

/// Polls until the condition holds, for ten seconds at most. A file that one test closes stays
/// open, locked and allocated while the child of another test is between its fork and its exec.
pub(crate) fn eventually<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(Instant::now() < deadline, "it never came");
        thread::sleep(Duration::from_millis(1));
    }
}

/// Returns a description of no particular file.
pub(crate) fn description() -> Description {
    Description {
        session: SessionId::random(),
        url: String::new(),
        validators: Validators::default(),
        digests: Vec::new(),
    }
}

#[expect(clippy::unnecessary_wraps, reason = "a length may be unknown")]
pub(crate) fn known(bytes: u64) -> Option<ByteCount> {
    Some(ByteCount(bytes))
}

pub(crate) fn range(start: u64, end: u64) -> ByteRange {
    ByteRange::new(start, end).unwrap()
}

/// Returns the bytes that a test writes to `range`: a function of the offset that repeats at no
/// power of two.
pub(crate) fn pattern(range: ByteRange) -> Vec<u8> {
    static PERIOD: LazyLock<Vec<u8>> = LazyLock::new(|| {
        (0..251)
            .flat_map(|a: u8| (0..241).map(move |b: u8| a ^ b))
            .collect()
    });
    let mut bytes = Vec::new();
    let mut rest = Some(range);
    while let Some(left) = rest {
        let at = usize::try_from(left.start() % PERIOD.len() as u64).unwrap();
        let (now, later) = left.split_at(left.start() + (PERIOD.len() - at) as u64);
        let length = usize::try_from(now.unwrap().len()).unwrap();
        bytes.extend_from_slice(&PERIOD[at..at + length]);
        rest = later;
    }
    bytes
}

/// The source of a test's random choices, all from one seed.
pub(crate) struct Random(fastrand::Rng);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(fastrand::Rng::with_seed(seed))
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0.u64(..bound)
    }
}

/// Returns the value of a variable that makes a test run longer than in CI.
pub(crate) fn number_from_environment(name: &str) -> Option<u64> {
    let value = env::var_os(name)?;
    Some(value.to_str().unwrap().parse().unwrap())
}

/// Reports whether this process is the child that [`run_as_child`] started.
pub(crate) fn is_child() -> bool {
    env::var_os(CHILD).is_some()
}

/// Runs `test` of this binary alone in a process of its own, where [`is_child`] holds.
pub(crate) fn run_as_child(test: &str) -> Output {
    let mut child = Command::new(env::current_exe().unwrap());
    child
        .args([
            "--exact",
            &format!("tests::{test}"),
            "--nocapture",
            "--test-threads=1",
        ])
        .env(CHILD, "1");
    child.output().unwrap()
}

const CHILD: &str = "RANGE_STORE_TEST_CHILD";
