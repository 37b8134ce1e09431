//! Owns the `disk` scenario: what is left when the page cache neither holds the file nor can take
//! it. Knows no link.
use std::fs;
use std::io;
use std::net::Ipv4Addr;
use std::path::PathBuf;

use super::super::failure::Failure;
use super::super::guardian::{Guardian, Undo};
use super::super::process::Line;
use super::super::round::{Contender, Expected};
use super::super::server::{Server, Site};
use super::super::setting::{NAME, Plan, Setting, USUAL};
use super::super::{content, machine};

/// The size of the file as a multiple of the memory that may be dirty.
const EXCESS: u64 = 3;
const KERNEL: &str = "/proc/sys/vm";

/// A file in memory, to a disk that is waited for.
pub(super) fn plan(setting: &Setting<'_>) -> Result<Plan, Failure> {
    let size = setting.arguments.size_or(USUAL);
    let source = Source::make(size, setting.workdir.guardian())?;
    let limits = DirtyLimits::lower(size / EXCESS, setting.workdir.guardian())?;
    let memory = Site {
        address: Ipv4Addr::LOCALHOST,
        root: source.directory.clone(),
        tls: false,
    };
    let server = Server::nginx(setting.workdir, &memory)?;
    let job = setting.job(&server, NAME);
    let file = source.directory.join(NAME);
    let expected = Expected::File(file.clone());
    let mut contenders = vec![
        setting.ours("sheave", "", &job, &expected),
        setting.ours("sheave --no-sync", "--no-sync", &job, &expected),
    ];
    contenders.extend(setting.peers(&job, &expected, false));
    contenders.push(direct(
        &file.display().to_string(),
        &job.output(),
        &expected,
    ));
    Ok(Plan {
        about: format!(
            "{} MiB over http from nginx, which has them in memory, to an empty page cache. A \
             third of the file may be dirty in it (`vm.dirty_bytes`, lowered for the run): what is \
             more waits for the disk, whoever writes. The limit copies the same bytes past the \
             cache and waits for the disk.",
            size >> 20
        ),
        runs: setting.arguments.runs_or(5),
        contenders,
        before: Some(cool),
        _servers: vec![server],
        _undo: Some(Box::new((limits, source))),
    })
}

/// The disk itself.
fn direct(source: &str, output: &str, expected: &Expected) -> Contender {
    let line = |source: &str, output: &str| {
        let line = Line::of("dd bs=8M oflag=direct conv=fsync status=none");
        vec![line.and(format!("if={source}")).and(format!("of={output}"))]
    };
    Contender {
        lines: match machine::find("dd") {
            Some(_) => Ok(line(source, output)),
            None => Err("MISSING: dd is not installed".to_owned()),
        },
        output: output.into(),
        expected: expected.clone(),
        ..Contender::without_output("limit: dd, direct", line("FILE", "OUT/FILE"))
    }
}

/// Writes back what the last run left, and forgets it.
fn cool() -> Result<(), Failure> {
    rustix::fs::sync();
    fs::write(format!("{KERNEL}/drop_caches"), "3").map_err(Failure::io("empty the page cache"))
}

/// The content, in memory: read from the disk it would compete with what is written there.
pub(super) struct Source {
    directory: PathBuf,
    _undo: Undo,
}

impl Source {
    fn make(size: u64, guardian: &Guardian) -> Result<Self, Failure> {
        let name = format!("sheave-bench-{}", std::process::id());
        let directory = PathBuf::from("/dev/shm").join(name);
        let undo = guardian.undo_by(&format!("rm -rf {}", directory.display()));
        fs::create_dir(&directory).map_err(Failure::io("make a directory in memory"))?;
        let source = Self {
            directory,
            _undo: undo,
        };
        content::make(&source.directory.join(NAME), size)?;
        Ok(source)
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        let _gone = fs::remove_dir_all(&self.directory);
    }
}

/// The kernel's limit on dirty memory, lowered until this is dropped.
pub(super) struct DirtyLimits {
    before: Vec<(String, String)>,
    _undo: Vec<Undo>,
}

impl DirtyLimits {
    fn lower(bytes: u64, guardian: &Guardian) -> Result<Self, Failure> {
        let refused = |error: io::Error| Failure::rights("limit what may be dirty")(error);
        let mut before = Vec::new();
        for name in ["dirty", "dirty_background"] {
            let bytes = format!("{KERNEL}/{name}_bytes");
            let was = fs::read_to_string(&bytes).map_err(refused)?;
            // Of the two settings, the one that is not in force reads 0.
            before.push(if was.trim() == "0" {
                let ratio = format!("{KERNEL}/{name}_ratio");
                let was = fs::read_to_string(&ratio).map_err(refused)?;
                (ratio, was.trim().to_owned())
            } else {
                (bytes, was.trim().to_owned())
            });
        }
        let undo = before
            .iter()
            .map(|(path, was)| guardian.undo_by(&format!("echo {was} > {path}")));
        let limits = Self {
            _undo: undo.collect(),
            before,
        };
        fs::write(
            format!("{KERNEL}/dirty_background_bytes"),
            (bytes / 2).to_string(),
        )
        .and_then(|()| fs::write(format!("{KERNEL}/dirty_bytes"), bytes.to_string()))
        .map_err(refused)?;
        Ok(limits)
    }
}

impl Drop for DirtyLimits {
    fn drop(&mut self) {
        for (path, was) in &self.before {
            let _restored = fs::write(path, was);
        }
    }
}
