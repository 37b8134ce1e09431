//! Owns fuzzing of `.netrc`: whatever stands in the file, nothing but a header's value comes of it,
//! and nobody gets a login that names another host.
use crate::netrc::Netrc;

/// Checks what must hold of any bytes.
///
/// # Panics
///
/// If it does not.
pub fn run(bytes: &[u8]) {
    let netrc = Netrc::parse(bytes);
    let lower = bytes.to_ascii_lowercase();
    let words = lower.split(|byte| byte.is_ascii_whitespace() || *byte == b'"');
    for host in words.filter_map(|word| std::str::from_utf8(word).ok()) {
        let Some(login) = netrc.credentials(host) else {
            continue;
        };
        let value = login.header_value();
        let encoded = value.as_bytes().strip_prefix(b"Basic ").unwrap();
        assert!(encoded.iter().all(u8::is_ascii_graphic));
        assert!(lower.windows(7).any(|word| word == b"machine"));
    }
    assert!(netrc.credentials("").is_none());
    // No quotes or backslashes spell a name that is not there.
    let other = "no-such-host.example";
    let is_named = lower.windows(7).any(|part| part == b"example") || lower.contains(&b'\\');
    assert!(is_named || netrc.credentials(other).is_none());
    let marked = [b"\xef\xbb\xbf", bytes].concat();
    if !bytes.starts_with(b"\xef\xbb\xbf") {
        assert_eq!(Netrc::parse(&marked), netrc);
    }
}
