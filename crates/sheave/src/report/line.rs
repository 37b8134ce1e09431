//! Owns the line of numbers under the block map: what fits in the columns there are. Draws nothing.

use accelerator::Phase;
use console::measure_text_width;

use super::sentence::{self, Numbers};
use crate::duration;
use crate::terminal_text::TerminalText;

/// Columns that a name gets at least and at most while it is not all there is room for.
const SHORTEST_NAME: usize = 8;
const LONGEST_NAME: usize = 30;

/// Columns in which it can be read what a download waits for.
const SHORTEST_PHRASE: usize = 27;

/// The gap between two pieces of the line.
const GAP: &str = "  ";

/// A piece of the line. Of two that do not both fit, the one of the lower rank stays.
struct Piece {
    rank: usize,
    text: String,
}

/// Returns the name and the numbers in at most `columns` columns. What matters least is left out
/// first, and the name gets what is left. Pieces have fixed widths, so that digits do not dance.
/// `still` says what a download waits for that stands still; it is shown in place of the rate.
pub(crate) fn of_numbers(
    name: &str,
    numbers: &Numbers,
    still: Option<&str>,
    columns: usize,
    unicode: bool,
) -> String {
    let ellipsis = if unicode { "…" } else { "..." };
    let least = (columns / 5).clamp(SHORTEST_NAME, LONGEST_NAME);
    let least = width(name).min(least);
    let pieces = pieces(numbers, still.is_some());
    let taken = |most: usize| -> usize {
        let shown = pieces.iter().filter(|piece| piece.rank < most);
        shown.map(|piece| GAP.len() + piece.text.len()).sum()
    };
    let phrase = still.map_or(0, |still| width(still).min(SHORTEST_PHRASE) + GAP.len());
    let fits = |most: &usize| least + taken(*most) + phrase <= columns;
    let most = (0..=pieces.len()).rev().find(fits).unwrap_or(0);
    let room = columns.saturating_sub(taken(most));
    let room = if still.is_some() {
        room.min(least)
    } else {
        room
    };
    let mut line = elided(name, room, ellipsis);
    for piece in pieces.iter().filter(|piece| piece.rank < most) {
        line.push_str(GAP);
        line.push_str(&piece.text);
    }
    let rest = columns.saturating_sub(width(&line) + GAP.len());
    match still.map(|still| cut(still, rest, ellipsis)) {
        Some(still) if !still.is_empty() => format!("{line}{GAP}{still}"),
        _ => line,
    }
}

/// Returns the pieces in the order in which they are shown.
fn pieces(numbers: &Numbers, is_still: bool) -> Vec<Piece> {
    let piece = |rank, text| Piece { rank, text };
    let percent = |part| {
        let percent = numbers
            .length
            .and_then(|length| sentence::percent(part, length));
        percent.map(|percent| format!("{percent:>3}%"))
    };
    let told = |text: &str| vec![piece(0, text.to_owned())];
    match numbers.phase {
        Phase::Connecting if is_still => Vec::new(),
        Phase::Connecting => told("connecting"),
        Phase::Reserving => told("reserving space"),
        Phase::Publishing => told("writing to disk"),
        Phase::Verifying => {
            let percent = percent(numbers.digested).unwrap_or_default();
            told(format!("verifying {percent}").trim_end())
        }
        Phase::Fetching | _ => {
            let mut pieces = Vec::new();
            pieces.extend(percent(numbers.present).map(|percent| piece(0, percent)));
            let present = numbers.present.to_string();
            let size = match numbers.length {
                Some(length) => format!("{present:>8}/{length}"),
                None => format!("{present:>8}"),
            };
            // While the length is unknown there is no percentage.
            let first = pieces.len();
            if is_still {
                pieces.push(piece(first, size));
                return pieces;
            }
            let left = numbers.left.map(duration::compact);
            let left = left.map_or_else(String::new, |left| format!("{left} left"));
            pieces.push(piece(first + 2, size));
            pieces.push(piece(first, format!("{:>10}", numbers.rate.to_string())));
            pieces.push(piece(first + 1, format!("{left:>11}")));
            let connections = sentence::connections(numbers.connections);
            pieces.push(piece(first + 3, format!("{connections:<14}")));
            let rest = numbers.verification();
            pieces.extend(rest.map(|rest| piece(first + 4, rest)));
            pieces
        }
    }
}

/// The columns that text takes once it is escaped.
fn width(text: &str) -> usize {
    measure_text_width(&TerminalText(text).to_string())
}

/// The escaped characters of a text, none of which is ever shown in part, and their columns.
fn cells(text: &str) -> Vec<(String, usize)> {
    let escaped = |character: char| {
        let cell = TerminalText(character.encode_utf8(&mut [0; 4])).to_string();
        let columns = measure_text_width(&cell);
        (cell, columns)
    };
    text.chars().map(escaped).collect()
}

/// As many of these cells as fit into `room`.
fn fitting<'a>(cells: impl Iterator<Item = &'a (String, usize)>, room: usize) -> Vec<&'a str> {
    let mut taken = 0;
    let fitting = cells.take_while(|(_, columns)| {
        taken += columns;
        taken <= room
    });
    fitting.map(|(cell, _)| cell.as_str()).collect()
}

/// The text in at most `room` columns: its end is left out.
fn cut(text: &str, room: usize, ellipsis: &str) -> String {
    if width(text) <= room {
        return TerminalText(text).to_string();
    }
    let Some(room) = room.checked_sub(measure_text_width(ellipsis)) else {
        return String::new();
    };
    fitting(cells(text).iter(), room).concat() + ellipsis
}

/// A name in at most `room` columns: its middle is left out, because the end says what it is.
fn elided(name: &str, room: usize, ellipsis: &str) -> String {
    if width(name) <= room {
        return TerminalText(name).to_string();
    }
    let Some(room) = room.checked_sub(measure_text_width(ellipsis)) else {
        return String::new();
    };
    let cells = cells(name);
    let front = fitting(cells.iter(), room.div_ceil(2));
    let mut back = fitting(cells.iter().rev(), room / 2);
    back.reverse();
    front.concat() + ellipsis + &back.concat()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use accelerator::{ByteCount, BytesPerSecond};

    use super::*;

    const NAME: &str = "ubuntu-24.04-desktop-amd64.iso";

    const HALF_WAY: Numbers = Numbers {
        phase: Phase::Fetching,
        present: ByteCount(1 << 29),
        length: Some(ByteCount(1 << 30)),
        digested: ByteCount(1 << 28),
        unverified: ByteCount(0),
        rate: BytesPerSecond(1 << 27),
        left: Some(Duration::from_secs(250)),
        connections: 8,
    };

    fn shown(still: Option<&str>) -> [String; 5] {
        [120, 80, 40, 28, 10].map(|columns| of_numbers(NAME, &HALF_WAY, still, columns, true))
    }

    #[test]
    fn a_narrow_terminal_gets_what_matters_most() {
        assert_eq!(
            shown(None),
            [
                "ubuntu-24.04-desktop-amd64.iso   50%   512 MiB/1.00 GiB   \
                 128 MiB/s   4m10s left  8 connections ",
                "ubuntu-24.04-desktop-amd64.iso   50%   512 MiB/1.00 GiB   \
                 128 MiB/s   4m10s left",
                "ubun….iso   50%   128 MiB/s   4m10s left",
                "ubunt….iso   50%   128 MiB/s",
                "ubunt….iso",
            ]
        );
        assert_eq!(of_numbers(NAME, &HALF_WAY, None, 5, false), "u...o");
    }

    #[test]
    fn a_download_that_stands_still_says_what_it_waits_for() {
        let still = "next try in 20 s (3 of 10): the server answered 503 Service Unavailable";
        assert_eq!(
            shown(Some(still)),
            [
                "ubuntu-24.04…p-amd64.iso   50%   512 MiB/1.00 GiB  next try \
                 in 20 s (3 of 10): the server answered 503 Service Unavaila…",
                "ubuntu-2…d64.iso   50%   512 MiB/1.00 GiB  next try in 20 s \
                 (3 of 10): the serv…",
                "ubun…iso  next try in 20 s (3 of 10): t…",
                "ubun…iso  next try in 20 s …",
                "ubun…iso",
            ]
        );
        let connecting = Numbers {
            phase: Phase::Connecting,
            ..HALF_WAY
        };
        let line = of_numbers("a", &connecting, Some("nothing received for 9 s"), 80, true);
        assert_eq!(line, "a  nothing received for 9 s");
    }

    #[test]
    fn what_an_earlier_run_left_is_told_until_it_is_verified() {
        let numbers = Numbers {
            unverified: ByteCount(3 << 20),
            ..HALF_WAY
        };
        let line = of_numbers("", &numbers, None, 120, true);
        assert!(
            line.contains("8 connections   3.00 MiB to be verified"),
            "{line}"
        );
    }

    #[test]
    fn no_line_is_wider_than_the_terminal_and_ascii_stays_ascii() {
        let names = [
            NAME,
            "名前の長いファイル名前の長いファイル.tar.zst",
            "\u{1b}\u{1b}\u{1b}\u{1b}",
        ];
        let still = "next try in 20 s (3 of 10): \u{1b}[2J";
        for phase in [
            Phase::Connecting,
            Phase::Reserving,
            Phase::Fetching,
            Phase::Verifying,
            Phase::Publishing,
        ] {
            for (name, columns) in names
                .iter()
                .flat_map(|name| (0..150).map(move |n| (name, n)))
            {
                let numbers = Numbers {
                    phase,
                    unverified: ByteCount(1 << 40),
                    ..HALF_WAY
                };
                for still in [None, Some(still)] {
                    let line = of_numbers(name, &numbers, still, columns, false);
                    let shown = measure_text_width(&line);
                    assert!(shown <= columns, "{columns}: {line:?}");
                    assert!(!line.contains(['…', '\u{1b}']), "{line:?}");
                }
            }
        }
    }

    #[test]
    fn a_name_keeps_its_end_and_no_escape_is_torn() {
        assert_eq!(elided("abcdefgh.iso", 9, "…"), "abcd….iso");
        assert_eq!(elided("abcdefgh.iso", 12, "…"), "abcdefgh.iso");
        assert_eq!(elided("a\u{1b}bcdefgh", 5, "..."), "a...h");
        assert_eq!(elided("abc", 0, "…"), "");
        assert_eq!(cut("abcdef", 4, "…"), "abc…");
    }

    #[test]
    fn verifying_shows_how_far_the_digest_is() {
        let numbers = Numbers {
            phase: Phase::Verifying,
            ..HALF_WAY
        };
        assert_eq!(
            of_numbers("a", &numbers, None, 17, true),
            "a  verifying  25%"
        );
    }
}
