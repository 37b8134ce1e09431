//! Owns the elements of Metalink 4 (RFC 5854). Limits and rules of files are `draft`'s.

use super::draft::{Draft, decimal};
use super::elements;
use super::error::ReadError;
use super::remark::Said;
use super::xml::{Tag, Xml};
use crate::entry::Entry;
use crate::limits::{SIGNATURE_BYTES, URL_BYTES};
use crate::source::{Location, Priority, Source};
use crate::told::told;

/// Reads what is in the root.
pub(super) fn read(xml: &mut Xml<'_>, draft: &mut Draft<'_>) -> Result<(), ReadError> {
    while let Some(tag) = xml.child()? {
        match tag.name() {
            "file" => file(xml, &tag, draft)?,
            "origin" => {
                let dynamic = xml.attribute(&tag, "dynamic")?;
                let is_dynamic = matches!(dynamic.as_deref(), Some("true" | "1"));
                if let Some(text) = xml.text(URL_BYTES)? {
                    draft.origin(&text, is_dynamic);
                }
            }
            _ => xml.skip()?,
        }
    }
    Ok(())
}

fn file(xml: &mut Xml<'_>, tag: &Tag<'_>, draft: &mut Draft<'_>) -> Result<(), ReadError> {
    let mut entry = elements::file(xml, tag, draft)?;
    while let Some(tag) = xml.child()? {
        match tag.name() {
            "size" => elements::size(xml, draft, &mut entry)?,
            "hash" => elements::hash(xml, &tag, draft, &mut entry)?,
            "pieces" => elements::pieces(xml, &tag, draft, &mut entry, None)?,
            "url" => url(xml, &tag, draft, &mut entry)?,
            "metaurl" => {
                let media_type = xml.attribute(&tag, "mediatype")?.unwrap_or_default();
                draft.remark(&entry, Said::MetaUrl(told(&media_type)));
                xml.skip()?;
            }
            "signature" => {
                let media_type = xml.attribute(&tag, "mediatype")?.unwrap_or_default();
                let text = xml.text(SIGNATURE_BYTES)?;
                draft.signature(&mut entry, &media_type, text.as_deref());
            }
            _ => xml.skip()?,
        }
    }
    draft.add(entry);
    Ok(())
}

fn url(
    xml: &mut Xml<'_>,
    tag: &Tag<'_>,
    draft: &mut Draft<'_>,
    entry: &mut Entry,
) -> Result<(), ReadError> {
    let priority = xml.attribute(tag, "priority")?;
    let location = xml.attribute(tag, "location")?;
    let known = priority.as_deref().map(|text| {
        let number = decimal(text.trim())?;
        Priority::new(u32::try_from(number).ok()?)
    });
    if known == Some(None) {
        draft.remark(entry, Said::Priority);
    }
    let text = xml.text(URL_BYTES)?;
    let taken = draft.source(entry, text.as_deref(), |url| Source {
        url,
        priority: known.flatten().unwrap_or(Priority::LAST),
        location: location.as_deref().and_then(Location::parse),
        max_connections: None,
    });
    taken.map_err(|problem| xml.error(problem))
}
