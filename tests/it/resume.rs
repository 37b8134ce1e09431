//! Downloads that are cut off in every way, and what the same command makes of it.

use std::num::NonZeroU64;
use std::path::Path;

use crate::download::set_old;
use crate::support::cut_off::{expected, killed, reaches, recorded, slow};
use crate::support::nginx::Nginx;
use crate::support::program::{self, get};
use crate::support::site::Site;
use crate::support::{files, wait};
use range_core::units::ByteCount;
use range_server::{ContentLength, Effect, Fault, Position, Stop};

const MIB: u64 = 1 << 20;
const CONNECTIONS: u64 = 8;

#[test]
fn kill_9_at_five_random_points_costs_little_and_ends_identical() {
    const LENGTH: u64 = 2048 * MIB;
    let root = files::directory();
    let original = files::create(&root.path().join("big.bin"), 5, LENGTH);
    set_old(&original);
    let Some(nginx) = Nginx::start(root.path()) else {
        return;
    };
    let into = files::directory();
    let output = into.path().join("big.bin");
    let part = into.path().join("big.bin.part");
    let seed = u64::from(std::process::id());
    eprintln!("seed {seed}");
    let more = ["-x", "8", "--no-sync"];
    for round in 0..5u64 {
        // A fifth of the file a round, at a point that differs from run to run.
        let point = round * 400 + 1 + seed.wrapping_mul(2 * round + 7919) % 350;
        let mut running = program::start_get(&nginx.url("big.bin"), into.path(), &more);
        assert!(
            reaches(&mut running, into.path(), "big.bin", point * MIB),
            "ended before {point} MiB"
        );
        running.kill();
        let claimed = recorded(into.path(), "big.bin");
        let arrived = files::bytes_in_place(&part, &original);
        let lost = arrived.saturating_sub(claimed);
        eprintln!("round {round}: {arrived} bytes arrived, {lost} are fetched again");
        assert!(!output.exists());
        let allowed = CONNECTIONS * MIB + 8 * MIB;
        assert!(
            lost <= allowed,
            "round {round}: {lost} bytes arrived in vain"
        );
    }
    let ran = get(&nginx.url("big.bin"), into.path(), &more).expect(0);
    assert_eq!(
        ran.number("resumed_bytes") + ran.number("fetched_bytes"),
        LENGTH
    );
    assert!(ran.number("resumed_bytes") > 1500 * MIB, "{ran:?}");
    assert_eq!(files::sha256(&output), files::sha256(&original));
    assert_eq!(files::names(into.path()), ["big.bin"]);
}

#[test]
fn a_changed_file_is_noticed_and_fetched_afresh() {
    let site = Site::synthetic(vec![slow()]);
    let into = files::directory();
    let url = site.url("/synthetic/200MiB?seed=7");
    killed(&site, &url, into.path(), "200MiB");
    site.set_version(1);
    let ran = get(&url, into.path(), &["-x", "8"]).expect(0);
    assert_eq!(ran.number("resumed_bytes"), 0);
    assert_eq!(ran.number("bytes"), 200 * MIB);
    let old = expected(7, 200 * MIB);
    let now = files::sha256(&into.path().join("200MiB"));
    assert_ne!(now, old, "the old generation's bytes were kept");
    let seed = range_server::synthetic::Seed(7).of_version(range_server::Version(1));
    assert_eq!(
        now,
        expected(seed.0, 200 * MIB),
        "two generations were mixed"
    );
}

#[test]
fn a_file_that_changes_in_the_middle_is_restarted_once() {
    // Streams that go on would bring all of the older version.
    let cut = Effect::Stop(Stop::Cut, Position::After(ByteCount(4 * MIB)));
    let newer = Effect::Version(range_server::Version(1));
    let faults = vec![slow(), Fault::on(1..=3, cut), Fault::on(4.., newer)];
    let site = Site::synthetic(faults);
    let into = files::directory();
    let ran = get(
        &site.url("/synthetic/60MiB?seed=7"),
        into.path(),
        &["-x", "4"],
    )
    .expect(0);
    let seed = range_server::synthetic::Seed(7).of_version(range_server::Version(1));
    assert_eq!(
        files::sha256(&into.path().join("60MiB")),
        expected(seed.0, 60 * MIB)
    );
    assert!(ran.number("wasted_bytes") > 0);
}

/// The first reply ends inside a block and is not believed to its end. Whoever fetched the rest of
/// that block once recorded it as whole.
#[test]
fn a_block_with_a_hole_is_not_recorded() {
    let faults = vec![
        Fault::on(1..=1, Effect::Overlong(ByteCount(1))),
        Fault::always(Effect::ContentLength(ContentLength::Chunked)),
        Fault::always(Effect::RangeCap {
            most: NonZeroU64::new(300_000).unwrap(),
            refusal: None,
        }),
    ];
    let site = Site::synthetic(faults);
    let into = files::directory();
    let url = site.url("/synthetic/7MiB?seed=3");
    let mut running = program::start_get(&url, into.path(), &["-x", "4"]);
    reaches(&mut running, into.path(), "7MiB", 6 * MIB);
    running.kill();
    get(&url, into.path(), &["-x", "4"]);
    assert_eq!(
        files::sha256(&into.path().join("7MiB")),
        expected(3, 7 * MIB)
    );
}

#[test]
fn damaged_blocks_and_torn_journals_are_fetched_again() {
    let site = Site::synthetic(vec![slow()]);
    let into = files::directory();
    let url = site.url("/synthetic/100MiB?seed=3");
    killed(&site, &url, into.path(), "100MiB");
    let part = into.path().join("100MiB.part");
    let journal = into.path().join("100MiB.part.journal");
    // One claimed block loses a byte, and the journal's end is torn.
    let file = std::fs::File::options().write(true).open(&part).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&file, b"damage", MIB / 2).unwrap();
    let log = std::fs::File::options().write(true).open(&journal).unwrap();
    log.set_len(log.metadata().unwrap().len() - 7).unwrap();
    let ran = get(&url, into.path(), &["-x", "8"]).expect(0);
    assert!(ran.number("resumed_bytes") > 0);
    assert_eq!(
        files::sha256(&into.path().join("100MiB")),
        expected(3, 100 * MIB)
    );
}

#[test]
fn a_damaged_journal_leads_to_a_fresh_start() {
    let site = Site::synthetic(vec![slow()]);
    let into = files::directory();
    let url = site.url("/synthetic/100MiB?seed=3");
    killed(&site, &url, into.path(), "100MiB");
    let journal = into.path().join("100MiB.part.journal");
    let mut bytes = std::fs::read(&journal).unwrap();
    bytes[40] ^= 1;
    std::fs::write(&journal, bytes).unwrap();
    let ran = get(&url, into.path(), &["-x", "8"]).expect(0);
    assert_eq!(ran.number("resumed_bytes"), 0);
    assert_eq!(
        files::sha256(&into.path().join("100MiB")),
        expected(3, 100 * MIB)
    );
}

/// Longer than any that is read: what is behind the limit is as good as torn off.
#[test]
fn a_journal_of_any_length_is_continued_or_started_over() {
    let site = Site::synthetic(vec![slow()]);
    let url = site.url("/synthetic/60MiB?seed=7");
    for (length, more, resumes) in [
        (130 * MIB, &[][..], true),
        (1 << 40, &[], true),
        (130 * MIB, &["--no-resume"], false),
        (1 << 40, &["--overwrite", "--no-resume"], false),
    ] {
        let into = files::directory();
        killed(&site, &url, into.path(), "60MiB");
        let journal = into.path().join("60MiB.part.journal");
        let longer = std::fs::File::options().write(true).open(&journal);
        longer.unwrap().set_len(length).unwrap();
        let inspected = program::run([Path::new("inspect"), &into.path().join("60MiB.part")]);
        assert_eq!(inspected.code, Some(0), "{inspected:?}");
        let ran = get(&url, into.path(), more).expect(0);
        assert_eq!(ran.number("resumed_bytes") >= 20 * MIB, resumes, "{ran:?}");
        assert_eq!(files::names(into.path()), ["60MiB"]);
        assert_eq!(
            files::sha256(&into.path().join("60MiB")),
            expected(7, 60 * MIB)
        );
    }
}

/// A journal that nobody's writer wrote: as many claims as fit, of blocks so small that every step
/// with them takes long.
#[test]
fn blocks_that_no_writer_makes_are_refused_at_once() {
    use std::os::unix::fs::OpenOptionsExt;

    use range_core::block::{BlockHash, BlockIndex, BlockSize};
    use range_store::journal::{Encoder, Header, SessionId};

    const CLAIMS: u64 = 300_000;
    const SMALLEST: u32 = 4096;
    let site = Site::synthetic(Vec::new());
    let into = files::directory();
    let part = into.path().join("3MiB.part");
    let mut private = std::fs::File::options();
    let private = private.create_new(true).write(true).mode(0o600);
    private.open(&part).unwrap().set_len(3 * MIB).unwrap();
    let header = Header {
        session: SessionId([7; 16]),
        part_file: range_store::FileIdentity {
            device: 1,
            inode: 2,
        },
        length: CLAIMS * 2 * u64::from(SMALLEST),
        block_size: BlockSize::new(SMALLEST).unwrap(),
        validators: range_core::http::validator::Validators {
            entity_tag: range_core::http::validator::EntityTag::parse(b"\"v1\""),
            ..Default::default()
        },
        url: site.url("/synthetic/3MiB"),
        digests: Vec::new(),
    };
    let (mut encoder, mut journal) = Encoder::begin(&header);
    for index in 0..CLAIMS {
        encoder.block(BlockIndex(index * 2), BlockHash(index.into()), &mut journal);
    }
    std::fs::write(into.path().join("3MiB.part.journal"), journal).unwrap();
    let begun = std::time::Instant::now();
    for more in [&[][..], &["--verify"]] {
        let arguments = [&["inspect", part.to_str().unwrap()], more].concat();
        let inspected = program::run(arguments).expect(7);
        assert!(inspected.stderr.contains("damaged"), "{inspected:?}");
    }
    let ran = get(&site.url("/synthetic/3MiB"), into.path(), &[]).expect(0);
    assert_eq!(ran.number("resumed_bytes"), 0);
    assert!(begun.elapsed() < std::time::Duration::from_secs(10));
    assert_eq!(files::names(into.path()), ["3MiB"]);
}

#[test]
fn a_stream_of_unknown_length_starts_afresh() {
    let chunked = [
        Effect::ContentLength(ContentLength::Chunked),
        Effect::IgnoreRange,
    ]
    .map(Fault::always);
    let site = Site::synthetic([vec![slow()], chunked.into()].concat());
    let into = files::directory();
    let url = site.url("/synthetic/100MiB?seed=3");
    let running = program::start_get(&url, into.path(), &[]);
    let part = into.path().join("100MiB.part");
    wait::until("some bytes", || {
        std::fs::metadata(&part)
            .ok()
            .filter(|part| part.len() > MIB)
    });
    running.kill();
    get(&url, into.path(), &[]).expect(0);
    assert_eq!(
        files::sha256(&into.path().join("100MiB")),
        expected(3, 100 * MIB)
    );
    assert_eq!(files::names(into.path()), ["100MiB"]);
}

#[test]
fn no_resume_starts_afresh() {
    let site = Site::synthetic(vec![slow()]);
    let into = files::directory();
    let url = site.url("/synthetic/100MiB?seed=3");
    killed(&site, &url, into.path(), "100MiB");
    let ran = get(&url, into.path(), &["-x", "8", "--no-resume"]).expect(0);
    assert_eq!(ran.number("resumed_bytes"), 0);
    assert_eq!(
        files::sha256(&into.path().join("100MiB")),
        expected(3, 100 * MIB)
    );
}

#[test]
fn without_a_validator_only_a_checksum_allows_resuming() {
    let faults = || vec![slow(), Fault::always(Effect::OmitValidators)];
    for with_checksum in [false, true] {
        let site = Site::synthetic(faults());
        let into = files::directory();
        let url = site.url("/synthetic/100MiB?seed=3");
        killed(&site, &url, into.path(), "100MiB");
        let checksum = format!("sha-256={}", expected(3, 100 * MIB));
        let more: &[&str] = if with_checksum {
            &["--checksum", &checksum]
        } else {
            &[]
        };
        let ran = get(&url, into.path(), more).expect(0);
        assert_eq!(ran.number("resumed_bytes") > 0, with_checksum, "{ran:?}");
        let verified = if with_checksum { "digest" } else { "none" };
        assert_eq!(ran.last_json()["verified"], verified);
    }
}
