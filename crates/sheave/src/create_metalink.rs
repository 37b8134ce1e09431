//! Owns `sheave metalink create`: files on this machine, and the places that have them, to a
//! document. Asks no server.

use std::fs::File;
use std::io::{self, Read, Write};
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};

use accelerator::{DigestAlgorithm, Hasher};
use catalog::metalink::{self, CreateError};
use catalog::name::NameError;
use catalog::{Algorithm, Checksum, Entry, Pieces, Priority, RelativeName, Source, SourceUrl};
use url::Url;

use crate::args::MetalinkArgs;
use crate::exit_code::Exit;
use crate::printer;

/// The number of bytes read at a time.
const READ: usize = 256 << 10;

/// The length of a piece, where the user gives none: that of the blocks in which a file is fetched
/// again, up to 1 GiB.
const PIECE_LEAST: u64 = 256 << 10;

/// The number of pieces past which they are longer: their hashes are to fit in a document of
/// hundreds of KiB.
const PIECES_MANY: u64 = 4096;

/// The reason why there is no document.
#[derive(Debug, thiserror::Error)]
enum NotCreated {
    #[error("could not read {}: {source}", path.display())]
    Unread { path: PathBuf, source: io::Error },
    #[error("{} has changed while it was read", .0.display())]
    Changed(PathBuf),
    #[error("{} cannot be listed: {source}", path.display())]
    Name { path: PathBuf, source: NameError },
    #[error(
        "--url {url} is no directory, which ends in /, and there are {files} files to be in it"
    )]
    OneUrl { url: String, files: usize },
    #[error(transparent)]
    Create(#[from] CreateError),
    #[error("{} exists; it is left as it is", .0.display())]
    Exists(PathBuf),
    #[error("could not write {}: {source}", path.display())]
    Unwritten { path: PathBuf, source: io::Error },
}

impl NotCreated {
    fn exit(&self) -> Exit {
        match self {
            Self::Name { .. } | Self::OneUrl { .. } | Self::Create(_) => Exit::Usage,
            Self::Unread { .. } | Self::Changed(_) | Self::Unwritten { .. } => Exit::Disk,
            Self::Exists(_) => Exit::Taken,
        }
    }
}

/// Writes the document.
pub(crate) fn run(args: &MetalinkArgs) -> Exit {
    match create(args) {
        Ok(()) => Exit::Success,
        Err(error) => printer::failure(error.exit(), &error),
    }
}

fn create(args: &MetalinkArgs) -> Result<(), NotCreated> {
    if let Some(output) = args.output.as_ref().filter(|output| output.exists()) {
        return Err(NotCreated::Exists(output.clone()));
    }
    let entries = args.files.iter().map(|path| entry(path, args));
    let document = metalink::create(&entries.collect::<Result<Vec<_>, _>>()?)?;
    let Some(output) = &args.output else {
        printer::data(document.trim_end());
        return Ok(());
    };
    write(output, &document)
}

/// Writes a file, which appears once all of it is there.
fn write(path: &Path, document: &str) -> Result<(), NotCreated> {
    let directory = path.parent().filter(|&parent| parent != Path::new(""));
    let written = tempfile::Builder::new()
        .permissions(permissions())
        .tempfile_in(directory.unwrap_or(Path::new(".")))
        .and_then(|mut file| {
            file.write_all(document.as_bytes())?;
            file.persist_noclobber(path).map_err(|error| error.error)
        });
    match written {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            Err(NotCreated::Exists(path.to_owned()))
        }
        Err(source) => Err(NotCreated::Unwritten {
            path: path.to_owned(),
            source,
        }),
    }
}

/// The permissions of any new file, less those that the umask takes.
fn permissions() -> std::fs::Permissions {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::Permissions::from_mode(0o666)
}

/// Returns what a document says of a file.
fn entry(path: &Path, args: &MetalinkArgs) -> Result<Entry, NotCreated> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let named = RelativeName::parse(&name).map_err(|source| NotCreated::Name {
        path: path.to_owned(),
        source,
    })?;
    let sources = sources(&name, args)?;
    let unread = |source| NotCreated::Unread {
        path: path.to_owned(),
        source,
    };
    let (size, whole, pieces) = hashes(path, args.piece_length).map_err(unread)?;
    let found = path.metadata().map_err(unread)?;
    if found.len() != size {
        return Err(NotCreated::Changed(path.to_owned()));
    }
    let mut entry = Entry::new(named);
    entry.size = Some(size);
    let added = entry.checksums.add(whole);
    added.expect("a file has one digest of an algorithm");
    entry.pieces = pieces;
    entry.sources = sources;
    Ok(entry)
}

/// Returns the places of a file, by the order of the command line.
fn sources(name: &str, args: &MetalinkArgs) -> Result<Vec<Source>, NotCreated> {
    let mut sources = Vec::new();
    for (url, priority) in args.urls.iter().zip(1..) {
        let mut url = url.clone();
        if url.path().ends_with('/') {
            within(&mut url, name);
        } else if args.files.len() > 1 {
            let (url, files) = (crate::args::shown(url.as_str()), args.files.len());
            return Err(NotCreated::OneUrl { url, files });
        }
        sources.push(Source {
            url: SourceUrl::parse(url.as_str(), None).expect("it is of http, and was parsed"),
            priority: Priority::new(priority).unwrap_or(Priority::LAST),
            location: None,
            max_connections: None,
        });
    }
    Ok(sources)
}

/// Puts a name behind the path of a directory.
fn within(url: &mut Url, name: &str) {
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().push(name);
    }
}

/// Reads a file once, and returns its length, its digest, and those of its pieces.
fn hashes(
    path: &Path,
    piece_length: Option<NonZeroU64>,
) -> io::Result<(u64, Checksum, Option<Pieces>)> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the file is the user's, and read as it is"
    )]
    let mut file = File::open(path)?;
    let found = file.metadata()?;
    if found.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    let length = piece_length.unwrap_or_else(|| usual_piece(found.len()));
    let new = || Hasher::new(DigestAlgorithm::Sha256);
    let (mut whole, mut piece, mut pieces) = (new(), new(), Vec::new());
    let (mut size, mut left) = (0, length.get());
    let mut buffer = vec![0; READ];
    loop {
        let most = usize::try_from(left).unwrap_or(usize::MAX).min(READ);
        let read = file.read(&mut buffer[..most])?;
        whole.update(&buffer[..read]);
        piece.update(&buffer[..read]);
        size += read as u64;
        left -= read as u64;
        let is_end = read == 0;
        if left == 0 || (is_end && left < length.get()) {
            let done = std::mem::replace(&mut piece, new()).finish();
            pieces.extend_from_slice(done.bytes());
            left = length.get();
        }
        if is_end {
            break;
        }
    }
    let pieces = Pieces::new(Algorithm::Sha256, length, pieces).ok();
    Ok((size, Checksum::from(whole.finish()), pieces))
}

/// Returns the length of the pieces of a file: a power of two.
fn usual_piece(size: u64) -> NonZeroU64 {
    let length = size.div_ceil(PIECES_MANY).max(PIECE_LEAST);
    let length = length.checked_next_power_of_two().unwrap_or(1 << 63);
    NonZeroU64::new(length).expect("it is no less than the least")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_as_long_as_their_number_asks_for() {
        const GIB: u64 = 1 << 30;
        for (size, piece) in [
            (0, 256 << 10),
            (GIB, 256 << 10),
            (GIB + 1, 512 << 10),
            (3 * GIB, 1 << 20),
            (1 << 40, 256 << 20),
        ] {
            assert_eq!(usual_piece(size).get(), piece, "{size}");
        }
        assert!(usual_piece(u64::MAX).get() > 0);
    }

    #[test]
    fn names_are_put_behind_directories_as_urls_need_it() {
        let mut url = Url::parse("https://h/a%20b/").unwrap();
        within(&mut url, "c d#?.iso");
        assert_eq!(url.as_str(), "https://h/a%20b/c%20d%23%3F.iso");
    }
}
