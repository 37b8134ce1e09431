//! Owns the reasons why a document is refused as a whole, and how they are told.

use crate::checksum::Contradiction;
use crate::limits::{ATTRIBUTES, DEPTH, FILES, LIST_BYTES, NAMESPACES, SOURCES, SOURCES_OF_FILE};
use crate::name::NameError;

/// The reason why a document was not read, and where it is.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct ReadError {
    line: usize,
    problem: Problem,
}

impl ReadError {
    pub(super) const fn new(line: usize, problem: Problem) -> Self {
        Self { line, problem }
    }

    /// The line that the reader had come to, counted from 1.
    pub const fn line(&self) -> usize {
        self.line
    }

    /// The reason.
    pub const fn problem(&self) -> &Problem {
        &self.problem
    }
}

/// The reason why a document is refused. What it repeats of the document can be shown.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// It is longer than lists are.
    #[error("the document is longer than {} MiB", LIST_BYTES >> 20)]
    TooLarge,
    /// It is not UTF-8.
    #[error("the document is not UTF-8")]
    Encoding,
    /// It is not XML.
    #[error("the document is not well-formed XML")]
    Malformed,
    /// It ends before its elements do.
    #[error("the document is cut off")]
    Truncated,
    /// It declares a document type, which could define entities.
    #[error("the document declares a document type, which Metalink has none of")]
    Doctype,
    /// It refers to an entity that XML does not predefine.
    #[error("the document refers to the entity &{0}; which it cannot define")]
    Entity(String),
    /// Its elements are nested too deeply.
    #[error("elements are nested more than {DEPTH} deep")]
    Depth,
    /// An element has too many attributes.
    #[error("an element has more than {ATTRIBUTES} attributes")]
    Attributes,
    /// Too many namespaces are declared at once.
    #[error("more than {NAMESPACES} namespaces are declared at once")]
    Namespaces,
    /// It is XML of some other kind.
    #[error("the document is no Metalink of version 3 or 4")]
    NotMetalink,
    /// It names no file.
    #[error("the document lists no file")]
    Empty,
    /// It names too many files.
    #[error("the document lists more than {FILES} files")]
    Files,
    /// It names too many URLs.
    #[error("the document lists more than {SOURCES_OF_FILE} URLs for a file, or {SOURCES} in all")]
    Sources,
    /// A file has no name.
    #[error("a file has no name")]
    Nameless,
    /// A file has a name that cannot be used.
    #[error("the file {told:?} cannot be saved: {error}")]
    Name {
        /// The name, as far as it can be shown.
        told: String,
        /// The reason.
        error: NameError,
    },
    /// Two files have one name, or one is where the other needs a directory.
    #[error("two files would be saved as {0:?}")]
    Clash(String),
    /// A file has two values of one checksum.
    #[error("the file {told:?} has {error}")]
    Contradiction {
        /// The file's name, as far as it can be shown.
        told: String,
        /// The reason.
        error: Contradiction,
    },
    /// A file has two different sizes.
    #[error("the file {0:?} has two different sizes")]
    Sizes(String),
}
