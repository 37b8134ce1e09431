//! Owns the form of a request's path that everything else is looked up by: without dot segments
//! and empty segments, and never above the root. Decodes no name.

use http::Uri;
use http::uri::PathAndQuery;

/// Longest target that is answered, in bytes. RFC 9110 §4.1 has 8000 as the least.
pub(crate) const MAX_TARGET: usize = 16 << 10;

/// Removes dot segments (RFC 3986 §5.2.4, also where dots are percent-encoded) and empty segments,
/// as other servers do: `deb http://host/ ./` has apt ask for `/./Packages`, and base URLs that end
/// in a slash lead to `//name`.
pub(crate) fn normalise(uri: &mut Uri) {
    let path = uri.path();
    if !path.starts_with('/') || !path[1..].split('/').any(is_removed) || path == "/" {
        return;
    }
    let mut target = normalised(path);
    if let Some(query) = uri.query() {
        target.push('?');
        target.push_str(query);
    }
    let mut parts = std::mem::take(uri).into_parts();
    let target = PathAndQuery::try_from(target);
    parts.path_and_query = Some(target.expect("segments of a path are a path"));
    *uri = Uri::from_parts(parts).expect("only the path is another");
}

/// Returns true if a target is longer than any that is answered. HTTP/1.1 does not get that far.
pub(crate) fn is_too_long(uri: &Uri) -> bool {
    let target = uri.path_and_query().map_or("", PathAndQuery::as_str);
    target.len() > MAX_TARGET
}

fn normalised(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut names_directory = true;
    for segment in path.split('/') {
        names_directory = is_removed(segment);
        match dots(segment) {
            Some(2) => {
                kept.pop();
            }
            _ if names_directory => {}
            _ => kept.push(segment),
        }
    }
    let mut normalised = String::with_capacity(path.len());
    for segment in &kept {
        normalised.push('/');
        normalised.push_str(segment);
    }
    if names_directory || kept.is_empty() {
        normalised.push('/');
    }
    normalised
}

/// Returns true for segments that name nothing. The last of a path that ends in a slash is one, and
/// is kept as that slash.
fn is_removed(segment: &str) -> bool {
    segment.is_empty() || matches!(dots(segment), Some(1 | 2))
}

/// The number of dots that a segment consists of, if of nothing else.
fn dots(segment: &str) -> Option<usize> {
    let mut rest = segment;
    let mut count = 0;
    while !rest.is_empty() {
        let encoded = || {
            rest.get(..3)
                .filter(|text| text.eq_ignore_ascii_case("%2e"))
        };
        let length = match rest.strip_prefix('.') {
            Some(_) => 1,
            None => encoded()?.len(),
        };
        rest = &rest[length..];
        count += 1;
    }
    (count > 0).then_some(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(target: &str) -> String {
        let mut uri = Uri::try_from(target).unwrap();
        normalise(&mut uri);
        uri.to_string()
    }

    #[test]
    fn segments_that_name_nothing_are_removed() {
        for (target, expected) in [
            ("/", "/"),
            ("/a/b", "/a/b"),
            ("/a/b/", "/a/b/"),
            ("/./a", "/a"),
            ("/a/./b", "/a/b"),
            ("/a/%2e/b", "/a/b"),
            ("//a", "/a"),
            ("///a//b///", "/a/b/"),
            ("/a/x/../b", "/a/b"),
            ("/a/x/.%2E/b", "/a/b"),
            ("/a/.", "/a/"),
            ("/a/..", "/"),
            ("/a/b/..", "/a/"),
            ("/..", "/"),
            ("/../../a", "/a"),
            ("/%2e%2e/%2E%2E/a", "/a"),
            ("//", "/"),
            ("/.?a=//b/../c", "/?a=//b/../c"),
            ("/a//b?x", "/a/b?x"),
            ("http://host//a/./b", "http://host/a/b"),
        ] {
            assert_eq!(of(target), expected, "{target}");
        }
    }

    #[test]
    fn names_stay_as_they_are() {
        for target in [
            "*",
            "/...",
            "/.a/..b/c..",
            "/%2f",
            "/..%2fa",
            "/%252e%252e/a",
            "/a%2e",
            "/%2",
            "/a;/..;/b",
        ] {
            assert_eq!(of(target), target);
        }
    }
}
