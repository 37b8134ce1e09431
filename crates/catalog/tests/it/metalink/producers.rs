//! Documents in the forms of their producers, written anew: RFC 5854, `MirrorBrain`, Fedora's
//! `MirrorManager`.

use catalog::Algorithm;
use catalog::metalink::Version;

use super::{MD5, SHA1, SHA256, algorithms, read, remarks, urls};

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
