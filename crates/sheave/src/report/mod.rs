//! Owns what is shown of a download while it runs and when it ends, in one of four ways. Decides
//! nothing about the download.

mod bars;
mod batch;
mod block_map;
pub(crate) mod json;
mod line;
mod plain;
mod sentence;
mod standstill;

use std::time::Duration;

use accelerator::{
    Completion, Download, Error, ErrorKind, Event, Inspection, Phase, Progress, Report,
    Verification,
};
use catalog::metalink::Metalink;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior};

use crate::clock;
use crate::exit_code::Exit;
use crate::printer;
use crate::signal::Stop;
use crate::terminal_text::TerminalText;
use standstill::Standstill;

pub(crate) use bars::Bars;
pub(crate) use batch::Batch;
pub(crate) use block_map::{BlockMap, Palette};
use sentence::Numbers;
pub(crate) use sentence::{connections, percent};

/// Says why nothing was begun, to those who read JSON as well.
pub(crate) fn refused(exit: Exit, why: &str, json: bool) -> Exit {
    if json {
        printer::data(json::refused(exit, why));
    }
    printer::failure(exit, &why)
}

/// Says what of a document is not used, to those who want to know.
pub(crate) fn listed(list: &Metalink, name: &str, display: Display) {
    let remarks = list.remarks.iter().map(ToString::to_string);
    match display {
        Display::Json { .. } => {
            let remarks: Vec<String> = remarks.collect();
            let files = list.entries.len();
            printer::data(json::listed(name, files, &remarks));
        }
        Display::Bars { verbose: true, .. } | Display::Plain { verbose: true } => {
            for remark in remarks {
                printer::note(TerminalText(&format!("{name}: {remark}")));
            }
            let more = list.remarks.left_out();
            if more > 0 {
                let more = format!("{name}: {more} more remarks");
                printer::note(TerminalText(&more));
            }
        }
        Display::Bars { .. } | Display::Plain { .. } | Display::Quiet => {}
    }
}

/// Longest name of a file in front of a line, in characters.
const LONGEST_NAME: usize = 60;

/// The ways of showing a download.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Display {
    /// Lines at the bottom of a terminal that are drawn anew ten times a second.
    Bars {
        /// The style of the block map.
        palette: Palette,
        /// True if every event is told.
        verbose: bool,
    },
    /// A line every few seconds.
    Plain {
        /// True if every event is told.
        verbose: bool,
    },
    /// JSON on standard output.
    Json {
        /// True if standard error has errors only.
        quiet: bool,
    },
    /// Errors only.
    Quiet,
}

impl Display {
    /// Returns how often progress is shown; at [`Display::Quiet`] never, which an hour is as good
    /// as.
    const fn interval(self) -> Duration {
        match self {
            Self::Bars { .. } => Duration::from_millis(100),
            Self::Plain { .. } => Duration::from_secs(5),
            Self::Json { .. } => Duration::from_secs(1),
            Self::Quiet => Duration::from_hours(1),
        }
    }
}

/// One download on its way, as it is shown.
pub(crate) struct View {
    display: Display,
    /// As given.
    name: String,
    /// The place of the file among several, in front of its name while it is drawn.
    place: String,
    /// As shown.
    label: String,
    /// Whoever says which digest the file must have, if that is not the user.
    digest_from: Option<String>,
    /// The first line about a download, until something of it happens.
    heading: Option<String>,
    still: Standstill,
    bars: Option<Bars>,
}

impl View {
    /// Shows a download of the file of this name.
    pub(crate) fn new(display: Display, name: &str) -> Self {
        let bars = match display {
            Display::Bars { palette, .. } => Some(Bars::new(palette)),
            Display::Plain { .. } | Display::Json { .. } | Display::Quiet => None,
        };
        Self {
            display,
            label: TerminalText(name).capped(LONGEST_NAME),
            name: name.to_owned(),
            place: String::new(),
            digest_from: None,
            heading: None,
            still: Standstill::default(),
            bars,
        }
    }

    /// Says who named the digests that prove it, if that was not the user.
    pub(crate) fn proven_by(mut self, from: Option<String>) -> Self {
        self.digest_from = from;
        self
    }

    /// Says that it is the `number`-th of several files, if there are several.
    pub(crate) fn of_several(mut self, number: usize, files: usize) -> Self {
        if files > 1 {
            self.place = format!("{number}/{files} ");
        }
        self
    }

    fn started(&mut self, url: &str) {
        match self.display {
            Display::Json { .. } => printer::data(json::started(url, &self.name)),
            Display::Plain { .. } => self.heading = Some(plain::started(url)),
            Display::Bars { .. } | Display::Quiet => {}
        }
    }

    fn event(&mut self, event: &Event, elapsed: Duration) {
        self.head();
        let is_news = if let Event::Retrying {
            cause,
            delay,
            tries,
        } = event
        {
            self.still.failed(elapsed, cause, *delay, *tries)
        } else {
            true
        };
        let (is_detail, text) = sentence::of_event(event);
        match self.display {
            Display::Json { .. } => printer::data(json::event(event)),
            Display::Bars { verbose, .. } | Display::Plain { verbose }
                if is_news && (verbose || !is_detail) =>
            {
                self.tell(&text);
            }
            Display::Bars { .. } | Display::Plain { .. } | Display::Quiet => {}
        }
    }

    fn progress(&mut self, progress: &Progress, elapsed: Duration) {
        let numbers = Numbers::new(progress);
        let fetched = progress.tally.fetched_bytes;
        self.still.note(elapsed, fetched, numbers.connections);
        let still = self.still.phrase(elapsed);
        let still = still.as_deref();
        match self.display {
            Display::Json { .. } => printer::data(json::progress(&numbers, elapsed)),
            Display::Plain { .. } => {
                if numbers.phase != Phase::Verifying {
                    self.head();
                }
                self.tell(&plain::progress(&numbers, still));
            }
            Display::Bars { .. } => {
                if let Some(bars) = &self.bars {
                    bars.draw(
                        &format!("{}{}", self.place, self.name),
                        &numbers,
                        still,
                        progress,
                    );
                }
            }
            Display::Quiet => {}
        }
    }

    /// Says that the download begins, if it was not said. A file that is there already is not
    /// downloaded.
    fn head(&mut self) {
        if let Some(heading) = self.heading.take() {
            self.tell(&heading);
        }
    }

    /// Nothing is drawn from here on; what was drawn last stays.
    fn interrupted(&mut self) {
        if let Some(bars) = self.bars.take() {
            bars.leave();
        }
    }

    /// Says that a complete file seems to be something else than its name promises.
    pub(crate) fn warn(&self, what: &str) {
        let text = sentence::of_suspicion(what);
        match self.display {
            Display::Json { quiet } => {
                printer::data(json::warning(&text));
                if !quiet {
                    self.tell(&text);
                }
            }
            Display::Bars { .. } | Display::Plain { .. } => self.tell(&text),
            Display::Quiet => {}
        }
    }

    /// Shows how it ended, and returns the exit that means.
    /// `kept` is the file's journal, if that has any.
    pub(crate) fn ended(
        &mut self,
        outcome: &Result<Report, Error>,
        kept: Option<&Inspection>,
    ) -> Exit {
        // The bars go first: what they showed is in the last line.
        self.bars = None;
        match outcome {
            Ok(report) => {
                self.completed(report);
                Exit::Success
            }
            Err(error) => self.failed(error, kept),
        }
    }

    fn completed(&self, report: &Report) {
        match self.display {
            Display::Bars { .. } | Display::Plain { .. } => {
                printer::note(TerminalText(&sentence::of_report(
                    report,
                    self.digest_from.as_deref(),
                )));
            }
            Display::Json { quiet } => {
                let is_new = report.completion == Completion::Downloaded;
                if !quiet && is_new && report.verified == Verification::None {
                    self.tell(sentence::UNVERIFIED);
                }
                let from = self.digest_from.as_deref();
                let from = if report.is_claimed {
                    Some("server")
                } else {
                    from
                };
                let from = from.filter(|_| !report.digests.is_empty() || report.pieces.is_some());
                printer::data(json::completed(report).with_known("digest_from", from));
            }
            Display::Quiet => {}
        }
    }

    fn failed(&self, error: &Error, kept: Option<&Inspection>) -> Exit {
        if let Display::Json { .. } = self.display {
            let kept = kept.map(|kept| kept.claimed.len());
            printer::data(json::failed(error).with_known("kept_bytes", kept));
        }
        if error.kind() == ErrorKind::Unread {
            // Whoever read wants no more, as `head` does, and nobody is to be told.
            return Exit::Unread;
        }
        let what = format!("{}: {}", self.label, sentence::of_error(error, kept));
        printer::failure(Exit::from(error.kind()), &what)
    }

    /// Shows a line about the file, above the bars where there are any.
    fn tell(&self, text: &str) {
        let line = format!("{}: {}", self.label, TerminalText(text));
        match &self.bars {
            Some(bars) => bars.print_above(&line),
            None => printer::note(line),
        }
    }
}

/// Runs a download and shows it, until its end or until it is asked to stop.
///
/// The download runs in a task of its own: a terminal that is held with Ctrl-S holds up what is
/// shown, not what is fetched.
pub(crate) async fn follow(
    download: Download,
    view: &mut View,
    stop: &mut Stop,
) -> Result<Report, Error> {
    let progress = download.progress();
    let mut events = download.events();
    let cancel = download.cancel_handle();
    view.started(download.url().as_str());
    let mut running = JoinSet::new();
    running.spawn(download.run());
    let mut ticks = tokio::time::interval(view.display.interval());
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let start: Instant = ticks.tick().await;
    let begun = clock::now();
    let (mut has_events, mut asked_to_stop) = (true, false);
    let outcome = loop {
        tokio::select! {
            biased;
            () = stop.requested(), if !asked_to_stop => {
                asked_to_stop = true;
                view.interrupted();
                cancel.cancel();
            }
            event = events.next(), if has_events => match event {
                Some(event) => view.event(&event, begun.elapsed()),
                None => has_events = false,
            },
            now = ticks.tick() => view.progress(&progress.snapshot(), now.duration_since(start)),
            Some(ended) = running.join_next() => break ended,
        }
    };
    // Events are told before the end they led to. Whoever still could send one has nothing to say.
    while has_events {
        tokio::select! {
            biased;
            Some(event) = events.next() => view.event(&event, begun.elapsed()),
            () = std::future::ready(()) => has_events = false,
        }
    }
    match outcome {
        Ok(outcome) => outcome,
        Err(lost) => std::panic::resume_unwind(lost.into_panic()),
    }
}
