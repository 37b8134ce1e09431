//! "Run the same command again" is right from every way of beginning, after every interruption, on
//! every mount: the file is there, what could be kept was kept, and nothing is refused for ever.
//! Knows the program's contract, not its insides; `ways` has the beginnings, `server` holds back.

mod download;
mod server;
mod ways;

use std::fmt::{self, Debug};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use range_core::RangeSet;
use rustix::process::Signal;

use crate::support::mounts::Mount;
use crate::support::{cases, files, strace};
use download::{Download, End, Point};
use server::Server;
use ways::{LENGTH, WAYS, Way};

/// Most of a case is waiting.
const AT_ONCE: usize = 12;

const INT: End = End::Asked(Signal::INT, 130);
const TERM: End = End::Asked(Signal::TERM, 143);

/// Each is crossed with every way to begin. The runs of one case follow one another.
const INTERRUPTIONS: &[&[(Point, End)]] = &[
    &[(Point::Requested, INT)],
    &[(Point::Begun, INT)],
    &[(Point::Middle, INT)],
    &[(Point::NearTheEnd, INT)],
    &[(Point::Middle, TERM)],
    &[(Point::Begun, End::Killed)],
    &[(Point::Middle, End::Killed)],
    &[(Point::NearTheEnd, End::Killed)],
    &[(Point::Begun, End::Abandoned)],
    &[(Point::Middle, End::Abandoned)],
    &[(Point::Middle, End::Killed), (Point::NearTheEnd, INT)],
    &[(Point::NearTheEnd, INT), (Point::Begun, End::Killed)],
];

/// Calls that fail, or before which the program is killed: how strace is told.
const CALLS: &[&str] = &[
    "fsync:signal=KILL",
    "fallocate:signal=KILL",
    "pwrite64:signal=KILL:when=1",
    "pwrite64:signal=KILL:when=2",
    "pwrite64:signal=KILL:when=12",
    "renameat2:signal=KILL",
    "unlinkat:signal=KILL",
    "pwrite64:error=ENOSPC:when=1+",
    "pwrite64:error=ENOSPC:when=12+",
    "pwrite64:error=EIO:when=12+",
    "fdatasync:error=EIO",
    "renameat2,renameat,linkat:error=EIO",
    "ftruncate:error=ENOSPC",
];

/// Of so many ways each call meets one.
const WAYS_BETWEEN: usize = 4;

/// Where it is downloaded to.
struct Place {
    called: &'static str,
    path: PathBuf,
    /// Whether blocks can be reserved there, without which nothing is mapped.
    reserves: bool,
}

impl Debug for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.called)
    }
}

#[derive(Debug)]
struct Case<'a> {
    way: &'a Way,
    interruptions: &'static [(Point, End)],
    place: &'a Place,
}

#[test]
fn the_same_command_completes_what_was_interrupted() {
    let disk = files::directory();
    let owner = ["--force-user=nobody", "--force-group=nogroup"];
    let mode = ["--perms=0755", "--chmod-deny"];
    let mounts = [
        ("memory", Mount::in_memory("tmpfs", "size=512m"), true),
        ("an overlay", Mount::overlay(), true),
        ("FUSE, another owner", Mount::fuse(&owner), false),
        ("FUSE, no chmod", Mount::fuse(&mode), false),
    ];
    let mounted = mounts.iter().filter_map(|(called, mount, reserves)| {
        Some(Place {
            called,
            path: mount.as_ref()?.path(),
            reserves: *reserves,
        })
    });
    let of_the_disk = Place {
        called: "the disk",
        path: disk.path().to_owned(),
        reserves: true,
    };
    let places: Vec<Place> = std::iter::once(of_the_disk).chain(mounted).collect();
    let crossed = WAYS.iter().enumerate().flat_map(|(w, way)| {
        let places = &places;
        INTERRUPTIONS
            .iter()
            .enumerate()
            .map(move |(i, interruptions)| {
                // Every way and every interruption meets every place.
                let place = &places[(w + i) % places.len()];
                let can = place.reserves || !way.options.contains(&"mapped");
                Case {
                    way,
                    interruptions,
                    place: if can { place } else { &places[0] },
                }
            })
    });
    cases::check_all(AT_ONCE, crossed, |case| {
        let into = tempfile::tempdir_in(&case.place.path).unwrap();
        let server = Server::start(case.way.manner);
        let download = Download::new(case.way, &server, into.path());
        let mut kept = RangeSet::new();
        for &(point, end) in case.interruptions {
            kept = download.interrupt(point, end, &kept);
        }
        download.complete(&kept);
    });
}

#[test]
fn the_same_command_completes_what_a_full_disk_ended() {
    let long = WAYS.iter().filter(|way| way.manner.length >= LENGTH);
    cases::check_all(AT_ONCE, long, |way| {
        let Some(disk) = Mount::in_memory("tmpfs", "size=6m") else {
            return;
        };
        let filler = disk.path().join("filler");
        std::fs::write(&filler, vec![1; 5 << 20]).unwrap();
        let into = disk.path().join("into");
        std::fs::create_dir(&into).unwrap();
        let server = Server::start(way.manner);
        let download = Download::new(way, &server, &into);
        let kept = download.fail_for_want_of_room();
        std::fs::remove_file(filler).unwrap();
        download.complete(&kept);
    });
}

#[test]
fn the_same_command_completes_what_a_call_of_the_system_ended() {
    if !strace::is_installed() {
        return;
    }
    let met: Vec<AtomicUsize> = CALLS.iter().map(|_| AtomicUsize::new(0)).collect();
    let crossed = WAYS.iter().enumerate().flat_map(|(w, way)| {
        let calls = CALLS.iter().zip(&met).enumerate();
        calls
            .filter(move |(c, _)| w == 0 || (w + c) % WAYS_BETWEEN == 0)
            .map(move |(_, (call, met))| (way, *call, met))
    });
    cases::check_all(AT_ONCE, crossed, |(way, call, met)| {
        let into = files::directory();
        let server = Server::start(way.manner);
        let download = Download::new(way, &server, into.path());
        let (names, _) = call.split_once(':').unwrap();
        let expressions = [&format!("trace={names}"), &format!("inject={call}")];
        let Some(kept) = download.fail_at(&expressions.map(String::as_str)) else {
            return;
        };
        met.fetch_add(1, Ordering::Relaxed);
        if download.is_published() {
            download.end();
        } else {
            download.complete(&kept);
        }
    });
    for (call, met) in CALLS.iter().zip(met) {
        assert!(met.into_inner() > 0, "{call} is never met");
    }
}
