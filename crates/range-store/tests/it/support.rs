//! Owns what the tests share: scratch directories, mounts, planted files and a seeded generator.
#![expect(
    clippy::disallowed_methods,
    reason = "tests plant and inspect files behind the store"
)]

use std::ffi::OsStr;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;
use std::{env, fs};

use range_core::ByteRange;
use range_core::file_identity::FileIdentity;
use range_core::units::ByteCount;
use range_store::{Directory, Length, PartFile, PartNames, StoreError, WriteMode};
use rustix::fs::Mode;

pub(crate) const MIB: u64 = 1 << 20;

/// A directory of its own, gone at the end of the test, and the names of one download in it.
pub(crate) struct Scratch {
    pub(crate) directory: Directory,
    pub(crate) names: PartNames,
    path: PathBuf,
    temp: Option<tempfile::TempDir>,
}

impl Scratch {
    /// On the file system the project is built on.
    pub(crate) fn new() -> Self {
        Self::on(Path::new(env!("CARGO_TARGET_TMPDIR")))
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

    /// An existing directory, which stays.
    pub(crate) fn at(path: &Path) -> Self {
        Self {
            directory: Directory::open(path).unwrap(),
            names: PartNames::new(OsStr::new("output")).unwrap(),
            path: path.to_owned(),
            temp: None,
        }
    }

    pub(crate) fn create(&self, length: Length, mode: WriteMode) -> Result<PartFile, StoreError> {
        PartFile::create(&self.directory, &self.names, length, mode)
    }

    pub(crate) fn open(&self, length: Length, mode: WriteMode) -> Result<PartFile, StoreError> {
        PartFile::open(&self.directory, &self.names, length, mode)
    }

    pub(crate) fn path(&self, name: &OsStr) -> PathBuf {
        self.path.join(name)
    }

    /// The names in the directory, sorted.
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

    /// Free bytes of the file system.
    pub(crate) fn free(&self) -> u64 {
        let stat = rustix::fs::statvfs(&self.path).unwrap();
        stat.f_bavail * stat.f_frsize
    }
}

/// What may stand in the way at a name.
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

    /// Plants it at `name`. Links lead to a file `victim` that holds "precious".
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

    /// Panics unless it is still there, and what it leads to is unharmed.
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

/// A file system mounted for one test.
pub(crate) struct Mounted {
    point: tempfile::TempDir,
}

impl Mounted {
    /// Mounts one, or says loudly that the test that needs it was skipped.
    pub(crate) fn new(kind: &str, options: &str) -> Option<Self> {
        let point = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let mut mount = Command::new("mount");
        mount
            .args(["-t", kind, "-o", options, "none"])
            .arg(point.path());
        match mount.output() {
            Ok(Output { status, .. }) if status.success() => Some(Self { point }),
            refused => {
                eprintln!("SKIPPED: cannot mount a {kind} here: {refused:?}");
                None
            }
        }
    }

    pub(crate) fn scratch(&self) -> Scratch {
        Scratch::at(self.point.path())
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        // Lazy, since a failing test may still hold a file.
        let unmounted = Command::new("umount")
            .arg("-l")
            .arg(self.point.path())
            .status();
        assert!(unmounted.is_ok_and(|status| status.success()), "unmounted");
    }
}

pub(crate) fn known(bytes: u64) -> Length {
    Length::Known(ByteCount(bytes))
}

pub(crate) fn range(start: u64, end: u64) -> ByteRange {
    ByteRange::new(start, end).unwrap()
}

/// The bytes a test writes to `range`: a function of the offset that repeats at no power of two.
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

/// `SplitMix64`: a test's random choices, all of them from one seed.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % bound
    }
}

/// What the variable says, for a test that may be run longer than CI does.
pub(crate) fn number_from_environment(name: &str) -> Option<u64> {
    let value = env::var_os(name)?;
    Some(value.to_str().unwrap().parse().unwrap())
}

/// Whether this process is the child that [`run_as_child`] started.
pub(crate) fn is_child() -> bool {
    env::var_os(CHILD).is_some()
}

/// Runs `test` of this binary alone in a process of its own, where [`is_child`] holds.
pub(crate) fn run_as_child(test: &str) -> Output {
    let mut child = Command::new(env::current_exe().unwrap());
    child
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(CHILD, "1");
    child.output().unwrap()
}

const CHILD: &str = "RANGE_STORE_TEST_CHILD";
