//! Owns the `Link` field (RFC 8288), as far as it names mirrors and descriptions of a file
//! (RFC 6249). Does not decide whether they are used.
#[cfg(test)]
mod tests;

use std::collections::HashSet;

use url::Url;

use crate::limits::{FIELD_BYTES, LINKS, TEXT_BYTES};
use crate::source::{Location, Priority, SourceUrl};

/// Another place that has the same file: `rel=duplicate`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Duplicate {
    /// Its place.
    pub url: SourceUrl,
    /// The priority it is given: `pri`.
    pub priority: Priority,
    /// True if it makes the same entity tags as the origin: `pref`. Only then may they be compared,
    /// and then they must be.
    pub is_preferred: bool,
    /// The country it is in: `geo`.
    pub location: Option<Location>,
    /// The number of directories above the file that are mirrored as well: `depth`.
    pub depth: Option<u32>,
}

/// A description of the file: `rel=describedby`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Description {
    /// Its place.
    pub url: SourceUrl,
    /// Its media type, in lower case: that of a Metalink document, a signature, or a torrent.
    pub media_type: Option<String>,
    /// The file's name in it, where it describes several.
    pub name: Option<String>,
}

/// The links of a reply.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Links {
    /// Other places, the most wanted first.
    pub duplicates: Vec<Duplicate>,
    /// Descriptions, in the reply's order.
    pub described_by: Vec<Description>,
}

/// Reads the fields of one reply, joined by commas. What is relative in them is relative to `url`,
/// the reply's own.
///
/// Left out are links that speak of something else (`anchor`), and places that the reply is from.
pub fn read(value: &[u8], url: &Url) -> Links {
    let mut links = Links::default();
    let mut seen = HashSet::new();
    if let Ok(own) = SourceUrl::parse(url.as_str(), None) {
        seen.insert(own);
    }
    let value = value.get(..FIELD_BYTES).unwrap_or(value);
    for link in Values(value).take(LINKS) {
        if link.is_elsewhere {
            continue;
        }
        let Ok(target) = SourceUrl::parse(&link.target, Some(url)) else {
            continue;
        };
        if link.has_relation("duplicate") && seen.insert(target.clone()) {
            links.duplicates.push(link.duplicate(target));
        } else if link.has_relation("describedby") {
            links.described_by.push(Description {
                url: target,
                media_type: link.media_type.map(|text| text.to_ascii_lowercase()),
                name: link.name,
            });
        }
    }
    // The order of equal ones is the reply's.
    links
        .duplicates
        .sort_by_key(|link| (!link.is_preferred, link.priority));
    links
}

/// One link with the parameters that matter, each as it is first mentioned.
#[derive(Default)]
struct Value {
    target: String,
    relations: Option<String>,
    is_elsewhere: bool,
    priority: Option<String>,
    is_preferred: bool,
    location: Option<String>,
    depth: Option<String>,
    media_type: Option<String>,
    name: Option<String>,
}

impl Value {
    fn has_relation(&self, name: &str) -> bool {
        let mut relations = self.relations.iter().flat_map(|text| text.split(' '));
        relations.any(|relation| relation.eq_ignore_ascii_case(name))
    }

    fn duplicate(&self, url: SourceUrl) -> Duplicate {
        Duplicate {
            url,
            priority: number(self.priority.as_deref())
                .and_then(Priority::new)
                .unwrap_or(Priority::LAST),
            is_preferred: self.is_preferred,
            location: self.location.as_deref().and_then(Location::parse),
            depth: number(self.depth.as_deref()),
        }
    }

    fn set(&mut self, name: &str, value: String) {
        let place = match name {
            "rel" => &mut self.relations,
            "pri" => &mut self.priority,
            "geo" => &mut self.location,
            "depth" => &mut self.depth,
            "type" => &mut self.media_type,
            "name" => &mut self.name,
            "pref" => {
                self.is_preferred = true;
                return;
            }
            // The link is one of another resource.
            "anchor" => {
                self.is_elsewhere = true;
                return;
            }
            _ => return,
        };
        place.get_or_insert(value);
    }
}

fn number(text: Option<&str>) -> Option<u32> {
    let text = text?;
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok())?
}

/// The links of a field that are yet to be read. What is no link is passed over up to the next
/// comma outside of quotes and brackets.
struct Values<'a>(&'a [u8]);

impl Iterator for Values<'_> {
    type Item = Value;

    fn next(&mut self) -> Option<Value> {
        loop {
            self.0 = trimmed(self.0, b", \t");
            if self.0.is_empty() {
                return None;
            }
            let value = self.value();
            self.pass();
            if value.is_some() {
                return value;
            }
        }
    }
}

impl Values<'_> {
    /// Reads a link and its parameters, as far as they are well-formed.
    fn value(&mut self) -> Option<Value> {
        let rest = self.0.strip_prefix(b"<")?;
        let end = rest.iter().position(|&byte| byte == b'>')?;
        let target = str::from_utf8(&rest[..end]).ok()?.trim().to_owned();
        self.0 = &rest[end + 1..];
        let mut value = Value {
            target,
            ..Value::default()
        };
        while self.after(b';') {
            // There may be nothing between two semicolons.
            let name = self.token();
            if name.is_empty() {
                continue;
            }
            let content = if self.after(b'=') {
                self.content()?
            } else {
                String::new()
            };
            value.set(&name, content);
        }
        Some(value)
    }

    /// Passes a character with the blanks around it, if it is next.
    fn after(&mut self, wanted: u8) -> bool {
        let rest = trimmed(self.0, b" \t");
        let Some(rest) = rest.strip_prefix(&[wanted]) else {
            return false;
        };
        self.0 = trimmed(rest, b" \t");
        true
    }

    /// Reads a token in lower case.
    fn token(&mut self) -> String {
        let ends = |byte: &u8| !byte.is_ascii_graphic() || b";,=\"<>".contains(byte);
        let end = self.0.iter().position(ends).unwrap_or(self.0.len());
        let (token, rest) = self.0.split_at(end);
        self.0 = rest;
        text(token).to_ascii_lowercase()
    }

    /// Reads what a parameter has behind its `=`: a quoted string, or all up to what ends it.
    fn content(&mut self) -> Option<String> {
        let Some(rest) = self.0.strip_prefix(b"\"") else {
            let ends = |byte: &u8| matches!(byte, b';' | b',' | b' ' | b'\t');
            let end = self.0.iter().position(ends).unwrap_or(self.0.len());
            let (token, rest) = self.0.split_at(end);
            self.0 = rest;
            return Some(text(token));
        };
        let mut content = Vec::new();
        let mut bytes = rest.iter().enumerate();
        while let Some((at, &byte)) = bytes.next() {
            match byte {
                b'"' => {
                    self.0 = &rest[at + 1..];
                    return Some(text(&content));
                }
                b'\\' => content.extend(bytes.next().map(|(_, &escaped)| escaped)),
                _ => content.push(byte),
            }
        }
        // The quotes are never closed: the field ends here.
        self.0 = &[];
        None
    }

    /// Passes what is left of a link: everything up to the comma that ends it.
    fn pass(&mut self) {
        let mut is_quoted = false;
        let mut is_target = false;
        let mut bytes = self.0.iter().enumerate();
        while let Some((at, &byte)) = bytes.next() {
            match byte {
                b'\\' if is_quoted => {
                    bytes.next();
                }
                b'"' if !is_target => is_quoted = !is_quoted,
                b'<' if !is_quoted => is_target = true,
                b'>' if !is_quoted => is_target = false,
                b',' if !is_quoted && !is_target => {
                    self.0 = &self.0[at + 1..];
                    return;
                }
                _ => {}
            }
        }
        self.0 = &[];
    }
}

/// Returns a text that is short enough to be one of the parameters here.
fn text(bytes: &[u8]) -> String {
    let bytes = bytes.get(..TEXT_BYTES).unwrap_or(bytes);
    String::from_utf8_lossy(bytes).into_owned()
}

fn trimmed<'a>(mut bytes: &'a [u8], blanks: &[u8]) -> &'a [u8] {
    while let [first, rest @ ..] = bytes
        && blanks.contains(first)
    {
        bytes = rest;
    }
    bytes
}
