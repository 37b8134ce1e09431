//! What happens when there is no room, on a file system small enough to fill.

use std::ffi::OsStr;

use range_store::{AppendLog, Length, Store, StoreError, StoreFailure, WriteMode};

use crate::support::{MIB, Mounted, known, pattern, range};

#[test]
fn a_file_without_room_is_refused_and_leaves_nothing() {
    let Some(mounted) = Mounted::new("tmpfs", "size=4m") else {
        return;
    };
    let scratch = mounted.scratch();
    let free = scratch.free();
    for mode in [WriteMode::Mapped, WriteMode::Positioned] {
        for length in [8 * MIB, free] {
            let error = scratch.create(known(length), mode).unwrap_err();
            assert!(error.is_out_of_space(), "{error}");
            assert!(matches!(error, StoreError::NoRoom { .. }), "{error}");
            assert_eq!(scratch.free(), free);
            assert!(scratch.listing().is_empty());
        }
    }
}

#[test]
fn discarding_gives_the_space_back() {
    let Some(mounted) = Mounted::new("tmpfs", "size=4m") else {
        return;
    };
    let scratch = mounted.scratch();
    let free = scratch.free();
    let part = scratch
        .create(known(3 * MIB), WriteMode::default())
        .unwrap();
    assert!(scratch.free() <= free - 3 * MIB, "blocks are reserved");
    range_store::discard(&part).unwrap();
    drop(part);
    assert_eq!(scratch.free(), free);
}

#[test]
fn what_is_reserved_can_be_filled_and_reopened_on_a_full_disk() {
    let Some(mounted) = Mounted::new("tmpfs", "size=4m") else {
        return;
    };
    let scratch = mounted.scratch();
    let part = scratch
        .create(known(3 * MIB), WriteMode::default())
        .unwrap();
    let rest = vec![1; usize::try_from(scratch.free()).unwrap()];
    scratch.write(OsStr::new("somebody else's"), &rest);
    assert_eq!(scratch.free(), 0);
    let whole = range(0, 3 * MIB);
    part.lease(whole).unwrap().write(&pattern(whole)).unwrap();
    drop(part);
    let part = scratch.open(known(3 * MIB), WriteMode::default()).unwrap();
    part.lease(whole).unwrap().write(&pattern(whole)).unwrap();
    assert!(scratch.read(scratch.names.part()) == pattern(whole));
}

#[test]
fn a_resume_without_room_changes_nothing() {
    let Some(mounted) = Mounted::new("tmpfs", "size=4m") else {
        return;
    };
    let scratch = mounted.scratch();
    scratch.write(scratch.names.part(), &[1; 4096]);
    let free = scratch.free();
    let error = scratch
        .open(known(8 * MIB), WriteMode::default())
        .unwrap_err();
    assert!(error.is_out_of_space(), "{error}");
    assert_eq!(scratch.read(scratch.names.part()), [1; 4096]);
    assert_eq!(scratch.free(), free);
}

#[test]
fn a_disk_that_fills_up_on_the_way_is_an_error() {
    let Some(mounted) = Mounted::new("tmpfs", "size=4m") else {
        return;
    };
    let scratch = mounted.scratch();
    let part = scratch
        .create(Length::Unknown, WriteMode::default())
        .unwrap();
    let mut lease = part.lease(range(0, 8 * MIB)).unwrap();
    lease.write(&vec![7; 1 << 20]).unwrap();
    let error = lease.write(&vec![8; 7 << 20]).unwrap_err();
    assert_eq!(error.disposition(), StoreFailure::Full, "{error}");
    assert_eq!(lease.position(), MIB, "what did not fit is not counted");
}

#[test]
fn a_log_without_room_keeps_what_it_has() {
    let Some(mounted) = Mounted::new("tmpfs", "size=1m") else {
        return;
    };
    let scratch = mounted.scratch();
    let log = AppendLog::create(&scratch.directory, &scratch.names).unwrap();
    log.append(b"kept").unwrap();
    let error = log.append(&vec![1; 2 << 20]).unwrap_err();
    assert!(error.is_out_of_space(), "{error}");
    assert_eq!(
        scratch.read(scratch.names.journal()),
        b"kept",
        "no torn end is left"
    );
    log.append(b", too").unwrap();
    assert_eq!(scratch.read(scratch.names.journal()), b"kept, too");
}
