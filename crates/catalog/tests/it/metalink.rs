//! Documents in the forms of their producers, written anew: RFC 5854, `MirrorBrain`, Fedora's
//! `MirrorManager`, and old ones.

use catalog::metalink::{self, Metalink, Problem, Version};
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
fn a_document_of_the_rfc_is_read() {
    // RFC 5854 §1.1, with hashes of the right length.
    let document = format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<metalink xmlns="urn:ietf:params:xml:ns:metalink">
  <published>2009-05-15T12:23:23Z</published>
  <origin dynamic="true">http://example.com/list.meta4</origin>
  <file name="example.ext">
    <size>600000</size>
    <identity>Example</identity>
    <version>1.0</version>
    <language>en</language>
    <description>A description of the example file for download.</description>
    <hash type="md5">{MD5}</hash>
    <hash type="sha-256">
      {SHA256}
    </hash>
    <pieces length="262144" type="sha-1">
      <hash>{SHA1}</hash><hash>{SHA1}</hash><hash>{SHA1}</hash>
    </pieces>
    <pieces length="524288" type="sha-256"><hash>{SHA256}</hash><hash>{SHA256}</hash></pieces>
    <url location="de" priority="2">http://example.net/example.ext?a=1&amp;b=2</url>
    <url location="fr" priority="1"><![CDATA[http://example.com/example.ext?a=1&b=2]]></url>
    <url>ftp://ftp.example.com/example.ext</url>
    <metaurl mediatype="torrent" priority="2">http://example.com/example.ext.torrent</metaurl>
    <signature mediatype="application/pgp-signature">-----BEGIN PGP SIGNATURE-----
abc
-----END PGP SIGNATURE-----
</signature>
  </file>
  <file name="dir/other"/>
</metalink>"#
    );
    let list = read(&document);
    assert_eq!(list.version, Version::Four);
    let origin = list.origin.as_ref().unwrap();
    assert_eq!(
        (origin.url.as_str(), origin.is_dynamic),
        ("http://example.com/list.meta4", true)
    );
    let [entry, other] = &*list.entries else {
        panic!("{list:?}");
    };
    assert_eq!(
        (entry.name.as_str(), entry.size),
        ("example.ext", Some(600_000))
    );
    assert_eq!(algorithms(entry), [Algorithm::Sha256, Algorithm::Md5]);
    let pieces = entry.pieces.as_ref().unwrap();
    assert_eq!((pieces.algorithm(), pieces.count()), (Algorithm::Sha256, 2));
    let expected = [
        "http://example.com/example.ext?a=1&b=2",
        "http://example.net/example.ext?a=1&b=2",
    ];
    assert_eq!(urls(entry), expected);
    assert_eq!(entry.sources[0].location.unwrap().as_str(), "fr");
    let signature = entry.signature.as_ref().unwrap();
    assert!(
        signature
            .text()
            .ends_with("abc\n-----END PGP SIGNATURE-----")
    );
    let expected = [
        "example.ext: a URL is skipped: it is of the scheme ftp, which is not fetched from here",
        "example.ext: a description of type \"torrent\" is not supported",
    ];
    assert_eq!(remarks(&list), expected);
    assert_eq!(
        (other.name.as_str(), &*other.sources),
        ("dir/other", &[][..])
    );
}

#[test]
fn a_document_of_mirrorbrain_is_read() {
    // Comments everywhere, a publisher beneath the root, an unknown country, one list of pieces;
    // of version 3 preferences from 100 down, and a magnet that claims to be a URL.
    let four = format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<metalink xmlns="urn:ietf:params:xml:ns:metalink">
  <generator>MirrorBrain/2.19.0</generator>
  <origin dynamic="true">http://download.example.org/a.iso.meta4</origin>
  <published>2026-01-02T03:04:05Z</published>
  <publisher><name>Example</name><url>http://www.example.org</url></publisher>
  <file name="a.iso">
    <size>262144</size> <!-- mtime: 1 -->
    <!-- <hash type="md5">00000000000000000000000000000000</hash> -->
    <hash type="sha-1">{SHA1}</hash>
    <pieces length="262144" type="sha-1"><hash>{SHA1}</hash></pieces>
    <!-- Mirrors in the same country (--): -->
    <url location="--" priority="1">http://a.example/a.iso</url>
    <url location="cz" priority="2">http://b.example/a.iso</url>
  </file>
</metalink>"#
    );
    let list = read(&four);
    let entry = &list.entries[0];
    assert_eq!(
        urls(entry),
        ["http://a.example/a.iso", "http://b.example/a.iso"]
    );
    assert_eq!(entry.sources[0].location, None);
    assert_eq!(algorithms(entry), [Algorithm::Sha1]);
    assert_eq!(remarks(&list), [""; 0]);

    let three = format!(
        r#"<metalink version="3.0" xmlns="http://www.metalinker.org/" type="dynamic"
  origin="http://download.example.org/a.iso.metalink" generator="MirrorBrain"
  pubdate="Fri, 02 Jan 2026 03:04:05 GMT">
  <publisher><name>Example</name><url>http://www.example.org</url></publisher>
  <files><file name="a.iso">
    <size>393216</size>
    <verification>
      <hash type="sha1">{SHA1}</hash>
      <pieces length="262144" type="sha1">
        <hash piece="1">{}</hash>
        <hash piece="0">{SHA1}</hash>
      </pieces>
      <signature type="pgp" file="a.iso.asc">armour</signature>
    </verification>
    <resources>
      <url type="bittorrent" preference="100">http://a.example/a.iso.torrent</url>
      <url type="bittorrent" preference="100">magnet:?xt=urn:btih:00</url>
      <url type="http" location="de" preference="0">http://d.example/a.iso</url>
      <url type="http" location="de" preference="99">http://b.example/a.iso</url>
      <url type="http" location="de" preference="100">http://a.example/a.iso</url>
      <url type="http" location="de">http://e.example/a.iso</url>
      <url type="http" location="de" preference="7">http://a.example/a.iso</url>
    </resources>
  </file></files>
</metalink>"#,
        "1".repeat(40)
    );
    let list = read(&three);
    assert_eq!(list.version, Version::Three);
    assert!(list.origin.as_ref().unwrap().is_dynamic);
    let entry = &list.entries[0];
    let hosts: Vec<_> = urls(entry).iter().map(|url| &url[7..8]).collect();
    assert_eq!(hosts, ["a", "b", "d", "e"]);
    let priorities: Vec<_> = entry
        .sources
        .iter()
        .map(|source| source.priority.get())
        .collect();
    assert_eq!(priorities, [1, 2, 101, 999_999]);
    let pieces = entry.pieces.as_ref().unwrap();
    assert_eq!(pieces.get(0).unwrap().hex().to_string(), SHA1);
    let signature = entry.signature.as_ref().unwrap();
    assert_eq!(
        (signature.media_type(), signature.text()),
        ("application/pgp-signature", "armour")
    );
    assert_eq!(list.remarks.iter().count(), 2);
}

#[test]
fn hashes_of_older_versions_are_not_taken_for_those_of_the_file() {
    // Fedora's form: what is in `alternates` is of the Metalink namespace again.
    let old = "0".repeat(64);
    let document = format!(
        r#"<metalink version="3.0" xmlns="http://www.metalinker.org/" type="dynamic"
  xmlns:mm0="http://fedorahosted.org/mirrormanager" generator="mirrormanager">
 <files>
  <file name="repomd.xml">
   <mm0:timestamp>1600000000</mm0:timestamp>
   <size>4096</size>
   <verification><hash type="md5">{MD5}</hash><hash type="sha256">{SHA256}</hash></verification>
   <mm0:alternates>
    <mm0:alternate>
     <mm0:timestamp>1500000000</mm0:timestamp>
     <size>1</size>
     <verification><hash type="sha256">{old}</hash></verification>
     <resources><url preference="100">http://old.example/</url></resources>
    </mm0:alternate>
   </mm0:alternates>
   <resources maxconnections="1">
    <url protocol="https" type="https" location="US" preference="100" 
      mm0:private="True">https://a.example/repomd.xml</url>
    <url protocol="rsync" type="rsync" preference="100">rsync://a.example/repomd.xml</url>
    <url protocol="http" type="http" preference="99" maxconnections="4"
    >http://b.example/repomd.xml</url>
   </resources>
  </file>
 </files>
</metalink>"#
    );
    let list = read(&document);
    let entry = &list.entries[0];
    assert_eq!(entry.size, Some(4096));
    assert_eq!(entry.checksums.best().unwrap().hex().to_string(), SHA256);
    assert_eq!(
        urls(entry),
        [
            "https://a.example/repomd.xml",
            "http://b.example/repomd.xml"
        ]
    );
    assert_eq!(entry.max_connections.unwrap().get(), 1);
    let connections = entry
        .sources
        .iter()
        .map(|source| source.connections().get());
    assert_eq!(connections.collect::<Vec<_>>(), [1, 2]);
    assert_eq!(list.remarks.iter().count(), 1);
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
