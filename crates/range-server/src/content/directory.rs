//! Owns the served directory: which of its files can be reached, and how they are opened so that
//! nothing outside it can be.

use std::ffi::OsStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;

use range_core::http::{AcceptEncoding, ContentCoding, HttpDate, Variant};
use rustix::fs::{FileType, Mode, OFlags, ResolveFlags, Stat, fstat, openat, openat2};
use rustix::io::{Errno, Result};

use super::file::FileSource;
use super::listing::Unread;
use super::media_type;
use super::path::{NotAName, RelativePath};
use super::representation::{Found, Missing, Representation, Source};
use super::root::Root;
use super::version::Version;
use crate::config::Directory;

/// The number of times a lookup is tried again when a rename elsewhere made the kernel unsure of
/// it.
const ATTEMPTS: usize = 8;

/// The name of the file that stands for its directory.
const INDEX: &[u8] = b"index.html";

/// A directory, and what of it is served.
#[derive(Clone)]
pub(crate) struct ServedDirectory {
    root: Arc<Root>,
    allow_hidden: bool,
    allow_symlinks: bool,
    precompressed: bool,
}

/// The wishes of a request for a path beside its name.
#[derive(Clone, Copy)]
struct Wanted {
    accepted: AcceptEncoding,
    version: Version,
    date: HttpDate,
}

impl ServedDirectory {
    /// Opens the root, following links in its path.
    pub(crate) fn open(directory: &Directory) -> Result<Self> {
        Ok(Self {
            root: Arc::new(Root::open(&directory.root)?),
            allow_hidden: directory.allow_hidden,
            allow_symlinks: directory.allow_symlinks,
            precompressed: directory.precompressed,
        })
    }

    /// Finds what an absolute, undecoded request path leads to, on a blocking thread.
    pub(super) async fn find(
        &self,
        path: &str,
        accepted: AcceptEncoding,
        version: Version,
        date: HttpDate,
    ) -> Found {
        let path = match RelativePath::parse(path, self.allow_hidden) {
            Ok(path) => path,
            Err(NotAName::Hidden) => return Found::Missing(Missing::Hidden),
            Err(NotAName::Nothing) => return Found::Missing(Missing::Nothing),
        };
        let served = self.clone();
        let wanted = Wanted {
            accepted,
            version,
            date,
        };
        let find = move || {
            let Some(root) = served.root.current() else {
                return Ok(Found::Missing(Missing::Root));
            };
            let opened = Opened {
                served: &served,
                root: root.as_fd(),
            };
            opened.find(&path, wanted)
        };
        match tokio::task::spawn_blocking(find).await {
            Ok(Ok(found)) => found,
            Ok(Err(error)) => found_instead(error),
            // The runtime is about to end.
            Err(_) => Found::Failed(Errno::CANCELED),
        }
    }
}

/// A served directory as it is for one lookup.
#[derive(Clone, Copy)]
struct Opened<'a> {
    served: &'a ServedDirectory,
    root: BorrowedFd<'a>,
}

impl Opened<'_> {
    fn find(self, path: &RelativePath, wanted: Wanted) -> Result<Found> {
        let file = self.open_beneath(path)?;
        let stat = fstat(&file)?;
        let kind = FileType::from_raw_mode(stat.st_mode);
        if kind.is_dir() {
            return self.find_in(path, wanted);
        }
        if !kind.is_file() {
            return Ok(Found::Missing(Missing::Special));
        }
        if path.is_directory_form {
            return Ok(Found::Missing(Missing::NotADirectory));
        }
        let representation = self.representation(path, file, &stat, wanted);
        Ok(Found::Representation(representation))
    }

    /// The stand-in for a directory: its index, if that is a file which is served, or a listing.
    fn find_in(self, path: &RelativePath, wanted: Wanted) -> Result<Found> {
        if !path.is_directory_form {
            return Ok(Found::WithSlash);
        }
        let index = path.child(INDEX);
        match self.open_beneath(&index) {
            Ok(file) => {
                let stat = fstat(&file)?;
                if FileType::from_raw_mode(stat.st_mode).is_file() {
                    let representation = self.representation(&index, file, &stat, wanted);
                    return Ok(Found::Representation(representation));
                }
            }
            Err(error) if matches!(found_instead(error), Found::Missing(_)) => {}
            Err(error) => return Err(error),
        }
        let (served, path) = (self.served.clone(), path.clone());
        Ok(Found::Directory(Unread {
            segments: path.segments().to_vec(),
            open: Box::new(move || {
                let root = served.root.current().ok_or(Errno::NOENT)?;
                let opened = Opened {
                    served: &served,
                    root: root.as_fd(),
                };
                opened.open_beneath(&path)
            }),
            allow_hidden: self.served.allow_hidden,
            allow_symlinks: self.served.allow_symlinks,
        }))
    }

    /// The file itself, or what is kept beside it in a coding that is accepted.
    fn representation(
        self,
        path: &RelativePath,
        file: OwnedFd,
        stat: &Stat,
        wanted: Wanted,
    ) -> Representation {
        let mut coded = self.coded_forms(path, stat);
        let is_negotiated = !coded.is_empty();
        let is_there = |coding| coded.iter().any(|(there, ..)| *there == coding);
        let coding = wanted.accepted.choose(is_there);
        let chosen = coded.iter().position(|(there, ..)| Some(*there) == coding);
        let file = FileSource::new(file, stat, wanted.version, wanted.date);
        let media_type = media_type::of(path.name(), || file.beginning(media_type::SAMPLE));
        let file = match chosen.map(|at| coded.swap_remove(at)) {
            Some((_, coded, stat)) => FileSource::new(coded, &stat, wanted.version, wanted.date),
            None => file,
        };
        Representation {
            length: file.length(),
            entity_tag: file.entity_tag(coding),
            last_modified: file.last_modified(wanted.date),
            media_type,
            variant: Variant {
                coding,
                is_negotiated,
            },
            source: Source::File(file),
        }
    }

    /// Regular files beside a file that hold it coded, going by their names. One that is older
    /// than the file was not made from what the file holds.
    fn coded_forms(self, path: &RelativePath, stat: &Stat) -> Vec<(ContentCoding, OwnedFd, Stat)> {
        if !self.served.precompressed {
            return Vec::new();
        }
        let age = |stat: &Stat| (stat.st_mtime, stat.st_mtime_nsec);
        let forms = ContentCoding::ALL.into_iter().filter_map(|coding| {
            let file = self.open_beneath(&path.with_suffix(coding.suffix())).ok()?;
            let found = fstat(&file).ok()?;
            let is_usable =
                FileType::from_raw_mode(found.st_mode).is_file() && age(&found) >= age(stat);
            is_usable.then_some((coding, file, found))
        });
        forms.collect()
    }

    fn open_beneath(self, path: &RelativePath) -> Result<OwnedFd> {
        let mut resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
        if !self.served.allow_symlinks {
            resolve |= ResolveFlags::NO_SYMLINKS;
        }
        let joined = path.joined();
        for _ in 0..ATTEMPTS {
            let name = Path::new(OsStr::from_bytes(&joined));
            match openat2(self.root, name, OPEN_FLAGS, Mode::empty(), resolve) {
                Err(Errno::AGAIN) => {}
                // Kernels before 5.6 lack the call, and old sandboxes forbid it.
                Err(Errno::NOSYS | Errno::PERM) => return walk(self.root, path),
                outcome => return outcome,
            }
        }
        Err(Errno::AGAIN)
    }
}

/// Opening a FIFO must not wait for a writer, nor a terminal become ours.
const OPEN_FLAGS: OFlags = OFlags::RDONLY
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY)
    .union(OFlags::CLOEXEC);

/// Opens a path segment by segment. Never follows a link, not even where links are allowed: it
/// cannot be known where one leads before it has been followed.
fn walk(root: BorrowedFd<'_>, path: &RelativePath) -> Result<OwnedFd> {
    let Some((last, parents)) = path.segments().split_last() else {
        return openat(root, ".", OPEN_FLAGS, Mode::empty());
    };
    let step = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut directory: Option<OwnedFd> = None;
    for name in parents {
        let from = directory.as_ref().map_or(root, AsFd::as_fd);
        directory = Some(openat(from, name.as_slice(), step, Mode::empty())?);
    }
    let from = directory.as_ref().map_or(root, AsFd::as_fd);
    openat(
        from,
        last.as_slice(),
        OPEN_FLAGS | OFlags::NOFOLLOW,
        Mode::empty(),
    )
}

/// The meaning of a failed lookup.
fn found_instead(error: Errno) -> Found {
    Found::Missing(match error {
        Errno::NOENT | Errno::NOTDIR | Errno::NAMETOOLONG | Errno::INVAL => Missing::Nothing,
        Errno::LOOP => Missing::Link,
        Errno::XDEV => Missing::Outside,
        Errno::ACCESS => Missing::Denied,
        Errno::NXIO => Missing::Special,
        _ => return Found::Failed(error),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn opened<'a>(served: &'a ServedDirectory, root: &'a Arc<OwnedFd>) -> Opened<'a> {
        let root = root.as_fd();
        Opened { served, root }
    }

    /// Both ways of opening have to agree, and only one of them is used on a given kernel.
    #[test]
    #[expect(clippy::disallowed_methods, reason = "lays out files to be found")]
    fn both_ways_of_opening_refuse_links_and_find_files() {
        let outer = tempfile::tempdir().unwrap();
        let root = outer.path().join("root");
        std::fs::create_dir_all(root.join("dir")).unwrap();
        std::fs::write(outer.path().join("secret"), "secret").unwrap();
        std::fs::write(root.join("dir/file"), "file").unwrap();
        symlink("../secret", root.join("out")).unwrap();
        symlink("dir", root.join("link")).unwrap();
        symlink("/proc/self/root", root.join("magic")).unwrap();

        let served = ServedDirectory::open(&Directory::new(&root)).unwrap();
        let root = served.root.current().unwrap();
        let opened = opened(&served, &root);
        for (path, expected) in [
            ("/dir/file", Ok(())),
            ("/dir", Ok(())),
            ("/", Ok(())),
            ("/out", Err(Errno::LOOP)),
            ("/link/file", Err(Errno::LOOP)),
            ("/magic/etc", Err(Errno::LOOP)),
            ("/nothing", Err(Errno::NOENT)),
            ("/dir/file/x", Err(Errno::NOTDIR)),
        ] {
            let relative = RelativePath::parse(path, false).unwrap();
            let found = opened.open_beneath(&relative).map(drop);
            assert_eq!(found, expected, "openat2 {path}");
            let walked = walk(root.as_fd(), &relative).map(drop);
            // A link taken for a directory is "not a directory" when it is not followed.
            let walked = walked.map_err(|error| match error {
                Errno::NOTDIR if expected == Err(Errno::LOOP) => Errno::LOOP,
                error => error,
            });
            assert_eq!(walked, expected, "walk {path}");
        }
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "lays out files to be found")]
    fn allowed_links_still_cannot_leave_the_root() {
        let outer = tempfile::tempdir().unwrap();
        let root = outer.path().join("root");
        std::fs::create_dir_all(root.join("dir")).unwrap();
        std::fs::write(outer.path().join("secret"), "secret").unwrap();
        std::fs::write(root.join("dir/file"), "file").unwrap();
        symlink("../secret", root.join("out")).unwrap();
        symlink(outer.path().join("secret"), root.join("absolute")).unwrap();
        symlink("dir", root.join("link")).unwrap();

        let directory = Directory {
            allow_symlinks: true,
            ..Directory::new(&root)
        };
        let served = ServedDirectory::open(&directory).unwrap();
        let root = served.root.current().unwrap();
        let open = |path| {
            opened(&served, &root)
                .open_beneath(&RelativePath::parse(path, false).unwrap())
                .map(drop)
        };
        assert_eq!(open("/link/file"), Ok(()));
        assert_eq!(open("/out"), Err(Errno::XDEV));
        assert_eq!(open("/absolute"), Err(Errno::XDEV));
    }
}
