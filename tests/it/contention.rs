//! Two downloads to the same output at once.

use range_core::units::BytesPerSecond;
use range_server::{Effect, Fault};

use crate::support::program::{self, get};
use crate::support::site::Site;
use crate::support::{files, wait};

#[test]
fn the_second_download_to_an_output_is_turned_away_and_harms_nothing() {
    let rate = Effect::Rate(BytesPerSecond(30 << 20));
    let site = Site::synthetic(vec![Fault::always(rate)]);
    let into = files::directory();
    let url = site.url("/synthetic/100MiB?seed=9");
    let first = program::start_get(&url, into.path(), &["-x", "2"]);
    let journal = into.path().join("100MiB.part.journal");
    wait::until("the first download", || {
        std::fs::metadata(&journal)
            .ok()
            .filter(|journal| journal.len() > 500)
    });
    let second = get(&url, into.path(), &[]).expect(8);
    assert_eq!(second.last_json()["kind"], "in_use");
    assert_eq!(second.stderr.lines().count(), 1, "{second:?}");
    first.finish().expect(0);
    let digest = files::hex(&range_server::synthetic::sha256(
        range_server::synthetic::Seed(9),
        range_core::units::ByteCount(100 << 20),
    ));
    assert_eq!(files::sha256(&into.path().join("100MiB")), digest);
    assert_eq!(files::names(into.path()), ["100MiB"]);
}

/// The first has made its part file and is on its way to the journal: what a disk that is busy with
/// a sync makes last for seconds.
#[test]
fn a_part_file_that_was_just_made_is_not_taken_for_the_remains_of_a_crash() {
    use std::os::unix::fs::OpenOptionsExt;

    use rustix::fs::FlockOperation;
    let site = Site::synthetic(Vec::new());
    let into = files::directory();
    let url = site.url("/synthetic/2MiB?seed=9");
    let mut options = std::fs::File::options();
    let options = options.create_new(true).write(true).mode(0o600);
    let first = options.open(into.path().join("2MiB.part")).unwrap();
    rustix::fs::flock(&first, FlockOperation::LockExclusive).unwrap();
    for more in [
        &[][..],
        &["--no-resume"],
        &["--overwrite", "--no-resume", "--no-sync"],
    ] {
        let second = get(&url, into.path(), more).expect(8);
        assert_eq!(second.last_json()["kind"], "in_use");
        assert_eq!(second.stderr.lines().count(), 1, "{second:?}");
        assert_eq!(files::names(into.path()), ["2MiB.part"]);
    }
    assert_eq!(site.requests().len(), 0, "nothing is asked for in vain");
    drop(first);
    get(&url, into.path(), &[]).expect(0);
    assert_eq!(files::names(into.path()), ["2MiB"]);
}

#[test]
fn two_that_start_at_the_same_moment_leave_one_right_file() {
    for seed in 0..10 {
        let site = Site::synthetic(Vec::new());
        let into = files::directory();
        let url = site.url(&format!("/synthetic/20MiB?seed={seed}"));
        let both = [(); 2].map(|()| program::start_get(&url, into.path(), &[]));
        let mut codes = both.map(|running| running.finish().code.unwrap());
        codes.sort_unstable();
        assert!(codes == [0, 8] || codes == [8, 8], "{codes:?}");
        if codes[0] == 8 {
            get(&url, into.path(), &[]).expect(0);
        }
        let digest = files::hex(&range_server::synthetic::sha256(
            range_server::synthetic::Seed(seed),
            range_core::units::ByteCount(20 << 20),
        ));
        assert_eq!(
            files::sha256(&into.path().join("20MiB")),
            digest,
            "seed {seed}"
        );
    }
}
