//! Owns the limit: what blocking threads and plain system calls reach on this machine. Does nothing
//! a downloader must do besides: no retry, no journal, no check.
use std::fs::File;
use std::io::{self, BufRead, ErrorKind, Read};
use std::ops::Range;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;
use std::thread;

use rustix::fs::FallocateFlags;
use rustix::io::retry_on_intr;
use rustix::pipe::SpliceFlags;

use super::arguments::Reference;
use super::failure::Failure;
use super::http::{self, Body};

/// One system call moves at most this many bytes, and each thread touches no more memory.
const BUFFER: usize = 256 << 10;
/// The capacity of a pipe of the reference: the most that the system allows everybody.
const PIPE: usize = 1 << 20;

/// Where the bytes of one share go.
enum Sink<'a> {
    Nowhere(Vec<u8>),
    Written(&'a File, Vec<u8>),
    Spliced {
        file: &'a File,
        out_of: OwnedFd,
        into: OwnedFd,
    },
}

/// Fetches a file in equal shares, one thread and one connection each, into a reserved file or
/// into nothing.
pub(super) fn run(reference: &Reference) -> Result<(), Failure> {
    let file = match &reference.into {
        None => None,
        Some(path) => {
            let file = File::create(path).map_err(Failure::io("create the output"))?;
            rustix::fs::fallocate(&file, FallocateFlags::empty(), 0, reference.length)
                .map_err(|error| Failure::io("reserve the output")(error.into()))?;
            Some(file)
        }
    };
    thread::scope(|scope| {
        let threads: Vec<_> = shares(reference.length, reference.connections)
            .map(|share| {
                let sink = || Sink::new(file.as_ref(), reference.splice);
                scope.spawn(move || fetch(&reference.url, share, sink()?))
            })
            .collect();
        threads
            .into_iter()
            .try_for_each(|thread| thread.join().expect("fetching does not panic"))
    })?;
    match file.filter(|_| reference.sync) {
        Some(file) => file.sync_all().map_err(Failure::io("sync the output")),
        None => Ok(()),
    }
}

fn fetch(url: &str, share: Range<u64>, mut sink: Sink<'_>) -> Result<(), Failure> {
    let mut body = http::get(url, &share)?;
    let mut at = share.start;
    while at < share.end {
        let moved = match sink.take(&mut body, at) {
            // A read with a timeout, on a machine that was frozen meanwhile.
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            done => done.map_err(Failure::io("move what arrives to the output"))?,
        };
        if moved == 0 {
            return Err(Failure::Http {
                url: url.to_owned(),
                reason: format!("ended at byte {at} of {}", share.end),
            });
        }
        at += moved as u64;
    }
    Ok(())
}

impl<'a> Sink<'a> {
    fn new(file: Option<&'a File>, splice: bool) -> Result<Self, Failure> {
        let Some(file) = file else {
            return Ok(Self::Nowhere(vec![0; BUFFER]));
        };
        if !splice {
            return Ok(Self::Written(file, vec![0; BUFFER]));
        }
        let pipe = || {
            let (out_of, into) = rustix::pipe::pipe()?;
            rustix::pipe::fcntl_setpipe_size(&into, PIPE)?;
            Ok((out_of, into))
        };
        let (out_of, into) =
            pipe().map_err(|error: io::Error| Failure::io("make a pipe")(error))?;
        Ok(Self::Spliced { file, out_of, into })
    }

    /// Moves what has arrived to its place. 0 is the end.
    fn take(&mut self, body: &mut Body, at: u64) -> io::Result<usize> {
        match self {
            Self::Nowhere(buffer) => body.read(buffer),
            Self::Written(file, buffer) => {
                let received = body.read(buffer)?;
                file.write_all_at(&buffer[..received], at)?;
                Ok(received)
            }
            Self::Spliced { file, out_of, into } => {
                let reader = body.get_mut();
                if !reader.buffer().is_empty() {
                    // The bytes that came with the head have left the socket already.
                    let early = reader.buffer().len();
                    file.write_all_at(reader.buffer(), at)?;
                    reader.consume(early);
                    return Ok(early);
                }
                let none = SpliceFlags::empty();
                let moved = rustix::pipe::splice(reader.get_ref(), None, &*into, None, PIPE, none)?;
                let (mut offset, end) = (at, at + moved as u64);
                while offset < end {
                    let left = usize::try_from(end - offset).expect("a pipe holds no more");
                    // The bytes in the pipe have left the socket: an interruption must not end
                    // this.
                    let written = retry_on_intr(|| {
                        rustix::pipe::splice(&*out_of, None, *file, Some(&mut offset), left, none)
                    })?;
                    if written == 0 {
                        return Err(ErrorKind::WriteZero.into());
                    }
                }
                Ok(moved)
            }
        }
    }
}

/// A file in at most so many shares of one length, the last of which may be shorter.
pub(super) fn shares(length: u64, count: u64) -> impl Iterator<Item = Range<u64>> {
    let step = length.div_ceil(count.max(1)).max(1);
    (0..length.div_ceil(step)).map(move |index| index * step..length.min((index + 1) * step))
}

#[cfg(test)]
mod tests {
    use super::shares;

    #[test]
    fn shares_cover_the_file_once() {
        assert_eq!(shares(10, 4).collect::<Vec<_>>(), [0..3, 3..6, 6..9, 9..10]);
        assert_eq!(shares(2, 8).collect::<Vec<_>>(), [0..1, 1..2]);
        assert!(shares(8, 1).eq(std::iter::once(0..8)));
        assert_eq!(shares(0, 8).count(), 0);
    }
}
