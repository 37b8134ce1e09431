//! Fields of replies, as servers send them.
use super::*;
use crate::checksum::Algorithm;

/// The digests of nothing, in Base64 and in hexadecimal.
const MD5: &str = "1B2M2Y8AsgTpgAmY7PhCfg==";
const MD5_HEX: &str = "d41d8cd98f00b204e9800998ecf8427e";
const SHA1: &str = "2jmj7l5rSw0yVb/vlWAYkK/YBwk=";
const SHA1_HEX: &str = "da39a3ee5e6b4b0d3255bfef95601890afd80709";
const SHA256: &str = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
const SHA256_HEX: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

fn read(fields: &[(&str, &str)], answer: Answer) -> Claims {
    let fields = fields.iter().map(|(name, value)| (*name, value.as_bytes()));
    let url = Url::parse("https://download.example.org/a.iso").unwrap();
    Claims::read(fields, answer, &url)
}

/// The claims of one field in a reply with the whole file.
fn claimed(name: &str, value: &str) -> Vec<(Algorithm, Covers)> {
    let claims = read(&[(name, value)], Answer::Whole).digests;
    let empty = |claim: &Claim| {
        let digits = claim.checksum.hex().to_string();
        [MD5_HEX, SHA1_HEX, SHA256_HEX].contains(&digits.as_str())
    };
    assert!(claims.iter().all(empty), "{claims:?}");
    claims
        .iter()
        .map(|claim| (claim.checksum.algorithm(), claim.covers))
        .collect()
}

#[test]
fn the_fields_of_rfcs_are_read_in_their_own_grammar() {
    use Algorithm::{Md5, Sha1, Sha256};
    use Covers::{Content, File};
    for (name, value, expected) in [
        // RFC 9530 §2, §3: a structured dictionary.
        (
            "Repr-Digest",
            format!("sha-256=:{SHA256}:"),
            vec![(Sha256, File)],
        ),
        (
            "Repr-Digest",
            format!("x=1, sha-256=:{SHA256}:;p=\"q\", md5=:{MD5}:"),
            vec![(Sha256, File), (Md5, File)],
        ),
        ("Repr-Digest", format!("sha=:{SHA1}:"), vec![(Sha1, File)]),
        (
            "Content-Digest",
            format!("sha-256=:{SHA256}:"),
            vec![(Sha256, Content)],
        ),
        // Not what the grammar says, so nothing.
        ("Repr-Digest", format!("SHA-256=:{SHA256}:"), vec![]),
        ("Repr-Digest", format!("sha256=:{SHA256}:"), vec![]),
        ("Repr-Digest", format!("sha-256={SHA256}"), vec![]),
        ("Repr-Digest", format!("sha-256=:{MD5}:"), vec![]),
        ("Repr-Digest", format!("sha-256=:{SHA256}:,"), vec![]),
        ("Repr-Digest", format!("sha-256=(:{SHA256}:)"), vec![]),
        (
            "Repr-Digest",
            format!("sha-256=:{MD5}:, sha-256=:{SHA256}:"),
            vec![(Sha256, File)],
        ),
        // RFC 3230 §4.3.2, with RFC 5843's names.
        (
            "Digest",
            format!("MD5={MD5},SHA={SHA1}"),
            vec![(Sha1, File), (Md5, File)],
        ),
        (
            "Digest",
            format!("sha-256={SHA256}, unixsum=30637"),
            vec![(Sha256, File)],
        ),
        (
            "Digest",
            format!("SHA-256={SHA256_HEX}"),
            vec![(Sha256, File)],
        ),
        ("Digest", "SHA-256=, =, ,".to_owned(), vec![]),
        ("Content-MD5", MD5.to_owned(), vec![(Md5, Content)]),
    ] {
        assert_eq!(claimed(name, &value), expected, "{name}: {value}");
    }
}

#[test]
fn the_fields_of_stores_are_read_as_each_writes_them() {
    use Algorithm::{GitBlobSha1, Md5, Sha1, Sha256};
    use Covers::File;
    for (name, value, expected) in [
        // Google Cloud Storage: in one field, or in two.
        (
            "x-goog-hash",
            format!("crc32c=AAAAAA==,md5={MD5}"),
            vec![(Md5, File)],
        ),
        ("x-goog-hash", "crc32c=AAAAAA==".to_owned(), vec![]),
        // S3: whole objects, and digests of the digests of parts.
        (
            "x-amz-checksum-sha256",
            SHA256.to_owned(),
            vec![(Sha256, File)],
        ),
        ("x-amz-checksum-sha1", SHA1.to_owned(), vec![(Sha1, File)]),
        ("x-amz-checksum-sha256", format!("{SHA256}-3"), vec![]),
        ("x-amz-checksum-crc32", "AAAAAA==".to_owned(), vec![]),
        ("x-amz-checksum-mode", "ENABLED".to_owned(), vec![]),
        // Hugging Face: large files, small ones, and neither.
        (
            "X-Linked-ETag",
            format!("\"{SHA256_HEX}\""),
            vec![(Sha256, File)],
        ),
        (
            "X-Linked-ETag",
            format!("\"{SHA1_HEX}\""),
            vec![(GitBlobSha1, File)],
        ),
        (
            "X-Linked-ETag",
            format!("W/\"{SHA1_HEX}\""),
            vec![(GitBlobSha1, File)],
        ),
        ("X-Linked-ETag", SHA256_HEX.to_owned(), vec![(Sha256, File)]),
        ("X-Linked-ETag", format!("\"{SHA256_HEX}"), vec![]),
        ("X-Linked-ETag", "\"5f-abc\"".to_owned(), vec![]),
        // Artifactory, Azure, Backblaze, registries of containers.
        (
            "X-Checksum-Sha256",
            SHA256_HEX.to_owned(),
            vec![(Sha256, File)],
        ),
        ("X-Checksum-Md5", MD5_HEX.to_owned(), vec![(Md5, File)]),
        ("x-ms-blob-content-md5", MD5.to_owned(), vec![(Md5, File)]),
        ("X-Bz-Content-Sha1", SHA1_HEX.to_owned(), vec![(Sha1, File)]),
        ("X-Bz-Content-Sha1", "none".to_owned(), vec![]),
        (
            "X-Bz-Content-Sha1",
            format!("unverified:{SHA1_HEX}"),
            vec![],
        ),
        (
            "Docker-Content-Digest",
            format!("sha256:{SHA256_HEX}"),
            vec![(Sha256, File)],
        ),
        ("Docker-Content-Digest", format!("md5:{MD5_HEX}"), vec![]),
        // An entity tag is none, even if it looks like one.
        ("ETag", format!("\"{MD5_HEX}\""), vec![]),
    ] {
        assert_eq!(claimed(name, &value), expected, "{name}: {value}");
    }
}

#[test]
fn what_a_digest_is_of_depends_on_the_reply() {
    use Answer::{Part, Redirect, Whole};
    let repr = format!("sha-256=:{SHA256}:");
    let digest = format!("SHA-256={SHA256}");
    let gzip = ("Content-Encoding", "gzip");
    let plain = ("Content-Encoding", " identity ");
    let stored = ("X-Goog-Stored-Content-Encoding", "gzip");
    let composite = ("X-Amz-Checksum-Type", "COMPOSITE");
    let full = ("X-Amz-Checksum-Type", "FULL_OBJECT");
    let goog = format!("md5={MD5}");
    for (fields, answer, expected) in [
        (vec![("Repr-Digest", &*repr)], Redirect, Some(Covers::File)),
        (vec![("Repr-Digest", &repr)], Part, Some(Covers::File)),
        (vec![("Repr-Digest", &repr), gzip], Whole, None),
        (
            vec![("Repr-Digest", &repr), plain],
            Whole,
            Some(Covers::File),
        ),
        (
            vec![("Repr-Digest", &repr), gzip],
            Redirect,
            Some(Covers::File),
        ),
        (vec![("Content-Digest", &repr)], Redirect, None),
        (vec![("Content-Digest", &repr)], Part, Some(Covers::Content)),
        (
            vec![("Content-Digest", &repr), gzip],
            Whole,
            Some(Covers::Content),
        ),
        (vec![("Digest", &digest)], Whole, Some(Covers::File)),
        (vec![("Digest", &digest)], Redirect, Some(Covers::File)),
        (vec![("Digest", &digest)], Part, Some(Covers::FileOrContent)),
        (vec![("Digest", &digest), gzip], Whole, None),
        (vec![("Content-MD5", MD5)], Part, Some(Covers::Content)),
        (vec![("Content-MD5", MD5)], Redirect, None),
        (vec![("X-Goog-Hash", &goog)], Part, Some(Covers::File)),
        (vec![stored, ("X-Goog-Hash", &goog)], Whole, None),
        (
            vec![("X-Amz-Checksum-Sha256", SHA256), composite],
            Whole,
            None,
        ),
        (
            vec![("X-Amz-Checksum-Sha256", SHA256), full],
            Whole,
            Some(Covers::File),
        ),
        (
            vec![("X-Amz-Checksum-Sha256", SHA256)],
            Part,
            Some(Covers::FileOrContent),
        ),
    ] {
        let claims = read(&fields, answer).digests;
        let found: Vec<_> = claims.iter().map(|claim| claim.covers).collect();
        assert_eq!(found, Vec::from_iter(expected), "{fields:?} {answer:?}");
    }
}

#[test]
fn mirrors_need_a_digest_that_proves() {
    // The redirect of MirrorBrain.
    let link = (
        "Link",
        "<http://mirror.example.net/a.iso>; rel=duplicate; pri=1; geo=de",
    );
    let strong = format!("SHA-256={SHA256}");
    let weak = format!("SHA={SHA1}");
    for (field, answer, expected) in [
        (None, Answer::Redirect, 0),
        (Some(("Digest", &*weak)), Answer::Redirect, 0),
        (Some(("Digest", &strong)), Answer::Redirect, 1),
        (Some(("Digest", &strong)), Answer::Whole, 1),
        // It may be that of the part.
        (Some(("Digest", &strong)), Answer::Part, 0),
    ] {
        let fields: Vec<_> = field.into_iter().chain([link]).collect();
        let claims = read(&fields, answer);
        assert_eq!(claims.mirrors().count(), expected, "{field:?} {answer:?}");
        assert_eq!(claims.links.duplicates.len(), 1);
    }
}

#[test]
fn a_hub_tells_the_size_and_the_version_on_its_redirect() {
    let commit = "86b5e0934494bd15c9632b12f734a8a67f723594";
    let claims = read(
        &[("X-Linked-Size", "1342177280"), ("X-Repo-Commit", commit)],
        Answer::Redirect,
    );
    assert_eq!(claims.size, Some(1_342_177_280));
    assert_eq!(claims.revision.as_deref(), Some(commit));
    for (size, commit) in [
        ("", "main"),
        ("-1", "../../x"),
        ("1e9", ""),
        ("18446744073709551616", "é"),
    ] {
        let claims = read(
            &[("X-Linked-Size", size), ("X-Repo-Commit", commit)],
            Answer::Redirect,
        );
        assert_eq!(
            (claims.size, claims.revision),
            (None, None),
            "{size} {commit}"
        );
    }
}

#[test]
fn one_digest_twice_is_one_and_the_best_is_first() {
    let weak = format!("MD5={MD5}");
    let strong = format!("SHA-256={SHA256}");
    let claims = read(
        &[("Digest", &weak), ("Digest", &strong), ("Digest", &weak)],
        Answer::Redirect,
    );
    let found: Vec<_> = claims
        .digests
        .iter()
        .map(|claim| claim.checksum.algorithm())
        .collect();
    assert_eq!(found, [Algorithm::Sha256, Algorithm::Md5]);
}

#[test]
fn endless_fields_are_read_to_a_limit() {
    let long = "a".repeat(FIELD_BYTES + 1);
    let fields = ["Link", "Repr-Digest", "Digest", "X-Linked-ETag", &long];
    assert_eq!(
        read(&fields.map(|name| (name, &*long)), Answer::Whole),
        Claims::default()
    );
    let many = vec![("Link", "<https://m.example/>; rel=duplicate"); 100_000];
    assert_eq!(read(&many, Answer::Whole).links.duplicates.len(), 1);
    let values: Vec<String> = (0..1_000)
        .map(|index| format!("SHA-256={index:064x}"))
        .collect();
    let many: Vec<_> = values.iter().map(|value| ("Digest", &**value)).collect();
    assert_eq!(
        read(&many, Answer::Whole).digests.len(),
        crate::limits::LINKS
    );
}
