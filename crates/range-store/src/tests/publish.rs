//! Tests of the final name: it appears once, replaces nothing unasked, and survives a crash at
//! every step.

use std::ops::ControlFlow;

use range_core::block::BlockSize;
use range_core::http::validator::{EntityTag, Validators};

use crate::append_log::AppendLog;
use crate::disk::Directory;
use crate::part_file::PartFile;
use crate::publish::{discard, publish};
use crate::{
    Description, Found, Publish, ResumableFile, StoreError, StoreFailure, Unfinished, WriteMode,
};

use super::support::{Planted, Scratch, description, known, pattern, range};

const PLAIN: Publish = Publish {
    overwrite: false,
    sync: true,
};
const OVERWRITE: Publish = Publish {
    overwrite: true,
    sync: true,
};

/// Returns a complete part file that holds "whole", and its journal.
fn complete(scratch: &Scratch) -> PartFile<Directory> {
    AppendLog::create(&scratch.folder, &scratch.names, b"").unwrap();
    let part = scratch.create(known(5), WriteMode::default()).unwrap();
    part.lease(range(0, 5)).unwrap().write(b"whole").unwrap();
    part
}

/// Returns the same, with a journal that claims all of it.
fn complete_file(scratch: &Scratch) -> ResumableFile {
    let file = scratch.location().create(known(5), &description()).unwrap();
    file.lease_from(0).unwrap().write(b"whole").unwrap();
    file
}

fn unfinished(scratch: &Scratch) -> Option<Unfinished> {
    let proceed = || ControlFlow::Continue(());
    scratch.location().unfinished(proceed).unwrap()
}

fn assert_published(scratch: &Scratch) {
    assert_eq!(scratch.read(scratch.names.final_name()), b"whole");
    assert!(!scratch.path(scratch.names.part()).exists());
    assert!(!scratch.path(scratch.names.journal()).exists());
}

fn publish_cleanly(part: &PartFile<Directory>, how: Publish) -> Result<(), StoreError> {
    publish(part, how, None)?.loose_end.map_or(Ok(()), Err)
}

#[test]
fn the_final_file_is_like_any_new_file() {
    for sync in [true, false] {
        let scratch = Scratch::new();
        let part = complete(&scratch);
        publish_cleanly(
            &part,
            Publish {
                overwrite: false,
                sync,
            },
        )
        .unwrap();
        assert_published(&scratch);
        scratch.write("ordinary".as_ref(), b"");
        assert_eq!(
            scratch.mode(scratch.names.final_name()),
            scratch.mode("ordinary".as_ref())
        );
        assert_eq!(scratch.listing(), ["ordinary", "output"]);
    }
}

#[test]
fn an_existing_file_is_replaced_only_on_demand() {
    let scratch = Scratch::new();
    let name = scratch.names.final_name();
    scratch.write(name, b"old");
    PLAIN.check(&scratch.folder, &scratch.names).unwrap_err();
    OVERWRITE.check(&scratch.folder, &scratch.names).unwrap();
    let part = complete(&scratch);
    let error = publish(&part, PLAIN, None).unwrap_err();
    assert_eq!(error.disposition(), StoreFailure::Exists, "{error}");
    assert_eq!(scratch.read(name), b"old");
    assert_eq!(
        scratch.listing(),
        ["output", "output.part", "output.part.journal"]
    );
    publish_cleanly(&part, OVERWRITE).unwrap();
    assert_published(&scratch);
}

#[test]
fn whatever_has_the_final_name_exists() {
    for planted in Planted::ALL {
        let scratch = Scratch::new();
        let name = scratch.names.final_name();
        let part = complete(&scratch);
        PLAIN.check(&scratch.folder, &scratch.names).unwrap();
        planted.plant(&scratch, name);
        for error in [
            PLAIN.check(&scratch.folder, &scratch.names).unwrap_err(),
            publish(&part, PLAIN, None).unwrap_err(),
        ] {
            assert!(
                matches!(error, StoreError::OutputExists { .. }),
                "{planted:?}: {error}"
            );
        }
        planted.assert_untouched(&scratch, name);

        if matches!(planted, Planted::Directory | Planted::Fifo) {
            for error in [
                OVERWRITE
                    .check(&scratch.folder, &scratch.names)
                    .unwrap_err(),
                publish(&part, OVERWRITE, None).unwrap_err(),
            ] {
                assert!(
                    matches!(error, StoreError::OutputExists { .. }),
                    "{planted:?}: {error}"
                );
            }
            planted.assert_untouched(&scratch, name);
        } else {
            publish_cleanly(&part, OVERWRITE).unwrap();
            assert_published(&scratch);
            assert!(
                !scratch.path(name).is_symlink(),
                "a link is replaced, not followed"
            );
        }
        if matches!(planted, Planted::Symlink | Planted::HardLink) {
            assert_eq!(scratch.read("victim".as_ref()), b"precious");
        }
    }
}

#[test]
fn a_replaced_part_file_is_not_published() {
    let scratch = Scratch::new();
    let part = complete(&scratch);
    scratch.remove(scratch.names.part());
    scratch.write(scratch.names.part(), b"not it");
    for how in [PLAIN, OVERWRITE] {
        let error = publish(&part, how, None).unwrap_err();
        assert_eq!(error.disposition(), StoreFailure::NotOurs, "{error}");
    }
    assert!(!scratch.path(scratch.names.final_name()).exists());
}

#[test]
#[should_panic(expected = "nothing writes to a file that is published")]
fn a_file_that_is_written_to_is_not_published() {
    let scratch = Scratch::new();
    let part = complete(&scratch);
    let _lease = part.lease(range(0, 1)).unwrap();
    let _refused = publish(&part, PLAIN, None);
}

/// restic/rest-server#166, symfony/symfony#5751, Stebalien/tempfile#193: a temporary file and a
/// rename must not lose the permissions that the directory gives to its new files.
#[test]
fn the_final_file_has_what_the_default_acl_of_the_directory_says() {
    const NOBODY: u32 = u32::MAX;
    let acl = |entries: &[(u16, u16, u32)]| {
        let entry = |(tag, permissions, id): &(u16, u16, u32)| {
            [
                &tag.to_le_bytes()[..],
                &permissions.to_le_bytes(),
                &id.to_le_bytes(),
            ]
            .concat()
        };
        let entries: Vec<u8> = entries.iter().flat_map(entry).collect();
        [&2_u32.to_le_bytes()[..], &entries].concat()
    };
    for default in [
        acl(&[
            (1, 6, NOBODY),
            (2, 6, 1234),
            (4, 6, NOBODY),
            (16, 6, NOBODY),
            (32, 0, NOBODY),
        ]),
        acl(&[(1, 6, NOBODY), (4, 4, NOBODY), (32, 4, NOBODY)]),
        acl(&[
            (1, 6, NOBODY),
            (4, 6, NOBODY),
            (8, 7, 99),
            (16, 7, NOBODY),
            (32, 6, NOBODY),
        ]),
    ] {
        let scratch = Scratch::new();
        let set = rustix::fs::setxattr(
            scratch.path("".as_ref()),
            "system.posix_acl_default",
            &default,
            rustix::fs::XattrFlags::empty(),
        );
        if let Err(error) = set {
            needs::unmet("an access control list", error);
            return;
        }
        publish_cleanly(&complete(&scratch), PLAIN).unwrap();
        let plain = "plain".as_ref();
        scratch.write(plain, b"");
        let shown = |name| {
            let mut acl = vec![0; 256];
            let name = scratch.path(name);
            let length = rustix::fs::getxattr(name, "system.posix_acl_access", &mut acl[..]);
            acl.truncate(length.unwrap_or(0));
            acl
        };
        let name = scratch.names.final_name();
        assert_eq!(shown(name), shown(plain));
        assert_eq!(scratch.mode(name), scratch.mode(plain));
    }
}

#[test]
fn a_crash_before_the_final_name_leaves_a_part_file_to_publish() {
    let scratch = Scratch::new();
    drop(complete_file(&scratch));
    assert!(unfinished(&scratch).is_none());
    let Found::Earlier(earlier) = scratch.location().find(true, |_| false).unwrap() else {
        panic!("it was complete");
    };
    let (file, claims) = earlier.resume().unwrap();
    assert!(claims.is_complete());
    assert!(file.publish(PLAIN, None, None).unwrap().loose_end.is_none());
    assert_published(&scratch);
}

#[test]
fn a_crash_after_the_final_name_leaves_a_journal_to_remove() {
    for sync in [true, false] {
        let scratch = Scratch::new();
        drop(complete_file(&scratch));
        scratch.rename(scratch.names.part(), scratch.names.final_name());
        let found = unfinished(&scratch).expect("the final file was the part file");
        assert_eq!(found.header().length, 5);
        found.finish(sync).unwrap();
        assert_published(&scratch);
        assert!(unfinished(&scratch).is_none());
    }
}

#[test]
fn a_final_file_that_is_not_what_its_journal_says_is_not_taken_for_ours() {
    for bytes in [&b"whale"[..], b"whol", b"whole!"] {
        let scratch = Scratch::new();
        drop(complete_file(&scratch));
        scratch.rename(scratch.names.part(), scratch.names.final_name());
        scratch.write(scratch.names.final_name(), bytes);
        assert!(unfinished(&scratch).is_none());
        assert_eq!(scratch.listing(), ["output", "output.part.journal"]);
    }
}

/// Replies of several versions may have brought the bytes: no validator describes them.
#[test]
fn a_final_file_that_may_be_mixed_has_no_validators() {
    for is_mixed in [false, true] {
        let scratch = Scratch::new();
        let validators = Validators {
            entity_tag: EntityTag::parse(b"\"a\""),
            ..Validators::default()
        };
        let description = Description {
            validators: validators.clone(),
            ..description()
        };
        let file = scratch.location().create(known(5), &description).unwrap();
        file.lease_from(0).unwrap().write(b"whole").unwrap();
        if is_mixed {
            file.note_mixed().unwrap();
        }
        drop(file);
        scratch.rename(scratch.names.part(), scratch.names.final_name());
        let found = unfinished(&scratch).expect("it is what the journal says");
        let expected = if is_mixed {
            Validators::default()
        } else {
            validators
        };
        assert_eq!(found.header().validators, expected);
    }
}

/// A publish begins only once every byte is claimed.
#[test]
fn a_final_file_that_is_claimed_in_part_is_not_taken_for_ours() {
    let size = BlockSize::new(4096).unwrap();
    let whole = range(0, 3 * 4096);
    for claimed in [range(0, 4096), range(4096, 3 * 4096), whole] {
        let scratch = Scratch::new();
        let location = scratch.location().with_blocks_of(size);
        let length = known(whole.len());
        let file = location.create(length, &description()).unwrap();
        let mut writer = file.lease(claimed).unwrap();
        writer.write(&pattern(claimed)).unwrap();
        drop(writer);
        drop(file);
        let name = scratch.names.final_name();
        scratch.rename(scratch.names.part(), name);
        assert_eq!(scratch.length(name), whole.len());
        let found = location.unfinished(|| ControlFlow::Continue(())).unwrap();
        assert_eq!(found.is_some(), claimed == whole, "{claimed}");
    }
}

#[test]
fn a_crash_between_link_and_removal_leaves_two_names() {
    let scratch = Scratch::new();
    drop(complete_file(&scratch));
    scratch.link(scratch.names.part(), scratch.names.final_name());
    let error = scratch.open(known(5), WriteMode::default()).unwrap_err();
    assert_eq!(error.disposition(), StoreFailure::NotOurs, "{error}");
    unfinished(&scratch).unwrap().finish(true).unwrap();
    assert_published(&scratch);
}

#[test]
fn an_attempt_that_only_linked_is_finished_by_the_next() {
    let scratch = Scratch::new();
    let part = complete(&scratch);
    scratch.link(scratch.names.part(), scratch.names.final_name());
    publish_cleanly(&part, PLAIN).unwrap();
    assert_published(&scratch);
    publish_cleanly(&part, PLAIN).unwrap();
    assert_published(&scratch);
}

#[test]
fn another_file_at_the_final_name_is_not_taken_for_ours() {
    for planted in Planted::ALL {
        let scratch = Scratch::new();
        drop(complete_file(&scratch));
        planted.plant(&scratch, scratch.names.final_name());
        assert!(unfinished(&scratch).is_none(), "{planted:?}");
        planted.assert_untouched(&scratch, scratch.names.final_name());
    }
}

#[test]
fn only_our_own_journal_is_removed() {
    for ending in ["discard", "publish", "unfinished"] {
        let scratch = Scratch::new();
        let file = complete_file(&scratch);
        let (file, found) = if ending == "unfinished" {
            drop(file);
            scratch.rename(scratch.names.part(), scratch.names.final_name());
            (None, unfinished(&scratch))
        } else {
            (Some(file), None)
        };
        // Another run removed the journal, and began one of its own.
        let others = "another's".as_ref();
        scratch.write(others, b"another's journal");
        scratch.rename(others, scratch.names.journal());
        match (found, file) {
            (Some(found), _) => found.finish(true).unwrap(),
            (None, Some(file)) if ending == "publish" => {
                assert!(file.publish(PLAIN, None, None).unwrap().loose_end.is_none());
            }
            (None, file) => file.unwrap().discard().unwrap(),
        }
        assert!(!scratch.path(scratch.names.part()).exists(), "{ending}");
        let journal = scratch.read(scratch.names.journal());
        assert_eq!(journal, b"another's journal", "{ending}");
    }
}

#[test]
fn only_our_own_part_file_is_discarded() {
    let scratch = Scratch::new();
    discard(&complete(&scratch)).unwrap();
    assert!(scratch.listing().is_empty());

    let part = complete(&scratch);
    scratch.remove(scratch.names.part());
    scratch.write(scratch.names.part(), b"another");
    discard(&part).unwrap();
    assert_eq!(scratch.read(scratch.names.part()), b"another");
    assert_eq!(scratch.listing(), ["output.part", "output.part.journal"]);
}
