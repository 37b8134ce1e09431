//! Names, digits and Base64, as others write them.
use super::*;

/// SHA-256 of nothing.
const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

#[test]
fn every_name_of_ours_is_read_back() {
    for algorithm in Algorithm::ALL {
        assert_eq!(Algorithm::named(algorithm.name()), Some(algorithm));
        let bytes = vec![0xa5; algorithm.length()];
        let checksum = Checksum::new(algorithm, &bytes).unwrap();
        let hex = checksum.hex().to_string();
        assert_eq!(Checksum::from_hex(algorithm, &hex), Some(checksum));
        assert_eq!(Checksum::from_hex(algorithm, &hex[1..]), None);
        assert_eq!(Checksum::new(algorithm, &bytes[1..]), None);
    }
    assert!(Algorithm::ALL.is_sorted());
}

#[test]
fn digests_that_downloads_are_checked_by_are_checksums_and_come_back() {
    for algorithm in DigestAlgorithm::ALL {
        let digest = Digest::new(algorithm, &vec![0xa5; algorithm.length()]).unwrap();
        let checksum = Checksum::from(digest);
        assert_eq!(checksum.algorithm().name(), algorithm.name());
        assert_eq!(checksum.digest(), Some(digest));
    }
    let of_git = Checksum::from_hex(Algorithm::GitBlobSha1, &"a5".repeat(20)).unwrap();
    assert_eq!(of_git.digest(), None);
}

#[test]
fn names_are_read_as_each_grammar_spells_them() {
    use Algorithm::{Blake2b, Blake2b256, Md5, Sha1, Sha224, Sha256, Sha384, Sha512};
    for (name, expected) in [
        // IANA's textual names, RFC 5854 §4.2.8; Metalink 3 without the hyphen.
        ("sha-1", Some(Sha1)),
        ("sha1", Some(Sha1)),
        ("sha-384", Some(Sha384)),
        ("sha256", Some(Sha256)),
        // coreutils 9.1, OpenSSL 1.1 and 3.0.
        ("SHA256", Some(Sha256)),
        ("SHA2-256", Some(Sha256)),
        ("SHA2-224", Some(Sha224)),
        ("BLAKE2b", Some(Blake2b)),
        ("BLAKE2b-256", Some(Blake2b256)),
        ("BLAKE2B-512", Some(Blake2b)),
        ("MD5", Some(Md5)),
        // RFC 3230's registry.
        ("SHA", Some(Sha1)),
        ("SHA-512", Some(Sha512)),
        // Known to others, and not to be taken for anything else.
        ("sha3-256", None),
        ("sha-512/256", None),
        ("unixsum", None),
        ("crc32", None),
        ("ed2k", None),
        ("", None),
        ("sha-256 ", None),
        ("sha-256-and-much-more-behind-it", None),
    ] {
        assert_eq!(Algorithm::named(name), expected, "{name}");
    }
}

#[test]
fn a_list_is_known_by_its_name() {
    use Algorithm::{Blake2b, Blake3, Md5, Sha1, Sha256, Sha512};
    for (name, expected) in [
        ("SHA256SUMS", Some(Sha256)),
        ("MD5SUMS", Some(Md5)),
        ("sha512sum.txt", Some(Sha512)),
        ("file.tar.gz.sha256", Some(Sha256)),
        ("file.sha256sum", Some(Sha256)),
        ("file.sha1", Some(Sha1)),
        ("B2SUMS", Some(Blake2b)),
        ("a.b3", Some(Blake3)),
        ("CHECKSUM", None),
        ("CHECKSUMS.txt", None),
        ("file", None),
        ("", None),
    ] {
        assert_eq!(Algorithm::of_list(name), expected, "{name}");
    }
}

#[test]
fn base64_may_lack_its_padding_or_hold_digits() {
    let expected = Checksum::from_hex(Algorithm::Sha256, EMPTY);
    assert!(expected.is_some());
    let padded = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    for text in [padded, padded.trim_end_matches('='), EMPTY] {
        assert_eq!(
            Checksum::from_base64(Algorithm::Sha256, text),
            expected,
            "{text}"
        );
    }
    // The form of RFC 6249 §6: Base64 of 64 digits.
    let of_digits = BASE64.encode(EMPTY);
    assert_eq!(
        Checksum::from_base64(Algorithm::Sha256, &of_digits),
        expected
    );
    let of_long = BASE64.encode("ab".repeat(64));
    assert!(Checksum::from_base64(Algorithm::Sha512, &of_long).is_some());
    for text in [
        "",
        "=",
        "47DEQpj8",
        "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU=",
        "\u{0}",
    ] {
        assert_eq!(
            Checksum::from_base64(Algorithm::Sha256, text),
            None,
            "{text}"
        );
    }
}

#[test]
fn checksums_are_told_apart_and_ordered() {
    let of = |algorithm: Algorithm, byte| {
        Checksum::new(algorithm, &vec![byte; algorithm.length()]).unwrap()
    };
    let mut checksums = Checksums::default();
    for algorithm in [Algorithm::Md5, Algorithm::Sha256, Algorithm::Sha1] {
        checksums.add(of(algorithm, 1)).unwrap();
        checksums.add(of(algorithm, 1)).unwrap();
    }
    let order: Vec<_> = checksums.iter().map(Checksum::algorithm).collect();
    assert_eq!(order, [Algorithm::Sha256, Algorithm::Sha1, Algorithm::Md5]);
    assert_eq!(checksums.best(), Some(&of(Algorithm::Sha256, 1)));
    let algorithm = Algorithm::Md5;
    assert_eq!(
        checksums.add(of(algorithm, 2)),
        Err(Contradiction { algorithm })
    );
    assert_eq!(checksums.get(algorithm), Some(&of(algorithm, 1)));
}

#[test]
fn only_what_downloads_are_checked_by_becomes_a_digest() {
    for algorithm in Algorithm::ALL {
        let bytes = vec![7; algorithm.length()];
        let checksum = Checksum::new(algorithm, &bytes).unwrap();
        // Git hashes more than the content.
        let is_known = algorithm != Algorithm::GitBlobSha1;
        let digest = checksum.digest();
        assert_eq!(digest.is_some(), is_known, "{algorithm}");
        assert_eq!(digest.map(Checksum::from), is_known.then_some(checksum));
    }
}
