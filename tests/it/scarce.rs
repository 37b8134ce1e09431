//! Threads, descriptors, memory, directories and outputs are what a system gives or does not: the
//! file gets there with less of them, or one line says what is missing. Nothing panics or hangs.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use range_core::units::ByteCount;
use range_server::synthetic::{self, Seed};
use rustix::process::geteuid;
use tempfile::TempDir;

use crate::support::cut_off::{reaches, slow};
use crate::support::program::{self, Ran};
use crate::support::site::Site;
use crate::support::{files, raw, strace};

const MIB: u64 = 1 << 20;
const NAME: &str = "6MiB";
const PATH: &str = "/synthetic/6MiB?seed=8";

fn digest() -> String {
    files::hex(&synthetic::sha256(Seed(8), ByteCount(6 * MIB)))
}

/// Runs a shell's text, in which `"$@"` is the program with the arguments.
fn run_in(shell: &str, arguments: &[&str], program: &Path) -> Ran {
    let mut command = Command::new("bash");
    command.args(["-c", shell, "bash"]);
    command.arg(program).args(arguments);
    program::start_command(command).finish()
}

/// Downloads in a shell's text.
fn get_in(shell: &str, url: &str, into: &Path, more: &[&str]) -> Ran {
    let arguments = ["get", "-q", url, "-d", into.to_str().unwrap()];
    run_in(shell, &[&arguments, more].concat(), program::path())
}

/// Tells what is wrong with a run, if anything: it is to end with the file, or with one line and
/// one of `codes`.
fn fault(ran: &Ran, into: &Path, codes: &[i32]) -> Option<String> {
    let output = into.join(NAME);
    let is_right = match ran.code {
        Some(0) => {
            ran.stderr.is_empty()
                && files::names(into) == [NAME]
                && files::sha256(&output) == digest()
        }
        Some(code) => {
            codes.contains(&code)
                && ran.stderr.lines().count() == 1
                && ran.stderr.starts_with("sheave: ")
                && !output.exists()
        }
        None => false,
    };
    (!is_right).then(|| format!("{ran:?}"))
}

/// Runs as a user who has nothing else running, because the limit on threads is one of users, and
/// none of administrators. `None` where that cannot be done.
struct Stranger {
    /// The directory that user reads and writes.
    directory: TempDir,
    program: PathBuf,
    id: String,
}

impl Stranger {
    fn new() -> Option<Self> {
        needs::program("setpriv")?;
        needs::program("prlimit")?;
        if !geteuid().is_root() {
            needs::unmet("another user", "only an administrator can become one");
            return None;
        }
        let directory = tempfile::tempdir().unwrap();
        let everybodys = std::fs::Permissions::from_mode(0o777);
        std::fs::set_permissions(directory.path(), everybodys).unwrap();
        let program = directory.path().join("program");
        std::fs::copy(program::path(), &program).unwrap();
        Some(Self {
            directory,
            program,
            id: (100_000 + std::process::id()).to_string(),
        })
    }

    /// An empty directory of this user's.
    fn place(&self, name: &str) -> PathBuf {
        let place = self.directory.path().join(name);
        std::fs::create_dir(&place).unwrap();
        self.own(&place);
        place
    }

    fn own(&self, path: &Path) {
        let id = self.id.parse().ok();
        std::os::unix::fs::chown(path, id, id).unwrap();
    }

    fn get(&self, limit: &str, url: &str, into: &Path, more: &[&str]) -> Ran {
        let id = &self.id;
        let shell =
            format!("exec setpriv --reuid={id} --regid={id} --clear-groups prlimit {limit} \"$@\"");
        let arguments = ["get", "-q", url, "-d", into.to_str().unwrap()];
        run_in(&shell, &[&arguments, more].concat(), &self.program)
    }
}

#[test]
fn few_threads_do_all_the_work() {
    let Some(stranger) = Stranger::new() else {
        return;
    };
    let site = Site::synthetic(Vec::new());
    let slow = Site::synthetic(vec![slow()]);
    let (url, checksum) = (site.url(PATH), format!("sha-256={}", digest()));
    let left = files::directory();
    let mut running = program::start_get(&slow.url(PATH), left.path(), &["--limit-rate", "2MiB"]);
    assert!(reaches(&mut running, left.path(), NAME, MIB));
    running.kill();
    let ways = [&[][..], &["--checksum", &checksum], &["--write", "mapped"]];
    let mut wrong = Vec::new();
    for threads in 1..=6 {
        let limit = format!("--nproc={threads}");
        for (at, more) in ways.iter().enumerate() {
            let into = stranger.place(&format!("{threads}-{at}"));
            let ran = stranger.get(&limit, &url, &into, more).expect(0);
            wrong.extend(fault(&ran, &into, &[]));
        }
        // The part that is read back has no thread either, and the digest proves a copy of another
        // user's.
        let into = stranger.place(&format!("{threads}-resumed"));
        for name in files::names(left.path()) {
            std::fs::copy(left.path().join(&name), into.join(&name)).unwrap();
            stranger.own(&into.join(&name));
        }
        let ran = stranger.get(&limit, &url, &into, &["--checksum", &checksum]);
        wrong.extend(fault(&ran.expect(0), &into, &[]));
        // A name is looked up without a thread.
        let into = stranger.place(&format!("{threads}-named"));
        let named = url.replace("127.0.0.1", "localhost");
        let ran = stranger.get(&limit, &named, &into, &[]);
        wrong.extend(fault(&ran.expect(0), &into, &[]));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn few_descriptors_are_no_bug_however_many_are_inherited() {
    if needs::program("prlimit").is_none() {
        return;
    }
    let site = Site::synthetic(Vec::new());
    let url = site.url(PATH);
    let mut wrong = Vec::new();
    for inherited in 0..4 {
        let mut taken = inherited_by_children();
        taken.extend(3..3 + inherited);
        let mut arrived = 0;
        // With one less, the system cannot load the program.
        for free in 1..23 {
            let limit = limit_that_leaves(free, &taken);
            let opened = (0..inherited).map(|at| format!("exec {}</dev/null; ", 3 + at));
            let opened: String = opened.collect();
            let shell = format!("{opened}exec prlimit --nofile={limit} \"$@\"");
            let into = files::directory();
            let ran = get_in(&shell, &url, into.path(), &[]);
            arrived += u32::from(ran.code == Some(0));
            let case = format!("{free} free, {taken:?} inherited");
            let fault = fault(&ran, into.path(), &[1, 3, 7]);
            wrong.extend(fault.map(|fault| format!("{case}: {fault}")));
        }
        assert!(arrived >= 4, "{arrived} with {taken:?} inherited");
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The descriptors from 3 on that whoever runs this test has left to it, and that it leaves to its
/// children: those that are not closed by `exec`.
fn inherited_by_children() -> BTreeSet<u32> {
    let entries = std::fs::read_dir("/proc/self/fdinfo").unwrap();
    let numbers = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let stays = |number: &u32| {
        // Others may close theirs meanwhile.
        let facts = std::fs::read_to_string(format!("/proc/self/fdinfo/{number}"));
        let facts = facts.unwrap_or_default();
        let flags = facts.lines().find_map(|line| line.strip_prefix("flags:"));
        let flags = flags.and_then(|flags| u32::from_str_radix(flags.trim(), 8).ok());
        flags.is_some_and(|flags| flags & CLOSED_BY_EXEC == 0)
    };
    numbers.filter(|number| *number > 2).filter(stays).collect()
}

/// `O_CLOEXEC`, as `/proc` shows it.
const CLOSED_BY_EXEC: u32 = 0o2_000_000;

/// The limit below which so many numbers from 3 on are not taken.
fn limit_that_leaves(free: usize, taken: &BTreeSet<u32>) -> u32 {
    let left = (3..).filter(|number| !taken.contains(number));
    1 + left.take(free).last().unwrap()
}

#[test]
fn little_memory_is_enough() {
    let site = Site::synthetic(Vec::new());
    let url = site.url(PATH);
    for mebibytes in [60, 86, 100, 118, 150, 200, 214, 300] {
        for write in ["mapped", "positioned"] {
            let shell = format!("ulimit -v {}; exec \"$@\"", mebibytes << 10);
            let into = files::directory();
            let ran = get_in(&shell, &url, into.path(), &["-x", "32", "--write", write]);
            let case = format!("{mebibytes} MiB, {write}");
            assert_eq!(fault(&ran.expect(0), into.path(), &[]), None, "{case}");
        }
    }
}

#[test]
fn limited_address_space_is_not_used_up_by_windows() {
    const LENGTH: u64 = 100 * MIB;
    let site = Site::synthetic(Vec::new());
    let url = site.url("/synthetic/100MiB?seed=8");
    let into = files::directory();
    get_in(
        "ulimit -v 61440; exec \"$@\"",
        &url,
        into.path(),
        &["-x", "32"],
    )
    .expect(0);
    let right = files::hex(&synthetic::sha256(Seed(8), ByteCount(LENGTH)));
    assert_eq!(files::sha256(&into.path().join("100MiB")), right);
}

/// An allocation that is refused ends a program by a signal.
#[test]
fn where_memory_is_too_little_to_begin_with_one_line_says_so() {
    let site = Site::synthetic(Vec::new());
    let url = site.url(PATH);
    for (limit, is_enough) in [
        ("-v 35000", false),
        ("-v 20000", false),
        ("-d 18000", false),
        ("-d 1000", false),
        ("-d 40000", true),
    ] {
        let shell = format!("ulimit {limit}; exec \"$@\"");
        let into = files::directory();
        let ran = get_in(&shell, &url, into.path(), &["-x", "32"]);
        let ran = ran.expect(i32::from(!is_enough));
        assert_eq!(fault(&ran, into.path(), &[1]), None, "{limit}");
        let option = limit.split(' ').next().unwrap();
        let says = ran.stderr.contains(&format!("(ulimit {option})"));
        assert_eq!(says, !is_enough, "{ran:?}");
        assert_eq!(files::names(into.path()).is_empty(), !is_enough);
    }
}

#[test]
fn a_small_stack_is_enough() {
    let site = Site::synthetic(Vec::new());
    let url = site.url(PATH);
    for kibibytes in [32, 48, 64, 100] {
        let shell = format!("ulimit -s {kibibytes}; exec \"$@\"");
        let into = files::directory();
        let ran = get_in(&shell, &url, into.path(), &[]).expect(0);
        assert_eq!(fault(&ran, into.path(), &[]), None, "{kibibytes} KiB");
    }
}

#[test]
fn a_file_that_may_not_be_so_long_ends_by_a_line_and_not_by_a_signal() {
    let endless = raw::serve(|_, stream| {
        use std::io::Write;
        stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")?;
        loop {
            stream.write_all(&[b'x'; 1 << 14])?;
        }
    });
    let site = Site::synthetic(Vec::new());
    for (url, kibibytes) in [
        (site.url(PATH), 0),
        (site.url(PATH), 1),
        (site.url(PATH), 6143),
        (format!("{endless}/{NAME}"), 1),
        (format!("{endless}/{NAME}"), 3000),
    ] {
        let shell = format!("ulimit -f {kibibytes}; exec \"$@\"");
        let into = files::directory();
        let ran = get_in(&shell, &url, into.path(), &[]).expect(7);
        let fault = fault(&ran, into.path(), &[7]);
        assert_eq!(fault, None, "{kibibytes} KiB from {url}");
        assert!(
            files::names(into.path()).is_empty(),
            "{kibibytes} KiB from {url}"
        );
    }
}

#[test]
fn what_the_environment_lacks_is_done_without() {
    let site = Site::synthetic(Vec::new());
    let url = site.url(PATH);
    for shell in [
        "unset HOME; exec \"$@\"",
        "export HOME=not/absolute; exec \"$@\"",
        "export HOME=/proc/1/nothing; exec \"$@\"",
        "export TMPDIR=/nowhere; exec \"$@\"",
        "exec env -i \"$@\"",
        // The directory it is in is gone.
        "cd \"$(mktemp -d)\"; rmdir \"$PWD\"; exec \"$@\"",
        "exec \"$@\" <&-",
        "exec \"$@\" >&-",
        "exec \"$@\" 2>&-",
        "exec \"$@\" <&- >&- 2>&-",
        "exec \"$@\" >/dev/full 2>/dev/full",
        "exec \"$@\" </proc/self/mem",
        "ulimit -s unlimited; exec \"$@\"",
        "ulimit -i 0; exec \"$@\"",
        "ulimit -l 0; exec \"$@\"",
    ] {
        let into = files::directory();
        let ran = get_in(shell, &url, into.path(), &[]).expect(0);
        assert_eq!(fault(&ran, into.path(), &[]), None, "{shell}");
    }
}

#[test]
fn a_directory_that_is_gone_is_named_in_one_line() {
    let site = Site::synthetic(Vec::new());
    let shell = "cd \"$(mktemp -d)\"; rmdir \"$PWD\"; exec \"$@\"";
    let arguments = ["get", "-q", &site.url(PATH)];
    let ran = run_in(shell, &arguments, program::path()).expect(7);
    assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
}

#[test]
fn parts_of_the_system_that_are_not_there_are_done_without() {
    if needs::program("unshare").is_none() {
        return;
    }
    let probe = Command::new("unshare").args(["-m", "true"]).status();
    if !probe.is_ok_and(|status| status.success()) {
        needs::unmet("a mount namespace", "refused");
        return;
    }
    let site = Site::synthetic(Vec::new());
    let url = site.url(PATH);
    for hidden in ["/proc", "/dev", "/etc", "/sys", "/run"] {
        let shell = format!(
            "umask 027; exec unshare -m bash -c 'mount -t tmpfs none {hidden} && exec \"$@\"' bash \
             \"$@\""
        );
        let into = files::directory();
        let ran = get_in(&shell, &url, into.path(), &[]).expect(0);
        assert_eq!(fault(&ran, into.path(), &[]), None, "without {hidden}");
        let mode = std::fs::metadata(into.path().join(NAME)).unwrap();
        let mode = mode.permissions().mode() & 0o777;
        assert_eq!(mode, 0o640, "without {hidden}");
    }
}

/// Sandboxes answer `EPERM` or `ENOSYS` to calls they do not know: docker-library/official-images
/// #16829, moby/moby#42680 (`clone3`); `SystemCallFilter=~@resources` of systemd (`prlimit64`).
#[test]
fn calls_that_a_sandbox_forbids_are_conditions() {
    if !strace::is_installed() {
        return;
    }
    let site = Site::synthetic(Vec::new());
    let url = site.url(PATH);
    let mut wrong = Vec::new();
    for (call, is_needed) in [
        ("clone3", false),
        ("getrandom", false),
        ("prlimit64", false),
        ("sched_getaffinity", false),
        ("prctl", false),
        ("uname", false),
        ("madvise", false),
        ("sigaltstack", false),
        ("rt_sigprocmask", false),
        ("ioctl", false),
        ("setsockopt", false),
        ("getsockopt", true),
        ("socketpair", true),
        ("epoll_create1", true),
        ("eventfd2", true),
        ("epoll_ctl", true),
        ("socket", true),
        ("connect", true),
        ("recvfrom", true),
        ("writev,sendto", true),
        ("openat", true),
        ("newfstatat", true),
        ("pwrite64", true),
        ("ftruncate", true),
    ] {
        for errno in ["EPERM", "ENOSYS"] {
            let (trace, inject) = (
                format!("trace={call}"),
                format!("inject={call}:error={errno}"),
            );
            // The loader makes these as well.
            let is_loaders = matches!(call, "openat" | "newfstatat");
            let of_ours = [PathBuf::from(NAME), PathBuf::from("6MiB.part")];
            let paths: &[PathBuf] = if is_loaders { &of_ours } else { &[] };
            let into = files::directory();
            let mut command = strace::command_for(paths, &[&trace, &inject]);
            command.args(["get", "-q", "-x", "2", "--max-tries", "2", "-d"]);
            command.arg(into.path()).arg(&url);
            let ran = program::start_command(command).finish();
            let codes: &[i32] = if is_needed { &[1, 3, 7] } else { &[] };
            let fault = fault(&ran, into.path(), codes);
            wrong.extend(fault.map(|fault| format!("{call} {errno}: {fault}")));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn output_that_nobody_takes_is_told_of() {
    let site = Site::synthetic(vec![slow()]);
    let into = files::directory();
    let url = site.url(PATH);
    let mut running = program::start_get(&url, into.path(), &["--limit-rate", "2MiB"]);
    assert!(reaches(&mut running, into.path(), NAME, MIB));
    running.kill();
    let part = into.path().join("6MiB.part");
    let lost =
        "sheave: could not write to standard output: No space left on device (os error 28)\n";
    for arguments in [
        &["inspect", part.to_str().unwrap()][..],
        &["inspect", "--json", part.to_str().unwrap()],
        &["check-server", &url],
        &["check-server", "--json", &url],
        &["--help"],
        &["get", "--help"],
        &["--version"],
    ] {
        let ran = run_in("exec \"$@\" >/dev/full", arguments, program::path()).expect(7);
        assert_eq!(ran.stderr, lost, "{arguments:?}");
        // Whoever has read enough has lost nothing.
        let shell = "set -o pipefail; \"$@\" | true; exit \"${PIPESTATUS[0]}\"";
        let ran = run_in(shell, arguments, program::path()).expect(0);
        assert_eq!(ran.stderr, "", "{arguments:?}");
    }
    // The file is the result of a download, and it is there.
    let arguments = [
        "get",
        "-q",
        "--json",
        &url,
        "-d",
        into.path().to_str().unwrap(),
    ];
    let ran = run_in("exec \"$@\" >/dev/full", &arguments, program::path()).expect(0);
    assert_eq!(ran.stderr, lost);
    assert_eq!(files::sha256(&into.path().join(NAME)), digest());
}
