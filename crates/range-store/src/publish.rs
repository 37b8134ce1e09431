//! Owns the step that makes the final name appear, and its opposite. Knows nothing of how the file
//! was proven; the caller must have done that.

use range_core::file_identity::FileIdentity;

use crate::disk::{Disk, Errno, Kind};
use crate::error::StoreError;
use crate::failpoint::Failpoint;
use crate::folder::Folder;
use crate::names::PartNames;
use crate::part_file::PartFile;
use crate::provenance::{Content, Provenance};

/// The options of a publish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Publish {
    /// If true, a file or symbolic link at the final name is replaced (the link, not its target). A
    /// directory, device, FIFO or socket never is.
    pub overwrite: bool,
    /// If true, the file, its name and its permissions survive a power cut from here on.
    pub sync: bool,
}

/// The file has its final name.
#[derive(Debug)]
#[must_use]
pub struct Published {
    /// The failure that followed the appearance of the name: of the sync of the directory, so that
    /// a power cut may still undo the name, or of the removal of the part name or journal. The file
    /// is complete nevertheless, and [`Unfinished`](crate::Unfinished) does the rest.
    pub loose_end: Option<StoreError>,
}

impl Publish {
    /// Fails with [`StoreError::OutputExists`] if publishing would: if anything at all has the
    /// final name, or with `overwrite` anything but a file or symbolic link. Callers use it to fail
    /// early.
    pub(crate) fn check<D: Disk>(
        self,
        folder: &Folder<D>,
        names: &PartNames,
    ) -> Result<(), StoreError> {
        let replaceable = |kind| matches!(kind, Kind::Regular | Kind::Symlink);
        match folder.entry(names.final_name())? {
            Some(entry) if !(self.overwrite && replaceable(entry.kind)) => {
                Err(output_exists(names))
            }
            _ => Ok(()),
        }
    }
}

/// Gives the complete part file its final name and the permissions of a new file there (0666 less
/// the umask, or those of the directory's default ACL), and removes the journal.
///
/// The steps, and the state after a crash that follows each:
///
/// 1. the record of where it is from, permissions, then sync of the file: a part file and journal
///    to resume from, all hashes good; publishing again does the rest;
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
pub(crate) fn publish<D: Disk>(
    part: &PartFile<D>,
    how: Publish,
    provenance: Option<(&Provenance, Content)>,
) -> Result<Published, StoreError> {
    assert!(
        !part.is_leased(),
        "nothing writes to a file that is published"
    );
    let (file, names) = (part.file(), part.names());
    // An earlier attempt may have linked the final name and got no further.
    let placed = file.folder().holds(names.final_name(), file.identity())?;
    if !placed {
        how.check(file.folder(), names)?;
    }
    if let Some((provenance, content)) = provenance {
        // Its own permissions may keep the owner from writing to it, too.
        file.keep_provenance(provenance, content);
    }
    file.make_ordinary();
    Failpoint::PermissionsSet.reached();
    if how.sync {
        file.sync_all()?;
    }
    if !placed {
        file.check_name()?;
        place(file.folder(), names, how)?;
    }
    Failpoint::FinalNamePlaced.reached();
    let files = Files {
        part: file.identity(),
        journal: part.journal(),
    };
    let loose_end = finish(file.folder(), names, files, how.sync).err();
    if provenance.is_some() {
        // The new name was a change, too.
        file.mark_unchanged();
    }
    Ok(Published { loose_end })
}

/// Removes the part file and then the journal, unless the name of either refers to another file
/// by now. A power cut on the way leaves both, the journal, or nothing.
///
/// Leases may be live; bytes written through them are lost, and the space is freed when they are
/// dropped.
pub(crate) fn discard<D: Disk>(part: &PartFile<D>) -> Result<(), StoreError> {
    let folder = part.folder();
    if folder.holds(part.names().part(), part.identity())? {
        part.file().remove()?;
        Failpoint::PartDiscarded.reached();
        folder.sync()?;
        remove_journal(folder, part.names(), part.journal())?;
    }
    Ok(())
}

/// The files whose names are removed, so that no other file's name is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Files {
    pub(crate) part: FileIdentity,
    pub(crate) journal: Option<FileIdentity>,
}

/// Does the rest once the part file has its final name. The journal goes last, and only if the name
/// is durable: a resume needs the journal should the name be undone.
pub(crate) fn finish<D: Disk>(
    folder: &Folder<D>,
    names: &PartNames,
    files: Files,
    sync: bool,
) -> Result<(), StoreError> {
    folder.remove(names.part(), files.part)?;
    if sync {
        folder.sync()?;
    }
    Failpoint::DirectorySynced.reached();
    remove_journal(folder, names, files.journal)
}

fn remove_journal<D: Disk>(
    folder: &Folder<D>,
    names: &PartNames,
    journal: Option<FileIdentity>,
) -> Result<(), StoreError> {
    journal.map_or(Ok(()), |journal| folder.remove(names.journal(), journal))
}

fn place<D: Disk>(folder: &Folder<D>, names: &PartNames, how: Publish) -> Result<(), StoreError> {
    if how.overwrite {
        return rename(folder, names);
    }
    let (part, output) = (names.part(), names.final_name());
    match folder.disk().rename_without_replacing(part, output) {
        Ok(()) => Ok(()),
        Err(errno) if is_taken(errno) => Err(output_exists(names)),
        Err(_) => {
            let linked = folder.disk().link(part, output);
            after_link(folder, names, linked)
        }
    }
}

/// Continues an attempt to link the final name.
///
/// Any other error of a link, or of a rename that replaces nothing, may mean that a file system or
/// a sandbox lacks the call; a full or broken disk reports its error again to the last step. The
/// moment between the check of the name and that rename is the only one in which another program's
/// new file could be replaced.
fn after_link<D: Disk>(
    folder: &Folder<D>,
    names: &PartNames,
    linked: Result<(), Errno>,
) -> Result<(), StoreError> {
    match linked {
        Ok(()) => Ok(()),
        Err(errno) if is_taken(errno) => Err(output_exists(names)),
        Err(_) => match folder.entry(names.final_name())? {
            Some(_) => Err(output_exists(names)),
            None => rename(folder, names),
        },
    }
}

fn rename<D: Disk>(folder: &Folder<D>, names: &PartNames) -> Result<(), StoreError> {
    let renamed = folder.disk().rename(names.part(), names.final_name());
    renamed.map_err(|errno| {
        if is_taken(errno) {
            output_exists(names)
        } else {
            StoreError::io("give the file its final name", errno)
        }
    })
}

/// Reports whether the error means that the final name is taken. The last two errors mean a
/// directory that got the name after the check.
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

    use std::ffi::OsStr;

    use super::*;
    use crate::WriteMode;
    use crate::disk::Directory;

    /// Places one part file with `step`, which must refuse to replace it by the next.
    fn places_once(step: fn(&Folder<Directory>, &PartNames) -> Result<(), StoreError>) {
        let temp = tempfile::tempdir().unwrap();
        let names = PartNames::new(OsStr::new("output")).unwrap();
        let folder = Folder::new(Directory::open(temp.path()).unwrap(), &names, true);
        let length = Some(ByteCount(5));
        let part = PartFile::create(&folder, &names, length, WriteMode::default()).unwrap();
        step(&folder, &names).unwrap();
        let files = Files {
            part: part.identity(),
            journal: None,
        };
        finish(&folder, &names, files, true).unwrap();
        assert!(folder.holds(names.final_name(), part.identity()).unwrap());
        assert!(folder.entry(names.part()).unwrap().is_none());

        let other = PartFile::create(&folder, &names, length, WriteMode::default()).unwrap();
        let error = step(&folder, &names).unwrap_err();
        assert!(matches!(error, StoreError::OutputExists { .. }), "{error}");
        assert!(folder.holds(names.final_name(), part.identity()).unwrap());
        assert!(folder.holds(names.part(), other.identity()).unwrap());
    }

    #[test]
    fn a_file_that_appears_at_the_last_moment_is_not_replaced() {
        const HOW: Publish = Publish {
            overwrite: false,
            sync: true,
        };
        places_once(|folder, names| place(folder, names, HOW));
    }

    /// A directory may get the name after the check. POSIX lets a rename over one fail with any of
    /// these.
    #[test]
    fn whatever_takes_the_name_at_the_last_moment_is_an_output_that_exists() {
        for errno in [Errno::EXIST, Errno::ISDIR, Errno::NOTEMPTY] {
            assert!(is_taken(errno), "{errno}");
        }
        for errno in [Errno::ACCESS, Errno::IO, Errno::NOENT, Errno::NOSPC] {
            assert!(!is_taken(errno), "{errno}");
        }
        let temp = tempfile::tempdir().unwrap();
        let names = PartNames::new(OsStr::new("output")).unwrap();
        let folder = Folder::new(Directory::open(temp.path()).unwrap(), &names, true);
        let length = Some(ByteCount(5));
        let part = PartFile::create(&folder, &names, length, WriteMode::default()).unwrap();
        let taken = temp.path().join(names.final_name());
        rustix::fs::mkdirat(rustix::fs::CWD, taken, rustix::fs::Mode::RWXU).unwrap();
        let error = rename(&folder, &names).unwrap_err();
        assert!(matches!(error, StoreError::OutputExists { .. }), "{error}");
        assert!(folder.holds(names.part(), part.identity()).unwrap());
    }

    #[test]
    fn a_hard_link_stands_in_for_a_rename_that_replaces_nothing() {
        places_once(|folder, names| {
            let linked = folder.disk().link(names.part(), names.final_name());
            after_link(folder, names, linked)
        });
    }

    #[test]
    fn a_file_system_without_either_still_replaces_nothing() {
        places_once(|folder, names| after_link(folder, names, Err(Errno::PERM)));
    }
}
