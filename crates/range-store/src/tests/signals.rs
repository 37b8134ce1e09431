//! Tests of the two signals that a disk can cause, each in a child process, because they end it.

use std::os::unix::process::ExitStatusExt;
use std::sync::Barrier;

use crate::backend::Backend;
use crate::{StoreFailure, WriteMode, exit_on_bus_error, ignore_file_size_signal};
use range_core::units::ByteCount;
use rustix::process::{Resource, Rlimit};

use super::support::{MIB, Scratch, is_child, known, pattern, range, run_as_child};

#[test]
fn a_file_cut_short_while_mapped_ends_the_process_with_one_line() {
    if is_child() {
        return write_to_a_file_cut_short();
    }
    // The machine decides which threads fault together, so one round proves little.
    for _round in 0..10 {
        let output =
            run_as_child("signals::a_file_cut_short_while_mapped_ends_the_process_with_one_line");
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(
            output.status.code(),
            Some(7),
            "{:?}: {message}",
            output.status.signal()
        );
        assert_eq!(message.lines().count(), 1, "{message}");
        assert!(
            message.starts_with("lost the part file") && message.ends_with('\n'),
            "{message}"
        );
    }
}

/// Several threads do it at once, as workers do.
fn write_to_a_file_cut_short() {
    const WORKERS: u64 = 8;
    exit_on_bus_error(7).unwrap();
    let scratch = Scratch::new();
    let part = scratch
        .create(known(WORKERS * MIB), WriteMode::Mapped)
        .unwrap();
    let leases = (0..WORKERS).map(|worker| {
        let mut lease = part.lease(range(worker * MIB, (worker + 1) * MIB)).unwrap();
        lease.write(&[1]).unwrap();
        lease
    });
    let leases: Vec<_> = leases.collect();
    let path = scratch.path(scratch.names.part());
    // The child ends without unwinding, so only this code removes its files.
    let directory = path.parent().unwrap().to_owned();
    let file =
        rustix::fs::open(&path, rustix::fs::OFlags::RDWR, rustix::fs::Mode::empty()).unwrap();
    rustix::fs::ftruncate(&file, 0).unwrap();
    rustix::fs::unlink(&path).unwrap();
    rustix::fs::rmdir(&directory).unwrap();
    let together = Barrier::new(leases.len());
    std::thread::scope(|scope| {
        for mut lease in leases {
            let together = &together;
            scope.spawn(move || {
                together.wait();
                lease.write(&[1; 4096]).unwrap();
                panic!("the write returned");
            });
        }
    });
}

#[test]
fn a_file_size_limit_is_an_error_and_not_a_death() {
    if is_child() {
        return write_past_the_limit();
    }
    let output = run_as_child("signals::a_file_size_limit_is_an_error_and_not_a_death");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let report = String::from_utf8_lossy(&output.stdout);
    assert!(
        report.contains("1 passed"),
        "the child ran the test: {report}"
    );
}

fn write_past_the_limit() {
    ignore_file_size_signal().unwrap();
    let limit = Rlimit {
        current: Some(MIB),
        maximum: Some(MIB),
    };
    rustix::process::setrlimit(Resource::Fsize, limit).unwrap();
    let scratch = Scratch::new();
    let error = scratch
        .create(known(MIB + 1), WriteMode::default())
        .unwrap_err();
    assert_eq!(error.disposition(), StoreFailure::TooLarge, "{error}");
    assert!(scratch.listing().is_empty());

    let part = scratch.create(None, WriteMode::default()).unwrap();
    assert_eq!(part.backend(), Backend::Positioned);
    let mut lease = part.lease(range(0, 2 * MIB)).unwrap();
    let error = lease.write(&pattern(range(0, MIB + 1))).unwrap_err();
    assert_eq!(error.disposition(), StoreFailure::TooLarge, "{error}");
    lease.write(&pattern(range(0, MIB))).unwrap();
    drop(lease);
    part.set_length(ByteCount(MIB)).unwrap();
    assert!(scratch.read(scratch.names.part()) == pattern(range(0, MIB)));
}
