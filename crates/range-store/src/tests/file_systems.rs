//! Owns the file systems that the tests run on: the build's own, tmpfs, and mounts made for them.
//! Knows nothing of what is kept there.

use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

use rustix::fs::{Mode, OFlags};

use super::support::{MIB, Scratch, target_directory};

/// A file system mounted for one test.
pub(crate) struct Mounted {
    point: tempfile::TempDir,
}

impl Mounted {
    /// Mounts a file system, or prints that the test that needs it is skipped.
    pub(crate) fn new(kind: &str, options: &str) -> Option<Self> {
        let point = tempfile::tempdir_in(target_directory()).unwrap();
        let mut mount = Command::new("mount");
        mount
            .args(["-t", kind, "-o", options, "none"])
            .arg(point.path());
        match mount.output() {
            Ok(Output { status, .. }) if status.success() => Some(Self { point }),
            refused => {
                needs::unmet(&format!("a mount of {kind}"), format!("{refused:?}"));
                None
            }
        }
    }

    pub(crate) fn path(&self) -> &Path {
        self.point.path()
    }

    pub(crate) fn scratch(&self) -> Scratch {
        Scratch::at(self.path())
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        // A failing test may still hold a file.
        unmount(self.point.path());
    }
}

/// A file system in an image file. The kernel removes it when it is dropped or the process ends in
/// any way: its mount point and image have no name any more.
pub(crate) struct Image {
    root: OwnedFd,
}

impl Image {
    /// Makes a file system of `bytes` with `mkfs.KIND` and `arguments`. If that is impossible,
    /// prints that the test that needs it is skipped.
    pub(crate) fn new(kind: &str, arguments: &[&str], bytes: u64) -> Option<Self> {
        let image = tempfile::NamedTempFile::new_in(target_directory()).unwrap();
        image.as_file().set_len(bytes).unwrap();
        let point = tempfile::tempdir_in(target_directory()).unwrap();
        let mut make = Command::new(format!("mkfs.{kind}"));
        make.args(arguments).arg(image.path());
        let mut mount = Command::new("mount");
        mount.args(["-t", kind, "-o", "loop"]).arg(image.path());
        mount.arg(point.path());
        needs::program(&format!("mkfs.{kind}"))?;
        for mut command in [make, mount] {
            command.env("PATH", "/usr/sbin:/sbin:/usr/bin:/bin");
            match command.output() {
                Ok(Output { status, .. }) if status.success() => {}
                refused => {
                    needs::unmet(&format!("a mount of {kind}"), format!("{refused:?}"));
                    return None;
                }
            }
        }
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = rustix::fs::open(point.path(), flags, Mode::empty()).unwrap();
        unmount(point.path());
        Some(Self { root })
    }

    pub(crate) fn path(&self) -> PathBuf {
        PathBuf::from(format!("/proc/self/fd/{}", self.root.as_raw_fd()))
    }

    pub(crate) fn scratch(&self) -> Scratch {
        Scratch::at(&self.path())
    }
}

/// The unmount is lazy: the file system stays for processes that have a file of it open.
fn unmount(point: &Path) {
    let unmounted = Command::new("umount").arg("-l").arg(point).status();
    assert!(unmounted.is_ok_and(|status| status.success()), "unmounted");
}

/// Returns every available file system, with its name: the one the project is built on, tmpfs, and
/// images of ext4, XFS and Btrfs if root may mount them, made once for all tests.
pub(crate) fn file_systems() -> Vec<(&'static str, PathBuf)> {
    static IMAGES: LazyLock<Vec<(&str, Image)>> = LazyLock::new(|| {
        let images = ["ext4", "xfs", "btrfs"].into_iter();
        // XFS needs at least 300 MiB.
        let made = images.map(|kind| Some((kind, Image::new(kind, &["-q"], 400 * MIB)?)));
        made.flatten().collect()
    });
    let mut found = vec![("the build's", target_directory().to_owned())];
    let tmpfs = Path::new("/dev/shm");
    if tmpfs.is_dir() {
        found.push(("tmpfs", tmpfs.to_owned()));
    } else {
        needs::unmet("/dev/shm", "not there");
    }
    found.extend(IMAGES.iter().map(|(kind, image)| (*kind, image.path())));
    found
}
