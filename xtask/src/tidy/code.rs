//! Owns telling code from what merely looks like it: comments, literals, test-only items and parts
//! of longer words. Lexes just enough of Rust for that, and knows no rule.

/// The text with comments and literals blanked out, every line still at its number.
pub(super) fn only_code(text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let mut code = String::with_capacity(text.len());
    let mut at = 0;
    while at < characters.len() {
        let end = end_of_comment(&characters, at).or_else(|| end_of_literal(&characters, at));
        if let Some(end) = end {
            blank(&mut code, &characters[at..end]);
            at = end;
        } else {
            code.push(characters[at]);
            at += 1;
        }
    }
    code
}

fn blank(code: &mut String, characters: &[char]) {
    code.extend(
        characters
            .iter()
            .map(|&character| if character == '\n' { '\n' } else { ' ' }),
    );
}

fn end_of_comment(characters: &[char], start: usize) -> Option<usize> {
    let pair = |at: usize| (characters.get(at).copied(), characters.get(at + 1).copied());
    match pair(start) {
        (Some('/'), Some('/')) => Some(find(characters, start, |character| character == '\n')),
        (Some('/'), Some('*')) => {
            // Block comments nest.
            let mut depth = 1;
            let mut at = start + 2;
            while depth > 0 && at < characters.len() {
                let step = match pair(at) {
                    (Some('/'), Some('*')) => {
                        depth += 1;
                        2
                    }
                    (Some('*'), Some('/')) => {
                        depth -= 1;
                        2
                    }
                    _ => 1,
                };
                at += step;
            }
            Some(at.min(characters.len()))
        }
        _ => None,
    }
}

fn end_of_literal(characters: &[char], start: usize) -> Option<usize> {
    match characters[start] {
        '"' => Some(match raw_hashes(&characters[..start]) {
            Some(hashes) => end_of_raw_string(characters, start + 1, hashes),
            None => end_of_quoted(characters, start, '"'),
        }),
        // A quote is a character literal when it holds an escape or exactly one character;
        // otherwise it starts a lifetime.
        '\'' => {
            let escaped = characters.get(start + 1) == Some(&'\\');
            (escaped || characters.get(start + 2) == Some(&'\''))
                .then(|| end_of_quoted(characters, start, '\''))
        }
        _ => None,
    }
}

fn end_of_quoted(characters: &[char], start: usize, quote: char) -> usize {
    let mut at = start + 1;
    while let Some(&character) = characters.get(at) {
        at += if character == '\\' { 2 } else { 1 };
        if character == quote {
            break;
        }
    }
    at.min(characters.len())
}

/// How many `#` the raw string opens with whose quote follows `before`; `None` for a plain string.
fn raw_hashes(before: &[char]) -> Option<usize> {
    let hashes = before
        .iter()
        .rev()
        .take_while(|&&character| character == '#')
        .count();
    let before = &before[..before.len() - hashes];
    let word: String = before
        .iter()
        .rev()
        .take_while(|&&character| is_word(character))
        .collect();
    matches!(word.as_str(), "r" | "rb" | "rc").then_some(hashes)
}

fn end_of_raw_string(characters: &[char], mut at: usize, hashes: usize) -> usize {
    while at < characters.len() {
        let quote = find(characters, at, |character| character == '"');
        at = (quote + 1).min(characters.len());
        let closing = characters[at..]
            .iter()
            .take(hashes)
            .filter(|&&hash| hash == '#')
            .count();
        if closing == hashes {
            return (at + hashes).min(characters.len());
        }
    }
    at
}

fn find(characters: &[char], from: usize, wanted: impl Fn(char) -> bool) -> usize {
    let found = characters[from..]
        .iter()
        .position(|&character| wanted(character));
    found.map_or(characters.len(), |offset| from + offset)
}

/// The code with each item that is compiled for tests only blanked out.
///
/// Knows the attribute `#[cfg(test)]` and no other spelling of it.
pub(super) fn without_test_items(code: &str) -> String {
    const ATTRIBUTE: &str = "#[cfg(test)]";
    let mut kept = String::with_capacity(code.len());
    let mut rest = code;
    while let Some(start) = rest.find(ATTRIBUTE) {
        let end = start + ATTRIBUTE.len() + length_of_item(&rest[start + ATTRIBUTE.len()..]);
        kept.push_str(&rest[..start]);
        kept.extend(rest[start..end].matches('\n'));
        rest = &rest[end..];
    }
    kept + rest
}

/// Bytes up to the end of the item the code starts with: its first `;`, or its braces' end.
fn length_of_item(code: &str) -> usize {
    let mut depth = 0_usize;
    for (at, character) in code.char_indices() {
        match character {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 && matches!(character, ';' | '}') {
            return at + 1;
        }
    }
    code.len()
}

/// The lines, counted from 1, on which a token stands that is not part of a longer word.
pub(super) fn lines_with<'a>(code: &'a str, token: &'a str) -> impl Iterator<Item = usize> + 'a {
    let numbered = (1..).zip(code.lines());
    numbered
        .filter(|(_, line)| has_token(line, token))
        .map(|(number, _)| number)
}

/// Whether a token stands in the code and is not part of a longer word.
pub(super) fn has_token(code: &str, token: &str) -> bool {
    code.match_indices(token).any(|(start, _)| {
        let joined = |outer: Option<char>, inner: Option<char>| {
            outer.is_some_and(is_word) && inner.is_some_and(is_word)
        };
        let before = code[..start].chars().next_back();
        let after = code[start + token.len()..].chars().next();
        !joined(before, token.chars().next()) && !joined(after, token.chars().next_back())
    })
}

fn is_word(character: char) -> bool {
    character == '_' || character.is_alphanumeric()
}
