//! Owns the way from an error to its causes, and the line that tells them. Knows no error in
//! particular.

use std::error::Error;

/// Longest text of an error, in bytes. A server may have written some of it.
const LONGEST: usize = 2000;

/// Returns an error and its first cause. Between them lie the HTTP library's layers, which say
/// where in it the error passed and nothing a user could act on.
pub(crate) fn in_one_line(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    if let Some(first) = causes(error).skip(1).last().map(ToString::to_string)
        // Some errors contain the text of their cause.
        && !text.contains(&first)
    {
        text = format!("{text}: {first}");
    }
    if text.len() > LONGEST {
        text.truncate(text.floor_char_boundary(LONGEST));
        text.push_str("...");
    }
    text
}

/// Returns an error, its cause, the cause of that, and so on.
pub(crate) fn causes<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    let mut next = Some(error);
    std::iter::from_fn(move || {
        let error = next?;
        next = error.source();
        Some(error)
    })
}
