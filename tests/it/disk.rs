//! Disks that are full, names that are taken or planted, directories that are not writable.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use crate::support::program::{self, get, start_get};
use crate::support::site::Site;
use crate::support::{files, raw, strace, wait};

/// A file system in memory of a few mebibytes, unmounted when dropped.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount() -> Option<Self> {
        let directory = files::directory();
        let status = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=8m", "none"])
            .arg(directory.path())
            .status();
        match status {
            Ok(status) if status.success() => Some(Self(directory)),
            refused => {
                needs::unmet("a mount of tmpfs", format!("{refused:?}"));
                None
            }
        }
    }

    fn free_blocks(&self) -> u64 {
        rustix::fs::statvfs(self.0.path()).unwrap().f_bfree
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _unmounted = Command::new("umount").arg(self.0.path()).status();
    }
}

#[test]
fn a_full_disk_is_one_line_and_gives_the_space_back() {
    let Some(disk) = SmallDisk::mount() else {
        return;
    };
    let site = Site::synthetic(Vec::new());
    let before = disk.free_blocks();
    for size in ["9MiB", "1GiB", "4EiB"] {
        let ran = get(
            &site.url(&format!("/synthetic/{size}")),
            disk.0.path(),
            &["-x", "4"],
        );
        assert_eq!(ran.code, Some(7), "{ran:?}");
        assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
        assert_eq!(files::names(disk.0.path()), [""; 0]);
        assert_eq!(disk.free_blocks(), before);
    }
}

#[test]
fn a_disk_that_fills_up_under_a_stream_of_unknown_length_is_no_signal() {
    use range_server::{ContentLength, Effect, Fault};
    let Some(disk) = SmallDisk::mount() else {
        return;
    };
    let faults = [
        Effect::ContentLength(ContentLength::Chunked),
        Effect::IgnoreRange,
    ]
    .map(Fault::always);
    let site = Site::synthetic(faults.into());
    let ran = get(&site.url("/synthetic/64MiB"), disk.0.path(), &[]);
    assert_eq!(ran.code, Some(7), "{ran:?}");
    assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
    assert!(!disk.0.path().join("64MiB").exists());
}

#[test]
fn an_output_that_exists_is_replaced_only_on_request() {
    let site = Site::synthetic(Vec::new());
    let into = files::directory();
    let output = into.path().join("2MiB");
    std::fs::write(&output, b"precious").unwrap();
    let ran = get(&site.url("/synthetic/2MiB"), into.path(), &[]).expect(8);
    assert_eq!(ran.last_json()["kind"], "exists");
    assert_eq!(
        ran.stderr.matches("exists").count(),
        1,
        "said once: {ran:?}"
    );
    assert_eq!(site.requests().len(), 0, "nothing is asked for in vain");
    assert_eq!(std::fs::read(&output).unwrap(), b"precious");
    get(&site.url("/synthetic/2MiB"), into.path(), &["--overwrite"]).expect(0);
    assert_eq!(std::fs::read(&output).unwrap(), files::bytes(0, 2 << 20));
}

#[test]
fn planted_names_are_refused_and_their_targets_untouched() {
    type Plant = fn(&Path, &Path);
    const PLANTS: [(&str, Plant); 4] = [
        ("symbolic link", |target, name| {
            symlink(target, name).unwrap();
        }),
        ("hard link", |target, name| {
            std::fs::hard_link(target, name).unwrap();
        }),
        ("directory", |_, name| std::fs::create_dir(name).unwrap()),
        ("FIFO", |_, name| {
            let made = Command::new("mkfifo").arg(name).status().unwrap();
            assert!(made.success());
        }),
    ];
    let site = Site::synthetic(Vec::new());
    for (kind, plant) in PLANTS {
        for name in ["2MiB.part", "2MiB.part.journal", "2MiB"] {
            let case = format!("a {kind} at {name}");
            let into = files::directory();
            let target = into.path().join("target");
            std::fs::write(&target, b"precious").unwrap();
            plant(&target, &into.path().join(name));
            let ran = get(&site.url("/synthetic/2MiB"), into.path(), &[]);
            assert_eq!(ran.code, Some(8), "{case}: {ran:?}");
            assert_eq!(ran.stderr.lines().count(), 1, "{case}: {ran:?}");
            assert_eq!(files::names(into.path()), [name, "target"], "{case}");
            assert_eq!(std::fs::read(&target).unwrap(), b"precious", "{case}");
        }
    }
}

#[test]
fn a_part_file_without_a_journal_is_not_ours_to_delete() {
    let site = Site::synthetic(Vec::new());
    let into = files::directory();
    let part = into.path().join("2MiB.part");
    std::fs::write(&part, b"somebody else's").unwrap();
    for more in [&[][..], &["--no-resume"], &["--overwrite"]] {
        let ran = get(&site.url("/synthetic/2MiB"), into.path(), more).expect(8);
        assert!(ran.stderr.contains("2MiB.part"), "{ran:?}");
        assert_eq!(std::fs::read(&part).unwrap(), b"somebody else's");
    }
}

#[test]
fn a_mapping_that_would_not_be_safe_is_refused_with_the_way_out() {
    let site = raw::serve(|_, stream| {
        use std::io::Write;
        stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")?;
        stream.write_all(b"9\r\nno length\r\n0\r\n\r\n")
    });
    let url = format!("{site}/f");
    let into = files::directory();
    let ran = get(&url, into.path(), &["--write", "mapped"]).expect(7);
    let line = "sheave: f: could not map the part file: the length is unknown; \
                without --write mapped it is written at positions\n";
    assert_eq!(ran.stderr, line);
    get(&url, into.path(), &[]).expect(0);
    assert_eq!(files::names(into.path()), ["f"]);
}

#[test]
fn the_finished_file_has_ordinary_permissions() {
    let site = Site::synthetic(Vec::new());
    let into = files::directory();
    get(&site.url("/synthetic/1KiB"), into.path(), &[]).expect(0);
    let mode = std::fs::metadata(into.path().join("1KiB"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o7777, 0o666 & !umask());
}

/// The umask of this process, which the program inherits.
fn umask() -> u32 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("Umask:"))
        .unwrap();
    u32::from_str_radix(line.trim(), 8).unwrap()
}

#[test]
fn a_directory_that_does_not_exist_is_a_disk_error() {
    let site = Site::synthetic(Vec::new());
    let ran = get(
        &site.url("/synthetic/1KiB"),
        Path::new("/nonexistent/here"),
        &[],
    )
    .expect(7);
    assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
}

#[test]
fn a_part_file_cut_short_while_it_is_mapped_is_one_line_and_loses_only_what_was_cut() {
    use range_core::units::{ByteCount, BytesPerSecond};
    use range_server::{Effect, Fault, synthetic};
    let rate = Effect::Rate(BytesPerSecond(20 << 20));
    let site = Site::synthetic(vec![Fault::always(rate)]);
    let into = files::directory();
    let url = site.url("/synthetic/100MiB?seed=6");
    let running = start_get(&url, into.path(), &["-x", "4", "--write", "mapped"]);
    let journal = into.path().join("100MiB.part.journal");
    wait::until("some blocks", || {
        std::fs::metadata(&journal)
            .ok()
            .filter(|journal| journal.len() > 1000)
    });
    let part = std::fs::File::options()
        .write(true)
        .open(into.path().join("100MiB.part"));
    part.unwrap().set_len(0).unwrap();
    let ran = running.finish().expect(7);
    assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
    get(&url, into.path(), &[]).expect(0);
    let digest = synthetic::sha256(synthetic::Seed(6), ByteCount(100 << 20));
    assert_eq!(
        files::sha256(&into.path().join("100MiB")),
        files::hex(&digest)
    );
}

#[test]
fn a_read_only_disk_is_one_line() {
    let Some(disk) = SmallDisk::mount() else {
        return;
    };
    let remounted = Command::new("mount")
        .args(["-o", "remount,ro"])
        .arg(disk.0.path())
        .status();
    assert!(remounted.unwrap().success());
    let site = Site::synthetic(Vec::new());
    let ran = get(&site.url("/synthetic/1MiB"), disk.0.path(), &[]).expect(7);
    assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
    assert_eq!(ran.last_json()["resumable"], false);
}

/// On FAT a reservation writes zeros, for minutes on a slow stick: no connection was silent then.
#[test]
fn a_reservation_that_takes_long_is_nobodys_silence() {
    if !strace::is_installed() {
        return;
    }
    let site = Site::synthetic(Vec::new());
    let into = files::directory();
    let inject = "inject=fallocate:delay_enter=3000000";
    let mut command = strace::command(&["trace=fallocate", inject]);
    command.args(["get", "--json", "-x", "4", "--stall-timeout", "1s", "-d"]);
    command.arg(into.path()).arg(site.url("/synthetic/8MiB"));
    let ran = program::start_command(command).finish().expect(0);
    assert!(
        ran.last_json()["elapsed_s"].as_f64() >= Some(3.0),
        "{ran:?}"
    );
    assert_eq!(ran.number("retries"), 0, "{ran:?}");
}
