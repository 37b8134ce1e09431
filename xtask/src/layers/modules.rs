//! Owns what a file names: its modules, its imports, and the paths in its code. Reads tokens, as
//! the compiler does, and leaves out what is compiled for tests only. Knows no rule.
use std::collections::BTreeSet;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// A path of identifiers, and the line on which it stands.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Named {
    pub(super) segments: Vec<String>,
    pub(super) line: usize,
}

/// One name that a `use` brings into a module.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Import {
    /// Its name here; `*` for all there is.
    pub(super) name: String,
    pub(super) target: Named,
    /// True if it is there for others: `pub use`, of whatever reach.
    pub(super) is_passed_on: bool,
}

/// One module as it is written: a file, or a block within one.
#[derive(Debug, Default)]
pub(super) struct Module {
    /// Modules with a file of their own.
    pub(super) files: Vec<String>,
    /// Modules within the file, by name.
    pub(super) blocks: Vec<(String, Self)>,
    pub(super) imports: Vec<Import>,
    /// The paths that the code names.
    pub(super) paths: Vec<Named>,
    /// Single names that stand in the code.
    pub(super) words: BTreeSet<String>,
    /// Names of items.
    pub(super) items: BTreeSet<String>,
}

impl Module {
    /// `None` where the text is no Rust.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut module = Self::default();
        module.read_tokens(&text.parse::<TokenStream>().ok()?);
        Some(module)
    }

    /// Returns whether an import or a path begins with this.
    pub(super) fn names(&self, library: &str) -> bool {
        let imports = self.imports.iter().map(|import| &import.target);
        let mut named = imports.chain(&self.paths);
        named.any(|named| named.segments.first().is_some_and(|first| first == library))
            || self.blocks.iter().any(|(_, block)| block.names(library))
    }

    fn read_tokens(&mut self, stream: &TokenStream) {
        let tokens: Vec<TokenTree> = stream.clone().into_iter().collect();
        let mut at = 0;
        let mut is_public = false;
        while at < tokens.len() {
            if let Some(end) = end_of_test_item(&tokens, at) {
                at = end;
                continue;
            }
            let before = at.checked_sub(1).map(|before| &tokens[before]);
            match &tokens[at] {
                TokenTree::Group(group) => {
                    self.read_tokens(&group.stream());
                    at += 1;
                }
                TokenTree::Ident(word) if word == "pub" => {
                    is_public = true;
                    at += 1;
                    // Its reach follows, as in `pub(super)`.
                    at += usize::from(is_group(tokens.get(at), Delimiter::Parenthesis));
                    continue;
                }
                TokenTree::Ident(word) if word == "use" && !is_punct(before, '$') => {
                    at = self.read_use(&tokens, at + 1, is_public);
                }
                TokenTree::Ident(word) if word == "mod" => {
                    let is_elsewhere = is_elsewhere(&tokens[..at]);
                    at = self.read_mod(&tokens, at + 1, is_elsewhere);
                }
                TokenTree::Ident(_) => at = self.read_path(&tokens, at),
                TokenTree::Punct(_) | TokenTree::Literal(_) => at += 1,
            }
            is_public = false;
        }
    }

    /// Reads what follows `mod`, and returns where it ends. What has another path is no file of
    /// this crate.
    fn read_mod(&mut self, tokens: &[TokenTree], at: usize, is_elsewhere: bool) -> usize {
        let Some(name) = tokens.get(at).and_then(word) else {
            return at;
        };
        match tokens.get(at + 1) {
            Some(TokenTree::Group(group)) => {
                let mut block = Self::default();
                block.read_tokens(&group.stream());
                self.blocks.push((name, block));
            }
            _ if is_elsewhere => {}
            _ => self.files.push(name),
        }
        at + 2
    }

    /// Reads what follows `use`, and returns where it ends.
    fn read_use(&mut self, tokens: &[TokenTree], start: usize, is_passed_on: bool) -> usize {
        let length = tokens[start..]
            .iter()
            .position(|token| is_punct(Some(token), ';'));
        let end = length.map_or(tokens.len(), |length| start + length);
        self.read_tree(&tokens[start..end], &[], is_passed_on);
        end
    }

    /// One branch of a `use`, or several with commas between them.
    fn read_tree(&mut self, tokens: &[TokenTree], stem: &[String], is_passed_on: bool) {
        for branch in tokens.split(|token| is_punct(Some(token), ',')) {
            let mut segments = stem.to_vec();
            let mut alias = None;
            let line = branch.first().map_or(0, line_of);
            let mut rest = branch.iter();
            while let Some(token) = rest.next() {
                match token {
                    TokenTree::Group(group) => {
                        let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                        self.read_tree(&inner, &segments, is_passed_on);
                        segments.clear();
                    }
                    TokenTree::Ident(as_) if as_ == "as" => {
                        alias = rest.next().and_then(word);
                    }
                    TokenTree::Ident(segment) => segments.push(segment.to_string()),
                    TokenTree::Punct(punct) if punct.as_char() == '*' => {
                        segments.push("*".to_owned());
                    }
                    TokenTree::Punct(_) | TokenTree::Literal(_) => {}
                }
            }
            // `use a::{self}` is `use a`.
            if segments.len() > 1 && segments.last().is_some_and(|last| last == "self") {
                segments.pop();
            }
            let Some(name) = alias.or_else(|| segments.last().cloned()) else {
                continue;
            };
            self.imports.push(Import {
                name,
                target: Named { segments, line },
                is_passed_on,
            });
        }
    }

    /// A word in code, and those joined to it by `::`; returns where they end.
    fn read_path(&mut self, tokens: &[TokenTree], start: usize) -> usize {
        const KEYWORDS: &[&str] = &[
            "struct",
            "enum",
            "union",
            "fn",
            "const",
            "static",
            "type",
            "trait",
            "macro_rules",
        ];
        let mut segments: Vec<String> = tokens.get(start).and_then(word).into_iter().collect();
        let mut at = start + 1;
        while is_joint(tokens, at) {
            let Some(segment) = tokens.get(at + 2).and_then(word) else {
                break;
            };
            segments.push(segment);
            at += 3;
        }
        let before = start.checked_sub(1).map(|before| &tokens[before]);
        let is_item = before
            .and_then(word)
            .is_some_and(|before| KEYWORDS.contains(&before.as_str()));
        // Of a method, a field, a lifetime, or a path from outside the crate.
        let is_member = is_punct(before, '.')
            || is_punct(before, '\'')
            || (start >= 2 && is_joint(tokens, start - 2));
        if let [name] = segments.as_slice() {
            if is_item {
                self.items.insert(name.clone());
            } else if !is_member {
                self.words.insert(name.clone());
            }
        } else if !is_member {
            let line = line_of(&tokens[start]);
            self.paths.push(Named { segments, line });
        }
        at
    }
}

/// Returns whether the attributes before an item say that it is in a file of another name.
fn is_elsewhere(before: &[TokenTree]) -> bool {
    let attributes = before.rchunks(2).map_while(|pair| match pair {
        [mark, TokenTree::Group(attribute)] if is_punct(Some(mark), '#') => Some(attribute),
        _ => None,
    });
    let mut first = attributes.filter_map(|attribute| attribute.stream().into_iter().next());
    first.any(|first| matches!(first, TokenTree::Ident(word) if word == "path"))
}

/// Where an item ends that begins here and is compiled for tests only.
fn end_of_test_item(tokens: &[TokenTree], at: usize) -> Option<usize> {
    /// Keywords of items that end with a semicolon, whatever blocks are before it.
    const MAY_HOLD_BLOCKS: &[&str] = &["use", "const", "static", "let"];
    let TokenTree::Group(attribute) = tokens.get(at + 1)? else {
        return None;
    };
    let condition = attribute.stream().to_string().replace(' ', "");
    let is_test = condition == "cfg(test)" || condition.starts_with("cfg(all(test,");
    if !is_punct(tokens.get(at), '#') || !is_test {
        return None;
    }
    let mut ends_with_block = true;
    for (offset, token) in tokens[at + 2..].iter().enumerate() {
        match token {
            TokenTree::Ident(word) if word == "fn" => ends_with_block = true,
            TokenTree::Ident(word) if MAY_HOLD_BLOCKS.iter().any(|other| word == other) => {
                ends_with_block = false;
            }
            TokenTree::Punct(punct) if punct.as_char() == ';' => return Some(at + 3 + offset),
            TokenTree::Group(group) if ends_with_block && group.delimiter() == Delimiter::Brace => {
                return Some(at + 3 + offset);
            }
            TokenTree::Ident(_)
            | TokenTree::Punct(_)
            | TokenTree::Literal(_)
            | TokenTree::Group(_) => {}
        }
    }
    Some(tokens.len())
}

fn word(token: &TokenTree) -> Option<String> {
    match token {
        TokenTree::Ident(word) => Some(word.to_string()),
        TokenTree::Group(_) | TokenTree::Punct(_) | TokenTree::Literal(_) => None,
    }
}

fn line_of(token: &TokenTree) -> usize {
    token.span().start().line
}

fn is_punct(token: Option<&TokenTree>, wanted: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == wanted)
}

fn is_group(token: Option<&TokenTree>, wanted: Delimiter) -> bool {
    matches!(token, Some(TokenTree::Group(group)) if group.delimiter() == wanted)
}

/// Returns whether `::` stands here.
fn is_joint(tokens: &[TokenTree], at: usize) -> bool {
    is_punct(tokens.get(at), ':') && is_punct(tokens.get(at + 1), ':')
}
