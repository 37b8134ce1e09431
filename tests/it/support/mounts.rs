//! File systems that are mounted for one test.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::files;

/// The room of a file system that another one shows. It takes no memory until it is used.
const ROOM: &str = "size=1g";

/// A mounted file system. Unmounted when dropped.
pub(crate) struct Mount {
    /// Holds what an overlay or a FUSE file system is over, too.
    directory: TempDir,
    /// Something that is mounted below it.
    base: Option<Box<Mount>>,
}

impl Mount {
    /// A file system in memory.
    pub(crate) fn in_memory(kind: &str, options: &str) -> Option<Self> {
        Self::of("mount", &["-t", kind, "-o", options, "none"], None)
    }

    /// An overlay over a file system in memory.
    pub(crate) fn overlay() -> Option<Self> {
        let base = Self::in_memory("tmpfs", ROOM)?;
        let below = |name: &str| {
            let path = base.path().join(name);
            std::fs::create_dir(&path).unwrap();
            path.into_os_string().into_string().unwrap()
        };
        let (lower, upper, work) = (below("lower"), below("upper"), below("work"));
        let options = format!("lowerdir={lower},upperdir={upper},workdir={work}");
        let arguments = ["-t", "overlay", "-o", &options, "none"];
        Self::of("mount", &arguments, Some(Box::new(base)))
    }

    /// A FUSE file system that shows a directory with some things denied.
    pub(crate) fn fuse(options: &[&str]) -> Option<Self> {
        let base = Self::in_memory("tmpfs", ROOM)?;
        let shown = base.path().into_os_string().into_string().unwrap();
        let arguments = [options, &[&shown]].concat();
        Self::of("bindfs", &arguments, Some(Box::new(base)))
    }

    fn of(program: &str, arguments: &[&str], base: Option<Box<Self>>) -> Option<Self> {
        let directory = files::directory();
        let mounted = Command::new(program)
            .args(arguments)
            .arg(directory.path())
            .output();
        match mounted {
            Ok(output) if output.status.success() => Some(Self { directory, base }),
            refused => {
                needs::unmet(&format!("a mount by {program}"), format!("{refused:?}"));
                None
            }
        }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.directory.path().to_owned()
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        unmount(self.directory.path());
        drop(self.base.take());
    }
}

/// Lazily: it stays for whoever has a file of it open.
fn unmount(point: &Path) {
    let _unmounted = Command::new("umount").arg("-l").arg(point).status();
}
