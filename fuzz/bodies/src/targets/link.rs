//! Owns fuzzing of `Link`: a mirror is a place that can be fetched, another one than the reply's,
//! named once; and there are not many.
use std::collections::BTreeSet;

use catalog::fields::link::read;
use catalog::limits;
use url::Url;

/// Checks what must hold of any bytes.
///
/// # Panics
///
/// If it does not.
pub fn run(bytes: &[u8]) {
    let own = Url::parse("https://example.org/pub/f.iso").unwrap();
    let links = read(bytes, &own);
    assert!(links.duplicates.len() + links.described_by.len() <= limits::LINKS);
    let places: BTreeSet<_> = links
        .duplicates
        .iter()
        .map(|link| link.url.as_str())
        .collect();
    assert_eq!(places.len(), links.duplicates.len());
    assert!(!places.contains(own.as_str()));
    let described = links.described_by.iter().map(|link| link.url.as_str());
    for place in described.chain(places) {
        let url = Url::parse(place).unwrap();
        assert!(matches!(url.scheme(), "http" | "https") && url.has_host());
        assert_eq!(url.fragment(), None);
    }
    let order = |link: &catalog::fields::link::Duplicate| (!link.is_preferred, link.priority);
    assert!(links.duplicates.is_sorted_by_key(order));
    // One more link in front is one more mirror, if the limits leave it room.
    let mut more = b"<//no-such-host.example/>;rel=duplicate;pri=1;pref,".to_vec();
    more.extend_from_slice(bytes);
    assert_eq!(
        read(&more, &own).duplicates[0].url.as_str(),
        "https://no-such-host.example/"
    );
}
