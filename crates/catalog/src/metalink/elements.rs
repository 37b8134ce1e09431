//! Owns the elements that both versions have: a file, its size, its hash, the hashes of its pieces.
//! Knows no other one, nor where they stand.

use super::draft::{Draft, PiecesDraft};
use super::error::ReadError;
use super::remark::Said;
use super::xml::{Tag, Xml};
use crate::checksum::Algorithm;
use crate::entry::Entry;
use crate::limits::TEXT_BYTES;
use crate::told::told;

/// Begins the file of a `file` element.
pub(super) fn file(
    xml: &Xml<'_>,
    tag: &Tag<'_>,
    draft: &mut Draft<'_>,
) -> Result<Entry, ReadError> {
    let name = xml.attribute(tag, "name")?;
    let entry = draft.file(name.as_deref());
    entry.map_err(|problem| xml.error(problem))
}

/// Reads a `size` element.
pub(super) fn size(
    xml: &mut Xml<'_>,
    draft: &mut Draft<'_>,
    entry: &mut Entry,
) -> Result<(), ReadError> {
    let text = xml.text(TEXT_BYTES)?;
    let taken = draft.size(entry, text.as_deref());
    taken.map_err(|problem| xml.error(problem))
}

/// Reads a `hash` element of the whole file.
pub(super) fn hash(
    xml: &mut Xml<'_>,
    tag: &Tag<'_>,
    draft: &mut Draft<'_>,
    entry: &mut Entry,
) -> Result<(), ReadError> {
    let name = xml.attribute(tag, "type")?.unwrap_or_default();
    let digits = xml.text(TEXT_BYTES)?;
    let taken = draft.checksum(entry, &name, digits.as_deref());
    taken.map_err(|problem| xml.error(problem))
}

/// Reads a `pieces` element. `order` is the attribute of a hash that says which piece it is of;
/// without one they come in order.
pub(super) fn pieces(
    xml: &mut Xml<'_>,
    tag: &Tag<'_>,
    draft: &mut Draft<'_>,
    entry: &mut Entry,
    order: Option<&str>,
) -> Result<(), ReadError> {
    let name = xml.attribute(tag, "type")?.unwrap_or_default();
    let Some(algorithm) = Algorithm::named(&name) else {
        draft.remark(entry, Said::Algorithm(told(&name)));
        return xml.skip();
    };
    let length = xml.attribute(tag, "length")?;
    let mut pieces = PiecesDraft::new(algorithm, length.as_deref());
    while let Some(tag) = xml.child()? {
        if tag.name() == "hash" {
            let place = match order {
                Some(order) => xml.attribute(&tag, order)?,
                None => None,
            };
            let digits = xml.text(TEXT_BYTES)?;
            pieces.add(digits.as_deref(), place.as_deref());
        } else {
            xml.skip()?;
        }
    }
    draft.pieces(entry, pieces.finish());
    Ok(())
}
