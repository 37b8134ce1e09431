//! Owns how text from elsewhere is shown to a person: nothing in it may move the cursor, speak to
//! the terminal, reorder what is read or start a line of its own. Knows nothing of what it says.
#[cfg(test)]
mod tests;

use std::fmt::{self, Display, Formatter};

pub(crate) use accelerator::is_hidden;

/// Text that came from a server, a file or a URL, safe to print on one line of a terminal.
///
/// Control characters are shown as `\x1b`, invisible ones as `\u{202e}`; everything else is shown
/// as it is. A backslash is not doubled: what is printed is for reading, not for parsing back.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TerminalText<'a>(pub(crate) &'a str);

impl TerminalText<'_> {
    /// The escaped text in at most `limit` characters, the last of which is `…` when some were
    /// left out.
    ///
    /// Characters are counted, not columns: East Asian wide characters take two. An escape is
    /// shown whole or not at all, since half of one would read as something else.
    pub(crate) fn capped(self, limit: usize) -> String {
        let mut shown = String::new();
        let mut length = 0;
        // Where to cut if the text turns out too long: the last place that leaves room for `…`.
        let mut cut = 0;
        for character in self.0.chars() {
            let start = shown.len();
            // Writing to a String cannot fail.
            let _ = write_escaped(&mut shown, character);
            length += shown[start..].chars().count();
            if length > limit {
                shown.truncate(cut);
                if limit > 0 {
                    shown.push('…');
                }
                return shown;
            }
            if length < limit {
                cut = shown.len();
            }
        }
        shown
    }
}

impl Display for TerminalText<'_> {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        self.0
            .chars()
            .try_for_each(|character| write_escaped(formatter, character))
    }
}

fn write_escaped(out: &mut impl fmt::Write, character: char) -> fmt::Result {
    if character.is_control() {
        write!(out, "\\x{:02x}", u32::from(character))
    } else if is_hidden(character) {
        write!(out, "\\u{{{:x}}}", u32::from(character))
    } else {
        out.write_char(character)
    }
}
