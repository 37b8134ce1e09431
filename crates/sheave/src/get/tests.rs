//! Downloads from a server in the same process.

use std::path::Path;

use accelerator::{ByteCount, Digest, DigestAlgorithm};
use range_server::{Config, Server, synthetic};

use super::*;
use crate::metalink::Planning;
use crate::report::{Display, json};

const SIZE: u64 = 3_000_001;

fn settings() -> Settings {
    Settings {
        connections: 2,
        sync: false,
        ..Settings::default()
    }
}

fn download(file: &RemoteFile) -> Download {
    Download::new(file.url.reveal(), &file.output, of_file(file, &settings())).unwrap()
}

fn digest() -> Digest {
    let bytes = synthetic::sha256(synthetic::Seed::default(), ByteCount(SIZE));
    Digest::new(DigestAlgorithm::Sha256, &bytes).unwrap()
}

fn remote_file(server: &Server, path: &str, directory: &Path, name: &str) -> RemoteFile {
    RemoteFile {
        url: format!("{}{path}", server.base_url()).into(),
        output: directory.join(name),
        mirrors: Vec::new(),
        credentials: None,
        digests: Vec::new(),
        digest_from: None,
        listed: None,
    }
}

async fn server() -> Server {
    Server::bind(("127.0.0.1", 0), Config::default())
        .await
        .unwrap()
}

#[tokio::test]
async fn the_last_json_line_has_every_promised_field() {
    let (server, directory) = (server().await, tempfile::tempdir().unwrap());
    let path = format!("/synthetic/{SIZE}");
    let file = RemoteFile {
        digests: vec![digest()],
        ..remote_file(&server, &path, directory.path(), "it")
    };
    let download = download(&file);
    let mut view = View::new(Display::Quiet, "it");
    let report = follow(download, &mut view, &mut Stop::never())
        .await
        .unwrap();
    let line: serde_json::Value =
        serde_json::from_str(&json::completed(&report).to_string()).unwrap();
    assert_eq!(line["event"], "done");
    assert_eq!(line["url"], *file.url.reveal());
    assert_eq!(line["path"], directory.path().join("it").to_str().unwrap());
    assert_eq!(line["bytes"], SIZE);
    assert_eq!(line["fetched_bytes"], SIZE);
    assert_eq!(line["resumed_bytes"], 0);
    assert_eq!(line["retries"], 0);
    assert_eq!(line["verified"], "digest");
    assert_eq!(line["sha256"], digest().hex());
    assert!(line["elapsed_s"].as_f64().unwrap() > 0.0);
    for name in ["wasted_bytes", "connections_peak", "requests"] {
        assert!(line[name].is_u64(), "{name}");
    }
}

#[tokio::test]
async fn a_file_that_fails_leaves_the_others_their_turn() {
    let (server, directory) = (server().await, tempfile::tempdir().unwrap());
    let file = |path: &str, name| remote_file(&server, path, directory.path(), name);
    let settings = GetSettings {
        files: vec![
            file("/missing", "first"),
            file(&format!("/synthetic/{SIZE}"), "second"),
            RemoteFile {
                url: "nonsense".to_owned().into(),
                ..file("", "third")
            },
        ],
        to_standard_output: false,
        download: settings(),
        list: None,
        lists: Vec::new(),
        planning: Box::new(Planning {
            directory: directory.path().to_owned(),
            output: None,
            digests: Vec::new(),
            is_width_given: false,
            only_https: false,
            allow_private: false,
        }),
        netrc: None,
        content_disposition: false,
        create_dirs: false,
        display: Display::Quiet,
    };
    assert_eq!(run(settings, Stop::never()).await, Exit::Refused);
    let second = directory.path().join("second").metadata();
    assert!(second.is_ok_and(|found| found.len() == SIZE));
}
