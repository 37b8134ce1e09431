//! Tests of the log: appended bytes are read back in order, after any interruption.

use std::thread;

use crate::append_log::AppendLog;
use crate::disk::Directory;
use crate::journal::{self, Decoder, Encoder, Header, SessionId};
use crate::{StoreError, StoreFailure};
use range_core::block::{BlockHash, BlockIndex, BlockSize};
use range_core::file_identity::FileIdentity;
use range_core::http::validator::Validators;
use range_core::units::ByteCount;

use super::support::{Planted, Scratch, is_child, run_as_child};

fn read(log: &AppendLog<Directory>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let limit = ByteCount(1 << 20);
    log.read_through(limit, |piece| bytes.extend_from_slice(piece))
        .unwrap();
    bytes
}

#[test]
fn a_log_is_read_back_and_continued() {
    let scratch = Scratch::new();
    let log = AppendLog::create(&scratch.folder, &scratch.names, b"").unwrap();
    assert_eq!(scratch.mode(scratch.names.journal()), 0o600);
    assert_eq!(read(&log), b"");
    log.append(b"one").unwrap();
    log.append(b"").unwrap();
    log.append(b"two").unwrap();
    log.sync().unwrap();
    drop(log);

    let log = AppendLog::open(&scratch.folder, &scratch.names).unwrap();
    assert_eq!(log.length(), ByteCount(6));
    log.append(b"three").unwrap();
    assert_eq!(read(&log), b"onetwothree");
    log.remove().unwrap();
    assert!(scratch.listing().is_empty());
}

#[test]
fn a_torn_end_is_cut_off_and_written_over() {
    let scratch = Scratch::new();
    scratch.write(scratch.names.journal(), b"good torn");
    let log = AppendLog::open(&scratch.folder, &scratch.names).unwrap();
    log.truncate(ByteCount(100)).unwrap();
    assert_eq!(log.length(), ByteCount(9), "a log is never extended");
    log.truncate(ByteCount(4)).unwrap();
    log.append(b"!").unwrap();
    assert_eq!(scratch.read(scratch.names.journal()), b"good!");
}

#[test]
fn a_log_is_read_up_to_the_limit() {
    let scratch = Scratch::new();
    scratch.write(scratch.names.journal(), b"12345");
    let log = AppendLog::open(&scratch.folder, &scratch.names).unwrap();
    for (limit, expected) in [
        (0, &b""[..]),
        (4, b"1234"),
        (5, b"12345"),
        (u64::MAX, b"12345"),
    ] {
        let mut bytes = Vec::new();
        log.read_through(ByteCount(limit), |piece| bytes.extend_from_slice(piece))
            .unwrap();
        assert_eq!(bytes, expected);
    }
}

#[test]
fn a_second_user_is_told_that_the_log_is_in_use_from_its_creation_on() {
    let scratch = Scratch::new();
    let refused =
        |opened: Result<AppendLog<Directory>, StoreError>| opened.unwrap_err().disposition();
    let open = || AppendLog::open(&scratch.folder, &scratch.names);
    let log = AppendLog::create(&scratch.folder, &scratch.names, b"").unwrap();
    assert_eq!(refused(open()), StoreFailure::InUse);
    log.append(b"one").unwrap();
    let look = AppendLog::open_to_read(&scratch.folder, &scratch.names).unwrap();
    assert_eq!(read(&look), b"one");
    drop(look);
    assert_eq!(
        refused(open()),
        StoreFailure::InUse,
        "a look takes no lock away"
    );
    drop(log);
    let log = open().unwrap();
    assert_eq!(refused(open()), StoreFailure::InUse);
    drop(log);
}

/// The tasks of a future that was dropped hold the log a moment longer.
#[test]
fn a_log_that_this_process_is_about_to_let_go_is_waited_for() {
    let scratch = Scratch::new();
    let log = AppendLog::create(&scratch.folder, &scratch.names, b"").unwrap();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| AppendLog::open(&scratch.folder, &scratch.names));
        // It must get the log, whether it waits already or has not begun yet.
        thread::yield_now();
        drop(log);
        waiting.join().unwrap().unwrap();
    });
}

#[test]
fn the_lock_ends_with_the_log_although_a_child_has_the_file_open() {
    let scratch = Scratch::new();
    let log = AppendLog::create(&scratch.folder, &scratch.names, b"").unwrap();
    // A child holds this between fork and exec: another descriptor of the same open file.
    let inode = scratch.identity(scratch.names.journal()).inode;
    let copy = Scratch::copy_of_open_file(inode);
    drop(log);
    AppendLog::open(&scratch.folder, &scratch.names).unwrap();
    drop(copy);
}

#[test]
fn appends_of_several_threads_do_not_mix() {
    let scratch = Scratch::new();
    let log = AppendLog::create(&scratch.folder, &scratch.names, b"").unwrap();
    thread::scope(|scope| {
        for letter in b'a'..=b'd' {
            let log = &log;
            scope.spawn(move || (0..200).for_each(|_| log.append(&[letter; 33]).unwrap()));
        }
    });
    let bytes = read(&log);
    let mut records: Vec<&[u8]> = bytes.chunks(33).collect();
    records.sort_unstable();
    let expected = (b'a'..=b'd').flat_map(|letter| std::iter::repeat_n([letter; 33], 200));
    assert!(records.into_iter().eq(expected));
}

#[test]
fn planted_names_are_neither_created_over_nor_opened() {
    for planted in Planted::ALL {
        let scratch = Scratch::new();
        let name = scratch.names.journal().to_owned();
        planted.plant(&scratch, &name);
        let error = AppendLog::create(&scratch.folder, &scratch.names, b"").unwrap_err();
        assert!(
            matches!(error, StoreError::Exists { .. }),
            "{planted:?}: {error}"
        );
        let error = AppendLog::open(&scratch.folder, &scratch.names).unwrap_err();
        assert!(
            matches!(error, StoreError::NotOurs { .. }),
            "{planted:?}: {error}"
        );
        planted.assert_untouched(&scratch, &name);
    }
}

#[test]
fn only_our_own_log_is_removed() {
    let scratch = Scratch::new();
    let log = AppendLog::create(&scratch.folder, &scratch.names, b"").unwrap();
    scratch.remove(scratch.names.journal());
    scratch.write(scratch.names.journal(), b"another");
    log.remove().unwrap();
    assert_eq!(scratch.read(scratch.names.journal()), b"another");
}

#[test]
fn no_log_is_told_apart() {
    let scratch = Scratch::new();
    let error = AppendLog::open(&scratch.folder, &scratch.names).unwrap_err();
    assert_eq!(error.disposition(), StoreFailure::NotFound);
}

#[test]
fn the_journal_of_a_terabyte_takes_little_memory() {
    if is_child() {
        return keep_the_journal_of_a_terabyte();
    }
    let output = run_as_child("append_log::the_journal_of_a_terabyte_takes_little_memory");
    let report = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{report}");
    assert!(report.contains("1 passed"), "{report}");
}

fn keep_the_journal_of_a_terabyte() {
    const LENGTH: u64 = 1 << 40;
    let scratch = Scratch::new();
    let header = Header {
        session: SessionId([7; 16]),
        part_file: FileIdentity {
            device: 1,
            inode: 2,
        },
        length: LENGTH,
        block_size: BlockSize::DEFAULT,
        validators: Validators::default(),
        url: String::new(),
        digests: Vec::new(),
    };
    let blocks = BlockSize::DEFAULT.count(LENGTH);
    let log = AppendLog::create(&scratch.folder, &scratch.names, b"").unwrap();
    let (mut encoder, mut record) = Encoder::begin(&header);
    log.append(&record).unwrap();
    let begun = log.length().0;
    for index in 0..blocks {
        // The order differs from that of the file.
        let block = index.wrapping_mul(0x9E37_79B1) % blocks;
        record.clear();
        encoder.block(BlockIndex(block), BlockHash(block.into()), &mut record);
        log.append(&record).unwrap();
    }
    assert_eq!(
        log.length().0,
        begun + 33 * blocks,
        "each append adds its record"
    );
    assert!(log.length() < ByteCount(64 << 20));
    let appended = peak_memory();

    let mut decoder = Decoder::new();
    log.read_through(ByteCount(journal::LENGTH_MAX), |piece| decoder.feed(piece))
        .unwrap();
    let journal = decoder.finish().unwrap();
    assert!(journal.is_complete());
    let read = peak_memory();
    assert!(appended < 16 << 20, "{appended} bytes to append");
    assert!(read < 64 << 20, "{read} bytes to read");
}

/// Returns the peak resident memory of this process, in bytes.
fn peak_memory() -> u64 {
    let status = Scratch::at("/proc/self".as_ref()).read("status".as_ref());
    let status = String::from_utf8(status).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes: u64 = peak
        .unwrap()
        .trim()
        .trim_end_matches(" kB")
        .parse()
        .unwrap();
    kibibytes << 10
}
