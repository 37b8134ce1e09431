//! Owns how each downloader is asked for a file over four connections, if it knows how, to be
//! continued if it can, and not to try for ever.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The time a rival may take; the file itself takes less than a second.
pub(crate) const PATIENCE: Duration = Duration::from_secs(40);

/// A downloader.
pub(crate) struct Rival {
    pub(crate) name: &'static str,
    program: PathBuf,
    arguments: &'static [&'static str],
}

/// The end of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    WithSuccess,
    WithError,
    Killed,
}

impl Rival {
    /// Ours, and those of others. In arguments, `URL` and `FILE` stand for what they say.
    pub(crate) fn all(program: &Path) -> Vec<Self> {
        let rival = |name, arguments| Self {
            name,
            program: PathBuf::from(name),
            arguments,
        };
        let mut own = rival(
            "sheave",
            &[
                "-q",
                "-x",
                "4",
                "--stall-timeout",
                "5s",
                "-o",
                "FILE",
                "URL",
            ],
        );
        program.clone_into(&mut own.program);
        vec![
            own,
            rival(
                "aria2c",
                &[
                    "--no-conf",
                    "-q",
                    "-x4",
                    "-s4",
                    "-k1M",
                    "-c",
                    "--timeout=5",
                    "--max-tries=5",
                    "--retry-wait=1",
                    "--auto-file-renaming=false",
                    "-o",
                    "file",
                    "URL",
                ],
            ),
            rival("axel", &["-q", "-n", "4", "-T", "5", "-o", "FILE", "URL"]),
            rival(
                "curl",
                &[
                    "-fsSL",
                    "-C",
                    "-",
                    "--retry",
                    "5",
                    "--retry-all-errors",
                    "--speed-time",
                    "5",
                    "--speed-limit",
                    "1000",
                    "-o",
                    "FILE",
                    "URL",
                ],
            ),
            rival(
                "wget2",
                // It hangs where it is to continue (`-c`) in pieces, so it starts over.
                &[
                    "-q",
                    "--max-threads=4",
                    "--chunk-size=1M",
                    "--tries=5",
                    "--timeout=5",
                    "-O",
                    "FILE",
                    "URL",
                ],
            ),
            rival(
                "lftp",
                &[
                    "-c",
                    "set net:max-retries 5; set net:timeout 5; set net:reconnect-interval-base 1; \
                     pget -n 4 -c 'URL' -o FILE",
                ],
            ),
        ]
    }

    pub(crate) fn is_installed(&self) -> bool {
        let asked = Command::new(&self.program)
            .arg("--version")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        asked.is_ok()
    }

    /// Runs it in a directory, where it is to make `file`, and kills it when time is up.
    pub(crate) fn run(&self, url: &str, into: &Path, time: Duration) -> Ended {
        let file = into.join("file").display().to_string();
        let arguments = self
            .arguments
            .iter()
            .map(|argument| argument.replace("URL", url).replace("FILE", &file));
        let mut child = Command::new(&self.program)
            .args(arguments)
            .current_dir(into)
            .env("HOME", into)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let start = Instant::now();
        while start.elapsed() < time {
            if let Some(status) = child.try_wait().unwrap() {
                return if status.success() {
                    Ended::WithSuccess
                } else {
                    Ended::WithError
                };
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        Ended::Killed
    }
}
