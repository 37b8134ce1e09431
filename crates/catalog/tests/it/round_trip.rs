//! A document that we write is read back the same, and nothing that is read makes a reader fail.

use std::num::NonZeroU64;

use catalog::entry::Signature;
use catalog::fields::{Answer, Claims};
use catalog::{
    Algorithm, Checksum, Checksums, Entry, Location, Pieces, Priority, RelativeName, Source,
    SourceUrl, metalink, sums,
};
use proptest::collection::{btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use url::Url;

const REGISTERED: [Algorithm; 6] = [
    Algorithm::Sha512,
    Algorithm::Sha384,
    Algorithm::Sha256,
    Algorithm::Sha224,
    Algorithm::Sha1,
    Algorithm::Md5,
];

fn checksums() -> impl Strategy<Value = Checksums> {
    btree_set(select(&REGISTERED[..]), 0..4).prop_flat_map(|algorithms| {
        let values: Vec<_> = algorithms
            .into_iter()
            .map(|algorithm| {
                vec(any::<u8>(), algorithm.length())
                    .prop_map(move |bytes| Checksum::new(algorithm, &bytes).unwrap())
            })
            .collect();
        values.prop_map(|values| {
            let mut checksums = Checksums::default();
            for value in values {
                checksums.add(value).unwrap();
            }
            checksums
        })
    })
}

/// A size, and pieces that cover it.
fn content() -> impl Strategy<Value = (Option<u64>, Option<Pieces>)> {
    let pieces = (
        select(&REGISTERED[..]),
        1..5_usize,
        16_384..1_000_000_u64,
        any::<bool>(),
    );
    let pieces = pieces.prop_flat_map(|(algorithm, count, length, is_sized)| {
        vec(any::<u8>(), algorithm.length() * count).prop_map(move |hashes| {
            let length = NonZeroU64::new(length).unwrap();
            let pieces = Pieces::new(algorithm, length, hashes).unwrap();
            let size = length.get() * u64::try_from(count).unwrap();
            (is_sized.then_some(size), Some(pieces))
        })
    });
    let whole = option::of(any::<u64>()).prop_map(|size| (size, None));
    prop_oneof![pieces, whole]
}

fn sources() -> impl Strategy<Value = Vec<Source>> {
    let source = (
        "https?://[a-z]{1,8}(:[1-9][0-9]{1,3})?/[a-zA-Z0-9&%<>'\"?;= é-]{0,20}",
        1..1_000_000_u32,
        option::of("[a-z]{2}"),
    );
    let source = source.prop_filter_map("a URL", |(url, priority, location)| {
        Some(Source {
            url: SourceUrl::parse(&url, None).ok()?,
            priority: Priority::new(priority)?,
            location: location.as_deref().and_then(Location::parse),
            max_connections: None,
        })
    });
    vec(source, 0..5).prop_map(|mut sources| {
        sources.sort_by_key(|source| source.priority);
        let mut seen = Vec::new();
        sources.retain(|source| {
            let is_new = !seen.contains(&source.url);
            seen.push(source.url.clone());
            is_new
        });
        sources
    })
}

fn entry() -> impl Strategy<Value = Entry> {
    let name = "[^/\\\\~:\\p{Cc}]{1,12}(/[^/\\\\\\p{Cc}]{1,12}){0,2}";
    let name = name.prop_filter_map("a name", |name| RelativeName::parse(&name).ok());
    let signature = option::of("[ -~\n\r\té]{1,40}");
    let parts = (name, content(), checksums(), sources(), signature);
    parts.prop_map(|(name, (size, pieces), checksums, sources, signature)| {
        let signature = signature.and_then(|text| Signature::new("text/plain;\"&<", &text));
        let mut entry = Entry::new(name);
        entry.size = size;
        entry.pieces = pieces;
        entry.checksums = checksums;
        entry.sources = sources;
        entry.signature = signature;
        entry
    })
}

proptest! {
    #[test]
    fn a_document_is_read_back_as_it_was(entries in vec(entry(), 1..5)) {
        match metalink::create(&entries) {
            Ok(document) => {
                let list = metalink::read(document.as_bytes(), None).unwrap();
                prop_assert_eq!(list.remarks.iter().count(), 0);
                prop_assert_eq!(list.entries, entries);
            }
            Err(metalink::CreateError::Clash(_)) => {}
            Err(error) => prop_assert!(false, "{}", error),
        }
    }

    #[test]
    fn any_document_is_read_or_refused(
        parts in vec(select(&[
            "<metalink xmlns='urn:ietf:params:xml:ns:metalink'>", "</metalink>", "<file name='f'>",
            "<metalink xmlns='http://www.metalinker.org/'>", "<files>", "</files>", "</file>",
            "<pieces type='md5' length='16384'>", "<verification>", "<resources>", "</resources>",
            "</verification>", "<hash type='md5'>d41d8cd98f00b204e9800998ecf8427e</hash>", "<hash>",
            "</hash>", "</pieces>", "<url>", "http://a/", "</url>", "<size>9</size>", "<!--", "-->",
            "<![CDATA[", "]]>", "&amp;", "&x;", "<x:y>", "<?xml version='1.0'?>", "\u{feff}", "<",
            ">", "'", "é", " ", "<a xmlns='x'>", "</a>",
        ][..]), 0..40)
    ) {
        let _ = metalink::read(parts.concat().as_bytes(), None);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in vec(any::<u8>(), 0..200)) {
        let _ = metalink::read(&bytes, None);
        let _ = sums::lines(&bytes, None).count();
        let _ = sums::find(&bytes, "f", Some(Algorithm::Md5));
        let url = Url::parse("http://example.org/f").unwrap();
        for name in ["Link", "Digest", "Repr-Digest", "X-Linked-ETag", "X-Goog-Hash"] {
            Claims::read([(name, &*bytes)], Answer::Whole, &url);
        }
    }

    #[test]
    fn a_line_of_each_grammar_names_its_file(
        name in "[^\\x00]{1,20}",
        bytes in vec(any::<u8>(), 32),
    ) {
        let checksum = Checksum::new(Algorithm::Sha256, &bytes).unwrap();
        let hex = checksum.hex();
        let escaped = name.replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r");
        let mark = if escaped == name { "" } else { "\\" };
        prop_assume!(name != "-" && name != "stdin" && !name.trim().is_empty());
        for line in [
            format!("{mark}{hex}  {escaped}\n"),
            format!("{mark}{hex} *{escaped}\r\n"),
            format!("{mark}SHA256 ({escaped}) = {hex}\n"),
            format!("{hex}  {name}\0"),
        ] {
            let found = sums::find(line.as_bytes(), &name, None).unwrap();
            prop_assert_eq!(found.checksums.best(), Some(&checksum), "{:?}", line);
        }
    }
}
