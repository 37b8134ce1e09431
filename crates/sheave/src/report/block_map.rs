//! Owns the picture of a file as a row of cells. Knows neither terminal nor download.

use accelerator::{ByteRange, Checked, Inspection, Progress, RangeSet};

/// The ranges of a file by what is known of them, to be drawn.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BlockMap<'a> {
    length: u64,
    received: &'a RangeSet,
    claimed: Option<&'a RangeSet>,
    rejected: Option<&'a RangeSet>,
    in_flight: &'a [ByteRange],
}

/// The state of a cell's part of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cell {
    /// Bytes are there and are not what an earlier run claims.
    Rejected,
    /// Every byte is there.
    Done,
    /// Every byte is there or claimed by an earlier run, and those are being read back.
    Verifying,
    /// Not done, and a connection is writing in it.
    InFlight,
    /// Not done.
    Missing,
}

/// The way in which cells are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Palette {
    /// True if escape codes for colours are allowed.
    pub(crate) colour: bool,
    /// True if characters beyond ASCII are allowed.
    pub(crate) unicode: bool,
}

impl<'a> BlockMap<'a> {
    /// A download on its way; `None` while its length is unknown or zero.
    pub(crate) fn of_progress(progress: &'a Progress) -> Option<Self> {
        Some(Self {
            length: progress.length.filter(|&length| length > 0)?,
            received: &progress.received,
            claimed: Some(&progress.claimed),
            rejected: None,
            in_flight: &progress.in_flight,
        })
    }

    /// Returns what a part file holds, as far as it was read back, if it was; `None` if its length
    /// is zero.
    pub(crate) fn of_inspection(
        inspection: &'a Inspection,
        checked: Option<&'a Checked>,
    ) -> Option<Self> {
        (inspection.length > 0).then_some(Self {
            length: inspection.length,
            received: checked.map_or(&inspection.claimed, |checked| &checked.verified),
            claimed: checked.map(|checked| &checked.left),
            rejected: checked.map(|checked| &checked.rejected),
            in_flight: &[],
        })
    }

    /// The file in `columns` cells of equal size. In a file of fewer bytes than columns a byte
    /// has several cells.
    pub(crate) fn cells(self, columns: usize) -> Vec<Cell> {
        let bound = |index: usize| {
            let offset = u128::from(self.length) * index as u128 / columns as u128;
            u64::try_from(offset).expect("at most the length")
        };
        let mut cells: Vec<Cell> = (0..columns)
            .map(|index| {
                let start = bound(index);
                let end = bound(index + 1).max(start + 1);
                self.cell(ByteRange::new(start, end).expect("not empty"))
            })
            .collect();
        for range in self.in_flight {
            let index = u128::from(range.start()) * columns as u128 / u128::from(self.length);
            let index = usize::try_from(index).unwrap_or(usize::MAX);
            if let Some(cell) = cells.get_mut(index).filter(|cell| **cell != Cell::Done) {
                *cell = Cell::InFlight;
            }
        }
        cells
    }

    fn cell(self, range: ByteRange) -> Cell {
        let received = self.received.covered(range);
        let claimed = self.claimed.map_or(0, |claimed| claimed.covered(range));
        if self.rejected.is_some_and(|set| set.covered(range) > 0) {
            Cell::Rejected
        } else if received == range.len() {
            Cell::Done
        } else if received.saturating_add(claimed) >= range.len() {
            Cell::Verifying
        } else {
            Cell::Missing
        }
    }
}

impl Palette {
    /// ASCII without colours.
    #[cfg(test)]
    pub(crate) const PLAIN: Self = Self {
        colour: false,
        unicode: false,
    };

    /// Draws a row of cells. The denser a character, the nearer its part is to being done, so
    /// that the row reads without colours too.
    pub(crate) fn draw(self, cells: &[Cell]) -> String {
        let mut row = String::new();
        for run in cells.chunk_by(|left, right| left == right) {
            let (colour, character) = self.look(run[0]);
            let characters = character.to_string().repeat(run.len());
            if self.colour {
                row.push_str("\x1b[");
                row.push_str(colour);
                row.push('m');
                row.push_str(&characters);
                row.push_str("\x1b[0m");
            } else {
                row.push_str(&characters);
            }
        }
        row
    }

    /// The colour, as an SGR parameter (ECMA-48 §8.3.117), and the character of a cell.
    const fn look(self, cell: Cell) -> (&'static str, char) {
        match (cell, self.unicode) {
            (Cell::Done, true) => ("32", '█'),
            (Cell::Done, false) => ("32", '#'),
            (Cell::Verifying, true) => ("33", '▓'),
            (Cell::Verifying, false) => ("33", '+'),
            (Cell::InFlight, true) => ("36", '▒'),
            (Cell::InFlight, false) => ("36", '>'),
            (Cell::Rejected, true) => ("31", '×'),
            (Cell::Rejected, false) => ("31", 'x'),
            (Cell::Missing, true) => ("90", '░'),
            (Cell::Missing, false) => ("90", '.'),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(start: u64, end: u64) -> ByteRange {
        ByteRange::new(start, end).unwrap()
    }

    fn row(
        length: u64,
        received: &[ByteRange],
        claimed: &[ByteRange],
        in_flight: &[ByteRange],
        columns: usize,
    ) -> String {
        let (received, claimed) = (
            received.iter().copied().collect(),
            claimed.iter().copied().collect(),
        );
        let map = BlockMap {
            length,
            received: &received,
            claimed: Some(&claimed),
            rejected: None,
            in_flight,
        };
        Palette::PLAIN.draw(&map.cells(columns))
    }

    #[test]
    fn every_cell_shows_its_part_of_the_file() {
        let whole = range(0, 100);
        assert_eq!(row(100, &[], &[], &[], 10), "..........");
        assert_eq!(row(100, &[whole], &[], &[], 10), "##########");
        assert_eq!(row(100, &[], &[whole], &[], 10), "++++++++++");
        assert_eq!(
            row(
                100,
                &[range(0, 25), range(50, 60)],
                &[range(60, 80)],
                &[range(25, 50), range(95, 100)],
                10
            ),
            "##>..#++.>"
        );
    }

    #[test]
    fn a_cell_is_done_only_with_its_last_byte() {
        assert_eq!(
            row(100, &[range(0, 9), range(10, 20)], &[], &[], 10),
            ".#........"
        );
        assert_eq!(
            row(100, &[range(0, 9)], &[range(9, 10)], &[], 10),
            "+........."
        );
        assert_eq!(
            row(100, &[range(0, 9)], &[], &[range(9, 40)], 10),
            ">........."
        );
    }

    #[test]
    fn rows_are_as_long_as_asked_for_whatever_the_length() {
        let end = u64::MAX;
        for (length, columns, expected) in [
            (1, 4, "####"),
            (3, 4, "####"),
            (end, 4, "####"),
            (100, 0, ""),
            (100, 1, "#"),
        ] {
            let whole = range(0, length);
            assert_eq!(row(length, &[whole], &[], &[], columns), expected);
        }
        assert_eq!(row(end, &[], &[], &[range(end - 1, end)], 4), "...>");
        // A server may send more than the length it gave first.
        assert_eq!(row(10, &[], &[], &[range(10, 11)], 4), "....");
    }

    #[test]
    fn a_rejected_byte_is_seen_however_small_its_share() {
        let (received, rejected) = (
            [range(0, 50), range(51, 60)].into_iter().collect(),
            [range(50, 51)].into_iter().collect(),
        );
        let map = BlockMap {
            length: 100,
            received: &received,
            claimed: None,
            rejected: Some(&rejected),
            in_flight: &[],
        };
        assert_eq!(Palette::PLAIN.draw(&map.cells(10)), "#####x....");
    }

    #[test]
    fn colours_are_set_once_a_run_and_reset() {
        let palette = Palette {
            colour: true,
            unicode: true,
        };
        let cells = [Cell::Done, Cell::Done, Cell::InFlight];
        assert_eq!(palette.draw(&cells), "\x1b[32m██\x1b[0m\x1b[36m▒\x1b[0m");
        assert_eq!(palette.draw(&[]), "");
    }
}
