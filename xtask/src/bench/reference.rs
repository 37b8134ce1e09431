//! Owns the limit: what blocking threads and plain system calls reach on this machine. Does nothing
//! a downloader must do besides: no retry, no journal, no check.
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::thread;

use rustix::fs::FallocateFlags;

use super::arguments::Reference;
use super::failure::Failure;
use super::http;

/// One system call moves at most this many bytes, and each thread touches no more memory.
const BUFFER: usize = 256 << 10;

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
            .map(|share| scope.spawn(|| fetch(&reference.url, share, file.as_ref())))
            .collect();
        threads
            .into_iter()
            .try_for_each(|thread| thread.join().expect("fetching does not panic"))
    })
}

fn fetch(url: &str, share: Range<u64>, file: Option<&File>) -> Result<(), Failure> {
    let mut body = http::get(url, &share)?;
    let mut buffer = vec![0; BUFFER];
    let mut at = share.start;
    while at < share.end {
        let received = match body.read(&mut buffer) {
            // A read with a timeout, on a machine that was frozen meanwhile.
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            done => done.map_err(Failure::io("receive"))?,
        };
        if received == 0 {
            return Err(Failure::Http {
                url: url.to_owned(),
                reason: format!("ended at byte {at} of {}", share.end),
            });
        }
        if let Some(file) = file {
            file.write_all_at(&buffer[..received], at)
                .map_err(Failure::io("write the output"))?;
        }
        at += received as u64;
    }
    Ok(())
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
