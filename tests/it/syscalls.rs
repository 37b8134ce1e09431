//! The n-th call of a system call fails. Exit 0 still means an identical file; anything else is
//! one line, nothing under the final name, and the same command then completes.

use std::path::{Path, PathBuf};

use range_core::units::{ByteCount, BytesPerSecond};
use range_server::synthetic::{self, Seed};
use range_server::{Effect, Fault};

use crate::support::program::{self, Ran, get};
use crate::support::site::Site;
use crate::support::{cut_off, files, strace};

const MIB: u64 = 1 << 20;

/// Calls the disk side makes, and how each can fail. `EINTR` is no failure at all.
const DISK: [(&str, &[&str]); 7] = [
    ("fallocate", &["EIO", "ENOSPC", "EDQUOT", "EINTR"]),
    ("ftruncate", &["EIO", "EINTR"]),
    ("pwrite64", &["EIO", "ENOSPC", "EDQUOT", "EINTR"]),
    ("fdatasync", &["EIO", "ENOSPC", "EDQUOT"]),
    ("fsync", &["EIO", "ENOSPC", "EDQUOT", "EINTR"]),
    ("renameat2", &["EIO", "ENOSPC", "EACCES"]),
    ("fchmod", &["EIO", "EPERM"]),
];

/// Calls that everything makes, so that only those for our files are failed.
const OF_OUR_FILES: [(&str, &[&str]); 3] = [
    ("openat", &["EIO", "ENOSPC", "EDQUOT", "EMFILE", "EINTR"]),
    ("mmap", &["ENOMEM", "EIO"]),
    ("unlinkat", &["EIO", "EACCES"]),
];

/// The number of calls of each kind that are failed in turn.
const CALLS: u32 = 4;

/// Downloads 6 MiB while the `call`-th `name` fails with `error`.
fn get_failing(url: &str, into: &Path, write: &str, name: &str, error: &str, call: u32) -> Ran {
    let (trace, inject) = (
        format!("trace={name}"),
        format!("inject={name}:error={error}:when={call}"),
    );
    let is_common = OF_OUR_FILES.iter().any(|(common, _)| *common == name);
    let paths = if is_common {
        our_paths(into)
    } else {
        Vec::new()
    };
    let mut command = strace::command_for(&paths, &[&trace, &inject]);
    command
        .args(["get", "--json", "-x", "2", "--write", write, "-d"])
        .args([into.to_str().unwrap(), url]);
    program::start_command(command).finish()
}

/// As names in the directory, and as what descriptors stand for.
fn our_paths(into: &Path) -> Vec<PathBuf> {
    let names = ["6MiB", "6MiB.part", "6MiB.part.journal"].map(PathBuf::from);
    names
        .iter()
        .flat_map(|name| [name.clone(), into.join(name)])
        .collect()
}

#[test]
fn a_disk_call_that_fails_leaves_nothing_wrong_behind() {
    if !strace::is_installed() {
        return;
    }
    let site = Site::synthetic(Vec::new());
    let url = site.url("/synthetic/6MiB?seed=8");
    let digest = files::hex(&synthetic::sha256(Seed(8), ByteCount(6 * MIB)));
    let mut failed = 0;
    for write in ["mapped", "positioned"] {
        for (name, errors) in DISK.into_iter().chain(OF_OUR_FILES) {
            for error in errors {
                for call in 1..=CALLS {
                    let case = format!("{write}: call {call} of {name} fails with {error}");
                    let into = files::directory();
                    let ran = get_failing(&url, into.path(), write, name, error, call);
                    check(&case, &ran, into.path(), &url, &digest);
                    assert!(*error != "EINTR" || ran.code == Some(0), "{case}: {ran:?}");
                    failed += u32::from(ran.code != Some(0));
                }
            }
        }
    }
    assert!(
        failed > 20,
        "only {failed} cases met their call: the test tests nothing"
    );
}

#[test]
fn the_disk_is_kept_busy_only_where_it_is_waited_for() {
    if !strace::is_installed() {
        return;
    }
    let site = Site::synthetic(Vec::new());
    let url = site.url("/synthetic/6MiB");
    // Whoever asks for an early write-back does not live to tell.
    let code = |options: &[&str]| {
        let into = files::directory();
        let mut command = strace::command(&[
            "trace=sync_file_range",
            "inject=sync_file_range:signal=KILL",
        ]);
        command.args(["get", "-d"]).arg(into.path());
        command.args(options).arg(&url);
        program::start_command(command).finish().code
    };
    assert_eq!(code(&[]), None);
    assert_eq!(code(&["--no-sync"]), Some(0));
}

/// Linux gives up what it could not write, marks it clean and keeps it in memory: the next run
/// would read it back from there, find it right, and publish a file that is not on the disk.
#[test]
fn after_a_failed_sync_the_next_run_reads_the_disk() {
    if !strace::is_installed() {
        return;
    }
    // Slow enough for a checkpoint on the way.
    let rate = Effect::Rate(BytesPerSecond(3 * MIB));
    let site = Site::synthetic(vec![Fault::always(rate)]);
    let url = site.url("/synthetic/6MiB");
    for (call, errors) in [
        ("fdatasync", ["EIO", "ENOSPC"]),
        ("fsync", ["EIO", "EDQUOT"]),
    ] {
        for error in errors {
            let into = files::directory();
            let trace = into.path().join("trace");
            let part = into.path().join("6MiB.part");
            let inject = format!("inject={call}:error={error}");
            let expressions = ["trace=fdatasync,fsync,fadvise64", &inject];
            let mut command = strace::command_into(&trace, &[part], &expressions);
            command.args(["get", "-x", "1", "-d"]).arg(into.path());
            command.arg(&url);
            program::start_command(command).finish().expect(7);
            let calls = std::fs::read_to_string(&trace).unwrap();
            let failed = calls.find("(INJECTED)").expect("a sync failed");
            let forgotten = calls.rfind("POSIX_FADV_DONTNEED");
            assert!(
                forgotten.is_some_and(|at| at > failed),
                "{call} {error}: {calls}"
            );
        }
    }
}

/// The places at which calls are first found in a trace.
fn order_of(trace: &str, calls: &[&str]) -> Vec<usize> {
    let at = |call: &&str| {
        trace
            .find(*call)
            .unwrap_or_else(|| panic!("no {call}: {trace}"))
    };
    calls.iter().map(at).collect()
}

/// Interrupts a download, or lets strace's expressions do so.
fn interrupt(url: &str, into: &Path, expressions: &[&str]) {
    if expressions.is_empty() {
        let mut running = program::start_get(url, into, &["-x", "1"]);
        assert!(cut_off::reaches(&mut running, into, "6MiB", 2 * MIB));
        running.kill();
        return;
    }
    // The syncs of the journal are not met.
    let outside = files::directory();
    let part = into.join("6MiB.part");
    let mut command = strace::command_into(&outside.path().join("trace"), &[part], expressions);
    command.args(["get", "-x", "1", "-d"]).arg(into).arg(url);
    program::start_command(command).finish();
}

/// The system gave up writing while nobody synced, and the run was killed: the next one asks first,
/// and forgets what is in memory only before it reads anything back.
#[test]
fn what_is_read_back_is_on_the_disk() {
    const FORGETS: &str = "POSIX_FADV_DONTNEED";
    const SYNC_FAILED: [&str; 3] = [
        "trace=fdatasync,fadvise64",
        "inject=fdatasync:error=EIO:when=1",
        "inject=fadvise64:signal=KILL",
    ];
    if !strace::is_installed() {
        return;
    }
    let rate = Effect::Rate(BytesPerSecond(3 * MIB));
    let site = Site::synthetic(vec![Fault::always(rate)]);
    let url = site.url("/synthetic/6MiB?seed=8");
    let digest = files::hex(&synthetic::sha256(Seed(8), ByteCount(6 * MIB)));
    // Either the second run learns of it, or the first did and was killed before it could forget.
    let cases: [(&[&str], &[&str], &[&str]); 3] = [
        (
            &[],
            &["inject=fdatasync:error=EIO:when=1"],
            &["(INJECTED)", FORGETS, "pread64"],
        ),
        (&[], &[], &["fdatasync", "pread64"]),
        (&SYNC_FAILED, &[], &["fdatasync", FORGETS, "pread64"]),
    ];
    for (first, second, order) in cases {
        let into = files::directory();
        interrupt(&url, into.path(), first);
        assert_eq!(
            files::names(into.path()),
            ["6MiB.part", "6MiB.part.journal"]
        );
        let trace = into.path().join("trace");
        let part = into.path().join("6MiB.part");
        let expressions = [&["trace=fdatasync,fadvise64,pread64"], second].concat();
        let mut command = strace::command_into(&trace, &[part], &expressions);
        command
            .args(["get", "--json", "-d"])
            .arg(into.path())
            .arg(&url);
        let ran = program::start_command(command).finish().expect(0);
        assert!(ran.number("resumed_bytes") > 0, "{ran:?}");
        let calls = std::fs::read_to_string(&trace).unwrap();
        let found = order_of(&calls, order);
        assert!(found.is_sorted(), "{order:?}: {calls}");
        assert_eq!(files::sha256(&into.path().join("6MiB")), digest);
    }
}

fn check(case: &str, ran: &Ran, into: &Path, url: &str, digest: &str) {
    let output = into.join("6MiB");
    match ran.code {
        Some(0) => assert_eq!(files::sha256(&output), digest, "{case}"),
        Some(7 | 8) => {
            assert_eq!(ran.stderr.lines().count(), 1, "{case}: {ran:?}");
            // A sync of the directory fails after the name is there, and then it is right.
            if output.exists() {
                assert_eq!(files::sha256(&output), digest, "{case}");
                return;
            }
            let again = get(url, into, &[]);
            assert_eq!(again.code, Some(0), "{case}: {ran:?}, then {again:?}");
            assert_eq!(files::sha256(&output), digest, "{case}");
            assert_eq!(files::names(into), ["6MiB"], "{case}");
        }
        _ => panic!("{case}: {ran:?}"),
    }
}
