//! Owns the environment: the style of output it asks for, and its variables by name. Decides
//! nothing.

use std::io::{self, IsTerminal};

use crate::report::Palette;

/// The style of output that the environment asks for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Environment {
    /// True if standard error is a terminal that can move its cursor.
    pub(crate) terminal: bool,
    /// The style of output on it.
    pub(crate) palette: Palette,
    /// The style of output on standard output.
    pub(crate) output_palette: Palette,
    /// True if standard output is a terminal.
    pub(crate) output_terminal: bool,
}

impl Environment {
    /// Reads the environment.
    pub(crate) fn read() -> Self {
        let terminal_type = variable("TERM").unwrap_or_default();
        let can_move_cursor = !matches!(terminal_type.as_str(), "" | "dumb");
        let wants_colour = variable("CLICOLOR").is_none_or(|wanted| wanted != "0");
        let colour = can_move_cursor && wants_colour && variable("NO_COLOR").is_none();
        // The terminal of a build service is read as a file.
        let is_read_later = variable("CI").is_some_and(|ci| !matches!(ci.as_str(), "0" | "false"));
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
            .into_iter()
            .find_map(variable);
        let unicode = locale.is_none_or(|locale| shows_unicode(&locale));
        Self {
            terminal: can_move_cursor && !is_read_later && io::stderr().is_terminal(),
            palette: Palette { colour, unicode },
            output_palette: Palette {
                colour: colour && io::stdout().is_terminal(),
                unicode,
            },
            output_terminal: io::stdout().is_terminal(),
        }
    }
}

/// Returns a variable that is set and not empty, as `NO_COLOR` and the locale are defined.
fn variable(name: &str) -> Option<String> {
    raw_variable(name).filter(|value| !value.is_empty())
}

/// Returns a variable that is set. Text that is not UTF-8 is replaced by characters that make no
/// sense; the code that needs the value reports it.
pub(super) fn raw_variable(name: &str) -> Option<String> {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is where the environment is read"
    )]
    let value = std::env::var_os(name)?;
    Some(value.to_string_lossy().into_owned())
}

/// Reports whether a locale's characters are Unicode, as in `en_US.UTF-8`.
fn shows_unicode(locale: &str) -> bool {
    let locale = locale.to_ascii_lowercase();
    locale.contains("utf-8") || locale.contains("utf8")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locale_says_whether_its_characters_are_unicode() {
        for (locale, unicode) in [
            ("en_US.UTF-8", true),
            ("C.utf8", true),
            ("C", false),
            ("POSIX", false),
            ("de_DE.ISO-8859-1", false),
        ] {
            assert_eq!(shows_unicode(locale), unicode, "{locale}");
        }
    }
}
