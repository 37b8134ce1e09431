//! Owns the reading of a document of either version. The elements are `v4`'s and `v3`'s.

use url::Url;

use super::document::{Metalink, Version};
use super::draft::Draft;
use super::error::{Problem, ReadError};
use super::xml::Xml;
use super::{v3, v4};
use crate::limits::LIST_BYTES;

/// Reads a document of either version; the namespace of its root says which.
///
/// A relative URL in it is relative to `base`, the URL of the document. Elements that are unknown,
/// and those of other namespaces with all that is in them, are skipped. A name that leads out of
/// its directory, two files in one place, and two values of one checksum refuse the whole document.
pub fn read(bytes: &[u8], base: Option<&Url>) -> Result<Metalink, ReadError> {
    let whole = |problem| ReadError::new(1, problem);
    if bytes.len() > LIST_BYTES {
        return Err(whole(Problem::TooLarge));
    }
    let text = str::from_utf8(bytes).map_err(|_| whole(Problem::Encoding))?;
    // UTF-16 without its mark is UTF-8 with NULs.
    if text.contains('\0') {
        return Err(whole(Problem::Encoding));
    }
    let mut xml = Xml::new(text.strip_prefix('\u{feff}').unwrap_or(text));
    let (version, root) = xml.root()?;
    let mut draft = Draft::new(base);
    match version {
        Version::Three => v3::read(&mut xml, &root, &mut draft)?,
        Version::Four => v4::read(&mut xml, &mut draft)?,
    }
    xml.end()?;
    draft.finish(version).map_err(|problem| xml.error(problem))
}
