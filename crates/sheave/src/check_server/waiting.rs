//! Owns what is shown of a check that is under way, so that a slow server is not taken for a
//! program that hangs. Asks nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use console::Term;
use range_server::check::{self, OnQuestion};

use crate::{clock, duration, printer};

/// A check under way, as it is shown.
pub(super) struct Waiting {
    /// The terminal that the line is drawn on anew; without one, a line is added now and then.
    terminal: Option<Term>,
    begun: Instant,
    /// The questions that were begun; the one after the last is all of them.
    asked: Arc<AtomicUsize>,
}

impl Waiting {
    /// Begins with nothing shown.
    pub(super) fn new(terminal: bool) -> Self {
        Self {
            terminal: terminal.then(Term::stderr),
            begun: clock::now(),
            asked: Arc::default(),
        }
    }

    /// Returns what the check has to tell.
    pub(super) fn listener(&self) -> OnQuestion {
        let asked = Arc::clone(&self.asked);
        Arc::new(move |number| asked.store(number + 1, Ordering::Relaxed))
    }

    /// Returns how often to show it.
    pub(super) const fn interval(&self) -> Duration {
        match self.terminal {
            Some(_) => Duration::from_secs(1),
            None => Duration::from_secs(10),
        }
    }

    /// Shows how far the check is.
    pub(super) fn show(&self) {
        let text = sentence(self.asked.load(Ordering::Relaxed), self.begun.elapsed());
        match &self.terminal {
            Some(terminal) => {
                let columns = usize::from(terminal.size().1).saturating_sub(1);
                let shown: String = text.chars().take(columns).collect();
                // A terminal that is gone shows nothing.
                let _ = terminal.clear_line();
                let _ = terminal.write_str(&shown);
            }
            None => printer::note(format_args!("sheave: {text}")),
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(terminal) = &self.terminal {
            let _ = terminal.clear_line();
        }
    }
}

fn sentence(asked: usize, elapsed: Duration) -> String {
    let all = check::rows().len();
    let after = duration::estimated(elapsed);
    match asked {
        0 => format!("looking at the file, {after}"),
        asked if asked <= all => format!("question {asked} of {all}, {after}"),
        _ => format!("asking over several connections, {after}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_tells_how_far_it_is() {
        let all = check::rows().len();
        for (asked, text) in [
            (0, "looking at the file, 3 s".to_owned()),
            (1, format!("question 1 of {all}, 3 s")),
            (all, format!("question {all} of {all}, 3 s")),
            (all + 1, "asking over several connections, 3 s".to_owned()),
        ] {
            assert_eq!(sentence(asked, Duration::from_secs(3)), text);
        }
    }
}
