//! Owns the places beside a download in which older versions of the file wait until the newer one
//! is complete. Knows nothing of what makes a version newer.
//!
//! A place has names like a download's own. A move between the two follows one order: away from the
//! download's names, the part file goes first; back to them, the journal goes first; the directory
//! is synced after each step. A kill or a power cut in between leaves the part file in the place
//! and the journal under the download's own name, a state that [`put_back`] tells from all others.

use std::ffi::OsStr;

use range_core::file_identity::FileIdentity;
use range_core::units::ByteCount;

use super::journal::{self, Decoder, Header};
use crate::append_log::AppendLog;
use crate::disk::Disk;
use crate::error::StoreError;
use crate::failpoint::Failpoint;
use crate::folder::Folder;
use crate::names::{PLACES, PartNames};
use crate::owned_file::OwnedFile;
use crate::part_file::PartFile;

/// The content of a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Nothing.
    Free,
    /// A part file, and the journal that names it.
    Taken,
    /// A part file whose journal has the download's own name.
    Interrupted,
    /// Something else, which is not ours to remove.
    Foreign,
}

/// Returns the content of the place `at` of the download with `names`.
pub(super) fn look<D: Disk>(
    folder: &Folder<D>,
    names: &PartNames,
    at: usize,
) -> Result<Place, StoreError> {
    let place = names.aside(at);
    let Some(part) = folder.entry(place.part())? else {
        let is_free = is_free_or_ours(folder, &place)?;
        return Ok(if is_free { Place::Free } else { Place::Foreign });
    };
    if is_named_by(folder, &place, part.identity) {
        return Ok(Place::Taken);
    }
    let is_interrupted = folder.entry(names.part())?.is_none()
        && folder.entry(place.journal())?.is_none()
        && is_named_by(folder, names, part.identity);
    Ok(if is_interrupted {
        Place::Interrupted
    } else {
        Place::Foreign
    })
}

/// Reports whether the journal with these names belongs to that part file.
fn is_named_by<D: Disk>(folder: &Folder<D>, names: &PartNames, part: FileIdentity) -> bool {
    header(folder, names).is_some_and(|header| header.part_file == part)
}

/// Reports whether the journal's name is free, or that of a journal of ours.
fn is_free_or_ours<D: Disk>(folder: &Folder<D>, names: &PartNames) -> Result<bool, StoreError> {
    Ok(folder.entry(names.journal())?.is_none() || header(folder, names).is_some())
}

/// Reads the journal with these names, if there is one that can be read.
fn header<D: Disk>(folder: &Folder<D>, names: &PartNames) -> Option<Header> {
    let log = AppendLog::open_to_read(folder, names).ok()?;
    let mut decoder = Decoder::new();
    let limit = ByteCount(journal::LENGTH_MAX);
    log.read_through(limit, |piece| decoder.feed(piece)).ok()?;
    Some(decoder.finish().ok()?.header)
}

/// Moves the part file and its journal to the place `at`, and removes the previous content of the
/// place. The part file stays locked.
///
/// Fails and moves nothing if the part file was replaced by another, or with [`StoreError::Exists`]
/// if the place holds something that is not ours.
pub(super) fn set_aside<D: Disk>(part: &PartFile<D>, at: usize) -> Result<(), StoreError> {
    let (file, names) = (part.file(), part.names());
    let folder = file.folder();
    file.check_name()?;
    let place = names.aside(at);
    match look(folder, names, at)? {
        Place::Free => {}
        Place::Taken => remove(folder, &place)?,
        Place::Interrupted | Place::Foreign => {
            let name = place.part().to_owned();
            return Err(StoreError::Exists { name });
        }
    }
    rename(folder, names.part(), place.part())?;
    Failpoint::PartSetAside.reached();
    folder.sync()?;
    rename(folder, names.journal(), place.journal())?;
    Failpoint::SetAside.reached();
    // From here on the names are free for others.
    folder.sync()
}

/// Moves the content of the place `at` back to the download's own names. A journal with the
/// download's own name and no part file is useless and is replaced.
///
/// Fails with [`StoreError::InUse`] if another process uses it, and with [`StoreError::Exists`] if
/// there is a part file under the download's own name, or something else under its journal's.
pub(super) fn put_back<D: Disk>(
    folder: &Folder<D>,
    names: &PartNames,
    at: usize,
) -> Result<(), StoreError> {
    let place = names.aside(at);
    OwnedFile::open(folder, place.part())?.lock()?;
    if folder.entry(names.part())?.is_some() {
        let name = names.part().to_owned();
        return Err(StoreError::Exists { name });
    }
    if folder.entry(place.journal())?.is_some() {
        if !is_free_or_ours(folder, names)? {
            let name = names.journal().to_owned();
            return Err(StoreError::Exists { name });
        }
        rename(folder, place.journal(), names.journal())?;
        folder.sync()?;
    }
    rename(folder, place.part(), names.part())?;
    folder.sync()
}

/// Removes the content of all places of the download with `names`, except for files that another
/// process uses or that are not ours.
pub(super) fn clear<D: Disk>(folder: &Folder<D>, names: &PartNames) -> Result<(), StoreError> {
    (0..PLACES).try_for_each(|at| match look(folder, names, at)? {
        Place::Taken => remove(folder, &names.aside(at)),
        Place::Free => remove_remains(folder, &names.aside(at)),
        Place::Interrupted | Place::Foreign => Ok(()),
    })
}

/// Removes the part file first, durably, and then the journal: without the journal nobody could
/// tell that the part file is ours.
fn remove<D: Disk>(folder: &Folder<D>, place: &PartNames) -> Result<(), StoreError> {
    let file = OwnedFile::open(folder, place.part())?;
    file.lock()?;
    file.remove()?;
    folder.sync()?;
    remove_journal(folder, place)
}

/// Removes the journal that a kill in the middle of [`remove`] left behind.
fn remove_remains<D: Disk>(folder: &Folder<D>, place: &PartNames) -> Result<(), StoreError> {
    match header(folder, place) {
        Some(_) => remove_journal(folder, place),
        None => Ok(()),
    }
}

/// Removes the journal durably too: once the newer file is published, nobody looks for it again.
fn remove_journal<D: Disk>(folder: &Folder<D>, place: &PartNames) -> Result<(), StoreError> {
    let journal = OwnedFile::open(folder, place.journal())?;
    journal.lock()?;
    journal.remove()?;
    folder.sync()
}

fn rename<D: Disk>(folder: &Folder<D>, from: &OsStr, to: &OsStr) -> Result<(), StoreError> {
    let renamed = folder.disk().rename(from, to);
    renamed.map_err(|errno| StoreError::io("set an older version of the file aside", errno))
}

#[cfg(test)]
mod tests {
    use range_core::block::BlockSize;
    use range_core::http::validator::Validators;

    use super::*;
    use crate::disk::Directory;
    use crate::resumable::journal::{Encoder, SessionId};
    use crate::{StoreFailure, WriteMode};

    struct Bench {
        _temp: tempfile::TempDir,
        folder: Folder<Directory>,
        names: PartNames,
    }

    impl Bench {
        fn new() -> Self {
            let temp = tempfile::tempdir().unwrap();
            let names = PartNames::new(OsStr::new("f")).unwrap();
            let folder = Folder::new(Directory::open(temp.path()).unwrap(), &names, true);
            Self {
                _temp: temp,
                folder,
                names,
            }
        }

        /// Returns a part file and its journal, which differ from others by the URL.
        fn create(&self, url: &str) -> PartFile<Directory> {
            let log = AppendLog::create(&self.folder, &self.names, b"").unwrap();
            let length = Some(ByteCount(5));
            let mode = WriteMode::default();
            let part = PartFile::create(&self.folder, &self.names, length, mode).unwrap();
            let header = Header {
                session: SessionId([7; 16]),
                part_file: part.identity(),
                length: 5,
                block_size: BlockSize::DEFAULT,
                validators: Validators::default(),
                url: url.to_owned(),
                digests: Vec::new(),
            };
            log.append(&Encoder::begin(&header).1).unwrap();
            part
        }

        /// Returns the names in use, in the order of the code below.
        fn names(&self) -> Vec<String> {
            let places = [self.names.clone(), self.names.aside(0), self.names.aside(1)];
            let names = places
                .iter()
                .flat_map(|place| [place.part().to_owned(), place.journal().to_owned()]);
            let used = names.filter(|name| self.folder.entry(name).unwrap().is_some());
            used.map(|name| name.into_string().unwrap()).collect()
        }

        /// Returns the URL in the journal under the download's own name.
        fn journal(&self) -> String {
            let log = AppendLog::open_to_read(&self.folder, &self.names).unwrap();
            let mut decoder = Decoder::new();
            log.read_through(ByteCount(1000), |piece| decoder.feed(piece))
                .unwrap();
            decoder.finish().unwrap().header.url
        }
    }

    #[test]
    fn a_version_waits_and_comes_back() {
        let bench = Bench::new();
        let old = bench.create("old");
        set_aside(&old, 0).unwrap();
        assert_eq!(
            bench.names(),
            ["f.old-version.part", "f.old-version.part.journal"]
        );
        let look = |at| look(&bench.folder, &bench.names, at).unwrap();
        assert_eq!((look(0), look(1)), (Place::Taken, Place::Free));

        let error = put_back(&bench.folder, &bench.names, 0).unwrap_err();
        assert!(matches!(error, StoreError::InUse { .. }), "{error}");
        let identity = old.identity();
        drop(old);
        put_back(&bench.folder, &bench.names, 0).unwrap();
        assert_eq!(bench.names(), ["f.part", "f.part.journal"]);
        assert_eq!(bench.journal(), "old");
        let length = Some(ByteCount(5));
        let mode = WriteMode::default();
        let back = PartFile::open(&bench.folder, &bench.names, length, mode).unwrap();
        assert_eq!(back.identity(), identity);
    }

    #[test]
    fn another_programs_journal_is_not_moved_over() {
        let bench = Bench::new();
        set_aside(&bench.create("old"), 0).unwrap();
        drop(AppendLog::create(&bench.folder, &bench.names, b"mine").unwrap());
        let error = put_back(&bench.folder, &bench.names, 0).unwrap_err();
        assert!(matches!(error, StoreError::Exists { .. }), "{error}");

        let place = bench.names.aside(1);
        drop(AppendLog::create(&bench.folder, &place, b"mine").unwrap());
        let look = look(&bench.folder, &bench.names, 1).unwrap();
        assert_eq!(look, Place::Foreign);
        clear(&bench.folder, &bench.names).unwrap();
        for names in [&bench.names, &place] {
            assert!(bench.folder.entry(names.journal()).unwrap().is_some());
        }
    }

    #[test]
    fn nothing_comes_back_over_a_part_file() {
        let bench = Bench::new();
        set_aside(&bench.create("old"), 0).unwrap();
        let _new = bench.create("new");
        let error = put_back(&bench.folder, &bench.names, 0).unwrap_err();
        assert!(matches!(error, StoreError::Exists { .. }), "{error}");
        assert_eq!(bench.journal(), "new");
        assert_eq!(bench.names().len(), 4);
    }

    #[test]
    fn a_journal_without_a_part_file_makes_way() {
        let bench = Bench::new();
        set_aside(&bench.create("old"), 0).unwrap();
        let alone = bench.create("alone");
        alone.file().remove().unwrap();
        drop(alone);
        put_back(&bench.folder, &bench.names, 0).unwrap();
        assert_eq!(bench.names(), ["f.part", "f.part.journal"]);
        assert_eq!(bench.journal(), "old");
    }

    #[test]
    fn a_move_that_was_cut_off_is_known_and_undone() {
        let bench = Bench::new();
        drop(bench.create("old"));
        let place = bench.names.aside(1);
        rename(&bench.folder, bench.names.part(), place.part()).unwrap();
        let look = || look(&bench.folder, &bench.names, 1).unwrap();
        assert_eq!(look(), Place::Interrupted);
        put_back(&bench.folder, &bench.names, 1).unwrap();
        assert_eq!(bench.names(), ["f.part", "f.part.journal"]);
        assert_eq!(bench.journal(), "old");
        assert_eq!(look(), Place::Free);
    }

    #[test]
    fn what_waited_before_is_replaced_and_all_is_cleared() {
        let bench = Bench::new();
        set_aside(&bench.create("a"), 0).unwrap();
        let newer = bench.create("b");
        let identity = newer.identity();
        set_aside(&newer, 0).unwrap();
        drop(newer);
        let place = bench.names.aside(0);
        assert!(bench.folder.holds(place.part(), identity).unwrap());
        set_aside(&bench.create("c"), 1).unwrap();
        assert_eq!(bench.names().len(), 4);
        clear(&bench.folder, &bench.names).unwrap();
        assert_eq!(bench.names(), Vec::<String>::new());
    }

    #[test]
    fn a_removal_that_was_cut_off_is_finished() {
        let bench = Bench::new();
        set_aside(&bench.create("old"), 0).unwrap();
        let place = bench.names.aside(0);
        let part = OwnedFile::open(&bench.folder, place.part()).unwrap();
        part.remove().unwrap();
        clear(&bench.folder, &bench.names).unwrap();
        assert_eq!(bench.names(), Vec::<String>::new());
    }

    /// Another program has replaced the part file: that program's file stays where it is.
    #[test]
    fn another_file_with_the_part_name_is_not_set_aside() {
        let bench = Bench::new();
        let old = bench.create("old");
        let others = PartNames::new(OsStr::new("others")).unwrap();
        let length = Some(ByteCount(5));
        let mode = WriteMode::default();
        let other = PartFile::create(&bench.folder, &others, length, mode).unwrap();
        let disk = bench.folder.disk();
        disk.rename(others.part(), bench.names.part()).unwrap();
        let error = set_aside(&old, 0).unwrap_err();
        assert_eq!(error.disposition(), StoreFailure::NotOurs, "{error}");
        assert_eq!(bench.names(), ["f.part", "f.part.journal"]);
        let part = bench.names.part();
        assert!(bench.folder.holds(part, other.identity()).unwrap());
    }

    #[test]
    fn what_is_not_ours_is_neither_moved_over_nor_removed() {
        let bench = Bench::new();
        // Another program's file has the name, e.g. the partial download of a browser.
        let place = bench.names.aside(0);
        let length = Some(ByteCount(5));
        let mode = WriteMode::default();
        let other = PartFile::create(&bench.folder, &place, length, mode).unwrap();
        let look = |at| look(&bench.folder, &bench.names, at).unwrap();
        assert_eq!(look(0), Place::Foreign);
        let part = bench.create("new");
        let error = set_aside(&part, 0).unwrap_err();
        assert!(matches!(error, StoreError::Exists { .. }), "{error}");
        set_aside(&part, 1).unwrap();
        assert_eq!(look(1), Place::Taken);
        drop(part);
        clear(&bench.folder, &bench.names).unwrap();
        assert_eq!((look(0), look(1)), (Place::Foreign, Place::Free));
        assert!(bench.folder.holds(place.part(), other.identity()).unwrap());
    }
}
