//! Calls that a download can do without fail always, with every answer that file systems, mounts
//! and sandboxes give: the file gets there all the same, from a fresh start and after a kill.

mod table;

use std::path::{Path, PathBuf};
use std::process::Command;

use range_core::units::ByteCount;
use range_server::synthetic::{self, Seed};
use tempfile::TempDir;

use crate::support::cut_off::{reaches, slow};
use crate::support::mounts::Mount;
use crate::support::program::{self, Ran, start_get};
use crate::support::site::Site;
use crate::support::{files, strace};
use table::{ANYWHERE, COURTESIES, Calls, Courtesy};

const MIB: u64 = 1 << 20;
const NAME: &str = "6MiB";

/// Downloads while every call of a courtesy is given an answer.
fn get_refused(courtesy: &Courtesy, answer: &str, url: &str, into: &Path) -> Ran {
    let answer = if answer.contains('=') && !answer.contains(':') {
        answer.to_owned()
    } else {
        format!("error={answer}")
    };
    let paths = match courtesy.of {
        Calls::All => Vec::new(),
        Calls::OfTheDirectory => vec![into.to_owned()],
        Calls::OfThePart => vec![PathBuf::from("6MiB.part"), into.join("6MiB.part")],
    };
    let (trace, inject) = (
        format!("trace={}", courtesy.calls),
        format!("inject={}:{answer}", courtesy.calls),
    );
    let mut command = strace::command_for(&paths, &[&trace, &inject]);
    command.args(["get", "--json", "-x", "2", "-d"]).arg(into);
    command.args(courtesy.options).arg(url);
    program::start_command(command).finish()
}

/// Returns what a kill leaves in the middle of the file.
fn interrupted(url: &str) -> TempDir {
    let into = files::directory();
    interrupt(url, into.path());
    into
}

fn interrupt(url: &str, into: &Path) {
    let mut running = start_get(url, into, &["-x", "2", "--limit-rate", "2MiB"]);
    assert!(reaches(&mut running, into, NAME, MIB), "it ended before");
    running.kill();
}

fn copy(from: &Path) -> TempDir {
    let into = files::directory();
    for name in files::names(from) {
        std::fs::copy(from.join(&name), into.path().join(&name)).unwrap();
    }
    into
}

#[test]
fn a_courtesy_that_is_always_refused_stops_nothing() {
    if !strace::is_installed() {
        return;
    }
    let site = Site::synthetic(Vec::new());
    let url = site.url(&format!("/synthetic/{NAME}?seed=8"));
    let digest = files::hex(&synthetic::sha256(Seed(8), ByteCount(6 * MIB)));
    let left = interrupted(&url);
    let mut wrong = Vec::new();
    for courtesy in &COURTESIES {
        let is_of_calls = !courtesy.answers[0].contains('=');
        let anywhere = ANYWHERE.iter().filter(|_| is_of_calls);
        for answer in courtesy.answers.iter().chain(anywhere) {
            for resumes in [false, true] {
                let into = if resumes {
                    copy(left.path())
                } else {
                    files::directory()
                };
                let ran = get_refused(courtesy, answer, &url, into.path());
                let output = into.path().join(NAME);
                let is_right = ran.code == Some(0)
                    && files::names(into.path()) == [NAME]
                    && files::sha256(&output) == digest
                    && (ran.number("resumed_bytes") >= MIB) == resumes;
                if !is_right {
                    let (calls, last) = (courtesy.calls, ran.stderr.lines().last());
                    wrong.push(format!("{calls} {answer}, resumes {resumes}: {last:?}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Directories that only grow, and those that others guard.
#[test]
fn names_that_cannot_be_removed_harm_nobody() {
    if !strace::is_installed() {
        return;
    }
    let site = Site::synthetic(Vec::new());
    let url = site.url(&format!("/synthetic/{NAME}?seed=8"));
    let digest = files::hex(&synthetic::sha256(Seed(8), ByteCount(6 * MIB)));
    for answer in ["EPERM", "EACCES", "EROFS", "EBUSY", "EIO", "ENOSYS"] {
        let into = files::directory();
        // The second time the file is there already.
        for _ in 0..2 {
            let inject = format!("inject=unlinkat,unlink:error={answer}");
            let mut command = strace::command(&["trace=unlinkat,unlink", &inject]);
            command
                .args(["get", "--json", "-d"])
                .arg(into.path())
                .arg(&url);
            program::start_command(command).finish().expect(0);
            assert_eq!(files::sha256(&into.path().join(NAME)), digest, "{answer}");
        }
        program::get(&url, into.path(), &[]).expect(0);
        assert_eq!(files::names(into.path()), [NAME], "{answer}");
    }
}

#[test]
fn a_file_system_that_tells_no_room_takes_the_file() {
    if !strace::is_installed() {
        return;
    }
    let site = Site::synthetic(Vec::new());
    let into = files::directory();
    // The answer's type, block size, a million blocks, and 0 that are free, or free for this user:
    // quantcast/qfs#255, GoogleCloudPlatform/gcsfuse#125.
    let words: [u64; 5] = [0xEF53, 4096, 1 << 20, 0, 0];
    let answer = files::hex(&words.map(u64::to_le_bytes).concat());
    let inject = format!("inject=fstatfs:poke_exit=@arg2={answer}");
    let mut command = strace::command(&["trace=fstatfs", &inject]);
    command.args(["get", "--json", "-d"]).arg(into.path());
    command.arg(site.url(&format!("/synthetic/{NAME}")));
    program::start_command(command).finish().expect(0);
    assert_eq!(files::names(into.path()), [NAME]);
}

#[test]
fn every_mount_takes_the_file_and_continues_it() {
    let site = Site::synthetic(vec![slow()]);
    let url = site.url(&format!("/synthetic/{NAME}?seed=8"));
    let digest = files::hex(&synthetic::sha256(Seed(8), ByteCount(6 * MIB)));
    let mounts = [
        Mount::in_memory("tmpfs", "size=64m"),
        Mount::in_memory("ramfs", "mode=0755"),
        Mount::overlay(),
        Mount::fuse(&["--chmod-deny", "--chown-deny"]),
        // All files belong to somebody else, whoever made them.
        Mount::fuse(&["--force-user=nobody", "--force-group=nogroup"]),
        Mount::fuse(&["--force-user=nobody", "--perms=0755", "--chmod-deny"]),
    ];
    for mount in mounts.into_iter().flatten() {
        for (kill, more, resumes) in [
            (false, &[][..], false),
            (true, &[], true),
            (true, &["--no-resume"], false),
            (true, &["--no-sync", "--remote-time"], true),
        ] {
            let into = mount.path();
            if kill {
                interrupt(&url, &into);
            }
            let ran = program::get(&url, &into, more).expect(0);
            assert_eq!(ran.number("resumed_bytes") >= MIB, resumes, "{ran:?}");
            assert_eq!(files::names(&into), [NAME]);
            assert_eq!(files::sha256(&into.join(NAME)), digest);
            std::fs::remove_file(into.join(NAME)).unwrap();
        }
    }
}

#[test]
fn another_users_part_file_is_not_continued_in_a_shared_directory() {
    let site = Site::synthetic(Vec::new());
    let url = site.url(&format!("/synthetic/{NAME}?seed=8"));
    let left = interrupted(&url);
    for planted in ["6MiB.part", "6MiB.part.journal"] {
        let into = copy(left.path());
        let path = into.path().join(planted);
        let chmod = Command::new("chmod").arg("0666").arg(&path).status();
        assert!(chmod.unwrap().success());
        if let Err(error) = std::os::unix::fs::chown(&path, Some(65_534), None) {
            needs::unmet("a file of another user", error);
            return;
        }
        let before = std::fs::read(&path).unwrap();
        for more in [&[][..], &["--no-resume"]] {
            let ran = program::get(&url, into.path(), more).expect(8);
            assert!(ran.stderr.contains("another user"), "{ran:?}");
            assert!(
                std::fs::read(&path).unwrap() == before,
                "{planted} is untouched"
            );
        }
    }
}
