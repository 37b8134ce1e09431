//! Runs the rows of the matrix: from nothing, and as the continuation of what was killed. Knows
//! the oracle, not the rows.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use range_core::units::ByteCount;
use range_server::synthetic::{self, Seed};
use range_server::{Config, Fault, TlsIdentity, Version};

use tempfile::NamedTempFile;

use crate::support::cut_off::reaches;
use crate::support::files;
use crate::support::program::{self, Ran};
use crate::support::raw::{self, Answer};
use crate::support::site::Site;

/// Long enough for several segments and a kill in the middle.
pub(super) const LENGTH: u64 = 8 << 20;

/// Which bytes are served.
pub(super) const SEED: Seed = Seed(4);

/// The content under the final name before; only `--overwrite` may replace it.
const BEFORE: &[u8] = b"what was there before";

/// No run of any row takes longer, whatever the server does.
const BOUND: Duration = Duration::from_secs(40);

/// Most of a row is waiting.
const AT_ONCE: usize = 6;

/// The required end of a run.
#[derive(Clone, Copy, Debug)]
pub(super) enum End {
    /// Exit 0, and the file is one generation of what is served.
    Arrives,
    /// Exit 0, and the file is what came in a content coding, which the result names.
    Coded,
    /// Exit 0 with bytes that nothing could tell to be wrong; the result rests on a validator.
    Deceived,
    /// This exit code and a line that contains this; what was fetched is kept.
    Fails(i32, &'static str),
    /// As [`Self::Fails`], and what was fetched belongs to nothing any more.
    Loses(i32, &'static str),
}

/// The server that misbehaves.
#[derive(Clone, Copy, Debug)]
pub(super) enum Server {
    /// Ours, with these faults.
    Faulty(&'static [&'static str]),
    /// Ours over TLS, with these faults.
    Tls(&'static [&'static str]),
    /// Ours over TLS, with a certificate nobody vouches for.
    Stranger,
    /// Bytes on a socket.
    Raw(Answer),
}

/// The certificate of the servers, and the file that makes the program trust it.
pub(super) struct Secrets {
    identity: TlsIdentity,
    authority: NamedTempFile,
}

impl Secrets {
    pub(super) fn new() -> Self {
        let identity = TlsIdentity::generate([]).unwrap();
        let authority = NamedTempFile::new().unwrap();
        std::fs::write(authority.path(), identity.certificate_pem()).unwrap();
        Self {
            identity,
            authority,
        }
    }
}

/// One fault, and what becomes of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    pub(super) server: Server,
    /// The number of bytes the file has.
    pub(super) length: u64,
    /// True if `--checksum` is given.
    pub(super) checksum: bool,
    pub(super) fresh: End,
    pub(super) resumed: End,
}

/// Checks each row, fresh and resumed, several at once, and returns what went wrong.
pub(super) fn all(rows: &[(&str, &[Row])], secrets: &Secrets) -> Vec<String> {
    let runs = rows.iter().flat_map(|&(name, rows)| {
        let both = rows.iter().flat_map(|row| [(row, false), (row, true)]);
        both.map(move |(row, resumes)| (name, row, resumes))
    });
    let (left, wrong) = (
        Mutex::new(runs.collect::<VecDeque<_>>()),
        Mutex::new(Vec::new()),
    );
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let Some((name, row, resumes)) = left.lock().unwrap().pop_front() else {
                        return;
                    };
                    let check = || {
                        if resumes {
                            row.check_resumed(secrets);
                        } else {
                            row.check_fresh(secrets);
                        }
                    };
                    if catch_unwind(AssertUnwindSafe(check)).is_err() {
                        let how = if resumes { "resumed" } else { "fresh" };
                        wrong
                            .lock()
                            .unwrap()
                            .push(format!("{name}, {how}: {:?}", row.server));
                    }
                }
            });
        }
    });
    wrong.into_inner().unwrap()
}

/// A row whose fresh start and resume end alike.
pub(super) const fn row(faults: &'static [&'static str], end: End) -> Row {
    Row {
        server: Server::Faulty(faults),
        length: LENGTH,
        checksum: false,
        fresh: end,
        resumed: end,
    }
}

impl Row {
    pub(super) const fn resumed(self, resumed: End) -> Self {
        Self { resumed, ..self }
    }

    pub(super) const fn with_checksum(self) -> Self {
        Self {
            checksum: true,
            ..self
        }
    }

    pub(super) const fn of(self, length: u64) -> Self {
        Self { length, ..self }
    }

    pub(super) const fn by(self, server: Server) -> Self {
        Self { server, ..self }
    }

    pub(super) fn check_fresh(&self, secrets: &Secrets) {
        let into = files::directory();
        self.check(into.path(), secrets, self.fresh, 0);
    }

    pub(super) fn check_resumed(&self, secrets: &Secrets) {
        let into = files::directory();
        let kept = self.begin(into.path(), secrets);
        self.check(into.path(), secrets, self.resumed, kept);
    }

    /// Fetches some of the file from an honest server, and is killed.
    fn begin(&self, into: &Path, secrets: &Secrets) -> u64 {
        let honest = self.site(&["rate:3MiB"], secrets);
        let mut running = program::start(self.arguments(&honest.url(""), into, secrets));
        assert!(
            reaches(&mut running, into, "file", 2 << 20),
            "it ended too soon"
        );
        running.kill();
        2 << 20
    }

    fn check(&self, into: &Path, secrets: &Secrets, end: End, kept: u64) {
        std::fs::write(into.join("file"), BEFORE).unwrap();
        let (site, base) = self.serve(secrets);
        let start = Instant::now();
        let ran = program::start(self.arguments(&base, into, secrets)).finish();
        let elapsed = start.elapsed();
        drop(site);
        assert!(elapsed < BOUND, "{elapsed:?}: {ran:?}");
        assert!(!ran.stderr.contains("panicked"), "{ran:?}");
        let found = std::fs::read(into.join("file")).unwrap();
        match end {
            End::Arrives => {
                assert_eq!(ran.code, Some(0), "{ran:?}");
                assert!(self.generations().contains(&found), "WRONG FILE: {ran:?}");
                let rests_on = &ran.last_json()["verified"];
                assert_eq!(rests_on == "digest", self.checksum, "{ran:?}");
            }
            End::Coded => {
                assert_eq!(ran.code, Some(0), "{ran:?}");
                assert_eq!(ran.last_json()["content_coding"], "gzip", "{ran:?}");
                assert!(found.starts_with(&[0x1f, 0x8b]), "not what came: {ran:?}");
            }
            End::Deceived => {
                assert_eq!(ran.code, Some(0), "{ran:?}");
                assert_eq!(ran.last_json()["verified"], "validator", "{ran:?}");
            }
            End::Fails(code, says) => {
                check_failure(&ran, code, says, &found);
                self.check_what_is_left(into, secrets, &ran, kept);
            }
            End::Loses(code, says) => {
                check_failure(&ran, code, says, &found);
                self.check_what_is_left(into, secrets, &ran, 0);
            }
        }
        assert_eq!(files::names(into), ["file"], "{ran:?}");
    }

    /// Checks that a failed run left what is continued once the server behaves.
    fn check_what_is_left(&self, into: &Path, secrets: &Secrets, ran: &Ran, kept: u64) {
        let honest = self.site(&[], secrets);
        let mut arguments = self.arguments(&honest.url(""), into, secrets);
        // Bytes that are wrong and were kept for another checksum are not wanted again.
        if ran.code == Some(6) {
            arguments.push("--no-resume".to_owned());
        }
        let again = program::start(arguments).finish().expect(0);
        let found = std::fs::read(into.join("file")).unwrap();
        assert!(self.generations().contains(&found), "{ran:?} {again:?}");
        if ran.code != Some(6) {
            let resumed = again.number("resumed_bytes");
            assert!(resumed >= kept, "{kept} bytes were kept: {ran:?} {again:?}");
            let promised = ran.last_json()["resumable"] == true;
            assert!(promised || resumed == 0, "{ran:?} {again:?}");
        }
    }

    fn arguments(&self, base: &str, into: &Path, secrets: &Secrets) -> Vec<String> {
        let url = format!("{base}/synthetic/{}?seed={}", self.length, SEED.0);
        let output = into.join("file").display().to_string();
        let mut arguments: Vec<String> = ["get", &url, "--json", "--overwrite", "-o", &output]
            .map(str::to_owned)
            .into();
        let patience = "-x 4 --stall-timeout 1s --first-byte-timeout 1s --max-tries 4";
        arguments.extend(patience.split(' ').map(str::to_owned));
        if self.checksum {
            let digest = files::hex(&synthetic::sha256(SEED, ByteCount(self.length)));
            arguments.extend(["--checksum".to_owned(), format!("sha-256={digest}")]);
        }
        if base.starts_with("https") {
            let authority = secrets.authority.path().display().to_string();
            arguments.extend(["--cacert".to_owned(), authority]);
        }
        arguments
    }

    /// Returns what may be under the final name at the end.
    fn generations(&self) -> [Vec<u8>; 2] {
        [0, 1].map(|version| {
            let mut bytes = vec![0; usize::try_from(self.length).unwrap()];
            synthetic::fill(SEED.of_version(Version(version)), 0, &mut bytes);
            bytes
        })
    }

    fn serve(&self, secrets: &Secrets) -> (Option<Site>, String) {
        let site = match self.server {
            Server::Raw(answer) => return (None, raw::serve(answer)),
            Server::Faulty(faults) | Server::Tls(faults) => self.site(faults, secrets),
            Server::Stranger => self.site(&[], &Secrets::new()),
        };
        let base = site.url("");
        (Some(site), base)
    }

    fn site(&self, faults: &[&str], secrets: &Secrets) -> Site {
        let is_secure = matches!(self.server, Server::Tls(_) | Server::Stranger);
        Site::start(Config {
            faults: faults
                .iter()
                .map(|text| Fault::parse(text).unwrap())
                .collect(),
            tls: is_secure.then(|| secrets.identity.clone()),
            ..Config::default()
        })
    }
}

fn check_failure(ran: &Ran, code: i32, says: &str, found: &[u8]) {
    assert_eq!(ran.code, Some(code), "{ran:?}");
    assert_eq!(ran.last_json()["event"], "error");
    assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
    assert!(ran.stderr.contains(says), "{says:?} is not in {ran:?}");
    assert!(found == BEFORE, "the final name was touched: {ran:?}");
}
