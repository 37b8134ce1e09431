//! Owns fuzzing of Metalink: a document that is read lists harmless names, places that can be
//! fetched and pieces that cover their file, and can be written and read again; another is refused
//! in a line that can be shown.
use std::collections::BTreeSet;

use catalog::metalink::{Version, create, read};
use catalog::{Entry, limits};
use url::Url;

/// Checks what must hold of any bytes.
///
/// # Panics
///
/// If it does not.
pub fn run(bytes: &[u8]) {
    let base = Url::parse("https://example.org/list.meta4").unwrap();
    let list = match read(bytes, Some(&base)) {
        Ok(list) => list,
        Err(error) => {
            let told = error.to_string();
            assert!(
                told.len() < 1_000 && !told.contains(char::is_control),
                "{told:?}"
            );
            return;
        }
    };
    assert!((1..=limits::FILES).contains(&list.entries.len()));
    let names: BTreeSet<_> = list
        .entries
        .iter()
        .map(|entry| entry.name.as_str())
        .collect();
    assert_eq!(names.len(), list.entries.len());
    list.entries.iter().for_each(check);
    for remark in list.remarks.iter() {
        assert!(!remark.to_string().contains(char::is_control), "{remark}");
    }
    if list.version == Version::Four {
        // No version of the grammar has numbers of connections and unregistered names.
        let expressible = list.entries.iter().all(|entry| {
            let mut algorithms = entry.checksums.iter().map(catalog::Checksum::algorithm);
            let pieces = entry.pieces.as_ref().map(catalog::Pieces::algorithm);
            algorithms.all(|known| known.registered().is_some())
                && pieces.is_none_or(|known| known.registered().is_some())
        });
        let document = create(&list.entries).unwrap();
        let again = read(document.as_bytes(), None).unwrap();
        assert_eq!(again.remarks.iter().count(), 0);
        assert!(!expressible || again.entries == list.entries, "{document}");
    }
}

fn check(entry: &Entry) {
    let name = entry.name.as_str();
    assert!(name.len() <= limits::NAME_BYTES && !name.contains(char::is_control));
    assert!(!name.starts_with(['/', '~']) && !name.contains('\\'));
    for component in entry.name.components() {
        assert!(!matches!(component, "" | "." | ".."), "{name}");
    }
    assert!(entry.sources.len() <= limits::SOURCES_OF_FILE);
    assert!(entry.sources.is_sorted_by_key(|source| source.priority));
    for source in &entry.sources {
        let url = Url::parse(source.url.as_str()).unwrap();
        assert!(matches!(url.scheme(), "http" | "https") && url.has_host());
        assert!((1..=2).contains(&source.connections().get()));
    }
    if let (Some(size), Some(pieces)) = (entry.size, &entry.pieces) {
        pieces.check_size(size).unwrap();
        assert_eq!(pieces.iter().count(), pieces.count());
    }
}
