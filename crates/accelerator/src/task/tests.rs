//! Tests of what can be downloaded, and what cannot.

use std::time::Duration;

use super::*;
use crate::proxy::{Proxies, Proxy};

const URL: &str = "http://a.example/";

fn refused(settings: Settings) -> String {
    let task = Task::new(URL, "/tmp/it".into(), settings);
    task.unwrap_err().to_string()
}

#[test]
fn the_defaults_make_sense() {
    let task = Task::new(URL, "it".into(), Settings::default()).unwrap();
    assert_eq!(task.safe_url().as_str(), URL);
    assert!(task.home.headers.is_empty() && task.algorithms().is_empty());
}

#[test]
fn an_output_is_a_directory_and_a_name() {
    for (output, directory, name) in [
        ("it", ".", "it"),
        ("./it", ".", "it"),
        ("/it", "/", "it"),
        ("a/b/it", "a/b", "it"),
        ("../it", "..", "it"),
    ] {
        let task = Task::new(URL, output.into(), Settings::default()).unwrap();
        assert_eq!(task.directory, Path::new(directory), "{output}");
        assert_eq!(task.names.final_name(), name, "{output}");
        assert_eq!(task.output, Path::new(output));
    }
    for output in ["", ".", "..", "/", "a/", "a/.", "a/.."] {
        let refused = Task::new(URL, output.into(), Settings::default());
        assert!(
            matches!(refused, Err(InvalidSetting::Output { .. })),
            "{output}"
        );
    }
    let longest = Task::new(URL, "x".repeat(300).into(), Settings::default());
    assert!(matches!(longest, Err(InvalidSetting::Name(_))));
}

#[test]
fn numbers_that_make_no_sense_are_refused() {
    for connections in [0, Settings::CONNECTIONS_MAX + 1] {
        let settings = Settings {
            connections,
            ..Settings::default()
        };
        assert!(refused(settings).contains("from 1 to 256"));
    }
    let settings = Settings {
        connections: Settings::CONNECTIONS_MAX,
        ..Settings::default()
    };
    assert!(Task::new(URL, "it".into(), settings).is_ok());
    let settings = Settings {
        max_tries: Some(0),
        ..Settings::default()
    };
    assert!(refused(settings).contains("one try"));
    let settings = Settings {
        stall_timeout: Duration::ZERO,
        ..Settings::default()
    };
    assert!(refused(settings).contains("silent for some time"));
    let settings = Settings {
        first_byte_timeout: Duration::ZERO,
        ..Settings::default()
    };
    assert!(refused(settings).contains("first byte"));
}

#[test]
fn a_file_has_one_digest_of_an_algorithm() {
    let digest = |byte| Digest::new(DigestAlgorithm::Sha256, &[byte; 32]).unwrap();
    let settings = Settings {
        digests: vec![digest(1), digest(2)],
        ..Settings::default()
    };
    assert!(refused(settings).contains("two digests of the algorithm sha-256"));
}

#[test]
fn there_is_one_set_of_credentials() {
    let settings = |credentials, header: bool| Settings {
        credentials,
        headers: if header {
            vec![("authorization".into(), "x".into())]
        } else {
            Vec::new()
        },
        ..Settings::default()
    };
    let me = || Credentials::basic("me", "secret").ok();
    let with_user = "http://me:secret@a.example/";
    for (url, credentials, header, makes_sense) in [
        (URL, me(), false, true),
        (URL, None, true, true),
        (with_user, None, false, true),
        (URL, me(), true, false),
        (with_user, me(), false, false),
        (with_user, None, true, false),
    ] {
        let task = Task::new(url, "it".into(), settings(credentials, header));
        match task {
            Ok(task) => {
                assert!(makes_sense, "{url} {header}");
                assert_eq!(task.home.headers.len(), 1);
                assert_eq!(task.url.as_str(), URL);
            }
            Err(InvalidSetting::TwoCredentials) => assert!(!makes_sense, "{url} {header}"),
            Err(other) => panic!("{other}"),
        }
    }
}

#[test]
fn what_is_no_field_is_refused_and_its_value_is_not_repeated() {
    let settings = Settings {
        headers: vec![("X-Key".into(), "line\nbreak: secret".into())],
        ..Settings::default()
    };
    assert_eq!(refused(settings), r#"the header "X-Key" is malformed"#);
    let settings = Settings {
        user_agent: "two\nlines".to_owned(),
        ..Settings::default()
    };
    assert!(refused(settings).contains("as the user agent"));
}

#[test]
fn settings_show_no_secret() {
    let proxy = Proxy::parse("http://me:hush@proxy").unwrap();
    let settings = Settings {
        credentials: Credentials::bearer("hush").ok(),
        headers: vec![("X-Key".into(), "hush".into())],
        identity: Some(b"hush".to_vec().into()),
        proxies: Proxies::new(Some(Ok(proxy)), None, ""),
        ..Settings::default()
    };
    let task = Task::new(URL, "it".into(), settings.clone()).unwrap();
    let shown = format!("{settings:?} {task:?}");
    assert!(!shown.contains("hush"), "{shown}");
    // The password is not shown as numbers either.
    assert!(!shown.contains("104, 117, 115, 104"), "{shown}");
}
