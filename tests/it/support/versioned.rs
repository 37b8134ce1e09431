//! One file in several versions, and a download of it that is interrupted and continued.

use std::io::Write;
use std::net::TcpStream;

use range_core::units::ByteCount;
use range_server::synthetic::{self, Seed};
use range_server::{Fault, Version};

use super::cut_off::reaches;
use super::program::{self, Ran};
use super::site::Site;
use super::{files, raw, wait};

pub(crate) const MIB: u64 = 1 << 20;
pub(crate) const LENGTH: u64 = 24 * MIB;
pub(crate) const SEED: Seed = Seed(11);

/// The SHA-256 of a version of the file.
pub(crate) fn sha256(version: u8) -> String {
    let seed = SEED.of_version(Version(version));
    files::hex(&synthetic::sha256(seed, ByteCount(LENGTH)))
}

pub(crate) fn faults(texts: &[&str]) -> Vec<Fault> {
    let parse = |text: &&str| Fault::parse(text).unwrap();
    texts.iter().map(parse).collect()
}

/// A download under one name, whatever the server.
pub(crate) struct Download {
    pub(crate) into: tempfile::TempDir,
}

impl Download {
    pub(crate) fn new() -> Self {
        let into = files::directory();
        Self { into }
    }

    /// One that was killed after 6 MiB or more.
    pub(crate) fn interrupted(more: &[&str]) -> Self {
        let download = Self::new();
        let site = Site::synthetic(faults(&["rate:2MiB"]));
        let mut command = std::process::Command::new(program::path());
        command.args(download.arguments(&site, more));
        let mut running = program::start_command(command);
        let directory = download.into.path();
        assert!(reaches(&mut running, directory, "f", 6 * MIB));
        running.kill();
        download
    }

    /// Fetches some of a newer version, and is killed.
    pub(crate) fn interrupt_newer(&self) {
        let site = Site::synthetic(faults(&["version:1", "rate:2MiB"]));
        let mut command = std::process::Command::new(program::path());
        command.args(self.arguments(&site, &[]));
        let mut running = program::start_command(command);
        wait::until("the older version to be set aside", || {
            let is_aside = self.path("f.old-version.part.journal").exists();
            (is_aside && self.path("f.part").exists()).then_some(())
        });
        assert!(reaches(&mut running, self.into.path(), "f", 2 * MIB));
        running.kill();
    }

    pub(crate) fn arguments(&self, site: &Site, more: &[&str]) -> Vec<String> {
        self.arguments_for(
            &site.url(&format!("/synthetic/{LENGTH}?seed={}", SEED.0)),
            more,
        )
    }

    pub(crate) fn arguments_for(&self, url: &str, more: &[&str]) -> Vec<String> {
        let output = self.path("f").display().to_string();
        let arguments = ["get", url, "--json", "-x", "4", "-o", &output];
        arguments
            .iter()
            .chain(more)
            .map(|&text| text.to_owned())
            .collect()
    }

    pub(crate) fn run(&self, texts: &[&str], more: &[&str]) -> Ran {
        let site = Site::synthetic(faults(texts));
        program::run(self.arguments(&site, more))
    }

    pub(crate) fn path(&self, name: &str) -> std::path::PathBuf {
        self.into.path().join(name)
    }

    pub(crate) fn names(&self) -> Vec<String> {
        files::names(self.into.path())
    }

    pub(crate) fn check(&self, version: u8) {
        assert_eq!(self.names(), ["f"]);
        assert_eq!(files::sha256(&self.path("f")), sha256(version));
    }

    /// Checks that the bytes that were kept are continued: most of them are not fetched again.
    pub(crate) fn check_kept(&self, at_least: u64, more: &[&str]) {
        let ran = self.run(&[], more).expect(0);
        assert!(ran.number("resumed_bytes") >= at_least, "{ran:?}");
        self.check(0);
    }
}

/// Sends what was asked for of the content of `SEED`, with these fields.
pub(crate) fn answer(head: &str, stream: &mut TcpStream, fields: &str) -> std::io::Result<()> {
    answer_with(head, stream, fields, usize::MAX)
}

/// As [`answer`], with so many bytes at most; then the connection breaks.
pub(crate) fn answer_with(
    head: &str,
    stream: &mut TcpStream,
    fields: &str,
    most: usize,
) -> std::io::Result<()> {
    let length = usize::try_from(LENGTH).unwrap();
    let bytes = files::bytes(SEED.0, length);
    let (status, (first, last)) = match raw::range(head, length) {
        Some((first, last)) => (
            format!("206 Partial Content\r\nContent-Range: bytes {first}-{last}/{length}"),
            (first, last),
        ),
        None => ("200 OK".to_owned(), (0, length - 1)),
    };
    let length = last - first + 1;
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Length: {length}\r\n{fields}\r\n"
    )?;
    stream.write_all(&bytes[first..][..length.min(most)])?;
    if length > most {
        return Err(std::io::ErrorKind::ConnectionAborted.into());
    }
    Ok(())
}
