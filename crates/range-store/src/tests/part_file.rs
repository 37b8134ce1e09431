//! Tests of creating, finding again, locking and refusing part files.

use std::ffi::OsStr;

use crate::backend::Backend;
use crate::publish::discard;
use crate::{StoreError, StoreFailure, WriteMode};

use super::file_systems::{Mounted, file_systems};
use super::support::{MIB, Planted, Scratch, known, pattern, range};

#[test]
fn what_was_written_is_there_after_reopening() {
    let scratch = Scratch::new();
    let part = scratch
        .create(known(3 * MIB + 5), WriteMode::default())
        .unwrap();
    assert_eq!(scratch.mode(scratch.names.part()), 0o600);
    let identity = part.identity();
    let written = range(MIB - 3, 2 * MIB + 1);
    part.lease(written)
        .unwrap()
        .write(&pattern(written))
        .unwrap();
    drop(part);

    let part = scratch.reopen(known(3 * MIB + 5));
    assert_eq!(part.identity(), identity);
    let mut bytes = pattern(written);
    bytes.fill(0);
    part.read_at(written.start(), &mut bytes).unwrap();
    assert_eq!(bytes, pattern(written));
}

#[test]
fn nothing_to_resume_is_told_apart() {
    let error = Scratch::new()
        .open(known(1), WriteMode::default())
        .unwrap_err();
    assert_eq!(error.disposition(), StoreFailure::NotFound);
}

#[test]
fn a_second_user_is_told_that_the_file_is_in_use() {
    let scratch = Scratch::new();
    let part = scratch.create(known(10), WriteMode::default()).unwrap();
    let lease = part.lease(range(0, 10)).unwrap();
    let refused = || {
        scratch
            .open(known(10), WriteMode::default())
            .unwrap_err()
            .disposition()
    };
    assert_eq!(refused(), StoreFailure::InUse);
    drop(part);
    assert_eq!(
        refused(),
        StoreFailure::InUse,
        "a live lease holds the lock"
    );
    drop(lease);
    scratch.reopen(known(10));
}

#[test]
fn planted_names_are_neither_created_over_nor_opened() {
    for planted in Planted::ALL {
        let scratch = Scratch::new();
        let name = scratch.names.part().to_owned();
        planted.plant(&scratch, &name);
        let error = scratch.create(known(10), WriteMode::default()).unwrap_err();
        assert!(
            matches!(error, StoreError::Exists { .. }),
            "{planted:?}: {error}"
        );
        for length in [known(10), known(0), None] {
            let error = scratch.open(length, WriteMode::default()).unwrap_err();
            assert!(
                matches!(error, StoreError::NotOurs { .. }),
                "{planted:?}: {error}"
            );
        }
        planted.assert_untouched(&scratch, &name);
    }
}

#[test]
fn another_users_file_is_refused() {
    let scratch = Scratch::new();
    scratch.write(scratch.names.part(), b"theirs");
    let path = scratch.path(scratch.names.part());
    if let Err(error) = std::os::unix::fs::chown(&path, Some(65_534), None) {
        needs::unmet("a file of another user", error);
        return;
    }
    let error = scratch.open(known(10), WriteMode::default()).unwrap_err();
    assert_eq!(error.disposition(), StoreFailure::NotOurs, "{error}");
    assert_eq!(scratch.read(scratch.names.part()), b"theirs");
}

#[test]
fn a_file_longer_than_the_download_is_left_alone() {
    let scratch = Scratch::new();
    scratch.write(scratch.names.part(), b"eleven byte");
    let error = scratch.open(known(10), WriteMode::default()).unwrap_err();
    assert_eq!(error.disposition(), StoreFailure::NotOurs, "{error}");
    assert_eq!(scratch.read(scratch.names.part()), b"eleven byte");
}

#[test]
fn a_shorter_file_is_extended() {
    let scratch = Scratch::new();
    scratch.write(scratch.names.part(), b"abc");
    let part = scratch.open(known(5), WriteMode::Mapped).unwrap();
    part.lease(range(4, 5)).unwrap().write(b"e").unwrap();
    assert_eq!(scratch.read(scratch.names.part()), b"abc\0e");
}

#[test]
fn an_unknown_length_keeps_what_is_there() {
    let scratch = Scratch::new();
    scratch.write(scratch.names.part(), b"abc");
    let part = scratch.open(None, WriteMode::default()).unwrap();
    assert_eq!(part.backend(), Backend::Positioned);
    assert_eq!(scratch.length(scratch.names.part()), 3);
}

#[test]
fn mapping_is_done_on_demand_or_refused() {
    let scratch = Scratch::new();
    for (mode, backend) in [
        (WriteMode::Positioned, Backend::Positioned),
        (WriteMode::Mapped, Backend::Mapped),
    ] {
        let part = scratch.create(known(10), mode).unwrap();
        assert_eq!(part.backend(), backend);
        discard(&part).unwrap();
    }
    // ramfs cannot reserve blocks.
    let Some(mounted) = Mounted::new("ramfs", "size=4m") else {
        return;
    };
    let scratch = mounted.scratch();
    let error = scratch.create(known(10), WriteMode::Mapped).unwrap_err();
    assert!(matches!(error, StoreError::Unmappable { .. }), "{error}");
    scratch.create(known(10), WriteMode::default()).unwrap();
}

#[test]
fn by_default_files_are_mapped_where_reserved_blocks_are_kept() {
    let mut kinds = file_systems();
    let ramfs = Mounted::new("ramfs", "size=4m");
    kinds.extend(
        ramfs
            .iter()
            .map(|mounted| ("ramfs", mounted.path().to_owned())),
    );
    for (kind, path) in kinds {
        let backend = match kind {
            "ext4" | "xfs" | "tmpfs" => Backend::Mapped,
            "btrfs" | "ramfs" => Backend::Positioned,
            // It may be any.
            _ => continue,
        };
        let scratch = Scratch::on(&path);
        let part = scratch.create(known(10), WriteMode::Auto).unwrap();
        assert_eq!(part.backend(), backend, "{kind}");
        let mut lease = part.lease(range(0, 10)).unwrap();
        lease.write(b"0123456789").unwrap();
        assert_eq!(scratch.read(scratch.names.part()), b"0123456789", "{kind}");
        drop(lease);
        discard(&part).unwrap();
        let part = scratch.create(None, WriteMode::Auto).unwrap();
        assert_eq!(
            part.backend(),
            Backend::Positioned,
            "{kind}, unknown length"
        );
    }
}

#[test]
fn mapping_is_refused_where_blocks_cannot_be_reserved() {
    let scratch = Scratch::new();
    let error = scratch.create(None, WriteMode::Mapped).unwrap_err();
    assert!(matches!(error, StoreError::Unmappable { .. }), "{error}");
    assert!(scratch.listing().is_empty());

    let Some(mounted) = Mounted::new("ramfs", "size=4m") else {
        return;
    };
    let scratch = mounted.scratch();
    let error = scratch.create(known(10), WriteMode::Mapped).unwrap_err();
    assert_eq!(error.disposition(), StoreFailure::Unsupported, "{error}");
    assert!(scratch.listing().is_empty(), "what was created is gone");

    scratch.write(scratch.names.part(), b"abc");
    scratch.open(known(10), WriteMode::Mapped).unwrap_err();
    assert_eq!(
        scratch.read(scratch.names.part()),
        b"abc",
        "what was there is as before"
    );

    let part = scratch.open(known(10), WriteMode::default()).unwrap();
    part.lease(range(9, 10)).unwrap().write(b"j").unwrap();
    assert_eq!(scratch.read(scratch.names.part()), b"abc\0\0\0\0\0\0j");
}

#[test]
fn absurd_lengths_create_nothing() {
    let scratch = Scratch::new();
    for (length, failure) in [
        (u64::MAX, StoreFailure::TooLarge),
        (1 << 63, StoreFailure::TooLarge),
        ((1 << 63) - 1, StoreFailure::Full),
        (1 << 60, StoreFailure::Full),
    ] {
        let free = scratch.free();
        let error = scratch
            .create(known(length), WriteMode::default())
            .unwrap_err();
        assert_eq!(error.disposition(), failure, "{length}: {error}");
        assert!(scratch.listing().is_empty());
        assert!(
            free.abs_diff(scratch.free()) < 1 << 30,
            "the disk was not filled on the way"
        );
    }
}

/// On a slow link a checkpoint has made most of a lease clean before its next 4 MiB are full.
#[test]
fn what_was_written_stays_in_memory_for_whoever_reads_it_next() {
    for mode in [WriteMode::Positioned, WriteMode::Mapped] {
        let scratch = Scratch::new();
        let part = scratch.create(known(16 * MIB), mode).unwrap();
        let mut lease = part.lease(range(0, 16 * MIB)).unwrap();
        for at in 0..16 {
            lease
                .write(&pattern(range(at * MIB, (at + 1) * MIB)))
                .unwrap();
            part.sync_data().unwrap();
        }
        drop(lease);
        for at in 0..16 {
            match scratch.is_in_memory(scratch.names.part(), at * MIB) {
                Some(is_there) => assert!(is_there, "{mode:?}: {at} MiB was read back"),
                None => return,
            }
        }
    }
}

#[test]
fn one_window_at_a_time_is_mapped() {
    let scratch = Scratch::new();
    let part = scratch.create(known(40 * MIB), WriteMode::Mapped).unwrap();
    let mut lease = part.lease(range(0, 40 * MIB)).unwrap();
    let path = scratch.path(scratch.names.part());
    while let Some(rest) = lease.remaining() {
        let (now, _) = rest.split_at(rest.start() + 3 * MIB);
        lease.write(&pattern(now.unwrap())).unwrap();
        let sizes = mapped_sizes(path.as_os_str());
        assert!(matches!(sizes[..], [size] if size <= 8 * MIB), "{sizes:?}");
    }
    drop(lease);
    assert_eq!(mapped_sizes(path.as_os_str()), []);
}

/// Returns the sizes of this process's mappings of the file at `path`.
fn mapped_sizes(path: &OsStr) -> Vec<u64> {
    let maps = Scratch::at("/proc/self".as_ref()).read(OsStr::new("maps"));
    let maps = String::from_utf8(maps).unwrap();
    let ours = maps
        .lines()
        .filter(|line| line.ends_with(path.to_str().unwrap()));
    ours.map(|line| {
        let (start, rest) = line.split_once('-').unwrap();
        let end = rest.split(' ').next().unwrap();
        u64::from_str_radix(end, 16).unwrap() - u64::from_str_radix(start, 16).unwrap()
    })
    .collect()
}
