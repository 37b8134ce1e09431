//! Owns the breaking of a text into lines between words. Measures no terminal.

/// Returns the lines of a text, each of at most `columns` characters unless one word is longer.
pub(crate) fn lines(text: &str, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("there is one from the start");
        if line.is_empty() {
            line.push_str(word);
        } else if line.chars().count() + word.chars().count() < columns {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_broken_between_words_only() {
        assert_eq!(lines("one two  three", 7), ["one two", "three"]);
        assert_eq!(lines("one two", 6), ["one", "two"]);
        assert_eq!(
            lines("incomprehensible it is", 5),
            ["incomprehensible", "it is"]
        );
        assert_eq!(lines("", 5), [""]);
    }
}
