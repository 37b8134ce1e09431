//! Owns media types as far as they tell a file from a message about it. Knows no header map.

/// The type and subtype of a `Content-Type` in lower case, without its parameters; empty where
/// there was none (RFC 9110 section 8.3.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct MediaType(Box<str>);

/// Longest type kept. RFC 6838 section 4.2 allows 127 characters on each side of the slash.
const LENGTH_MAX: usize = 255;

impl MediaType {
    pub(crate) fn parse(value: &[u8]) -> Self {
        let essence = value.split(|byte| *byte == b';').next().unwrap_or_default();
        let essence = essence.trim_ascii();
        let essence = &essence[..essence.len().min(LENGTH_MAX)];
        Self(
            String::from_utf8_lossy(essence)
                .to_ascii_lowercase()
                .into_boxed_str(),
        )
    }

    /// Reads a type that a journal kept.
    pub(crate) fn from_journal(text: &str) -> Self {
        Self::parse(text.as_bytes())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn is(&self, essence: &str) -> bool {
        *self.0 == *essence
    }

    pub(crate) fn is_stated(&self) -> bool {
        !self.0.is_empty()
    }

    /// Returns a name for it if it may be a message to people or programs instead of a file: a
    /// page, JSON, XML or plain text.
    pub(crate) fn message(&self) -> Option<&'static str> {
        let essence = &*self.0;
        match essence {
            "text/html" | "application/xhtml+xml" => Some("a page of HTML"),
            "application/json" | "text/json" => Some("JSON"),
            "application/xml" | "text/xml" => Some("XML"),
            "text/plain" => Some("plain text"),
            _ if essence.ends_with("+json") => Some("JSON"),
            _ if essence.ends_with("+xml") => Some("XML"),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_and_case_do_not_count() {
        let parsed = MediaType::parse(b" Text/HTML ; charset=utf-8");
        assert!(parsed.is("text/html"));
        assert_eq!(parsed, MediaType::parse(b"text/html"));
        assert!(!MediaType::parse(b"").is_stated());
        assert!(!MediaType::parse(b" ;charset=utf-8").is_stated());
    }

    #[test]
    fn a_journal_keeps_the_type_alone() {
        let parsed = MediaType::parse(b"Image/PNG; q=1");
        assert_eq!(parsed.as_str(), "image/png");
        assert_eq!(MediaType::from_journal(parsed.as_str()), parsed);
    }

    #[test]
    fn messages_are_known_by_their_kind() {
        for (value, expected) in [
            ("text/html", Some("a page of HTML")),
            ("application/xhtml+xml", Some("a page of HTML")),
            ("application/json", Some("JSON")),
            ("text/json", Some("JSON")),
            ("application/problem+json; a=b", Some("JSON")),
            ("application/xml", Some("XML")),
            ("Text/XML", Some("XML")),
            ("application/soap+xml", Some("XML")),
            ("text/plain;charset=utf-8", Some("plain text")),
            ("application/octet-stream", None),
            ("text/csv", None),
            ("", None),
        ] {
            assert_eq!(
                MediaType::parse(value.as_bytes()).message(),
                expected,
                "{value}"
            );
        }
    }
}
