//! Errors as callers see them: what each is, what helps, and that a retry is offered only where it
//! can.

use url::Url;

use super::*;

#[test]
fn only_what_a_retry_can_help_is_resumable() {
    for (kind, expected) in [
        (ErrorKind::Cancelled, true),
        (ErrorKind::Network, true),
        (ErrorKind::Changed, false),
        (ErrorKind::Corrupt, false),
        (ErrorKind::Disk, false),
        (ErrorKind::Exists, false),
        (ErrorKind::InUse, false),
        (ErrorKind::Internal, false),
        (ErrorKind::Invalid, false),
        (ErrorKind::Refused, false),
        (ErrorKind::Untrusted, false),
    ] {
        let error = Error::new(kind, Cause::Cancelled);
        assert!(!error.is_resumable() && !error.has_kept_bytes(), "{kind:?}");
        let error = error.keeping(true);
        assert_eq!(error.is_resumable(), expected, "{kind:?}");
        assert!(error.has_kept_bytes(), "{kind:?}");
    }
}

#[test]
fn a_redirect_inside_has_a_remedy_whose_flag_is_not_named_here() {
    let to = SafeUrl::new(&Url::parse("http://127.0.0.1/").unwrap());
    let inside = || TransportError::from(RedirectError::Private { to: to.clone() });
    let changed = Error::new(ErrorKind::Changed, Cause::ChangedAndRefused(inside()));
    for error in [Error::from(inside()), changed] {
        assert_eq!(error.remedy(), Some(Remedy::AllowPrivate));
        assert!(!error.to_string().contains("--"), "{error}");
    }
    let elsewhere = TransportError::from(RedirectError::NoLocation);
    assert_eq!(Error::from(elsewhere).remedy(), None);
}

#[test]
fn an_error_of_the_disk_names_the_directory_and_one_of_the_network_the_server() {
    let denied = || StoreError::Io {
        operation: "create a file beside the output",
        source: io::Error::from_raw_os_error(13),
    };
    let error = Error::from(denied()).in_directory(Path::new("/srv/x"));
    assert_eq!(
        error.to_string(),
        "could not create a file beside the output: Permission denied (os error 13) (in /srv/x)"
    );
    assert_eq!(error.remedy(), Some(Remedy::OtherDirectory));
    let error = Error::unreadable(denied());
    assert_eq!(error.kind(), ErrorKind::Exists);
    assert!(
        error
            .to_string()
            .contains("could not be read to compare it: Permission denied")
    );

    let whom = Whom::new(&Url::parse("http://user:secret@a.example/x").unwrap(), None);
    let stalled = || Error::new(ErrorKind::Network, Cause::Stalled);
    let error = stalled().asked_of(Some(whom.clone()));
    assert_eq!(
        error.to_string(),
        "nothing arrived for too long (a.example)"
    );
    let elsewhere = Error::from(denied()).asked_of(Some(whom));
    assert!(!elsewhere.to_string().contains("a.example"), "{elsewhere}");
}
