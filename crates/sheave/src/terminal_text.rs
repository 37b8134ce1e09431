//! Owns how text from elsewhere is shown to a person: nothing in it may move the cursor, speak to
//! the terminal, reorder what is read or start a line of its own. Knows nothing of what it says.
#[cfg(test)]
mod tests;

use std::fmt::{self, Display, Formatter};

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

/// Returns whether a character acts on what is around it instead of being seen.
///
/// These are C0, DEL and C1 (ISO/IEC 6429), the line and paragraph separators, the bidirectional
/// controls (Unicode Standard Annex #9), interlinear annotation, and the code points with the
/// property `Default_Ignorable_Code_Point`, which a terminal may draw as nothing at all.
pub(crate) fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}
