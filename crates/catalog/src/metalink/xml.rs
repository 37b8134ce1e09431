//! Owns the walk over XML: one element after the other, within limits, without entities. Knows
//! Metalink's namespaces, and none of its elements.

use std::borrow::Cow;

use quick_xml::XmlVersion;
use quick_xml::escape::EscapeError;
use quick_xml::events::{BytesDecl, BytesRef, BytesStart, Event};
use quick_xml::name::{Namespace, NamespaceError, ResolveResult};
use quick_xml::reader::NsReader;

use super::document::Version;
use super::error::{Problem, ReadError};
use crate::limits::{ATTRIBUTES, DEPTH, NAMESPACES};
use crate::told::told;

const METALINK_4: &str = "urn:ietf:params:xml:ns:metalink";
const METALINK_3: &str = "http://www.metalinker.org/";

/// A document, and how far it was read.
pub(super) struct Xml<'a> {
    text: &'a str,
    reader: NsReader<&'a [u8]>,
    /// The namespace of the root, once it is known.
    namespace: &'static str,
    depth: usize,
}

/// The start of an element, with its attributes.
pub(super) struct Tag<'a>(BytesStart<'a>);

enum Token<'a> {
    /// An element begins, in the root's namespace or in another.
    Open {
        is_ours: bool,
        tag: Tag<'a>,
    },
    Close,
    Text(Cow<'a, str>),
    /// The document ends, and all elements have.
    End,
}

impl Tag<'_> {
    /// The element's name, without prefix.
    pub(super) fn name(&self) -> &str {
        self.0.local_name().into_inner()
    }

    /// Returns the value of an attribute without a namespace.
    pub(super) fn attribute(&self, name: &str) -> Result<Option<String>, Problem> {
        let Some(attribute) = self.0.try_get_attribute(name).map_err(problem)? else {
            return Ok(None);
        };
        let value = attribute.normalized_value(XmlVersion::Implicit1_0);
        Ok(Some(value.map_err(problem)?.into_owned()))
    }
}

impl<'a> Xml<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let mut reader = NsReader::from_str(text);
        reader.config_mut().expand_empty_elements = true;
        reader.resolver_mut().set_max_namespace_bindings(NAMESPACES);
        Self {
            text,
            reader,
            namespace: METALINK_4,
            depth: 0,
        }
    }

    /// Returns an error at the place that was read to.
    pub(super) fn error(&self, problem: Problem) -> ReadError {
        let position = usize::try_from(self.reader.buffer_position()).unwrap_or(usize::MAX);
        let before = self.text.as_bytes().get(..position);
        let lines = before.map_or(0, |before| before.split(|&byte| byte == b'\n').count() - 1);
        ReadError::new(lines + 1, problem)
    }

    /// Returns the value of an attribute of `tag`.
    pub(super) fn attribute(&self, tag: &Tag<'_>, name: &str) -> Result<Option<String>, ReadError> {
        tag.attribute(name).map_err(|problem| self.error(problem))
    }

    /// Enters the root, which says what kind of document it is.
    pub(super) fn root(&mut self) -> Result<(Version, Tag<'a>), ReadError> {
        loop {
            match self.next()? {
                Token::Text(text) if is_blank(&text) => {}
                Token::Open { is_ours, tag } if tag.name() == "metalink" => {
                    if is_ours {
                        return Ok((Version::Four, tag));
                    }
                    let (found, _) = self.reader.resolver().resolve_element(tag.0.name());
                    if found != ResolveResult::Bound(Namespace(METALINK_3)) {
                        return Err(self.error(Problem::NotMetalink));
                    }
                    self.namespace = METALINK_3;
                    return Ok((Version::Three, tag));
                }
                Token::Open { .. } | Token::Close | Token::Text(_) | Token::End => {
                    return Err(self.error(Problem::NotMetalink));
                }
            }
        }
    }

    /// Checks that nothing follows the root.
    pub(super) fn end(&mut self) -> Result<(), ReadError> {
        loop {
            match self.next()? {
                Token::Text(text) if is_blank(&text) => {}
                Token::End => return Ok(()),
                Token::Open { .. } | Token::Close | Token::Text(_) => {
                    return Err(self.error(Problem::Malformed));
                }
            }
        }
    }

    /// Enters the next child of the element that was entered last, or leaves that one: `None`.
    ///
    /// Text is passed over, and so are elements of other namespaces with all that is in them.
    pub(super) fn child(&mut self) -> Result<Option<Tag<'a>>, ReadError> {
        loop {
            match self.next()? {
                Token::Open { is_ours: true, tag } => return Ok(Some(tag)),
                Token::Open { is_ours: false, .. } => self.skip()?,
                Token::Text(_) => {}
                Token::Close | Token::End => return Ok(None),
            }
        }
    }

    /// Leaves the element that was entered last.
    pub(super) fn skip(&mut self) -> Result<(), ReadError> {
        let outside = self.depth.saturating_sub(1);
        while self.depth > outside {
            self.next()?;
        }
        Ok(())
    }

    /// Leaves the element that was entered last, and returns its text without what surrounds it, or
    /// `None` if that has more than `most` bytes.
    pub(super) fn text(&mut self, most: usize) -> Result<Option<String>, ReadError> {
        let mut all = String::new();
        let mut is_too_long = false;
        loop {
            match self.next()? {
                Token::Open { .. } => self.skip()?,
                Token::Text(text) => {
                    // Blanks in front could be of any length.
                    let text = if all.is_empty() {
                        text.trim_start()
                    } else {
                        &*text
                    };
                    // The blanks behind are within the limit as well.
                    is_too_long |= all.len() + text.len() > most;
                    if !is_too_long {
                        all.push_str(text);
                    }
                }
                Token::Close | Token::End => {
                    all.truncate(all.trim_end().len());
                    return Ok((!is_too_long).then_some(all));
                }
            }
        }
    }

    fn next(&mut self) -> Result<Token<'a>, ReadError> {
        let token = self.step();
        token.map_err(|problem| self.error(problem))
    }

    fn step(&mut self) -> Result<Token<'a>, Problem> {
        loop {
            let (found, event) = self.reader.read_resolved_event().map_err(problem)?;
            let is_ours = found == ResolveResult::Bound(Namespace(self.namespace));
            match event {
                Event::Start(start) | Event::Empty(start) => {
                    self.depth += 1;
                    if self.depth > DEPTH {
                        return Err(Problem::Depth);
                    }
                    check_attributes(&start)?;
                    let tag = Tag(start);
                    return Ok(Token::Open { is_ours, tag });
                }
                Event::End(_) => {
                    self.depth = self.depth.saturating_sub(1);
                    return Ok(Token::Close);
                }
                Event::Text(text) => return Ok(Token::Text(text.xml10_content())),
                Event::CData(text) => return Ok(Token::Text(text.xml10_content())),
                Event::GeneralRef(reference) => {
                    let character = resolved(&reference)?;
                    return Ok(Token::Text(Cow::Owned(character.to_string())));
                }
                Event::Comment(_) | Event::PI(_) => {}
                Event::Decl(declaration) => check_encoding(&declaration)?,
                Event::DocType(_) => return Err(Problem::Doctype),
                Event::Eof if self.depth > 0 => return Err(Problem::Truncated),
                Event::Eof => return Ok(Token::End),
            }
        }
    }
}

fn check_attributes(start: &BytesStart<'_>) -> Result<(), Problem> {
    for (index, attribute) in start.attributes().enumerate() {
        if index == ATTRIBUTES {
            return Err(Problem::Attributes);
        }
        attribute.map_err(|_| Problem::Malformed)?;
    }
    Ok(())
}

fn check_encoding(declaration: &BytesDecl<'_>) -> Result<(), Problem> {
    let Some(name) = declaration.encoding() else {
        return Ok(());
    };
    let name = name.map_err(|_| Problem::Malformed)?;
    let known = ["utf-8", "utf8", "us-ascii", "ascii"];
    if known.iter().any(|known| name.eq_ignore_ascii_case(known)) {
        Ok(())
    } else {
        Err(Problem::Encoding)
    }
}

/// Returns the character that a reference stands for; only those that XML itself defines stand for
/// one.
fn resolved(reference: &BytesRef<'_>) -> Result<char, Problem> {
    let name: &str = reference;
    Ok(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        _ => reference
            .resolve_char_ref()
            .map_err(|_| Problem::Malformed)?
            .ok_or_else(|| Problem::Entity(told(name)))?,
    })
}

/// Returns what the parser's error means here. Its words would repeat the document's.
fn problem(error: impl Into<quick_xml::Error>) -> Problem {
    match error.into() {
        quick_xml::Error::Namespace(NamespaceError::TooManyBindings(_)) => Problem::Namespaces,
        quick_xml::Error::Namespace(NamespaceError::TooDeeplyNested(_)) => Problem::Depth,
        quick_xml::Error::Escape(EscapeError::UnrecognizedEntity(_, name)) => {
            Problem::Entity(told(&name))
        }
        quick_xml::Error::Io(_)
        | quick_xml::Error::Syntax(_)
        | quick_xml::Error::IllFormed(_)
        | quick_xml::Error::InvalidAttr(_)
        | quick_xml::Error::Encoding(_)
        | quick_xml::Error::Escape(_)
        | quick_xml::Error::Namespace(_) => Problem::Malformed,
    }
}

fn is_blank(text: &str) -> bool {
    text.trim().is_empty()
}
