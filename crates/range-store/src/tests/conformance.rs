//! The suite that every part file passes: mapped and positioned, on every available file system.

use std::sync::Arc;
use std::thread;

use crate::backend::Backend;
use crate::disk::Directory;
use crate::lease::Lease;
use crate::part_file::PartFile;
use crate::{BlockHasher, LeaseError, StoreError, StoreFailure, WriteMode};
use range_core::ByteRange;
use range_core::units::ByteCount;

use super::file_systems::file_systems;
use super::support::{MIB, Scratch, known, pattern, range};

/// Makes an empty part file of the length.
type Factory<'a> = &'a dyn Fn(Option<ByteCount>) -> Arc<PartFile<Directory>>;

/// Runs `check` over every kind. The printed name tells which one a failure belongs to.
fn every_store(check: impl Fn(Factory<'_>)) {
    for mode in [WriteMode::Mapped, WriteMode::Positioned] {
        over_file_systems(mode, &check);
    }
}

/// Runs the same kinds as [`every_store`], except the mapped ones, which need a length.
fn every_store_that_grows(check: impl Fn(Factory<'_>)) {
    over_file_systems(WriteMode::Positioned, check);
}

fn over_file_systems(mode: WriteMode, check: impl Fn(Factory<'_>)) {
    for (kind, parent) in file_systems() {
        println!("{mode:?} on {kind}");
        check(&|length| {
            let part = Scratch::on(&parent).create(length, mode).unwrap();
            assert_eq!(part.backend() == Backend::Mapped, mode == WriteMode::Mapped);
            Arc::new(part)
        });
    }
}

fn read(store: &PartFile<Directory>, range: ByteRange) -> Vec<u8> {
    let mut bytes = vec![0xAA; usize::try_from(range.len()).unwrap()];
    store.read_at(range.start(), &mut bytes).unwrap();
    bytes
}

/// Fills a lease with the pattern, in pieces of `size`.
fn fill(lease: &mut Lease<Directory>, size: u64) {
    while let Some(rest) = lease.remaining() {
        let (now, _) = rest.split_at(rest.start().saturating_add(size));
        lease.write(&pattern(now.unwrap())).unwrap();
    }
}

#[test]
fn a_new_file_is_zeros_of_its_length() {
    every_store(|make| {
        let store = make(known(70_001));
        assert_eq!(store.length(), known(70_001));
        assert_eq!(read(&store, range(0, 70_001)), vec![0; 70_001]);
    });
}

#[test]
fn an_empty_file_can_be_kept() {
    every_store(|make| {
        let store = make(known(0));
        assert_eq!(store.length(), known(0));
        assert!(matches!(
            store.lease(range(0, 1)),
            Err(LeaseError::OutOfBounds { .. })
        ));
        store.read_at(0, &mut []).unwrap();
        store.sync_data().unwrap();
    });
}

#[test]
fn writes_across_windows_are_byte_exact_at_odd_offsets() {
    let length = 20 * MIB + 13;
    let cuts = [
        0,
        4097,
        8 * MIB - 1,
        8 * MIB + 4095,
        16 * MIB,
        16 * MIB + 1,
        length,
    ];
    every_store(|make| {
        let store = make(known(length));
        // The leases are filled out of order, in pieces that end on no boundary; one is longer than
        // a window.
        for (index, size) in [
            (4, 1),
            (2, 9 * MIB + 7),
            (5, 65_537),
            (0, 311),
            (3, MIB),
            (1, 999_983),
        ] {
            fill(
                &mut store.lease(range(cuts[index], cuts[index + 1])).unwrap(),
                size,
            );
        }
        store.sync_data().unwrap();
        assert!(read(&store, range(0, length)) == pattern(range(0, length)));
    });
}

#[test]
fn a_byte_has_one_writer_at_a_time() {
    every_store(|make| {
        let store = make(known(100));
        let middle = store.lease(range(40, 60)).unwrap();
        for (start, end) in [(40, 60), (0, 100), (0, 41), (59, 100), (45, 46)] {
            let range = range(start, end);
            assert_eq!(
                store.lease(range).unwrap_err(),
                LeaseError::Overlaps { range }
            );
        }
        let before = store.lease(range(0, 40)).unwrap();
        let after = store.lease(range(60, 100)).unwrap();
        drop(middle);
        let middle = store.lease(range(40, 60)).unwrap();
        drop((before, middle, after));
        store.lease(range(0, 100)).unwrap();
    });
}

#[test]
fn a_lease_ends_where_the_file_ends() {
    every_store(|make| {
        let store = make(known(100));
        for (start, end) in [
            (99, 101),
            (100, 101),
            (0, u64::MAX),
            (u64::MAX - 1, u64::MAX),
        ] {
            let range = range(start, end);
            let error = LeaseError::OutOfBounds {
                range,
                length: ByteCount(100),
            };
            assert_eq!(store.lease(range).unwrap_err(), error);
        }
    });
}

#[test]
fn surplus_bytes_are_not_written() {
    every_store(|make| {
        let store = make(known(10));
        let mut lease = store.lease(range(2, 6)).unwrap();
        lease.write(&[1, 2]).unwrap();
        let error = lease.write(&[3, 4, 5]).unwrap_err();
        assert!(
            matches!(
                error,
                StoreError::BeyondLease {
                    surplus: ByteCount(1)
                }
            ),
            "{error}"
        );
        assert_eq!(error.disposition(), StoreFailure::OutsideLease);
        assert_eq!(
            (lease.position(), lease.remaining()),
            (4, Some(range(4, 6)))
        );
        lease.write(&[]).unwrap();
        lease.write(&[6, 7]).unwrap();
        assert_eq!((lease.position(), lease.remaining()), (6, None));
        assert!(lease.write(&[8]).is_err());
        lease.write(&[]).unwrap();
        assert_eq!(read(&store, range(0, 10)), [0, 0, 1, 2, 6, 7, 0, 0, 0, 0]);
    });
}

#[test]
fn a_cut_off_tail_is_another_writers_at_once() {
    every_store(|make| {
        let store = make(known(100));
        let mut victim = store.lease(range(10, 90)).unwrap();
        victim.write(&[1; 20]).unwrap();
        assert_eq!(victim.shrink_to(95), 90, "an end is never raised");
        assert_eq!(victim.shrink_to(50), 50);
        assert_eq!(victim.range(), Some(range(10, 50)));
        let mut thief = store.lease(range(50, 90)).unwrap();
        assert!(store.lease(range(29, 50)).is_err());
        assert_eq!(victim.shrink_to(0), 30, "no end is before what is written");
        drop(store.lease(range(10, 50)).unwrap());
        assert!(matches!(
            victim.write(&[1]),
            Err(StoreError::BeyondLease { .. })
        ));
        thief.write(&[2; 40]).unwrap();
        let mut expected = vec![0; 100];
        expected[10..30].fill(1);
        expected[50..90].fill(2);
        assert_eq!(read(&store, range(0, 100)), expected);
    });
}

#[test]
fn a_lease_can_shrink_to_nothing() {
    every_store(|make| {
        let store = make(known(100));
        let mut lease = store.lease(range(10, 90)).unwrap();
        assert_eq!(lease.shrink_to(0), 10);
        assert_eq!((lease.range(), lease.remaining()), (None, None));
        let whole = store.lease(range(0, 100)).unwrap();
        drop(lease);
        assert!(
            store.lease(range(10, 90)).is_err(),
            "an empty lease releases nothing of others"
        );
        drop(whole);
    });
}

#[test]
fn two_threads_fill_one_window() {
    every_store(|make| {
        let length = 6 * MIB + 1;
        let store = make(known(length));
        let middle = 3 * MIB + 777;
        let leases = [(0, middle, 4093), (middle, length, 8191)]
            .map(|(start, end, size)| (store.lease(range(start, end)).unwrap(), size));
        thread::scope(|scope| {
            for (mut lease, size) in leases {
                scope.spawn(move || fill(&mut lease, size));
            }
        });
        assert!(read(&store, range(0, length)) == pattern(range(0, length)));
    });
}

#[test]
fn bytes_can_be_repaired() {
    every_store(|make| {
        let store = make(known(3));
        store.lease(range(0, 3)).unwrap().write(&[1, 2, 3]).unwrap();
        store.lease(range(1, 2)).unwrap().write(&[9]).unwrap();
        assert_eq!(read(&store, range(0, 3)), [1, 9, 3]);
    });
}

#[test]
fn what_lies_past_the_end_is_not_read() {
    every_store(|make| {
        let store = make(known(10));
        for (offset, length, missing) in [(9, 2, 10), (10, 1, 10), (11, 1, 11), (0, 11, 10)] {
            let error = store.read_at(offset, &mut vec![0; length]).unwrap_err();
            assert!(
                matches!(error, StoreError::Ended { offset } if offset == missing),
                "{error}"
            );
            assert_eq!(error.disposition(), StoreFailure::Lost);
        }
    });
}

#[test]
fn a_block_is_hashed_as_it_is_read_back() {
    every_store(|make| {
        let length = MIB + 4099;
        let store = make(known(length));
        fill(&mut store.lease(range(0, length)).unwrap(), 70_000);
        for (start, end) in [(0, MIB), (MIB, length), (1, 2), (0, length)] {
            let mut hasher = BlockHasher::new();
            hasher.update(&pattern(range(start, end)));
            assert_eq!(
                store.hash_block(range(start, end)).unwrap(),
                hasher.finish()
            );
        }
        assert!(store.hash_block(range(MIB, length + 1)).is_err());
    });
}

#[test]
fn a_file_of_unknown_length_grows_until_it_is_settled() {
    every_store_that_grows(|make| {
        let store = make(None);
        assert_eq!(store.length(), None);
        assert!(store.lease(range(0, u64::MAX)).is_err());
        let mut lease = store.lease(range(0, i64::MAX.unsigned_abs())).unwrap();
        lease.write(&pattern(range(0, 70_000))).unwrap();
        assert_eq!(read(&store, range(0, 70_000)), pattern(range(0, 70_000)));
        lease.shrink_to(0);
        store.set_length(ByteCount(70_000)).unwrap();
        store.set_length(ByteCount(70_000)).unwrap();
        assert_eq!(store.length(), known(70_000));
        assert!(store.read_at(70_000, &mut [0]).is_err());
        drop(lease);
        assert!(store.lease(range(69_999, 70_001)).is_err());
        store.lease(range(0, 70_000)).unwrap();
    });
}

#[test]
fn settling_cuts_what_is_surplus() {
    every_store_that_grows(|make| {
        let store = make(None);
        store.lease(range(0, 10)).unwrap().write(&[1; 10]).unwrap();
        store.set_length(ByteCount(4)).unwrap();
        assert_eq!(read(&store, range(0, 4)), [1; 4]);
        assert!(store.read_at(4, &mut [0]).is_err());
    });
}

#[test]
fn a_length_is_settled_once_and_under_no_lease() {
    every_store_that_grows(|make| {
        let fails = |store: &Arc<PartFile<Directory>>, length| {
            let settle = std::panic::AssertUnwindSafe(|| store.set_length(ByteCount(length)));
            std::panic::catch_unwind(settle).is_err()
        };
        let store = make(None);
        let lease = store.lease(range(0, 10)).unwrap();
        assert!(fails(&store, 9));
        drop(lease);
        store.set_length(ByteCount(9)).unwrap();
        assert!(fails(&store, 10));
        assert_eq!(store.length(), known(9));
    });
}
