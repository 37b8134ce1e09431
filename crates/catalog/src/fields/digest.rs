//! Owns the grammars of `Repr-Digest` and `Content-Digest` (RFC 9530), and of `Digest` (RFC 3230).
//! Does not know what a digest is of.

use sfv::{BareItem, Dictionary, Item, ListEntry, Parser};

use crate::checksum::{Algorithm, Checksum};

/// Returns the digests of a structured dictionary. A field that is malformed anywhere says nothing
/// (RFC 9651 §4.2).
pub(super) fn dictionary(value: &[u8]) -> Vec<Checksum> {
    let Ok(dictionary) = Parser::new(value).parse::<Dictionary>() else {
        return Vec::new();
    };
    let checksums = dictionary.into_iter().filter_map(|(key, member)| {
        let ListEntry::Item(Item {
            bare_item: BareItem::ByteSequence(bytes),
            ..
        }) = member
        else {
            return None;
        };
        // A key has the registered name, and no other spelling of it.
        let algorithm = match key.as_str() {
            "sha" => Algorithm::Sha1,
            name => Algorithm::named(name).filter(|known| known.registered() == Some(name))?,
        };
        Checksum::new(algorithm, &bytes)
    });
    checksums.collect()
}

/// Returns the digests of `SHA-256=BASE64, MD5=BASE64`. Each stands for itself; malformed ones are
/// left out.
pub(super) fn instance(text: &str) -> impl Iterator<Item = Checksum> {
    text.split(',').filter_map(|member| {
        let (name, value) = member.trim().split_once('=')?;
        Checksum::from_base64(Algorithm::named(name.trim())?, value.trim())
    })
}
