//! Documents, and the downloads they become.
use super::*;

fn planning() -> Planning {
    Planning {
        directory: "into".into(),
        output: None,
        digests: Vec::new(),
        is_width_given: false,
        only_https: false,
        allow_private: false,
    }
}

fn document(url: &str) -> Document {
    Document {
        name: "list".to_owned(),
        url: Url::parse(url).ok(),
        asked: Url::parse(url).ok(),
        is_from_outside: false,
    }
}

fn list(files: &str) -> Metalink {
    let text = format!(r#"<metalink xmlns="urn:ietf:params:xml:ns:metalink">{files}</metalink>"#);
    metalink::read(
        text.as_bytes(),
        Url::parse("https://home.example/l.meta4").ok().as_ref(),
    )
    .unwrap()
}

fn planned(planning: &Planning, files: &str) -> Vec<RemoteFile> {
    let document = document("https://home.example/l.meta4");
    planning.files(&list(files), &document, |_| None).unwrap()
}

#[test]
fn mirrors_that_nobody_named_get_one_connection_unless_the_user_says_how_many() {
    let files = r#"<file name="f">
        <url priority="2">https://b.example/f</url><url priority="1">https://a.example/f</url>
        <url priority="3">f</url></file>"#;
    let of = |planning: &Planning| {
        let file = planned(planning, files).remove(0);
        assert_eq!(file.url.reveal(), "https://a.example/f");
        let listed = file.listed.unwrap();
        assert!(!listed.is_at_home);
        let mirrors = file.mirrors.iter().map(|mirror| mirror.connections);
        (listed.connections_to_url, mirrors.collect::<Vec<_>>())
    };
    // The last one is where the list is from, which the user did name.
    assert_eq!(of(&planning()), (Some(1), vec![Some(1), None]));
    let given = Planning {
        is_width_given: true,
        ..planning()
    };
    assert_eq!(of(&given), (None, vec![None, None]));
}

#[test]
fn the_strongest_digest_is_used_and_the_users_own_goes_before_it() {
    let (sha, md5) = ("1".repeat(64), "2".repeat(32));
    let files = format!(
        r#"<file name="f"><hash type="md5">{md5}</hash><hash type="sha-256">{sha}</hash>
        <url>http://a.example/f</url></file>"#
    );
    let file = planned(&planning(), &files).remove(0);
    assert_eq!(file.digests, [Digest::parse(&sha).unwrap()]);
    assert_eq!(file.digest_from.as_deref(), Some("metalink (https)"));
    let own = Digest::parse(&"3".repeat(64)).unwrap();
    let given = Planning {
        digests: vec![own],
        ..planning()
    };
    let file = planned(&given, &files).remove(0);
    assert_eq!((file.digests, file.digest_from), (vec![own], None));
}

#[test]
fn names_stay_beneath_and_clash_where_two_become_one() {
    let named = |names: [&str; 2]| {
        let files = names.map(|name| format!(r#"<file name="{name}"><url>f</url></file>"#));
        planned(&planning(), &files.concat())
    };
    let files = named(["a/.b/x.iso", "-c"]);
    let outputs: Vec<_> = files.iter().map(|file| file.output.clone()).collect();
    assert_eq!(outputs, [Path::new("into/a/b/x.iso"), Path::new("into/c")]);
    assert_eq!(clash(&files), None);
    // The sanitiser makes one name of both.
    assert!(clash(&named(["a", ".a"])).is_some());
    assert!(clash(&named([".a", "a/b"])).is_some());
    assert!(clash(&named(["a/b", ".a"])).is_some());
}

#[test]
fn what_cannot_be_fetched_is_left_out() {
    let files =
        r#"<file name="f"><url>ftp://a.example/f</url><url>http://b.example/f</url></file>"#;
    let file = planned(&planning(), files).remove(0);
    assert_eq!(file.url.reveal(), "http://b.example/f");
    let only_https = Planning {
        only_https: true,
        ..planning()
    };
    assert!(!planned(&only_https, files)[0].has_place());
}
