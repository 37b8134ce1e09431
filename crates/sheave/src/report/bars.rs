//! Owns the two lines at the bottom of the terminal: the file as a block map, and its numbers. The
//! only file that names the progress library.

use accelerator::{ByteCount, BytesPerSecond, Checked, Inspection, Phase, Progress};
use console::Term;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::block_map::{BlockMap, Palette};
use super::sentence::{self, Numbers};
use crate::duration;
use crate::printer;
use crate::terminal_text::TerminalText;

/// Columns the name of a file gets at least, or it is left out.
const SHORTEST_NAME: usize = 8;

/// The lines; they vanish when this is dropped, unless they are left.
pub(crate) struct Bars {
    palette: Palette,
    terminal: Term,
    lines: MultiProgress,
    map: ProgressBar,
    numbers: ProgressBar,
}

impl Bars {
    /// Two empty lines.
    pub(crate) fn new(palette: Palette) -> Self {
        let lines = MultiProgress::new();
        // Truncates, so that a terminal made narrower gets no line that wraps.
        let style = ProgressStyle::with_template("{wide_msg}").expect("a valid template");
        let line = || lines.add(ProgressBar::new_spinner().with_style(style.clone()));
        Self {
            palette,
            terminal: Term::stderr(),
            map: line(),
            numbers: line(),
            lines,
        }
    }

    /// Draws both anew.
    pub(crate) fn draw(&self, name: &str, numbers: &Numbers, progress: &Progress) {
        let (_, columns) = self.terminal.size();
        let columns = usize::from(columns);
        let cells = BlockMap::of_progress(progress).map(|map| map.cells(columns));
        self.map
            .set_message(self.palette.draw(&cells.unwrap_or_default()));
        self.numbers
            .set_message(numbers_line(name, numbers, columns));
    }

    /// Draws how far the reading back of a part file is.
    pub(crate) fn draw_check(&self, name: &str, inspection: &Inspection, checked: &Checked) {
        let (_, columns) = self.terminal.size();
        let columns = usize::from(columns);
        let cells = BlockMap::of_inspection(inspection, Some(checked));
        let cells = cells.map(|map| map.cells(columns)).unwrap_or_default();
        let claimed = inspection.claimed.len();
        let numbers = Numbers {
            phase: Phase::Verifying,
            present: ByteCount(claimed),
            length: Some(ByteCount(claimed)),
            digested: ByteCount(claimed - checked.left.len()),
            rate: BytesPerSecond(0),
            left: None,
            connections: 0,
            unverified: ByteCount(checked.left.len()),
        };
        self.map.set_message(self.palette.draw(&cells));
        self.numbers
            .set_message(numbers_line(name, &numbers, columns));
    }

    /// Prints a line above them, where it stays.
    pub(crate) fn print_above(&self, line: &str) {
        // A terminal that is gone shows nothing.
        let _ = self.lines.println(line);
    }

    /// Leaves both as they are and goes to the next line. A terminal that echoes `^C` has moved
    /// the cursor, so that drawing or clearing them would hit other lines.
    pub(crate) fn leave(self) {
        self.lines.set_draw_target(ProgressDrawTarget::hidden());
        printer::note("");
    }
}

impl Drop for Bars {
    fn drop(&mut self) {
        self.map.finish_and_clear();
        self.numbers.finish_and_clear();
        let _ = self.lines.clear();
    }
}

/// The numbers in at most `columns` columns: what matters least is left out first, and the name
/// gets what is left. Columns are fixed, so that digits do not dance.
fn numbers_line(name: &str, numbers: &Numbers, columns: usize) -> String {
    let mut line = String::new();
    for piece in pieces(numbers) {
        let separator = if line.is_empty() { 0 } else { 2 };
        if line.chars().count() + separator + piece.chars().count() > columns {
            break;
        }
        line.push_str(&"  "[..separator]);
        line.push_str(&piece);
    }
    let room = columns.saturating_sub(line.chars().count() + 2);
    if room < SHORTEST_NAME {
        return line;
    }
    format!("{line}  {}", TerminalText(name).capped(room))
}

/// Returns the parts of the line, the most important first.
fn pieces(numbers: &Numbers) -> Vec<String> {
    let mut pieces = Vec::new();
    match numbers.phase {
        Phase::Connecting => pieces.push("connecting".to_owned()),
        Phase::Reserving => pieces.push("reserving space".to_owned()),
        Phase::Verifying => {
            let percent = numbers
                .length
                .and_then(|length| sentence::percent(numbers.digested, length));
            pieces.push("verifying".to_owned());
            pieces.extend(percent.map(|percent| format!("{percent:>3}%")));
        }
        Phase::Publishing => pieces.push("writing to disk".to_owned()),
        Phase::Fetching | _ => {
            let present = format!("{:>9}", numbers.present.to_string());
            pieces.push(match numbers.length {
                Some(length) => format!("{present} of {length}"),
                None => present,
            });
            pieces.extend(numbers.percent().map(|percent| format!("{percent:>3}%")));
            pieces.push(format!("{:>10}", numbers.rate.to_string()));
            let left = numbers.left.map(duration::estimated).unwrap_or_default();
            let label = if left.is_empty() { "" } else { " left" };
            pieces.push(format!("{:>12}", format!("{left}{label}")));
            pieces.push(sentence::connections(numbers.connections));
            pieces.extend(numbers.verification());
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use accelerator::{ByteCount, BytesPerSecond};
    use std::time::Duration;

    const HALF_WAY: Numbers = Numbers {
        phase: Phase::Fetching,
        present: ByteCount(1 << 29),
        length: Some(ByteCount(1 << 30)),
        digested: ByteCount(1 << 28),
        unverified: ByteCount(0),
        rate: BytesPerSecond(1 << 27),
        left: Some(Duration::from_secs(4)),
        connections: 8,
    };

    #[test]
    fn a_narrow_terminal_gets_what_matters_most() {
        for (columns, line) in [
            (
                100,
                "  512 MiB of 1.00 GiB   50%   128 MiB/s      4 s left  8 connections  disk.img",
            ),
            (
                75,
                "  512 MiB of 1.00 GiB   50%   128 MiB/s      4 s left  8 connections",
            ),
            (40, "  512 MiB of 1.00 GiB   50%   128 MiB/s"),
            (28, "  512 MiB of 1.00 GiB   50%"),
            (5, ""),
        ] {
            assert_eq!(
                numbers_line("disk.img", &HALF_WAY, columns),
                line,
                "{columns}"
            );
        }
    }

    #[test]
    fn what_an_earlier_run_left_is_told_until_it_is_verified() {
        let numbers = Numbers {
            unverified: ByteCount(3 << 20),
            ..HALF_WAY
        };
        let line = numbers_line("", &numbers, 100);
        assert!(
            line.contains("8 connections  3.00 MiB to be verified"),
            "{line}"
        );
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        let name = "a rather long name of a file that goes on and on.tar.zst";
        for phase in [
            Phase::Connecting,
            Phase::Reserving,
            Phase::Fetching,
            Phase::Verifying,
            Phase::Publishing,
        ] {
            for columns in 0..150 {
                let numbers = Numbers {
                    phase,
                    unverified: ByteCount(1 << 40),
                    ..HALF_WAY
                };
                let line = numbers_line(name, &numbers, columns);
                assert!(line.chars().count() <= columns, "{columns}: {line:?}");
            }
        }
    }

    #[test]
    fn verifying_shows_how_far_the_digest_is() {
        let numbers = Numbers {
            phase: Phase::Verifying,
            ..HALF_WAY
        };
        assert_eq!(numbers_line("", &numbers, 16), "verifying   25%");
    }
}
