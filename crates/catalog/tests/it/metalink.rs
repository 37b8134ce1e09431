//! Documents of Metalink: what is taken of them, what is left out and told, what is refused.

mod producers;

use catalog::metalink::{self, Metalink, Problem};
use catalog::{Algorithm, Checksum, Entry};
use url::Url;

const MD5: &str = "d41d8cd98f00b204e9800998ecf8427e";
const SHA1: &str = "da39a3ee5e6b4b0d3255bfef95601890afd80709";
const SHA256: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

fn read(document: &str) -> Metalink {
    metalink::read(document.as_bytes(), None).unwrap_or_else(|error| panic!("{error}: {document}"))
}

/// A document of version 4 with what is in a file's element.
fn four(content: &str) -> String {
    format!(
        "<metalink xmlns='urn:ietf:params:xml:ns:metalink'><file name='f'>{content}\
         </file></metalink>"
    )
}

/// The same of version 3.
fn three(content: &str) -> String {
    format!(
        "<metalink version='3.0' xmlns='http://www.metalinker.org/'><files><file name='f'>\
         {content}</file></files></metalink>"
    )
}

fn urls(entry: &Entry) -> Vec<&str> {
    entry
        .sources
        .iter()
        .map(|source| source.url.as_str())
        .collect()
}

fn algorithms(entry: &Entry) -> Vec<Algorithm> {
    entry.checksums.iter().map(Checksum::algorithm).collect()
}

fn remarks(list: &Metalink) -> Vec<String> {
    list.remarks.iter().map(ToString::to_string).collect()
}

/// Checks that nothing is taken of what is in a file's element, and what is said of it.
fn left_out(content: &str, expected: &str) {
    let list = read(&four(content));
    assert_eq!(remarks(&list), [format!("f: {expected}")], "{content}");
    let entry = &list.entries[0];
    assert!(
        entry.checksums.is_empty() && entry.sources.is_empty(),
        "{content}"
    );
    assert_eq!(
        (&entry.pieces, &entry.signature),
        (&None, &None),
        "{content}"
    );
}

#[test]
fn elements_count_only_where_they_belong() {
    for document in [
        four(&format!(
            "<x:y xmlns:x='urn:x'><size>1</size><hash type='md5'>{MD5}</hash></x:y>\
             <unknown><size>1</size><url>http://a/</url></unknown>\
             <url xmlns='urn:x'>http://a/</url><size>2</size>"
        )),
        // URLs outside of `resources`, hashes outside of `verification`.
        three(&format!(
            "<url>http://a/</url><hash type='md5'>{MD5}</hash><size>2</size>"
        )),
        // Prefixes are the document's to choose.
        "<m:metalink xmlns:m='urn:ietf:params:xml:ns:metalink'><m:file name='f'><m:size>2</m:size>\
         <size>1</size></m:file></m:metalink>"
            .to_owned(),
    ] {
        let list = read(&document);
        let entry = &list.entries[0];
        assert_eq!(entry.size, Some(2), "{document}");
        assert!(
            entry.checksums.is_empty() && entry.sources.is_empty(),
            "{document}"
        );
    }
}

#[test]
fn parts_that_cannot_be_used_are_left_out_and_told() {
    for (content, expected) in [
        (
            format!("<hash type='ed2k'>{MD5}</hash>"),
            "a checksum of type \"ed2k\" is not supported",
        ),
        (
            format!("<hash>{MD5}</hash>"),
            "a checksum of type \"\" is not supported",
        ),
        // A document of aria2's tests has one of 31 digits.
        (
            format!("<hash type='md5'>{}</hash>", &MD5[1..]),
            "a malformed checksum of md5 is ignored",
        ),
        (
            "<size>1 MB</size>".to_owned(),
            "a malformed size is ignored",
        ),
        ("<size>-1</size>".to_owned(), "a malformed size is ignored"),
        (
            "<size>18446744073709551616</size>".to_owned(),
            "a malformed size is ignored",
        ),
        ("<size/>".to_owned(), "a malformed size is ignored"),
        (
            "<url>f</url>".to_owned(),
            "a URL is skipped: it is not a URL",
        ),
        (
            "<url></url>".to_owned(),
            "a URL is skipped: it is not a URL",
        ),
        (
            format!("<url>http://a/{}</url>", "a".repeat(9_000)),
            "a URL is skipped: it is too long",
        ),
        (
            "<metaurl mediatype='x\u{202e}y'>http://a/</metaurl>".to_owned(),
            "a description of type \"x?y\" is not supported",
        ),
        (
            "<signature mediatype='a/b'/>".to_owned(),
            "a malformed signature is ignored",
        ),
        (
            "<signature>abc</signature>".to_owned(),
            "a malformed signature is ignored",
        ),
    ] {
        left_out(&content, expected);
    }
}

#[test]
fn pieces_that_are_not_those_of_the_file_are_left_out_and_told() {
    let hash = format!("<hash>{SHA1}</hash>");
    for (content, expected) in [
        (
            format!("<pieces length='16384' type='md4'>{hash}</pieces>"),
            "a checksum of type \"md4\" is not supported",
        ),
        (
            format!("<pieces length='16383' type='sha-1'>{hash}</pieces>"),
            "the hashes of pieces are ignored: pieces of 16383 bytes are too short to be of use",
        ),
        (
            "<pieces length='16384' type='sha-1'/>".to_owned(),
            "the hashes of pieces are ignored: there is no piece",
        ),
        (
            format!("<pieces length='0' type='sha-1'>{hash}</pieces>"),
            "the hashes of pieces are ignored: the hash of a piece is missing or malformed",
        ),
        (
            format!("<pieces length='16384' type='sha-1'>{hash}<hash>00</hash></pieces>"),
            "the hashes of pieces are ignored: the hash of a piece is missing or malformed",
        ),
        (
            format!("<size>16385</size><pieces length='16384' type='sha-1'>{hash}</pieces>"),
            "the hashes of pieces are ignored: 1 pieces are not the 2 that the file has",
        ),
        (
            format!("<pieces length='16384' type='sha-1'>{hash}</pieces><size>0</size>"),
            "the hashes of pieces are ignored: 1 pieces are not the 0 that the file has",
        ),
    ] {
        left_out(&content, expected);
    }
}

#[test]
fn a_priority_out_of_range_is_the_last() {
    for priority in ["0", "1000000", "-1", "first", ""] {
        let list = read(&four(&format!(
            "<url priority='{priority}'>http://a/</url>"
        )));
        assert_eq!(
            list.entries[0].sources[0].priority.get(),
            999_999,
            "{priority}"
        );
        assert_eq!(list.remarks.iter().count(), 1, "{priority}");
    }
}

#[test]
fn numbered_pieces_are_all_there() {
    let hash = |place: &&str| format!("<hash piece='{place}'>{SHA1}</hash>");
    for (places, is_whole) in [
        (&["0"][..], true),
        (&["1", "0", "2"], true),
        (&["1"], false),
        (&["0", "0"], false),
        (&["0", "2"], false),
        (&["x"], false),
        (&["-1"], false),
        (&["4294967296"], false),
    ] {
        let hashes: String = places.iter().map(hash).collect();
        let content = format!(
            "<verification><pieces length='16384' type='sha1'>{hashes}</pieces></verification>"
        );
        let list = read(&three(&content));
        assert_eq!(list.entries[0].pieces.is_some(), is_whole, "{places:?}");
    }
    // Some numbered, some not.
    let content = format!(
        "<verification><pieces length='16384' type='sha1'>{}<hash>{SHA1}</hash></pieces>\
         </verification>",
        hash(&"0")
    );
    assert_eq!(read(&three(&content)).entries[0].pieces, None);
}

#[test]
fn relative_urls_are_relative_to_the_document() {
    let base = Url::parse("https://example.org/pub/list.meta4?x").unwrap();
    let document = four("<url>f.iso</url><url>../g</url><url>//m.example/h</url>");
    let list = metalink::read(document.as_bytes(), Some(&base)).unwrap();
    let expected = [
        "https://example.org/pub/f.iso",
        "https://example.org/g",
        "https://m.example/h",
    ];
    assert_eq!(urls(&list.entries[0]), expected);
}

#[test]
fn a_document_that_contradicts_itself_is_refused() {
    let other = "1".repeat(64);
    let refused = |document: &str| {
        metalink::read(document.as_bytes(), None)
            .unwrap_err()
            .to_string()
    };
    let twice = format!("<hash type='sha-256'>{SHA256}</hash><hash type='sha256'>{other}</hash>");
    assert_eq!(
        refused(&four(&twice)),
        "line 1: the file \"f\" has two different checksums of sha-256 for one file"
    );
    assert_eq!(
        refused(&four("<size>1</size>\n\n<size>2</size>")),
        "line 3: the file \"f\" has two different sizes"
    );
    let same = four("<size>1</size><size>1</size>");
    assert!(metalink::read(same.as_bytes(), None).is_ok());
    let problem = |names: &[&str]| {
        let files: Vec<_> = names
            .iter()
            .map(|name| format!("<file name='{name}'/>"))
            .collect();
        let files = files.concat();
        let document =
            format!("<metalink xmlns='urn:ietf:params:xml:ns:metalink'>{files}</metalink>");
        metalink::read(document.as_bytes(), None).map_err(|error| error.problem().clone())
    };
    assert_eq!(
        problem(&["a", "b", "a"]),
        Err(Problem::Clash("a".to_owned()))
    );
    assert_eq!(
        problem(&["a/b", "a"]),
        Err(Problem::Clash("a/b".to_owned()))
    );
    assert_eq!(problem(&[]), Err(Problem::Empty));
}
