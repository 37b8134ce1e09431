//! Owns reading one open file at offsets, without blocking the tasks of other connections. Never
//! maps it: a mapped file that shrinks kills the process.

use std::fs::File;
use std::io::{self, IoSliceMut};
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use range_core::http::{ContentCoding, EntityTag, HttpDate, Strength};
use rustix::fs::Stat;
use rustix::io::ReadWriteFlags;

use super::identity::{FileState, Identity};
use super::version::Version;
use crate::buffer::Buffer;

/// The time within which two changes of a file could have the same modification time, in seconds:
/// the clock of the kernel that stamps them is a coarse one.
const CLOCK_STEP: u64 = 1;

/// Why the content that was promised cannot be sent.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    /// The file ends before the content that was announced.
    #[error("the file shrank while it was sent")]
    Truncated,
    /// The file's modification time is not what it was when it was opened, and it has not grown.
    #[error("the file changed while it was sent")]
    Changed,
    /// The system could not read it.
    #[error("the file could not be read")]
    Io(#[from] io::Error),
}

/// An open regular file, as it was when it was opened.
#[derive(Clone)]
pub(crate) struct FileSource {
    file: Arc<File>,
    state: FileState,
    version: Version,
    is_settled: bool,
}

impl FileSource {
    /// An open file as `stat` has it at `date`.
    pub(super) fn new(file: OwnedFd, stat: &Stat, version: Version, date: HttpDate) -> Self {
        let state = FileState::of(stat);
        let now = i64::try_from(date.unix_seconds()).unwrap_or(i64::MAX);
        Self {
            file: Arc::new(File::from(file)),
            state,
            version,
            // A change sets the time to now, and so shows in one that lies ahead too.
            is_settled: state.modified_seconds.abs_diff(now) > CLOCK_STEP,
        }
    }

    pub(super) fn identity(&self) -> Option<Identity> {
        self.is_settled.then_some(Identity::File {
            state: self.state,
            version: self.version,
        })
    }

    pub(super) fn length(&self) -> u64 {
        self.state.length
    }

    /// Inode, length, modification time and coding. Weak while a second change to the file could be
    /// given the same time.
    pub(super) fn entity_tag(&self, coding: Option<ContentCoding>) -> Option<EntityTag> {
        let FileState {
            device: _,
            inode,
            length,
            modified_seconds,
            modified_nanos,
        } = self.state;
        let strength = if self.is_settled {
            Strength::Strong
        } else {
            Strength::Weak
        };
        let version = self.version.0;
        let mut opaque =
            format!("{inode:x}-{length:x}-{modified_seconds:x}.{modified_nanos:x}-v{version}");
        if let Some(coding) = coding {
            opaque.push('-');
            opaque.push_str(coding.name());
        }
        EntityTag::new(strength, &opaque)
    }

    /// The modification time, but never later than `date` (RFC 9110 §8.8.2.1).
    pub(super) fn last_modified(&self, date: HttpDate) -> Option<HttpDate> {
        let seconds = u64::try_from(self.state.modified_seconds).ok()?;
        let modified = HttpDate::from_unix_seconds(seconds).min(date);
        Some(self.version.dated(modified))
    }

    /// Reads exactly `length` bytes. What is in the page cache is copied at once, which costs
    /// less than handing the work to another thread; only for the rest a blocking thread waits.
    pub(super) async fn read(
        &self,
        mut buffer: Buffer,
        offset: u64,
        length: usize,
    ) -> Result<Buffer, ReadError> {
        let cached = self.read_cached(offset, buffer.use_front(length));
        if cached < length {
            let file = Arc::clone(&self.file);
            let read = move || read_rest(&file, buffer, offset, cached..length);
            buffer = match tokio::task::spawn_blocking(read).await {
                Ok(outcome) => outcome?,
                Err(failed) => return Err(ReadError::Io(failed.into())),
            };
        }
        self.apply_version(buffer.use_front(length));
        Ok(buffer)
    }

    /// Fills `target` from `offset` on, waiting for the disk.
    pub(super) fn read_blocking(&self, target: &mut [u8], offset: u64) -> Result<(), ReadError> {
        read_exact(&self.file, target, offset)?;
        self.apply_version(target);
        Ok(())
    }

    fn apply_version(&self, bytes: &mut [u8]) {
        if self.version != Version::default() {
            for byte in bytes {
                *byte ^= self.version.0;
            }
        }
    }

    /// The number of bytes that could be had without waiting. Errors count as none: the blocking
    /// read meets them again and reports them.
    fn read_cached(&self, offset: u64, target: &mut [u8]) -> usize {
        let mut slices = [IoSliceMut::new(target)];
        rustix::io::preadv2(&self.file, &mut slices, offset, ReadWriteFlags::NOWAIT).unwrap_or(0)
    }

    /// Fails when the file is another than was announced. One that only grew still begins with what
    /// was: a log or a recording that is written to meanwhile is sent as far as it went.
    pub(super) fn check_unchanged(&self) -> Result<(), ReadError> {
        let stat = rustix::fs::fstat(&self.file).map_err(io::Error::from)?;
        let state = FileState::of(&stat);
        if state == self.state || state.length > self.state.length {
            Ok(())
        } else if state.length < self.state.length {
            Err(ReadError::Truncated)
        } else {
            Err(ReadError::Changed)
        }
    }

    /// The first bytes, at most `most` of them, or none where they cannot be read.
    pub(super) fn beginning(&self, most: usize) -> Vec<u8> {
        let length = usize::try_from(self.state.length).unwrap_or(usize::MAX);
        let mut beginning = vec![0; length.min(most)];
        match read_exact(&self.file, &mut beginning, 0) {
            Ok(()) => beginning,
            Err(_) => Vec::new(),
        }
    }
}

fn read_rest(
    file: &File,
    mut buffer: Buffer,
    offset: u64,
    missing: std::ops::Range<usize>,
) -> Result<Buffer, ReadError> {
    let offset = offset + u64::try_from(missing.start).expect("a buffer's length fits 64 bits");
    let target = &mut buffer.use_front(missing.end)[missing.start..];
    read_exact(file, target, offset).map(|()| buffer)
}

fn read_exact(file: &File, target: &mut [u8], offset: u64) -> Result<(), ReadError> {
    match file.read_exact_at(target, offset) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(ReadError::Truncated),
        Err(error) => Err(ReadError::Io(error)),
    }
}
