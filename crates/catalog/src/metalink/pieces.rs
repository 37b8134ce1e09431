//! Owns the element that lists the hashes of pieces, which both versions have. Knows no other one.

use super::draft::{Draft, PiecesDraft};
use super::error::ReadError;
use super::remark::Said;
use super::xml::{Tag, Xml};
use crate::checksum::Algorithm;
use crate::entry::Entry;
use crate::limits::TEXT_BYTES;
use crate::told::told;

/// Reads a `pieces` element. `order` is the attribute of a hash that says which piece it is of;
/// without one they come in order.
pub(super) fn read(
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
