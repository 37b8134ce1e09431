//! Owns fuzzing of files of cookies, and of what servers set: what is sent is one field's value,
//! and goes to no host that the file does not name.
use http::HeaderValue;
use range_core::http::date::HttpDate;
use url::Url;

use crate::cookies::Cookies;

/// Checks what must hold of any bytes.
///
/// # Panics
///
/// If it does not.
pub fn run(bytes: &[u8]) {
    let mut parts = bytes.split(|byte| *byte == 0);
    let file = parts.next().unwrap_or_default();
    let here = Url::parse("https://a.example.org/dir/file").unwrap();
    let elsewhere = Url::parse("https://b.example.net/dir/file").unwrap();
    let now = HttpDate::from_unix_seconds(1_800_000_000);
    let mut cookies = Cookies::of_file(file).unwrap_or_default();
    for url in [&here, &elsewhere] {
        let sent = cookies.for_url(url, None, now).unwrap_or_default();
        // A name may begin so (RFC 9110 section 5.6.2); a line that is a comment may not count.
        let parts_fields = |byte: u8| byte.is_ascii_whitespace() && byte != b'\n';
        let is_named_so = file
            .windows(2)
            .any(|two| parts_fields(two[0]) && two[1] == b'#');
        let is_comment = sent.starts_with(b"#") && !is_named_so;
        assert!(!is_comment, "a comment is no cookie");
    }
    let lower = file.to_ascii_lowercase();
    let is_named = lower.windows(3).any(|part| part == b"net");
    for field in parts {
        cookies.note(&here, field, now);
        assert!(is_named || cookies.for_url(&elsewhere, None, now).is_none());
    }
    for own in [None, Some(&b"mine=1"[..])] {
        for url in [&here, &elsewhere] {
            let sent = cookies.for_url(url, own, now);
            assert!(own.is_none() || sent.is_some());
            if let Some(sent) = sent {
                HeaderValue::from_bytes(&sent).unwrap();
            }
        }
    }
}
