//! Owns the choice between a page for people and one for programs. Knows only header fields.

use http::HeaderMap;
use http::header::ACCEPT;

/// Returns true if `Accept` names `application/json` and not `text/html`, which every browser names
/// when it opens a page. Wildcards and weights are not looked at: who wants JSON says so by name.
pub(crate) fn prefers_json(fields: &HeaderMap) -> bool {
    let names = |media_type: &str| {
        let lines = fields.get_all(ACCEPT).iter();
        let mut ranges = lines
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.split(','))
            .filter_map(|range| range.split(';').next());
        ranges.any(|range| range.trim().eq_ignore_ascii_case(media_type))
    };
    names("application/json") && !names("text/html")
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn json_goes_to_those_who_name_it() {
        for (accept, expected) in [
            ("application/json", true),
            ("Application/JSON;q=0.9, */*", true),
            ("text/plain,application/json", true),
            ("*/*", false),
            ("application/*", false),
            ("text/html, application/json", false),
            ("application/json-patch+json", false),
            ("", false),
        ] {
            let fields = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(accept))]);
            assert_eq!(prefers_json(&fields), expected, "{accept}");
        }
        assert!(!prefers_json(&HeaderMap::new()));
    }
}
