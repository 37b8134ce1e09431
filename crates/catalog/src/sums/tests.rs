//! Lines and lists as `sha256sum` and others write them.
use std::borrow::Cow;

use super::*;

/// The checksums of nothing.
const MD5: &str = "d41d8cd98f00b204e9800998ecf8427e";
const SHA1: &str = "da39a3ee5e6b4b0d3255bfef95601890afd80709";
const SHA224: &str = "d14a028c2a3a2bc9476102bb288234c415a2b01f828ea62ac5b3e42f";
const SHA256: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

fn only(list: &str) -> Line<'_> {
    let mut lines = lines(list.as_bytes(), None);
    let first = lines.next().expect("there is a line");
    assert_eq!(lines.next(), None, "{list:?}");
    first
}

fn sum<'a>(algorithm: Algorithm, digits: &str, name: Option<&'a str>) -> Line<'a> {
    Line::Sum {
        name: name.map(Cow::Borrowed),
        checksum: Checksum::from_hex(algorithm, digits).unwrap(),
    }
}

#[test]
fn every_grammar_in_use_is_read() {
    use Algorithm::{Blake2b, Blake2b256, Blake3, Md5, Sha1, Sha224, Sha256};
    let long = SHA256.repeat(2);
    let capital = SHA256.to_ascii_uppercase();
    let name = Some("f");
    for (line, algorithm, digits, name) in [
        // coreutils 9.1: text, binary, escaped, a name that begins with a blank.
        (format!("{SHA256}  f"), Sha256, SHA256, name),
        (format!("{SHA256} *f"), Sha256, SHA256, name),
        (
            format!("\\{MD5}  a\\\\b\\nc\\rd"),
            Md5,
            MD5,
            Some("a\\b\nc\rd"),
        ),
        (format!("{MD5}   f"), Md5, MD5, Some(" f")),
        (format!("{MD5}  *f"), Md5, MD5, Some("*f")),
        (format!("{MD5}  a  b"), Md5, MD5, Some("a  b")),
        // coreutils' --tag and cksum; BSD's md5, sha256.
        (format!("SHA256 (f) = {SHA256}"), Sha256, SHA256, name),
        (
            format!("MD5 (a (1).txt) = {MD5}"),
            Md5,
            MD5,
            Some("a (1).txt"),
        ),
        (
            format!("MD5 (a) = {MD5}) = {MD5}"),
            Md5,
            MD5,
            Some(&*format!("a) = {MD5}")),
        ),
        (format!("\\SHA1 (a\\nb) = {SHA1}"), Sha1, SHA1, Some("a\nb")),
        (format!("BLAKE2b (f) = {long}"), Blake2b, &*long, name),
        (
            format!("BLAKE2b-256 (f) = {SHA256}"),
            Blake2b256,
            SHA256,
            name,
        ),
        // b3sum --tag.
        (format!("BLAKE3 (f) = {SHA256}"), Blake3, SHA256, name),
        // OpenSSL 1.1 and 3.0.
        (format!("SHA256(f)= {SHA256}"), Sha256, SHA256, name),
        (format!("SHA2-224(f)= {SHA224}"), Sha224, SHA224, name),
        (format!("BLAKE2B-512(f)= {long}"), Blake2b, &*long, name),
        (format!("SHA2-256(stdin)= {SHA256}"), Sha256, SHA256, None),
        // `md5 -r` of BSD; tables by hand; sums of standard input.
        (format!("{MD5} f"), Md5, MD5, name),
        (format!("{MD5}\tf"), Md5, MD5, name),
        (format!("{MD5}  -"), Md5, MD5, None),
        // FILE.sha256 of many projects.
        (SHA256.to_owned(), Sha256, SHA256, None),
        (format!("{SHA256} "), Sha256, SHA256, None),
        (format!("{capital}  ./d/f"), Sha256, SHA256, Some("./d/f")),
        // Windows.
        (format!("\u{feff}{MD5}  f\r"), Md5, MD5, name),
        (format!("{MD5} *d\\f\r\n"), Md5, MD5, Some("d\\f")),
    ] {
        assert_eq!(only(&line), sum(algorithm, digits, name), "{line:?}");
    }
}

#[test]
fn what_is_no_checksum_is_told_as_such() {
    for line in [
        "<html>",
        "404 Not Found",
        &MD5[1..],
        &format!("{}g  f", &MD5[1..]),
        &format!("SHA3-256 (f) = {SHA256}"),
        &format!("SHA256 (f) = {MD5}"),
        &format!("SHA256 (f) {SHA256}"),
        &format!("SHA256 () = {SHA256}"),
        &format!("\\{MD5}  a\\b"),
        &format!("\\{MD5}  a\\"),
        &format!("{MD5}é  f"),
    ] {
        assert_eq!(only(line), Line::Unread, "{line:?}");
    }
    let latin = [MD5.as_bytes(), b"  caf\xe9"].concat();
    assert_eq!(lines(&latin, None).collect::<Vec<_>>(), [Line::Unread]);
    assert_eq!(lines(b"\n\r\n \n# comment\n#\n", None).count(), 0);
}

#[test]
fn lines_that_end_with_nul_are_not_escaped() {
    let list = format!("{MD5}  a\\nb\nc\0{SHA1} *d\r\0");
    let read: Vec<_> = lines(list.as_bytes(), None).collect();
    let expected = [
        sum(Algorithm::Md5, MD5, Some("a\\nb\nc")),
        sum(Algorithm::Sha1, SHA1, Some("d\r")),
    ];
    assert_eq!(read, expected);
}

#[test]
fn the_list_says_what_its_digits_are() {
    let long = SHA256.repeat(2);
    let list = format!("{long}  f");
    for (known, expected) in [
        (None, Algorithm::Sha512),
        (Some(Algorithm::Blake2b), Algorithm::Blake2b),
        // The digits are not those of what the list's name says.
        (Some(Algorithm::Md5), Algorithm::Sha512),
    ] {
        let found = find(list.as_bytes(), "f", known).unwrap();
        assert_eq!(found.checksums.best().unwrap().algorithm(), expected);
    }
}

#[test]
fn a_signed_list_is_read_without_its_armour() {
    // The form of Fedora's CHECKSUM.
    let list = format!(
        "-----BEGIN PGP SIGNED MESSAGE-----\n\
         Hash: SHA256\n\
         \n\
         # a.iso: 6 bytes\n\
         SHA256 (a.iso) = {SHA256}\n\
         - -dash.iso is escaped\n\
         -----BEGIN PGP SIGNATURE-----\n\
         \n\
         {MD5}  a.iso\n\
         =abcd\n\
         -----END PGP SIGNATURE-----\n"
    );
    let found = find(list.as_bytes(), "a.iso", None).unwrap();
    assert_eq!(found.size, Some(6));
    let algorithms: Vec<_> = found.checksums.iter().map(Checksum::algorithm).collect();
    assert_eq!(algorithms, [Algorithm::Sha256]);
    let with_crlf = list.replace('\n', "\r\n");
    assert_eq!(find(with_crlf.as_bytes(), "a.iso", None), Ok(found));
    let dashed = format!(
        "-----BEGIN PGP SIGNED MESSAGE-----\n\n- {MD5}  f\n-----BEGIN PGP SIGNATURE-----\n"
    );
    assert!(find(dashed.as_bytes(), "f", None).is_ok());
}

#[test]
fn a_file_is_found_by_its_whole_name_then_by_its_last_component() {
    let list = format!(
        "{MD5}  ./a/f\n{SHA1}  b/f\n{SHA256}  c/only\n{SHA256}  twice\n{SHA1}  twice\n\
         {MD5}  d\\win\n"
    );
    let algorithms = |name| {
        let found = find(list.as_bytes(), name, None)?;
        Ok(found.checksums.iter().map(Checksum::algorithm).collect())
    };
    assert_eq!(algorithms("a/f"), Ok(vec![Algorithm::Md5]));
    assert_eq!(algorithms("b/f"), Ok(vec![Algorithm::Sha1]));
    assert_eq!(algorithms("f"), Err(FindError::Ambiguous));
    assert_eq!(algorithms("only"), Ok(vec![Algorithm::Sha256]));
    assert_eq!(algorithms("x/only"), Ok(vec![Algorithm::Sha256]));
    assert_eq!(
        algorithms("./twice"),
        Ok(vec![Algorithm::Sha256, Algorithm::Sha1])
    );
    assert_eq!(algorithms("win"), Ok(vec![Algorithm::Md5]));
    for name in ["", "nly", "a", "c/", "a/f/"] {
        assert_eq!(algorithms(name), Err(FindError::NoLine), "{name}");
    }
}

#[test]
fn a_list_without_the_file_is_an_error() {
    let other = "0".repeat(32);
    for (list, expected) in [
        (String::new(), FindError::NoList),
        ("<html>404</html>".to_owned(), FindError::NoList),
        (format!("{MD5}  g"), FindError::NoLine),
        // A bare value is about no file of a list that names its files.
        (format!("{MD5}\n{SHA1}  g"), FindError::NoLine),
        (
            format!("{MD5}  f\n{other}  f"),
            Contradiction {
                algorithm: Algorithm::Md5,
            }
            .into(),
        ),
        (
            format!("{MD5}\n{other}"),
            Contradiction {
                algorithm: Algorithm::Md5,
            }
            .into(),
        ),
        (" ".repeat(LIST_BYTES + 1), FindError::TooLarge),
    ] {
        let told: String = list.chars().take(80).collect();
        assert_eq!(find(list.as_bytes(), "f", None), Err(expected), "{told}");
    }
    assert!(find(MD5.as_bytes(), "f", None).is_ok());
    assert!(find(format!("{MD5}\n{SHA1}\n{MD5}").as_bytes(), "f", None).is_ok());
}
