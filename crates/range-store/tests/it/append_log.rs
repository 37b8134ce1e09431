//! The log: what is appended is read back, in order, after anything.

use std::thread;

use range_core::units::ByteCount;
use range_store::{AppendLog, StoreError, StoreFailure};

use crate::support::{Planted, Scratch};

fn read(log: &AppendLog) -> Vec<u8> {
    let mut bytes = Vec::new();
    let limit = ByteCount(1 << 20);
    log.read_through(limit, |piece| bytes.extend_from_slice(piece))
        .unwrap();
    bytes
}

#[test]
fn a_log_is_read_back_and_continued() {
    let scratch = Scratch::new();
    let log = AppendLog::create(&scratch.directory, &scratch.names).unwrap();
    assert_eq!(scratch.mode(scratch.names.journal()), 0o600);
    assert_eq!(read(&log), b"");
    log.append(b"one").unwrap();
    log.append(b"").unwrap();
    log.append(b"two").unwrap();
    log.sync().unwrap();
    drop(log);

    let log = AppendLog::open(&scratch.directory, &scratch.names).unwrap();
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
    let log = AppendLog::open(&scratch.directory, &scratch.names).unwrap();
    log.truncate(ByteCount(100)).unwrap();
    assert_eq!(log.length(), ByteCount(9), "a log is never extended");
    log.truncate(ByteCount(4)).unwrap();
    log.append(b"!").unwrap();
    assert_eq!(scratch.read(scratch.names.journal()), b"good!");
}

#[test]
fn a_log_over_the_limit_is_not_read() {
    let scratch = Scratch::new();
    scratch.write(scratch.names.journal(), b"12345");
    let log = AppendLog::open(&scratch.directory, &scratch.names).unwrap();
    log.read_through(ByteCount(5), |_| ()).unwrap();
    let error = log.read_through(ByteCount(4), |_| ()).unwrap_err();
    assert_eq!(error.disposition(), StoreFailure::TooLarge, "{error}");
}

#[test]
fn appends_of_several_threads_do_not_mix() {
    let scratch = Scratch::new();
    let log = AppendLog::create(&scratch.directory, &scratch.names).unwrap();
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
        let error = AppendLog::create(&scratch.directory, &scratch.names).unwrap_err();
        assert!(
            matches!(error, StoreError::Exists { .. }),
            "{planted:?}: {error}"
        );
        let error = AppendLog::open(&scratch.directory, &scratch.names).unwrap_err();
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
    let log = AppendLog::create(&scratch.directory, &scratch.names).unwrap();
    scratch.remove(scratch.names.journal());
    scratch.write(scratch.names.journal(), b"another");
    log.remove().unwrap();
    assert_eq!(scratch.read(scratch.names.journal()), b"another");
}

#[test]
fn no_log_is_told_apart() {
    let scratch = Scratch::new();
    let error = AppendLog::open(&scratch.directory, &scratch.names).unwrap_err();
    assert_eq!(error.disposition(), StoreFailure::NotFound);
}
