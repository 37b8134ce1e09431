//! The record of where a published file is from: which files have it, and which have it no more.
#![expect(
    clippy::disallowed_methods,
    reason = "the tests change a published file as other programs do"
)]

use std::fs::File;
use std::ops::ControlFlow;
use std::time::{Duration, SystemTime};

use rustix::fs::XattrFlags;

use super::support::{Scratch, description, known};
use crate::{Provenance, Publish};

const ATTRIBUTE: &str = "user.sheave.published";

fn provenance() -> Provenance {
    Provenance {
        source: "here".to_owned(),
        validators: description().validators,
        media_type: None,
        coding: None,
    }
}

/// Publishes "whole" with a record, if the file system keeps one.
fn published(modified: Option<SystemTime>) -> Option<Scratch> {
    let scratch = Scratch::new();
    let file = scratch.location().create(known(5), &description()).unwrap();
    file.lease_from(0).unwrap().write(b"whole").unwrap();
    let how = Publish {
        overwrite: false,
        sync: true,
    };
    let ended = file.publish(how, modified, Some(&provenance())).unwrap();
    assert!(ended.loose_end.is_none());
    let name = scratch.path(scratch.names.final_name());
    match rustix::fs::getxattr(&name, ATTRIBUTE, &mut [0; 4096][..]) {
        Ok(_) => Some(scratch),
        Err(error) => {
            needs::unmet("extended attributes", error);
            None
        }
    }
}

fn found(scratch: &Scratch) -> Option<Provenance> {
    scratch.location().final_file().unwrap().provenance()
}

#[test]
fn a_published_file_is_known_again_whatever_its_name_and_permissions() {
    let then = SystemTime::UNIX_EPOCH + Duration::from_nanos(1_000_000_000_123);
    for modified in [None, Some(then)] {
        let Some(scratch) = published(modified) else {
            return;
        };
        assert_eq!(found(&scratch), Some(provenance()));
        let name = scratch.names.final_name();
        scratch.rename(name, "other".as_ref());
        scratch.rename("other".as_ref(), name);
        let mut permissions = std::fs::metadata(scratch.path(name)).unwrap().permissions();
        permissions.set_readonly(true);
        std::fs::set_permissions(scratch.path(name), permissions).unwrap();
        assert_eq!(found(&scratch), Some(provenance()));
    }
}

#[test]
fn a_file_that_was_changed_is_not_known() {
    let changes: [fn(&File); 2] = [
        |file| file.set_len(4).unwrap(),
        |file| file.set_modified(SystemTime::UNIX_EPOCH).unwrap(),
    ];
    for change in changes {
        let Some(scratch) = published(None) else {
            return;
        };
        let path = scratch.path(scratch.names.final_name());
        change(&File::options().write(true).open(path).unwrap());
        assert_eq!(found(&scratch), None);
    }
}

#[test]
fn a_copy_with_time_and_attributes_is_not_known() {
    let Some(scratch) = published(None) else {
        return;
    };
    let (name, original) = (scratch.names.final_name(), "original".as_ref());
    scratch.rename(name, original);
    scratch.write(name, b"WHOLE");
    let mut record = [0; 4096];
    let length = rustix::fs::getxattr(scratch.path(original), ATTRIBUTE, &mut record[..]).unwrap();
    let (path, flags) = (scratch.path(name), XattrFlags::empty());
    rustix::fs::setxattr(&path, ATTRIBUTE, &record[..length], flags).unwrap();
    let time = std::fs::metadata(scratch.path(original))
        .unwrap()
        .modified();
    let copy = File::options().write(true).open(path).unwrap();
    copy.set_modified(time.unwrap()).unwrap();
    assert_eq!(found(&scratch), None);
}

#[test]
fn an_attribute_that_is_no_record_is_none() {
    let Some(scratch) = published(None) else {
        return;
    };
    let path = scratch.path(scratch.names.final_name());
    for value in [&b""[..], b"sheave 2", &[0xff; 100], &[b'x'; 3500]] {
        rustix::fs::setxattr(&path, ATTRIBUTE, value, XattrFlags::empty()).unwrap();
        assert_eq!(found(&scratch), None);
    }
}

fn is_unchanged(scratch: &Scratch) -> bool {
    let file = scratch.location().final_file().unwrap();
    file.is_unchanged(|| ControlFlow::Continue(())).unwrap()
}

/// The bytes decide, wherever the system has noted a change.
#[test]
fn other_bytes_of_the_same_length_and_time_are_noticed() {
    let Some(scratch) = published(None) else {
        return;
    };
    assert!(is_unchanged(&scratch));
    let path = scratch.path(scratch.names.final_name());
    let time = std::fs::metadata(&path).unwrap().modified().unwrap();
    let write = |bytes: &[u8]| {
        let file = File::options().write(true).open(&path).unwrap();
        std::io::Write::write_all(&mut &file, bytes).unwrap();
        file.set_modified(time).unwrap();
    };
    write(b"WHOLE");
    assert_eq!(found(&scratch), Some(provenance()));
    assert!(!is_unchanged(&scratch));
    write(b"whole");
    assert!(is_unchanged(&scratch));
}

/// A mark of a whole second, or of any other time than that of the last change, is none.
#[test]
fn a_mark_counts_only_for_the_change_that_it_is_about() {
    let Some(scratch) = published(None) else {
        return;
    };
    let path = scratch.path(scratch.names.final_name());
    let time = std::fs::metadata(&path).unwrap().modified().unwrap();
    std::fs::write(&path, b"WHOLE").unwrap();
    let file = File::options().write(true).open(&path).unwrap();
    file.set_modified(time).unwrap();
    for mark in [
        "",
        "x",
        "0",
        "-1",
        "99999999999999999999999999",
        "1000000000",
    ] {
        let flags = XattrFlags::empty();
        rustix::fs::setxattr(&path, "user.sheave.unchanged", mark.as_bytes(), flags).unwrap();
        assert!(!is_unchanged(&scratch), "{mark}");
    }
}
