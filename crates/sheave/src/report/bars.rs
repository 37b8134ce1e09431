//! Owns the two lines at the bottom of the terminal: the file as a block map, and its numbers. The
//! only file that names the progress library.

use accelerator::{ByteCount, BytesPerSecond, Checked, Inspection, Phase, Progress};
use console::Term;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::block_map::{BlockMap, Palette};
use super::line;
use super::sentence::Numbers;
use crate::printer;

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

    /// Draws both anew. `still` says what a download waits for that stands still.
    pub(crate) fn draw(
        &self,
        name: &str,
        numbers: &Numbers,
        still: Option<&str>,
        progress: &Progress,
    ) {
        let (_, columns) = self.terminal.size();
        let columns = usize::from(columns);
        let cells = BlockMap::of_progress(progress).map(|map| map.cells(columns));
        self.map
            .set_message(self.palette.draw(&cells.unwrap_or_default()));
        let unicode = self.palette.unicode;
        self.numbers
            .set_message(line::of_numbers(name, numbers, still, columns, unicode));
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
        let unicode = self.palette.unicode;
        self.numbers
            .set_message(line::of_numbers(name, &numbers, None, columns, unicode));
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
