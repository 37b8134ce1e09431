//! Owns the elements of Metalink 3. Limits and rules of files are `draft`'s.

use std::num::NonZeroU16;

use super::draft::{Draft, decimal};
use super::elements;
use super::error::ReadError;
use super::remark::Said;
use super::xml::{Tag, Xml};
use crate::entry::{Entry, Signature};
use crate::limits::{SIGNATURE_BYTES, URL_BYTES};
use crate::source::{Location, Priority, Source};

/// Reads the root, which was entered, and what is in it.
pub(super) fn read(
    xml: &mut Xml<'_>,
    root: &Tag<'_>,
    draft: &mut Draft<'_>,
) -> Result<(), ReadError> {
    if let Some(origin) = xml.attribute(root, "origin")? {
        let kind = xml.attribute(root, "type")?;
        draft.origin(&origin, kind.as_deref() == Some("dynamic"));
    }
    while let Some(tag) = xml.child()? {
        if tag.name() == "files" {
            files(xml, draft)?;
        } else {
            xml.skip()?;
        }
    }
    Ok(())
}

fn files(xml: &mut Xml<'_>, draft: &mut Draft<'_>) -> Result<(), ReadError> {
    while let Some(tag) = xml.child()? {
        if tag.name() == "file" {
            file(xml, &tag, draft)?;
        } else {
            xml.skip()?;
        }
    }
    Ok(())
}

fn file(xml: &mut Xml<'_>, tag: &Tag<'_>, draft: &mut Draft<'_>) -> Result<(), ReadError> {
    let mut entry = elements::file(xml, tag, draft)?;
    while let Some(tag) = xml.child()? {
        match tag.name() {
            "size" => elements::size(xml, draft, &mut entry)?,
            "verification" => verification(xml, draft, &mut entry)?,
            "resources" => {
                entry.max_connections = connections(xml, &tag)?;
                resources(xml, draft, &mut entry)?;
            }
            _ => xml.skip()?,
        }
    }
    draft.add(entry);
    Ok(())
}

fn verification(
    xml: &mut Xml<'_>,
    draft: &mut Draft<'_>,
    entry: &mut Entry,
) -> Result<(), ReadError> {
    while let Some(tag) = xml.child()? {
        match tag.name() {
            "hash" => elements::hash(xml, &tag, draft, entry)?,
            "pieces" => elements::pieces(xml, &tag, draft, entry, Some("piece"))?,
            "signature" => {
                let kind = xml.attribute(&tag, "type")?.unwrap_or_default();
                let media_type = if kind == "pgp" { Signature::PGP } else { &kind };
                let text = xml.text(SIGNATURE_BYTES)?;
                draft.signature(entry, media_type, text.as_deref());
            }
            _ => xml.skip()?,
        }
    }
    Ok(())
}

fn resources(xml: &mut Xml<'_>, draft: &mut Draft<'_>, entry: &mut Entry) -> Result<(), ReadError> {
    while let Some(tag) = xml.child()? {
        if tag.name() == "url" {
            url(xml, &tag, draft, entry)?;
        } else {
            xml.skip()?;
        }
    }
    Ok(())
}

fn url(
    xml: &mut Xml<'_>,
    tag: &Tag<'_>,
    draft: &mut Draft<'_>,
    entry: &mut Entry,
) -> Result<(), ReadError> {
    // The URL of a torrent is that of another file, whatever its scheme.
    if xml.attribute(tag, "type")?.as_deref() == Some("bittorrent") {
        draft.remark(entry, Said::MetaUrl("torrent".to_owned()));
        return xml.skip();
    }
    let preference = xml.attribute(tag, "preference")?;
    let location = xml.attribute(tag, "location")?;
    let max_connections = connections(xml, tag)?;
    let preference = preference.as_deref().and_then(|text| decimal(text.trim()));
    let text = xml.text(URL_BYTES)?;
    let taken = draft.source(entry, text.as_deref(), |url| Source {
        url,
        priority: preference.map_or(Priority::LAST, |preference| {
            Priority::from_preference(u32::try_from(preference).unwrap_or(u32::MAX))
        }),
        location: location.as_deref().and_then(Location::parse),
        max_connections,
    });
    taken.map_err(|problem| xml.error(problem))
}

fn connections(xml: &Xml<'_>, tag: &Tag<'_>) -> Result<Option<NonZeroU16>, ReadError> {
    let text = xml.attribute(tag, "maxconnections")?;
    let number = text.as_deref().and_then(|text| decimal(text.trim()));
    Ok(number.and_then(|number| {
        let number = u16::try_from(number).unwrap_or(u16::MAX);
        NonZeroU16::new(number)
    }))
}
