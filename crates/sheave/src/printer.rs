//! Owns writing lines to standard output and standard error: whole lines, at once, and never a
//! panic because nobody reads them. Knows nothing of what they say.

use std::fmt::Display;
use std::io::{self, Write};

use crate::exit_code::Exit;
use crate::terminal_text::TerminalText;

/// Longest error line. A server's text must not fill the screen.
const LONGEST_FAILURE: usize = 1000;

/// Writes a line of data to standard output.
pub(crate) fn data(line: impl Display) {
    write_line(&mut io::stdout().lock(), &line);
}

/// Writes a line for people to standard error.
pub(crate) fn note(line: impl Display) {
    write_line(&mut io::stderr().lock(), &line);
}

/// Says in one line why the program ends as it does, escaped, and gives `exit` back.
pub(crate) fn failure(exit: Exit, what: &impl Display) -> Exit {
    let what = TerminalText(&what.to_string()).capped(LONGEST_FAILURE);
    note(format_args!("sheave: {what}"));
    exit
}

/// One write, so that lines of several threads do not mix.
fn write_line(stream: &mut dyn Write, line: &dyn Display) {
    // A reader that has left wants no more lines; the work goes on.
    let _ = stream.write_all(format!("{line}\n").as_bytes());
    let _ = stream.flush();
}
