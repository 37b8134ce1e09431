//! Owns the house rules for the English of comments: a sentence names its subject first. Knows no
//! rule of code.

/// Openings of a paragraph of documentation that hide its subject, unless it asks.
const HIDE_IN_DOCUMENTATION: [&str; 3] = ["What ", "Who ", "Whom "];
/// Openings of a sentence in any comment that hide its subject, unless it asks.
const HIDE_ANYWHERE: [&str; 2] = ["Who ", "Whom "];
/// The comments of a file that open so.
pub(super) fn breaches(path: &str, text: &str) -> Vec<String> {
    hidden(text)
        .map(|(number, opening)| {
            let opening = opening.trim_end();
            format!("{path}:{number}: begin with the subject, not with {opening:?}")
        })
        .collect()
}

/// The lines with such an opening, and the opening.
fn hidden(text: &str) -> impl Iterator<Item = (usize, &'static str)> {
    // The comment on the line before: a sentence may go on from there.
    let mut before = "";
    (1..).zip(text.lines()).filter_map(move |(number, line)| {
        let comment = line.trim().strip_prefix("//").unwrap_or_default();
        let documentation = comment.strip_prefix(['/', '!']);
        let words = documentation.unwrap_or(comment).trim();
        let is_first = before.is_empty();
        let is_new = is_first || before.ends_with(['.', ':', '!', '?']);
        before = words;
        let at_start = HIDE_IN_DOCUMENTATION
            .into_iter()
            .find(|opening| documentation.is_some() && is_first && words.starts_with(opening));
        let anywhere = HIDE_ANYWHERE.into_iter().find(|opening| {
            is_new && words.starts_with(opening) || words.contains(&format!(". {opening}"))
        });
        let found = at_start.or(anywhere)?;
        (!words.contains('?')).then_some((number, found))
    })
}

#[cfg(test)]
mod tests {
    use super::hidden;

    #[test]
    fn comments_that_open_without_their_subject_are_found() {
        let text = [
            "//! What a file is.",
            "/// The rows.",
            "/// What follows, as a paragraph goes on.",
            "",
            "/// Whom to ask. The next.",
            "// What is no documentation may.",
            "// Who asks too much is refused.",
            "fn main() {",
            "    // It is refused. Who comes later waits.",
            "    // Who is it?",
            "    let text = \"Who are you\";",
        ];
        let text = text.join("\n");
        let found: Vec<_> = hidden(&text).collect();
        assert_eq!(
            found,
            [(1, "What "), (5, "Whom "), (7, "Who "), (9, "Who ")]
        );
    }
}
