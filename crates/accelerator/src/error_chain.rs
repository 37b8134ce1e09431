//! Owns the way from an error to its causes, and the line that tells them. Knows no error in
//! particular.

use std::error::Error;

/// Returns an error and its first cause. Between them lie the HTTP library's layers, which say
/// where in it the error passed and nothing a user could act on.
pub(crate) fn in_one_line(error: &(dyn Error + 'static)) -> String {
    let text = error.to_string();
    match causes(error).skip(1).last().map(ToString::to_string) {
        // Some errors contain the text of their cause.
        Some(first) if !text.contains(&first) => format!("{text}: {first}"),
        Some(_) | None => text,
    }
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
