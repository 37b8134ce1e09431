//! Owns how a list's own words are repeated to people: short, and with nothing that a terminal
//! obeys.

use crate::limits::TOLD_CHARACTERS;

/// Returns the beginning of a text, with `?` for all that is neither a letter, a digit, a blank,
/// nor a visible ASCII character.
pub(crate) fn told(text: &str) -> String {
    let shown = text.chars().take(TOLD_CHARACTERS).map(|character| {
        let is_plain = character.is_alphanumeric() || matches!(character, ' '..='~');
        if is_plain { character } else { '?' }
    });
    shown.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_obeys_is_not_repeated() {
        assert_eq!(told("ein ü\u{1b}[2J\u{202e}\n\0"), "ein ü?[2J???");
        assert_eq!(told(&"a".repeat(9_999)).len(), TOLD_CHARACTERS);
    }
}
