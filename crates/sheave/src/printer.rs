//! Owns writing lines to standard output and standard error: whole lines, at once, and never a
//! panic because nobody reads them. Knows nothing of what they say.

use std::fmt::Display;
use std::io::{self, Write};
use std::sync::OnceLock;

use crate::exit_code::Exit;
use crate::terminal_text::TerminalText;

/// Longest error line. A server's text must not fill the screen.
const LONGEST_FAILURE: usize = 1000;

/// The reason why standard output did not take a line of data, if it did not.
static LOST: OnceLock<io::Error> = OnceLock::new();

/// Writes a line of data to standard output. The first line that is lost is reported on standard
/// error.
pub(crate) fn data(line: impl Display) {
    output(write_line(&mut io::stdout().lock(), &line));
}

/// Notes how a write to standard output went. A reader that has left wants no more of it, which is
/// no loss.
pub(crate) fn output(written: io::Result<()>) {
    let Err(error) = written else {
        return;
    };
    if error.kind() != io::ErrorKind::BrokenPipe && LOST.get().is_none() {
        note(format_args!(
            "sheave: could not write to standard output: {error}"
        ));
        // Another thread may have noted it meanwhile.
        let _noted = LOST.set(error);
    }
}

/// The end of a command whose work is its output: `exit`, unless some of the output was lost.
pub(crate) fn unless_lost(exit: Exit) -> Exit {
    if exit == Exit::Success && LOST.get().is_some() {
        Exit::Disk
    } else {
        exit
    }
}

/// Writes a line for people to standard error.
pub(crate) fn note(line: impl Display) {
    // Nothing is left to tell it to, and the work goes on.
    let _written = write_line(&mut io::stderr().lock(), &line);
}

/// Says in one line why the program ends as it does, escaped, and gives `exit` back.
pub(crate) fn failure(exit: Exit, what: &impl Display) -> Exit {
    let what = TerminalText(&what.to_string()).capped(LONGEST_FAILURE);
    note(format_args!("sheave: {what}"));
    exit
}

/// One write, so that lines of several threads do not mix.
fn write_line(stream: &mut dyn Write, line: &dyn Display) -> io::Result<()> {
    stream.write_all(format!("{line}\n").as_bytes())?;
    stream.flush()
}
