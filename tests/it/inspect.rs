//! `sheave inspect`: the claims of a part file, and the result of reading it back.

use std::os::unix::fs::FileExt;

use crate::support::cut_off::{BLOCK, killed, slow};
use crate::support::files;
use crate::support::program;
use crate::support::site::Site;

const MIB: u64 = 1 << 20;

#[test]
fn inspect_tells_what_a_part_file_holds() {
    let site = Site::synthetic(vec![slow()]);
    let into = files::directory();
    let url = site.url("/synthetic/100MiB?seed=3");
    let url = url.replace("http://", "http://user:secret@");
    killed(&site, &url, into.path(), "100MiB");
    let part = into.path().join("100MiB.part");
    let part = part.to_str().unwrap();
    let shown = program::run(["inspect", part]).expect(0);
    assert!(shown.stdout.contains("100"), "{shown:?}");
    assert!(!shown.stdout.contains("secret"), "{shown:?}");
    let json = program::run(["inspect", part, "--json"]).expect(0);
    assert_eq!(json.number("bytes"), 100 * MIB);
    assert!(json.number("present_bytes") >= 19 * MIB, "{json:?}");
}

#[test]
fn verify_reads_the_part_file_back_and_shows_what_is_damaged() {
    let site = Site::synthetic(vec![slow()]);
    let into = files::directory();
    let url = site.url("/synthetic/100MiB?seed=3");
    killed(&site, &url, into.path(), "100MiB");
    let part = into.path().join("100MiB.part");
    let shown = part.to_str().unwrap();
    let whole = program::run(["inspect", "--verify", "--json", shown]).expect(0);
    let present = whole.number("present_bytes");
    assert!(present >= 19 * MIB, "{whole:?}");
    assert_eq!(whole.number("verified_bytes"), present);
    assert_eq!(whole.last_json()["rejected"], serde_json::json!([]));

    let first = whole.last_json()["present"][0][0].as_u64().unwrap();
    let file = std::fs::File::options().write(true).open(&part).unwrap();
    file.write_all_at(b"damage", first + BLOCK / 2).unwrap();
    let damaged = program::run(["inspect", "--verify", "--json", shown]).expect(6);
    assert_eq!(damaged.number("verified_bytes"), present - BLOCK);
    let rejected = serde_json::json!([[first, first + BLOCK]]);
    assert_eq!(damaged.last_json()["rejected"], rejected);
    assert_eq!(damaged.stderr.lines().count(), 1, "{damaged:?}");
    let map = program::run(["inspect", "--verify", shown]).expect(6);
    assert!(
        map.stdout.lines().last().unwrap().contains(['x', '×']),
        "{map:?}"
    );

    // The end of the file is gone, and with it claimed blocks: no error of the disk.
    file.set_len(BLOCK / 2).unwrap();
    let cut = program::run(["inspect", "--verify", "--json", shown]).expect(6);
    assert_eq!(cut.number("verified_bytes"), 0);
    std::fs::remove_file(&part).unwrap();
    program::run(["inspect", "--verify", shown]).expect(7);
}
