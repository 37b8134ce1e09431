//! Tests of full disks, on file systems small enough to fill.

use std::ffi::OsStr;

use crate::append_log::AppendLog;
use crate::publish::discard;
use crate::{StoreError, StoreFailure, WriteMode};

use super::file_systems::{Image, Mounted};
use super::support::{MIB, Scratch, eventually, known, pattern, range};

/// Runs `check` on a fresh file system of each kind that keeps a reservation, or claims to.
fn each_small_disk(check: impl Fn(&str, &Scratch)) {
    for (kind, bytes) in [("ext4", 16), ("xfs", 300), ("btrfs", 128)] {
        if let Some(image) = Image::new(kind, &["-q"], bytes * MIB) {
            check(kind, &image.scratch());
        }
    }
    if let Some(mounted) = Mounted::new("tmpfs", "size=16m") {
        check("tmpfs", &mounted.scratch());
    }
}

/// Fills the rest of the disk, as another program might.
fn fill(scratch: &Scratch) {
    let mut size = scratch.free();
    for number in 0.. {
        let name = format!("somebody else's {number}");
        // The last files are small; a disk is full when not even a byte fits.
        if size == 0 {
            break;
        }
        if !scratch.try_write(OsStr::new(&name), size) {
            size /= 2;
        }
    }
}

#[test]
fn a_full_disk_is_an_error_on_every_file_system() {
    each_small_disk(|kind, scratch| {
        let before = scratch.listing();
        let part = scratch.create(None, WriteMode::default()).unwrap();
        fill(scratch);
        let mut lease = part.lease(range(0, 64 * MIB)).unwrap();
        let written =
            (0..64).try_for_each(|at| lease.write(&pattern(range(at * MIB, (at + 1) * MIB))));
        // A copy-on-write file system may take the bytes and fail only when they are synced.
        let error = written.and_then(|()| part.sync_data()).unwrap_err();
        assert_eq!(error.disposition(), StoreFailure::Full, "{kind}: {error}");
        drop(lease);
        discard(&part).unwrap();
        drop(part);
        let left = scratch.listing().into_iter();
        let ours = left.filter(|name| !name.starts_with("somebody") && !before.contains(name));
        assert_eq!(ours.count(), 0, "{kind}");
    });
}

#[test]
fn what_is_reserved_is_kept_while_others_fill_the_disk() {
    for mode in [WriteMode::Mapped, WriteMode::Positioned] {
        each_small_disk(|kind, scratch| {
            if kind == "btrfs" {
                // It copies on write: a reservation holds for the first write only.
                return;
            }
            let part = scratch.create(known(5 * MIB), mode).unwrap();
            fill(scratch);
            let whole = range(0, 5 * MIB);
            part.lease(whole).unwrap().write(&pattern(whole)).unwrap();
            part.sync_data().unwrap();
            let right = scratch.read(scratch.names.part()) == pattern(whole);
            assert!(right, "{kind}, {mode:?}");
        });
    }
}

#[test]
fn a_hostile_length_takes_no_room_on_any_file_system() {
    each_small_disk(|kind, scratch| {
        let (free, names) = (scratch.free(), scratch.listing());
        // The whole free space, which a disk never has, and more than any file system can keep.
        for length in [free, free + 1, 1 << 40, 1 << 62, u64::MAX] {
            for mode in [WriteMode::Mapped, WriteMode::Positioned] {
                let error = scratch.create(known(length), mode).unwrap_err();
                let failure = error.disposition();
                let refused = matches!(failure, StoreFailure::Full | StoreFailure::TooLarge);
                assert!(refused, "{kind}, {length}: {error}");
                assert_eq!(scratch.listing(), names, "{kind}, {length}");
            }
        }
        // The space that a file system needs for the names themselves is not ours to count.
        assert!(
            scratch.free().abs_diff(free) < MIB,
            "{kind}: space is given back"
        );
    });
}

#[test]
fn a_length_over_the_maximum_of_the_file_system_is_refused_and_leaves_nothing() {
    // Without extents ext4 cannot keep more than 16 GiB and a bit in blocks of 1 KiB, nor can it
    // reserve. The image is sparse and large enough.
    let arguments = [
        "-q",
        "-b",
        "1024",
        "-O",
        "^extents,^64bit",
        "-i",
        "67108864",
    ];
    let Some(image) = Image::new("ext4", &arguments, 24 << 30) else {
        return;
    };
    let scratch = image.scratch();
    let (free, names) = (scratch.free(), scratch.listing());
    let length = 17 << 30;
    assert!(free > length + (1 << 30), "there is room for it");
    let error = scratch
        .create(known(length), WriteMode::Positioned)
        .unwrap_err();
    assert_eq!(error.disposition(), StoreFailure::TooLarge, "{error}");
    assert_eq!((scratch.free(), scratch.listing()), (free, names));
}

#[test]
fn a_disk_without_a_limit_is_not_filled_ahead() {
    let Some(mounted) = Mounted::new("tmpfs", "size=0") else {
        return;
    };
    let scratch = mounted.scratch();
    // Reserving this would take the machine's memory.
    let part = scratch
        .create(known(1 << 50), WriteMode::default())
        .unwrap();
    assert_eq!(scratch.allocated(scratch.names.part()), 0);
    discard(&part).unwrap();
    let error = scratch
        .create(known(1 << 50), WriteMode::Mapped)
        .unwrap_err();
    assert_eq!(error.disposition(), StoreFailure::Unsupported, "{error}");
    assert!(scratch.listing().is_empty());
}

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
            assert_eq!(error.disposition(), StoreFailure::Full, "{error}");
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
    discard(&part).unwrap();
    drop(part);
    eventually(|| (scratch.free() == free).then_some(()));
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
    let part = scratch.reopen(known(3 * MIB));
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
    assert_eq!(error.disposition(), StoreFailure::Full, "{error}");
    assert_eq!(scratch.read(scratch.names.part()), [1; 4096]);
    assert_eq!(scratch.free(), free);
}

#[test]
fn a_disk_that_fills_up_on_the_way_is_an_error() {
    let Some(mounted) = Mounted::new("tmpfs", "size=4m") else {
        return;
    };
    let scratch = mounted.scratch();
    let part = scratch.create(None, WriteMode::default()).unwrap();
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
    let log = AppendLog::create(&scratch.folder, &scratch.names, b"").unwrap();
    log.append(b"kept").unwrap();
    let error = log.append(&vec![1; 2 << 20]).unwrap_err();
    assert_eq!(error.disposition(), StoreFailure::Full, "{error}");
    assert_eq!(
        scratch.read(scratch.names.journal()),
        b"kept",
        "no torn end is left"
    );
    log.append(b", too").unwrap();
    assert_eq!(scratch.read(scratch.names.journal()), b"kept, too");
}
