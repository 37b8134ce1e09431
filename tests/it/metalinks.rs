//! Downloads of what Metalink documents list: on this machine and behind a URL, honest and not.

use std::fmt::Write as _;
use std::path::Path;

use crate::support::files;
use crate::support::program::{self, Ran};
use crate::support::site::Site;
use crate::support::versioned::{LENGTH, MIB, SEED, faults, sha256};

const SIZE: u64 = 3_000_001;

/// A directory with documents and files, its site, and a place for downloads.
struct Scene {
    root: tempfile::TempDir,
    into: tempfile::TempDir,
    site: Site,
}

impl Scene {
    fn new() -> Self {
        let root = files::directory();
        for (seed, name) in [(1, "a"), (2, "b")] {
            files::create(&root.path().join(name), seed, SIZE);
        }
        let site = Site::of(root.path(), Vec::new());
        let into = files::directory();
        Self { root, into, site }
    }

    fn hash(&self, name: &str) -> String {
        let digits = files::sha256(&self.root.path().join(name));
        format!(r#"<hash type="sha-256">{digits}</hash>"#)
    }

    /// Writes a document of Metalink 4 with these files.
    fn write(&self, files: &str) {
        let text =
            format!(r#"<metalink xmlns="urn:ietf:params:xml:ns:metalink">{files}</metalink>"#);
        std::fs::write(self.root.path().join("l.meta4"), text).unwrap();
    }

    fn places(&self) -> [String; 2] {
        let path = self.root.path().join("l.meta4").display().to_string();
        [path, self.site.url("/l.meta4")]
    }

    fn run(&self, place: &str, more: &[&str]) -> Ran {
        let directory = self.into.path().to_str().unwrap();
        let arguments = ["get", "--json", "-d", directory].into_iter();
        let more = more.iter().copied().chain([place]);
        program::run(arguments.chain(more))
    }

    fn saved(&self) -> Vec<String> {
        files::names(self.into.path())
    }

    fn is_saved(&self, name: &str, of: &str) -> bool {
        let saved = self.into.path().join(name);
        Path::exists(&saved) && files::sha256(&saved) == files::sha256(&self.root.path().join(of))
    }
}

fn json(ran: &Ran) -> impl Iterator<Item = serde_json::Value> {
    let lines = ran.stdout.lines();
    lines.map(|line| serde_json::from_str(line).unwrap())
}

fn ends(ran: &Ran) -> Vec<serde_json::Value> {
    let is_end = |line: &serde_json::Value| line["event"] == "done" || line["event"] == "error";
    json(ran).filter(is_end).collect()
}

/// A document with one file of synthetic content, and its mirrors in their order.
fn synthetic(scene: &Scene, facts: &str, mirrors: &[Site]) {
    let mut urls = String::new();
    for (at, mirror) in mirrors.iter().enumerate() {
        let url = mirror.url(&format!("/synthetic/{LENGTH}?seed={}", SEED.0));
        write!(urls, r#"<url priority="{}">{url}</url>"#, at + 1).unwrap();
    }
    scene.write(&format!(r#"<file name="f">{facts}{urls}</file>"#));
}

fn facts() -> String {
    let digest = sha256(0);
    format!(r#"<size>{LENGTH}</size><hash type="sha-256">{digest}</hash>"#)
}

#[test]
fn every_file_of_a_document_is_saved_beneath_the_directory() {
    let scene = Scene::new();
    let [here, there] = scene.places();
    // What is relative is relative to the document's own URL.
    for (place, base, source) in [
        (here, scene.site.url("/"), "file"),
        (there, String::new(), "http"),
    ] {
        scene.write(&format!(
            r#"<file name="x/a"><size>{SIZE}</size>{}<url>{base}a</url></file>
               <file name="x/y/b">{}<url>ftp://127.0.0.1/b</url><url>{base}b</url></file>"#,
            scene.hash("a"),
            scene.hash("b"),
        ));
        let ran = scene.run(&place, &["-x", "2"]).expect(0);
        assert!(
            scene.is_saved("x/a", "a") && scene.is_saved("x/y/b", "b"),
            "{ran:?}"
        );
        let listed = json(&ran).next().unwrap();
        assert_eq!(
            (&listed["event"], &listed["files"]),
            (&"listed".into(), &2.into())
        );
        assert_eq!(listed["remarks"].as_array().unwrap().len(), 1, "{listed}");
        let ends = ends(&ran);
        assert_eq!(ends.len(), 2);
        for end in ends {
            assert_eq!(end["verified"], "digest");
            assert_eq!(end["digest_from"], format!("metalink ({source})"));
        }
        // Again: everything is there.
        let again = scene.run(&place, &[]).expect(0);
        assert_eq!(again.last_json()["completion"], "already_complete");
        std::fs::remove_dir_all(scene.into.path().join("x")).unwrap();
    }
}

#[test]
fn the_only_file_of_a_document_takes_the_name_and_digest_that_are_given() {
    let scene = Scene::new();
    scene.write(&format!(
        r#"<file name="x/a">{}<url>a</url></file>"#,
        scene.hash("b")
    ));
    let [_, place] = scene.places();
    let output = scene.into.path().join("o");
    let digest = files::sha256(&scene.root.path().join("a"));
    let more = ["--checksum", &digest, "-o", output.to_str().unwrap()];
    let ran = scene.run(&place, &more).expect(0);
    assert!(scene.is_saved("o", "a"), "{ran:?}");
    assert!(ran.last_json()["digest_from"].is_null(), "{ran:?}");
    scene.write(r#"<file name="a"><url>a</url></file><file name="b"><url>b</url></file>"#);
    scene.run(&place, &more[..2]).expect(2);
    scene.run(&place, &more[2..]).expect(2);
    assert_eq!(scene.saved(), ["o"]);
}

#[test]
fn a_name_that_leads_out_or_clashes_refuses_the_whole_document() {
    for names in [
        ["a", "../b"],
        ["a", "/b"],
        ["a", "x/../../b"],
        ["a", "x\\b"],
        ["a", "a"],
        ["a", "a/b"],
        // What would be one file once the name is harmless.
        ["a", ".a"],
        [".a", "a/b"],
    ] {
        let scene = Scene::new();
        let files = names.map(|name| {
            format!(
                r#"<file name="{name}"><url>{}</url></file>"#,
                scene.site.url("/a")
            )
        });
        scene.write(&files.concat());
        for place in scene.places() {
            let ran = scene.run(&place, &[]).expect(2);
            assert_eq!(ran.stderr.lines().count(), 1, "{names:?}: {ran:?}");
        }
        let asked = scene.site.requests().into_iter().map(|record| record.path);
        let asked: Vec<_> = asked.filter(|path| path != "/l.meta4").collect();
        assert!(asked.is_empty(), "{names:?}: {asked:?}");
        assert!(scene.saved().is_empty());
    }
}

#[test]
fn no_link_is_followed_out_of_the_directory() {
    let (scene, outside) = (Scene::new(), files::directory());
    std::os::unix::fs::symlink(outside.path(), scene.into.path().join("x")).unwrap();
    scene.write(r#"<file name="x/a"><url>a</url></file><file name="b"><url>b</url></file>"#);
    let ran = scene.run(&scene.places()[1], &[]).expect(8);
    assert!(ran.stderr.contains("never links"), "{ran:?}");
    assert!(files::names(outside.path()).is_empty());
    assert!(
        scene.is_saved("b", "b"),
        "the other file has its turn: {ran:?}"
    );
}

#[test]
fn a_file_without_a_usable_url_fails_alone() {
    let scene = Scene::new();
    scene.write(
        r#"<file name="a"><url>ftp://127.0.0.1/a</url><url>rsync://127.0.0.1/a</url></file>
           <file name="b"><url>b</url></file>"#,
    );
    let ran = scene.run(&scene.places()[1], &[]).expect(4);
    assert!(ran.stderr.contains("a: the list names no http"), "{ran:?}");
    assert_eq!(scene.saved(), ["b"]);
    // Whoever wants to know is told why.
    let told = program::run([
        "get",
        "-v",
        "-d",
        scene.into.path().to_str().unwrap(),
        &scene.places()[1],
    ]);
    assert!(told.stderr.contains("scheme rsync"), "{told:?}");
}

#[test]
fn a_corrupt_first_mirror_costs_nothing_but_time() {
    for bad in [
        &["corrupt:100"][..],
        &["status:404"],
        &["version:1"],
        &["length:8MiB"],
        &["ignore-range", "corrupt:5"],
    ] {
        let scene = Scene::new();
        let mirrors = [bad, &[]].map(|texts| Site::synthetic(faults(texts)));
        synthetic(&scene, &facts(), &mirrors);
        let ran = scene.run(&scene.places()[1], &[]).expect(0);
        assert_eq!(ran.last_json()["verified"], "digest", "{bad:?}: {ran:?}");
        assert_eq!(
            files::sha256(&scene.into.path().join("f")),
            sha256(0),
            "{bad:?}"
        );
    }
}

#[test]
fn the_size_is_a_limit_and_has_to_match() {
    for (size, server) in [
        (LENGTH - 1, &[][..]),
        (LENGTH + 1, &[]),
        // Without a length in any reply, and with ranges that are ignored.
        (LENGTH - 1, &["content-length:chunked", "ignore-range"]),
        (LENGTH + 1, &["content-length:chunked", "ignore-range"]),
    ] {
        let scene = Scene::new();
        let mirrors = [Site::synthetic(faults(server))];
        synthetic(&scene, &format!("<size>{size}</size>"), &mirrors);
        let ran = scene.run(&scene.places()[1], &[]);
        assert!(
            matches!(ran.code, Some(4 | 6)),
            "{size} {server:?}: {ran:?}"
        );
        assert!(
            ran.stderr.contains("are expected"),
            "{size} {server:?}: {ran:?}"
        );
        assert!(!scene.into.path().join("f").exists());
    }
}

#[test]
fn mirrors_that_nobody_named_get_one_connection_each() {
    let scene = Scene::new();
    let mirrors = [(); 3].map(|()| Site::synthetic(faults(&["rate:4MiB"])));
    synthetic(&scene, &facts(), &mirrors);
    let place = &scene.places()[1];
    let ran = scene.run(place, &[]).expect(0);
    assert_eq!(ran.number("connections_peak"), 3, "{ran:?}");
    for mirror in &mirrors {
        assert!(!mirror.requests().is_empty());
    }
    std::fs::remove_file(scene.into.path().join("f")).unwrap();
    let ran = scene.run(place, &["-x", "9"]).expect(0);
    assert!(ran.number("connections_peak") > 3, "{ran:?}");
}

#[test]
fn version_3_is_read_with_its_preferences_and_its_weak_digests() {
    let scene = Scene::new();
    let md5 = "0".repeat(32);
    let document = |md5: &str| {
        format!(
            r#"<metalink version="3.0" xmlns="http://www.metalinker.org/"><files><file name="a">
            <verification><hash type="md5">{md5}</hash></verification>
            <resources maxconnections="1">
            <url type="http" preference="10">{}</url><url type="http" preference="100">{}</url>
            </resources></file></files></metalink>"#,
            scene.site.url("/b"),
            scene.site.url("/a"),
        )
    };
    let path = scene.root.path().join("l.metalink");
    std::fs::write(&path, document(&md5)).unwrap();
    let ran = scene.run(path.to_str().unwrap(), &[]).expect(6);
    assert!(ran.stderr.contains("md5"), "{ran:?}");
    std::fs::remove_dir_all(scene.into.path()).unwrap();
    std::fs::create_dir(scene.into.path()).unwrap();
    let output = std::process::Command::new("md5sum")
        .arg(scene.root.path().join("a"))
        .output()
        .unwrap();
    let md5 = String::from_utf8_lossy(&output.stdout)[..32].to_owned();
    std::fs::write(&path, document(&md5)).unwrap();
    let ran = scene.run(path.to_str().unwrap(), &[]).expect(0);
    assert_eq!(ran.last_json()["verified"], "weak-digest");
    assert!(scene.is_saved("a", "a"));
}

#[test]
fn what_is_no_document_is_told_and_can_be_saved() {
    let scene = Scene::new();
    std::fs::write(scene.root.path().join("l.meta4"), "<html>no</html>").unwrap();
    let [here, there] = scene.places();
    scene.run(&here, &[]).expect(2);
    let ran = scene.run(&there, &[]).expect(2);
    assert!(ran.stderr.contains("--no-metalink"), "{ran:?}");
    scene.run(&there, &["--no-metalink"]).expect(0);
    assert_eq!(scene.saved(), ["l.meta4"]);
    scene.run(&scene.site.url("/missing.meta4"), &[]).expect(4);
    // Under another name only an option says that it is a list.
    scene.write(r#"<file name="a"><url>a</url></file>"#);
    std::fs::rename(
        scene.root.path().join("l.meta4"),
        scene.root.path().join("list"),
    )
    .unwrap();
    let place = scene.site.url("/list");
    program::run([
        "get",
        "-d",
        scene.into.path().to_str().unwrap(),
        "--metalink",
        &place,
    ])
    .expect(0);
    assert!(scene.is_saved("a", "a"));
}

/// The secrets of the user are for the origin that was named, and no list leads them elsewhere.
#[test]
fn secrets_stay_at_the_list() {
    let scene = Scene::new();
    let mirror = Site::synthetic(faults(&["rate:8MiB"]));
    let foreign = mirror.url(&format!("/synthetic/{MIB}"));
    scene.write(&format!(
        r#"<file name="a"><url>a</url></file><file name="f"><url>{foreign}</url></file>"#
    ));
    let more = [
        "--header",
        "X-Token: t0k",
        "--header",
        "Accept-Language: de",
    ];
    scene.run(&scene.places()[1], &more).expect(0);
    for record in scene.site.requests() {
        assert!(record.headers.contains_key("x-token"), "{}", record.path);
    }
    for record in mirror.requests() {
        assert!(!record.headers.contains_key("x-token"));
        assert!(record.headers.contains_key("accept-language"));
    }
}
