//! Downloads whose pieces have hashes in a list: wrong pieces are fetched again, one by one, and
//! whoever gave them is left.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use crate::support::files;
use crate::support::program::{self, Ran};
use crate::support::site::Site;
use crate::support::versioned::{Download, LENGTH, MIB, SEED, faults, sha256};

/// A document about the file, with pieces of this length, of which `wrong` has a wrong hash.
fn document(piece: usize, wrong: Option<usize>, has_whole: bool, sites: &[Site]) -> String {
    let bytes = files::bytes(SEED.0, usize::try_from(LENGTH).unwrap());
    let mut text = format!(
        r#"<metalink xmlns="urn:ietf:params:xml:ns:metalink"><file name="f"><size>{LENGTH}</size>"#
    );
    if has_whole {
        write!(text, r#"<hash type="sha-256">{}</hash>"#, sha256(0)).unwrap();
    }
    write!(text, r#"<pieces type="sha-256" length="{piece}">"#).unwrap();
    for (at, piece) in bytes.chunks(piece).enumerate() {
        let piece = if Some(at) == wrong { &[][..] } else { piece };
        write!(text, "<hash>{}</hash>", files::hex(&Sha256::digest(piece))).unwrap();
    }
    text.push_str("</pieces>");
    for (at, site) in sites.iter().enumerate() {
        let url = site.url(&format!("/synthetic/{LENGTH}?seed={}", SEED.0));
        write!(text, r#"<url priority="{}">{url}</url>"#, at + 1).unwrap();
    }
    text.push_str("</file></metalink>");
    text
}

fn sites(all: &[&[&str]]) -> Vec<Site> {
    all.iter()
        .map(|texts| Site::synthetic(faults(texts)))
        .collect()
}

/// Downloads what a document lists.
fn run(download: &Download, document: &str, more: &[&str]) -> Ran {
    let list = files::directory();
    let path = list.path().join("l.meta4");
    std::fs::write(&path, document).unwrap();
    let (path, into) = (
        path.to_str().unwrap(),
        download.into.path().to_str().unwrap(),
    );
    let arguments = ["get", "--json", path, "-d", into, "--stall-timeout", "2s"].into_iter();
    program::run(arguments.chain(more.iter().copied()))
}

fn dropped(ran: &Ran) -> Vec<serde_json::Value> {
    let lines = ran
        .stdout
        .lines()
        .filter(|line| line.contains("source_dropped"));
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

const SLOW: &[&str] = &["rate:6MiB"];
/// A byte that the first source to be asked gives is another one.
const CORRUPT: &[&str] = &["rate:6MiB", "corrupt:100"];

#[test]
fn a_wrong_piece_alone_is_fetched_again_from_another_source() {
    for (sources, bad) in [
        (&[CORRUPT, SLOW][..], 0),
        (&[SLOW, &["rate:6MiB", "version:1"]], 1),
        (&[SLOW, &["rate:6MiB", "version:1"], SLOW], 1),
        (&[&["rate:6MiB", "version:1", "no-validators"], SLOW], 0),
    ] {
        for (piece, has_whole) in [
            (1 << 20, true),
            (256 << 10, false),
            (700_001, true),
            (16 << 10, false),
        ] {
            let download = Download::new();
            let sites = sites(sources);
            let document = document(piece, None, has_whole, &sites);
            let ran = run(&download, &document, &[]).expect(0);
            download.check(0);
            let end = ran.last_json();
            assert_eq!(end["verified"], "digest", "{bad} {piece}: {ran:?}");
            assert_eq!(end["pieces"], "sha-256", "{bad} {piece}: {ran:?}");
            assert_eq!(end["digest_from"], "metalink (file)");
            assert_eq!(end["sha256"].is_null(), !has_whole);
            let dropped = dropped(&ran);
            // A single wrong byte may lie in a piece that two sources gave, and neither is blamed.
            let may_be_of_both = bad == 0 && sources[0] == CORRUPT && piece > 256 << 10;
            if may_be_of_both && dropped.is_empty() {
                continue;
            }
            assert_eq!(dropped.len(), 1, "{bad} {piece}: {ran:?}");
            assert!(
                dropped[0]["url"]
                    .as_str()
                    .unwrap()
                    .starts_with(&sites[bad].url(""))
            );
            assert!(dropped[0]["cause"].as_str().unwrap().contains("piece"));
            if bad == 1 {
                // All that the good ones gave was kept.
                assert!(
                    ran.number("wasted_bytes") < LENGTH / 2,
                    "{bad} {piece}: {ran:?}"
                );
            }
        }
    }
}

#[test]
fn a_source_that_cannot_do_ranges_is_found_out_at_the_end() {
    let download = Download::new();
    let sites = sites(&[&["ignore-range", "corrupt:5"], SLOW]);
    let ran = run(&download, &document(1 << 20, None, false, &sites), &[]).expect(0);
    assert_eq!(ran.last_json()["verified"], "digest", "{ran:?}");
    download.check(0);
}

#[test]
fn the_only_source_may_give_a_wrong_piece_once() {
    for (texts, code) in [(&["corrupt:5,requests=1"][..], 0), (&["corrupt:5"], 6)] {
        let download = Download::new();
        let sites = sites(&[texts]);
        let ran = run(&download, &document(1 << 20, None, true, &sites), &[]).expect(code);
        if code == 0 {
            assert!(ran.number("wasted_bytes") <= MIB, "{ran:?}");
            download.check(0);
        } else {
            assert!(ran.stderr.contains("no source gave bytes 0.."), "{ran:?}");
            assert_eq!(download.names(), ["f.part", "f.part.journal"]);
        }
    }
}

#[test]
fn two_sources_that_agree_on_a_wrong_piece_prove_the_list_wrong() {
    let download = Download::new();
    let sites = sites(&[SLOW, SLOW, SLOW]);
    let ran = run(&download, &document(1 << 20, Some(3), true, &sites), &[]).expect(6);
    assert!(ran.stderr.contains("the list is wrong"), "{ran:?}");
    assert_eq!(download.names(), ["f.part", "f.part.journal"]);
    // The digest that the user knows goes before what the list says.
    let checksum = sha256(0);
    let ran = run(
        &download,
        &document(1 << 20, Some(3), true, &sites),
        &["--checksum", &checksum],
    );
    let ran = ran.expect(0);
    assert!(ran.number("resumed_bytes") > 0, "{ran:?}");
    download.check(0);
}

/// A piece that an earlier run took for good is judged as every other one.
#[test]
fn wrong_pieces_of_an_earlier_run_are_fetched_again() {
    let download = Download::new();
    let bad = sites(&[&["rate:4MiB", "corrupt:100", "corrupt:5MiB"]]);
    let url = bad[0].url(&format!("/synthetic/{LENGTH}?seed={}", SEED.0));
    let checksum = sha256(0);
    let mut command = std::process::Command::new(program::path());
    command.args(download.arguments_for(&url, &["--checksum", &checksum]));
    let mut running = program::start_command(command);
    assert!(crate::support::cut_off::reaches(
        &mut running,
        download.into.path(),
        "f",
        8 * MIB
    ));
    running.kill();
    let good = sites(&[SLOW]);
    let ran = run(&download, &document(1 << 20, None, true, &good), &[]).expect(0);
    assert!(ran.number("resumed_bytes") >= 4 * MIB, "{ran:?}");
    download.check(0);
}

/// The hashes of pieces that cannot be those of the file count for nothing.
#[test]
fn pieces_of_another_number_are_told_and_left_out() {
    let download = Download::new();
    let sites = sites(&[SLOW]);
    let document =
        document(1 << 20, None, true, &sites).replace(r#"length="1048576""#, r#"length="1000000""#);
    let ran = run(&download, &document, &[]).expect(0);
    assert!(ran.last_json()["pieces"].is_null(), "{ran:?}");
    assert!(ran.stdout.contains("pieces are not the"), "{ran:?}");
    download.check(0);
}
