//! Owns `sheave demo`: a download of synthetic content from this machine, interrupted half-way on
//! purpose, resumed and verified. Says what each phase did and how fast.

use std::iter;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use accelerator::{
    ByteCount, BytesPerSecond, CancelHandle, Digest, DigestAlgorithm, Download, Error, ErrorKind,
    Progress, ProgressHandle, Report, Settings, Verification,
};
use console::Term;
use range_server::{Config, Server, synthetic};
use tempfile::TempDir;

use crate::background;
use crate::clock;
use crate::duration;
use crate::exit_code::Exit;
use crate::printer;
use crate::report::{self, View, follow};
use crate::serve;
use crate::settings::{DemoSettings, under_our_name};
use crate::signal::{Patience, Stop};
use crate::wrap;

/// As for any download, and the temporary directory is to be removed.
pub(crate) const PATIENCE: Patience = Patience {
    grace: Duration::from_millis(1800),
    last_words: "stopped at once; the temporary directory sheave-demo-* may be left",
    reloads: false,
};

const NAME: &str = "demo.bin";

const CONNECTIONS: u16 = 8;

/// The bytes that may be fetched twice: of every connection the block it was in, and as much again
/// for what was on its way.
const FEW_BYTES: u64 = 2 * (1 << 20) * CONNECTIONS as u64;

/// Below this size half of the download would be over before it can be looked at.
const UNPACED_SIZE: u64 = 1 << 30;

/// The interval at which the demo looks for the half-way point.
const LOOK_INTERVAL: Duration = Duration::from_millis(2);

/// The columns of the names of phases.
const MARGIN: usize = 9;

/// The fewest columns that are left for words beside them.
const NARROWEST: usize = 20;

/// Prints what a phase did behind its name: one line, or as many as a narrow terminal takes.
fn say(phase: &str, text: &str) {
    let terminal = Term::stdout();
    let columns = terminal.size_checked().map(|(_, columns)| columns.into());
    for line in phase_lines(phase, text, columns.filter(|_| terminal.is_term())) {
        printer::data(line);
    }
}

fn phase_lines(phase: &str, text: &str, columns: Option<usize>) -> Vec<String> {
    let columns = columns.unwrap_or(usize::MAX).saturating_sub(MARGIN);
    let lines = wrap::lines(text, columns.max(NARROWEST));
    let names = iter::once(phase).chain(iter::repeat(""));
    let lines = names.zip(lines);
    lines
        .map(|(name, line)| format!("{name:<MARGIN$}{line}"))
        .collect()
}

/// The values that every phase needs.
struct Demo {
    settings: DemoSettings,
    url: String,
    expected: Digest,
    stop: Stop,
}

/// Runs all phases.
pub(crate) async fn run(settings: DemoSettings, stop: Stop) -> Exit {
    let directory = tempfile::Builder::new()
        .prefix("sheave-demo-")
        .tempdir_in(&settings.directory);
    let directory = match directory {
        Ok(directory) => directory,
        Err(error) => {
            let what = format_args!("could not make a temporary directory: {error}");
            return printer::failure(Exit::Disk, &what);
        }
    };
    let keep = settings.keep;
    let exit = serve_and_fetch(settings, directory.path(), stop).await;
    put_away(directory, keep);
    exit
}

fn put_away(directory: TempDir, keep: bool) {
    if keep {
        let path = directory.keep();
        say("kept", &path.join(NAME).display().to_string());
    } else if let Err(error) = directory.close() {
        printer::note(format_args!(
            "sheave: could not remove the temporary directory: {error}"
        ));
    }
}

async fn serve_and_fetch(settings: DemoSettings, directory: &Path, stop: Stop) -> Exit {
    let size = settings.size;
    let config = Config {
        rate: (size.0 < UNPACED_SIZE).then_some(BytesPerSecond(size.0 * 2)),
        ..Config::default()
    };
    let address = SocketAddr::from(([127, 0, 0, 1], 0));
    let server = match Server::bind(address, config).await {
        Ok(server) => server,
        Err(error) => return serve::could_not_start(&address, &error),
    };
    let url = format!("{}/synthetic/{}", server.base_url(), size.0);
    let server_url = server.base_url();
    say(
        "serve",
        &format!("{size} of synthetic content at {server_url}"),
    );
    let Some(expected) = expect(size, stop.clone()).await else {
        return Exit::Interrupted;
    };
    let mut demo = Demo {
        settings,
        url,
        expected,
        stop,
    };
    let exit = demo.fetch(directory).await;
    server.stop().await;
    exit
}

/// Computes the digest of the content from its generator, apart from any download; `None` when
/// asked to stop.
async fn expect(size: ByteCount, mut stop: Stop) -> Option<Digest> {
    let start = clock::now();
    let compute = move || synthetic::sha256(synthetic::Seed::default(), size);
    let bytes = match background::start(compute) {
        Some(computing) => tokio::select! {
            computed = computing => computed.expect("it cannot fail"),
            () = stop.requested() => return None,
        },
        None => compute(),
    };
    let digest = Digest::new(DigestAlgorithm::Sha256, &bytes).expect("it has 32 bytes");
    let elapsed = start.elapsed();
    let text = format!(
        "sha-256 {:.16}..., computed in {} ({})",
        digest.hex(),
        duration::measured(elapsed),
        BytesPerSecond::mean(size, elapsed)
    );
    say("expect", &text);
    Some(digest)
}

impl Demo {
    async fn fetch(&mut self, directory: &Path) -> Exit {
        let download = match self.describe(directory) {
            Ok(download) => download,
            Err(error) => return printer::failure(error.kind().into(), &error),
        };
        let progress = download.progress();
        let interrupting = interrupt_half_way(
            download.progress(),
            download.cancel_handle(),
            self.settings.size,
        );
        match self.follow(download, interrupting).await {
            Err(error) if error.kind() == ErrorKind::Cancelled && !self.stop.is_requested() => {}
            Err(error) => return failed(&error),
            Ok(_) => {
                return printer::failure(
                    Exit::Internal,
                    &"it was complete before it could be interrupted",
                );
            }
        }
        let before = progress.snapshot();
        self.show_interruption(&before);
        let resumed = match self.describe(directory) {
            Ok(download) => self.follow(download, std::future::pending()).await,
            Err(error) => Err(error),
        };
        match resumed {
            Ok(report) => judge(&before, &report),
            Err(error) => failed(&error),
        }
    }

    fn describe(&self, directory: &Path) -> Result<Download, Error> {
        let settings = Settings {
            connections: CONNECTIONS,
            digests: vec![self.expected],
            ..under_our_name()
        };
        Ok(Download::new(&self.url, directory.join(NAME), settings)?)
    }

    /// Runs a download with `beside` beside it.
    async fn follow(
        &mut self,
        download: Download,
        beside: impl Future<Output = ()>,
    ) -> Result<Report, Error> {
        let mut view = View::new(self.settings.display, NAME);
        let mut following = std::pin::pin!(follow(download, &mut view, &mut self.stop));
        tokio::select! {
            outcome = &mut following => return outcome,
            () = beside => {}
        }
        following.await
    }

    fn show_interruption(&self, before: &Progress) {
        let fetched = ByteCount(before.tally.fetched_bytes);
        let rate = BytesPerSecond::mean(fetched, before.elapsed);
        let text = format!(
            "{fetched} over {} in {}, {rate}; interrupted at {}%",
            report::connections(before.tally.connections_peak),
            duration::measured(before.elapsed),
            report::percent(fetched, self.settings.size).unwrap_or(100),
        );
        say("fetch", &text);
    }
}

fn failed(error: &Error) -> Exit {
    // Nothing can be resumed: the directory is about to go.
    printer::failure(error.kind().into(), &format_args!("{NAME}: {error}"))
}

/// Shows the second run, and whether both together did what they should.
fn judge(before: &Progress, report: &Report) -> Exit {
    let (resumed, fetched) = (report.tally.resumed_bytes, report.tally.fetched_bytes);
    let fetched = ByteCount(fetched);
    let text = format!(
        "{} verified; {fetched} over {} in {}, {}",
        ByteCount(resumed),
        report::connections(report.tally.connections_peak),
        duration::measured(report.elapsed),
        BytesPerSecond::mean(fetched, report.elapsed),
    );
    say("resume", &text);
    let fetched_twice = (before.tally.fetched_bytes + fetched.0).saturating_sub(report.bytes);
    let wasted = before.tally.wasted_bytes + report.tally.wasted_bytes;
    let few = fetched_twice + wasted <= FEW_BYTES;
    let verified = report.verified == Verification::Digest;
    let text = format!(
        "{} {} the sha-256; {} fetched twice, {} discarded",
        ByteCount(report.bytes),
        if verified {
            "matches"
        } else {
            "was not compared with"
        },
        ByteCount(fetched_twice),
        ByteCount(wasted),
    );
    say("verify", &text);
    match (verified, few) {
        (true, true) => Exit::Success,
        (false, _) => printer::failure(Exit::Internal, &"the file was not verified"),
        (true, false) => printer::failure(Exit::Internal, &"too much was fetched twice"),
    }
}

/// Cancels a download once half of its bytes have arrived.
async fn interrupt_half_way(progress: ProgressHandle, cancel: CancelHandle, size: ByteCount) {
    let mut looks = tokio::time::interval(LOOK_INTERVAL);
    while progress.snapshot().received.len() < size.0.div_ceil(2) {
        looks.tick().await;
    }
    cancel.cancel();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phase_fits_the_terminal() {
        let text = "544 MiB over 8 connections in 0.47 s, 1.14 GiB/s; interrupted at 53%";
        assert_eq!(phase_lines("fetch", text, Some(80)).len(), 1);
        let narrow = phase_lines("fetch", text, Some(40));
        assert_eq!(narrow[0], "fetch    544 MiB over 8 connections in");
        assert_eq!(narrow[1], "         0.47 s, 1.14 GiB/s; interrupted");
        assert!(narrow.iter().all(|line| line.len() <= 40), "{narrow:?}");
        assert_eq!(phase_lines("fetch", text, None).len(), 1);
    }
}
