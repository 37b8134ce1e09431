//! Owns the step that makes the final name appear, and its opposite. Knows nothing of how the
//! file was proven; that must have been done.

use std::ffi::OsStr;

use range_core::file_identity::FileIdentity;
use rustix::fs::{AtFlags, FileType, RenameFlags};
use rustix::io::Errno;

use crate::directory::Directory;
use crate::error::StoreError;
use crate::failpoint::Failpoint;
use crate::names::PartNames;
use crate::part_file::PartFile;

/// How to publish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Publish {
    /// Whether a file or symbolic link at the final name is replaced (the link, not what it leads
    /// to). A directory, device, FIFO or socket never is.
    pub overwrite: bool,
    /// Whether the file, its name and its permissions survive a power cut from here on.
    pub sync: bool,
}

/// The file has its final name.
#[derive(Debug)]
#[must_use]
pub struct Published {
    /// What failed after the name appeared: the sync of the directory, so that a power cut may
    /// still undo the name, or the removal of the part name or journal. The file is whole
    /// regardless, and [`Unfinished`](crate::Unfinished) tidies up.
    pub loose_end: Option<StoreError>,
}

impl Publish {
    /// Fails with [`StoreError::OutputExists`] if publishing would: anything at all has the final
    /// name, or with `overwrite` anything but a file or symbolic link. For asking early.
    pub fn check(self, directory: &Directory, names: &PartNames) -> Result<(), StoreError> {
        let replaceable = |kind| matches!(kind, FileType::RegularFile | FileType::Symlink);
        match directory.entry(names.final_name())? {
            Some(entry) if !(self.overwrite && replaceable(entry.kind)) => {
                Err(output_exists(names))
            }
            _ => Ok(()),
        }
    }
}

/// Gives the complete part file its final name and the permissions of a new file there (0666 less
/// the umask, or what the directory's default ACL says), and removes the journal.
///
/// The steps, and what a crash after each leaves:
///
/// 1. permissions, then sync of the file: a part file and journal to resume from, all hashes
///    good; publishing again does the rest;
/// 2. the final name, by a rename that replaces nothing: the final file and the journal. See
///    [`Unfinished`](crate::Unfinished). Where such a rename is unsupported, a hard link and the
///    removal of the part name do the same, and a crash between the two leaves both names;
/// 3. sync of the directory: as after 2, but only now proof against a power cut, which until then
///    leaves the state after 1;
/// 4. removal of the journal: nothing to do.
///
/// After an error the final name is untouched, and publishing may be tried again.
///
/// # Panics
///
/// If a lease is live: its holder could write to the published file.
pub(crate) fn publish(part: &PartFile, how: Publish) -> Result<Published, StoreError> {
    assert!(
        !part.is_leased(),
        "nothing writes to a file that is published"
    );
    let (file, names) = (part.file(), part.names());
    // An attempt before this one may have linked the final name and got no further.
    let placed = file
        .directory()
        .holds(names.final_name(), file.identity())?;
    if !placed {
        how.check(file.directory(), names)?;
    }
    file.make_ordinary();
    Failpoint::PermissionsSet.reached();
    if how.sync {
        file.sync_all()?;
    }
    if !placed {
        file.check_name()?;
        place(file.directory(), names, how)?;
    }
    Failpoint::FinalNamePlaced.reached();
    let files = Files {
        part: file.identity(),
        journal: part.journal(),
    };
    let loose_end = finish(file.directory(), names, files, how.sync).err();
    Ok(Published { loose_end })
}

/// Removes the part file and then the journal, unless the name of either refers to another file
/// by now. A power cut on the way leaves both, the journal, or nothing.
///
/// Leases may be live; what they write is lost, and the space is free when they are dropped.
pub(crate) fn discard(part: &PartFile) -> Result<(), StoreError> {
    let directory = part.file().directory();
    if directory.holds(part.names().part(), part.identity())? {
        part.file().remove()?;
        Failpoint::PartDiscarded.reached();
        directory.sync()?;
        remove_journal(directory, part.names(), part.journal())?;
    }
    Ok(())
}

/// The files whose names go, so that nobody else's do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Files {
    pub(crate) part: FileIdentity,
    pub(crate) journal: Option<FileIdentity>,
}

/// What is left to do once the final name of the part file is there. The journal goes last, and
/// only if the name is safe: it is what a resume needs should the name be undone.
pub(crate) fn finish(
    directory: &Directory,
    names: &PartNames,
    files: Files,
    sync: bool,
) -> Result<(), StoreError> {
    directory.remove(names.part(), files.part)?;
    if sync {
        directory.sync()?;
    }
    Failpoint::DirectorySynced.reached();
    remove_journal(directory, names, files.journal)
}

fn remove_journal(
    directory: &Directory,
    names: &PartNames,
    journal: Option<FileIdentity>,
) -> Result<(), StoreError> {
    journal.map_or(Ok(()), |journal| directory.remove(names.journal(), journal))
}

fn place(directory: &Directory, names: &PartNames, how: Publish) -> Result<(), StoreError> {
    if how.overwrite {
        return rename(directory, names);
    }
    match rename_without_replacing(directory, names) {
        Ok(()) => Ok(()),
        Err(errno) if is_taken(errno) => Err(output_exists(names)),
        Err(_) => after_link(directory, names, link(directory, names)),
    }
}

/// Goes on from an attempt to link the final name.
///
/// Whatever else a file system or a sandbox answers to a link or to a rename that replaces nothing,
/// they may be what it does not have; a disk that is full or broken says so again to the last step.
/// Between a look at the name and that rename lies the only moment in which another program's new
/// file could be replaced.
fn after_link(
    directory: &Directory,
    names: &PartNames,
    linked: Result<(), Errno>,
) -> Result<(), StoreError> {
    match linked {
        Ok(()) => Ok(()),
        Err(errno) if is_taken(errno) => Err(output_exists(names)),
        Err(_) => match directory.entry(names.final_name())? {
            Some(_) => Err(output_exists(names)),
            None => rename(directory, names),
        },
    }
}

fn rename(directory: &Directory, names: &PartNames) -> Result<(), StoreError> {
    let rename = || rustix::fs::renameat(directory, names.part(), directory, names.final_name());
    rustix::io::retry_on_intr(rename).map_err(|errno| {
        if is_taken(errno) {
            output_exists(names)
        } else {
            StoreError::io("give the file its final name", errno)
        }
    })
}

fn rename_without_replacing(directory: &Directory, names: &PartNames) -> Result<(), Errno> {
    let (from, to): (&OsStr, &OsStr) = (names.part(), names.final_name());
    rustix::io::retry_on_intr(|| {
        rustix::fs::renameat_with(directory, from, directory, to, RenameFlags::NOREPLACE)
    })
}

fn link(directory: &Directory, names: &PartNames) -> Result<(), Errno> {
    let (from, to): (&OsStr, &OsStr) = (names.part(), names.final_name());
    rustix::io::retry_on_intr(|| {
        rustix::fs::linkat(directory, from, directory, to, AtFlags::empty())
    })
}

/// Whether the final name is taken. A directory that came to the name after it was checked is one
/// of the latter two.
fn is_taken(errno: Errno) -> bool {
    matches!(errno, Errno::EXIST | Errno::ISDIR | Errno::NOTEMPTY)
}

fn output_exists(names: &PartNames) -> StoreError {
    StoreError::OutputExists {
        name: names.final_name().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use range_core::units::ByteCount;

    use super::*;
    use crate::{Length, WriteMode};

    /// Places one part file with `step`, which must refuse to place the next over it.
    fn places_once(step: fn(&Directory, &PartNames) -> Result<(), StoreError>) {
        let temp = tempfile::tempdir().unwrap();
        let directory = Directory::open(temp.path()).unwrap();
        let names = PartNames::new(OsStr::new("output")).unwrap();
        let length = Length::Known(ByteCount(5));
        let part = PartFile::create(&directory, &names, length, WriteMode::default()).unwrap();
        step(&directory, &names).unwrap();
        let files = Files {
            part: part.identity(),
            journal: None,
        };
        finish(&directory, &names, files, true).unwrap();
        assert!(
            directory
                .holds(names.final_name(), part.identity())
                .unwrap()
        );
        assert!(directory.entry(names.part()).unwrap().is_none());

        let other = PartFile::create(&directory, &names, length, WriteMode::default()).unwrap();
        let error = step(&directory, &names).unwrap_err();
        assert!(matches!(error, StoreError::OutputExists { .. }), "{error}");
        assert!(
            directory
                .holds(names.final_name(), part.identity())
                .unwrap()
        );
        assert!(directory.holds(names.part(), other.identity()).unwrap());
    }

    #[test]
    fn a_file_that_appears_at_the_last_moment_is_not_replaced() {
        const HOW: Publish = Publish {
            overwrite: false,
            sync: true,
        };
        places_once(|directory, names| place(directory, names, HOW));
    }

    #[test]
    fn a_hard_link_stands_in_for_a_rename_that_replaces_nothing() {
        places_once(|directory, names| after_link(directory, names, link(directory, names)));
    }

    #[test]
    fn a_file_system_without_either_still_replaces_nothing() {
        places_once(|directory, names| after_link(directory, names, Err(Errno::PERM)));
    }
}
