//! Files of the user that have the names of a download's own are neither removed nor written to.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::support::cut_off::reaches;
use crate::support::site::Site;
use crate::support::{files, program};

const MIB: u64 = 1 << 20;
const NAME: &str = "6MiB";
const PART: &str = "6MiB.part";
const JOURNAL: &str = "6MiB.part.journal";

/// The arguments that might tempt a download to remove what is there.
const MORE: [&[&str]; 4] = [
    &[],
    &["--no-resume"],
    &["--overwrite"],
    &["--overwrite", "--no-resume", "--no-sync"],
];

/// Returns a directory with what a download that was killed has left.
fn interrupted(url: &str) -> tempfile::TempDir {
    let into = files::directory();
    let slow = ["-x", "2", "--limit-rate", "2MiB"];
    let mut running = program::start_get(url, into.path(), &slow);
    assert!(reaches(&mut running, into.path(), NAME, MIB));
    running.kill();
    into
}

/// Runs downloads that all have to fail without a change to these files.
fn assert_left(url: &str, into: &Path, names: &[&str]) {
    let look = || {
        names
            .iter()
            .map(|name| std::fs::read(into.join(name)).unwrap())
    };
    let before: Vec<_> = look().collect();
    for more in MORE {
        let ran = program::get(url, into, more).expect(8);
        assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
        assert!(ran.stderr.contains(PART), "{ran:?}");
        assert!(look().eq(before.iter().cloned()), "{names:?} {more:?}");
        assert_eq!(files::names(into), names);
    }
}

#[test]
fn a_file_with_the_name_of_a_journal_is_left_alone() {
    let site = Site::synthetic(Vec::new());
    let url = site.url("/synthetic/6MiB");
    let long = vec![b'x'; 70_000];
    let texts: [&[u8]; 6] = [b"dear diary", b"", b"s", b"sheave\n", &[0; 512], &long];
    for text in texts {
        for with_part in [false, true] {
            let into = files::directory();
            std::fs::write(into.path().join(JOURNAL), text).unwrap();
            let names: &[&str] = if with_part {
                std::fs::write(into.path().join(PART), b"mine").unwrap();
                &[PART, JOURNAL]
            } else {
                &[JOURNAL]
            };
            assert_left(&url, into.path(), names);
        }
    }
    assert_eq!(site.requests().len(), 0, "nothing is asked for in vain");
}

#[test]
fn a_file_in_the_place_of_the_part_file_is_left_alone() {
    let site = Site::synthetic(Vec::new());
    let url = site.url("/synthetic/6MiB");
    for text in ["mine", ""] {
        let into = interrupted(&url);
        let part = into.path().join(PART);
        // The file system may give it the inode of the one before.
        std::fs::remove_file(&part).unwrap();
        std::fs::write(&part, text).unwrap();
        assert_left(&url, into.path(), &[PART, JOURNAL]);
    }
}

/// Under some umasks every file of the user has the permissions of a part file.
#[test]
fn a_private_file_in_the_place_of_the_part_file_is_left_alone() {
    let site = Site::synthetic(Vec::new());
    let url = site.url("/synthetic/6MiB");
    for text in [b"mine".to_vec(), vec![b'x'; 6 << 20]] {
        let (into, aside) = (interrupted(&url), files::directory());
        let part = into.path().join(PART);
        // There, it keeps its inode.
        std::fs::rename(&part, aside.path().join(PART)).unwrap();
        std::fs::write(&part, text).unwrap();
        let private = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(&part, private).unwrap();
        assert_left(&url, into.path(), &[PART, JOURNAL]);
    }
}

/// Other permissions make no other file of it.
#[test]
fn a_part_file_that_others_may_read_is_continued() {
    let site = Site::synthetic(Vec::new());
    let url = site.url("/synthetic/6MiB");
    let into = interrupted(&url);
    let shared = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(into.path().join(PART), shared).unwrap();
    let ran = program::get(&url, into.path(), &[]).expect(0);
    assert!(ran.number("resumed_bytes") > 0, "{ran:?}");
}

/// A file with such a name would be taken for one of another download.
#[test]
fn a_name_of_an_unfinished_download_is_refused() {
    let site = Site::synthetic(Vec::new());
    let url = site.url("/synthetic/6MiB");
    let into = interrupted(&url);
    let before = files::sha256(&into.path().join(PART));
    for name in [
        "6MiB.part",
        "6MiB.PART",
        "6MiB.part.journal",
        "6MiB.part.probe",
        "6MiB.old-version",
        "6MiB.old-version2",
        "other.part",
    ] {
        let output = into.path().join(name);
        for more in [&[][..], &["--overwrite", "--no-resume"]] {
            let arguments = ["get", &url, "-o", output.to_str().unwrap()];
            let ran = program::run([&arguments[..], more].concat()).expect(2);
            assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
            assert!(ran.stderr.contains("unfinished download"), "{ran:?}");
        }
    }
    assert_eq!(files::names(into.path()), [PART, JOURNAL]);
    assert_eq!(files::sha256(&into.path().join(PART)), before);
}
