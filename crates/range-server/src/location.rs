//! Owns the question of whether a `Location` stays with the server that sends it, to whoever reads
//! URLs as browsers do. Sends nothing.

use http::HeaderValue;
use url::Url;

/// Returns true if a location names a path, and so the server it comes from.
pub(crate) fn stays_here(location: &HeaderValue) -> bool {
    let Ok(text) = location.to_str() else {
        return false;
    };
    // Some of these are left out by those who read a URL, and then the rest is another one.
    let is_fit = text.starts_with('/') && !text.bytes().any(|byte| byte <= b' ' || byte == 0x7f);
    let here = Url::parse("http://here.invalid/").expect("it is a URL");
    let there = here.join(text);
    is_fit && there.is_ok_and(|there| there.origin() == here.origin())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_path_of_this_server_stays_here() {
        for (location, expected) in [
            ("/", true),
            ("/a//b?c=//d", true),
            ("/synthetic/1?seed=2", true),
            ("", false),
            ("a", false),
            ("//evil.example/", false),
            ("/\\evil.example/", false),
            ("/\t/evil.example/", false),
            ("/ /evil.example/", false),
            ("http://evil.example/", false),
        ] {
            let value = HeaderValue::from_bytes(location.as_bytes()).unwrap();
            assert_eq!(stays_here(&value), expected, "{location:?}");
        }
    }
}
