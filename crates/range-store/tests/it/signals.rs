//! The two signals a disk can send, each in a child process, since they end it.

use std::os::unix::process::ExitStatusExt;

use range_core::units::ByteCount;
use range_store::{
    Backend, Length, Store, StoreFailure, WriteMode, exit_on_bus_error, ignore_file_size_signal,
};
use rustix::process::{Resource, Rlimit};

use crate::support::{MIB, Scratch, is_child, known, pattern, range, run_as_child};

#[test]
fn a_file_cut_short_while_mapped_ends_the_process_with_one_line() {
    if is_child() {
        return write_to_a_file_cut_short();
    }
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

fn write_to_a_file_cut_short() {
    exit_on_bus_error(7).unwrap();
    let scratch = Scratch::new();
    let part = scratch.create(known(2 * MIB), WriteMode::Mapped).unwrap();
    let mut lease = part.lease(range(0, 2 * MIB)).unwrap();
    lease.write(&[1]).unwrap();
    let path = scratch.path(scratch.names.part());
    // The child ends without unwinding, so nothing but this removes its files.
    let directory = path.parent().unwrap().to_owned();
    let file =
        rustix::fs::open(&path, rustix::fs::OFlags::RDWR, rustix::fs::Mode::empty()).unwrap();
    rustix::fs::ftruncate(&file, 0).unwrap();
    rustix::fs::unlink(&path).unwrap();
    rustix::fs::rmdir(&directory).unwrap();
    lease.write(&pattern(range(1, 2 * MIB))).unwrap();
    panic!("the write returned");
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
    let error = scratch.create(known(MIB + 1), WriteMode::Auto).unwrap_err();
    assert_eq!(error.disposition(), StoreFailure::TooLarge, "{error}");
    assert!(scratch.listing().is_empty());

    let part = scratch.create(Length::Unknown, WriteMode::Auto).unwrap();
    assert!(matches!(part.backend(), Backend::Positioned { .. }));
    let mut lease = part.lease(range(0, 2 * MIB)).unwrap();
    let error = lease.write(&pattern(range(0, MIB + 1))).unwrap_err();
    assert_eq!(error.disposition(), StoreFailure::TooLarge, "{error}");
    lease.write(&pattern(range(0, MIB))).unwrap();
    drop(lease);
    part.set_length(ByteCount(MIB)).unwrap();
    assert!(scratch.read(scratch.names.part()) == pattern(range(0, MIB)));
}
