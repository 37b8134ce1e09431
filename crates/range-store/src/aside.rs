//! Owns the places beside a download where older versions of the file wait until the newer one is
//! complete. Knows nothing of what makes a version newer.
//!
//! A place has names like a download's own. Whatever moves between the two moves in this order:
//! away from the download's names the part file first, back to them the journal first. A kill on
//! the way leaves the part file in its place and the journal under the download's own name, which
//! [`put_back`] knows from all other states.

use crate::directory::Directory;
use crate::error::StoreError;
use crate::failpoint::Failpoint;
use crate::names::{PLACES, PartNames};
use crate::owned_file::OwnedFile;
use crate::part_file::PartFile;

/// What is in a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Nothing that can be used.
    Free,
    /// A part file and its journal.
    Taken,
    /// A part file whose journal still has the download's own name.
    Interrupted,
}

/// What is in the place `at` of the download with `names`.
pub fn look(directory: &Directory, names: &PartNames, at: usize) -> Result<Place, StoreError> {
    let place = names.aside(at);
    let has = |name| Ok::<_, StoreError>(directory.entry(name)?.is_some());
    if !has(place.part())? {
        return Ok(Place::Free);
    }
    if has(place.journal())? {
        return Ok(Place::Taken);
    }
    let is_interrupted = has(names.journal())? && !has(names.part())?;
    Ok(if is_interrupted {
        Place::Interrupted
    } else {
        Place::Free
    })
}

/// Moves the part file and its journal to the place `at`, and removes what was there. The part file
/// stays locked.
///
/// Fails if the part file was replaced by another, and then moves nothing.
pub fn set_aside(part: &PartFile, at: usize) -> Result<(), StoreError> {
    let (file, names) = (part.file(), part.names());
    let directory = file.directory();
    file.check_name()?;
    let place = names.aside(at);
    remove(directory, &place)?;
    rename(directory, names.part(), place.part())?;
    Failpoint::PartSetAside.reached();
    rename(directory, names.journal(), place.journal())?;
    Failpoint::SetAside.reached();
    Ok(())
}

/// Moves what is in the place `at` back to the download's own names. A journal that has the
/// download's own name without a part file is of no use and is replaced.
///
/// Fails with [`StoreError::InUse`] if another process works with it, and with
/// [`StoreError::Exists`] if there is a part file under the download's own name.
pub fn put_back(directory: &Directory, names: &PartNames, at: usize) -> Result<(), StoreError> {
    let place = names.aside(at);
    OwnedFile::open(directory, place.part())?.lock()?;
    if directory.entry(names.part())?.is_some() {
        let name = names.part().to_owned();
        return Err(StoreError::Exists { name });
    }
    if directory.entry(place.journal())?.is_some() {
        rename(directory, place.journal(), names.journal())?;
    }
    rename(directory, place.part(), names.part())
}

/// Removes what is in all places of the download with `names`, unless another process works with
/// it or it is not ours.
pub fn clear(directory: &Directory, names: &PartNames) -> Result<(), StoreError> {
    (0..PLACES).try_for_each(|at| remove(directory, &names.aside(at)))
}

fn remove(directory: &Directory, place: &PartNames) -> Result<(), StoreError> {
    for name in [place.part(), place.journal()] {
        if directory.entry(name)?.is_some() {
            let file = OwnedFile::open(directory, name)?;
            file.lock()?;
            file.remove()?;
        }
    }
    Ok(())
}

fn rename(
    directory: &Directory,
    from: &std::ffi::OsStr,
    to: &std::ffi::OsStr,
) -> Result<(), StoreError> {
    rustix::fs::renameat(directory, from, directory, to)
        .map_err(|errno| StoreError::io("set an older version of the file aside", errno))
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use range_core::units::ByteCount;

    use super::*;
    use crate::{AppendLog, Length, WriteMode};

    struct Bench {
        _temp: tempfile::TempDir,
        directory: Directory,
        names: PartNames,
    }

    impl Bench {
        fn new() -> Self {
            let temp = tempfile::tempdir().unwrap();
            let directory = Directory::open(temp.path()).unwrap();
            let names = PartNames::new(OsStr::new("f")).unwrap();
            Self {
                _temp: temp,
                directory,
                names,
            }
        }

        fn create(&self, content: &[u8]) -> PartFile {
            let log = AppendLog::create(&self.directory, &self.names).unwrap();
            log.append(content).unwrap();
            let length = Length::Known(ByteCount(5));
            PartFile::create(&self.directory, &self.names, length, WriteMode::default()).unwrap()
        }

        /// The names that are in use, in the order of the code below.
        fn names(&self) -> Vec<String> {
            let places = [self.names.clone(), self.names.aside(0), self.names.aside(1)];
            let names = places
                .iter()
                .flat_map(|place| [place.part().to_owned(), place.journal().to_owned()]);
            let used = names.filter(|name| self.directory.entry(name).unwrap().is_some());
            used.map(|name| name.into_string().unwrap()).collect()
        }

        fn journal(&self) -> Vec<u8> {
            let log = AppendLog::open(&self.directory, &self.names).unwrap();
            let mut content = Vec::new();
            log.read_through(ByteCount(100), |piece| content.extend_from_slice(piece))
                .unwrap();
            content
        }
    }

    #[test]
    fn a_version_waits_and_comes_back() {
        let bench = Bench::new();
        let old = bench.create(b"old");
        set_aside(&old, 0).unwrap();
        assert_eq!(bench.names(), ["f.old.part", "f.old.part.journal"]);
        let look = |at| look(&bench.directory, &bench.names, at).unwrap();
        assert_eq!((look(0), look(1)), (Place::Taken, Place::Free));

        let error = put_back(&bench.directory, &bench.names, 0).unwrap_err();
        assert!(matches!(error, StoreError::InUse { .. }), "{error}");
        let identity = old.identity();
        drop(old);
        put_back(&bench.directory, &bench.names, 0).unwrap();
        assert_eq!(bench.names(), ["f.part", "f.part.journal"]);
        assert_eq!(bench.journal(), b"old");
        let length = Length::Known(ByteCount(5));
        let mode = WriteMode::default();
        let back = PartFile::open(&bench.directory, &bench.names, length, mode).unwrap();
        assert_eq!(back.identity(), identity);
    }

    #[test]
    fn nothing_comes_back_over_a_part_file() {
        let bench = Bench::new();
        set_aside(&bench.create(b"old"), 0).unwrap();
        let _new = bench.create(b"new");
        let error = put_back(&bench.directory, &bench.names, 0).unwrap_err();
        assert!(matches!(error, StoreError::Exists { .. }), "{error}");
        assert_eq!(bench.journal(), b"new");
        assert_eq!(bench.names().len(), 4);
    }

    #[test]
    fn a_journal_without_a_part_file_makes_way() {
        let bench = Bench::new();
        set_aside(&bench.create(b"old"), 0).unwrap();
        drop(AppendLog::create(&bench.directory, &bench.names).unwrap());
        put_back(&bench.directory, &bench.names, 0).unwrap();
        assert_eq!(bench.names(), ["f.part", "f.part.journal"]);
        assert_eq!(bench.journal(), b"old");
    }

    #[test]
    fn a_move_that_was_cut_off_is_known_and_undone() {
        let bench = Bench::new();
        drop(bench.create(b"old"));
        let place = bench.names.aside(1);
        rename(&bench.directory, bench.names.part(), place.part()).unwrap();
        let look = || look(&bench.directory, &bench.names, 1).unwrap();
        assert_eq!(look(), Place::Interrupted);
        put_back(&bench.directory, &bench.names, 1).unwrap();
        assert_eq!(bench.names(), ["f.part", "f.part.journal"]);
        assert_eq!(bench.journal(), b"old");
        assert_eq!(look(), Place::Free);
    }

    #[test]
    fn what_waited_before_is_replaced_and_all_is_cleared() {
        let bench = Bench::new();
        set_aside(&bench.create(b"a"), 0).unwrap();
        let newer = bench.create(b"b");
        let identity = newer.identity();
        set_aside(&newer, 0).unwrap();
        drop(newer);
        let place = bench.names.aside(0);
        assert!(bench.directory.holds(place.part(), identity).unwrap());
        set_aside(&bench.create(b"c"), 1).unwrap();
        assert_eq!(bench.names().len(), 4);
        clear(&bench.directory, &bench.names).unwrap();
        assert_eq!(bench.names(), Vec::<String>::new());
    }
}
