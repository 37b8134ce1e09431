//! Owns the part of `Content-Disposition` that a download needs: the file name that a server
//! suggests. The suggestion is untrusted text; callers must make a safe name of it.

use alloc::string::String;
use alloc::vec::Vec;

use crate::hex;

/// The longest value that is read, in bytes. The longest file name that any file system takes,
/// percent-encoded in both parameters, is a fraction of it.
const VALUE_MAX: usize = 8 << 10;

/// Returns the name that a field value suggests (RFC 6266), not made safe in any way.
///
/// `filename*` (RFC 8187, in UTF-8 or ISO-8859-1) takes precedence over `filename`, wherever it
/// stands. A `filename*` that cannot be decoded counts as absent. Bytes of `filename` outside ASCII
/// are read as UTF-8 if they are valid, and as ISO-8859-1 otherwise; percent signs in it stand for
/// themselves.
///
/// The parser accepts some values that the grammar forbids: a missing disposition type, spaces
/// around `=`, empty parameters, an unclosed quotation mark. It returns nothing for a parameter
/// that occurs twice (RFC 6266 §4.1), an empty name, or a value of more than 8 KiB.
pub fn suggested_name(value: &[u8]) -> Option<String> {
    if value.len() > VALUE_MAX {
        return None;
    }
    let (mut plain, mut extended) = (Vec::new(), Vec::new());
    let parameters = Parameters { rest: value };
    for (name, value) in parameters {
        if name.eq_ignore_ascii_case(b"filename") {
            plain.push(value);
        } else if name.eq_ignore_ascii_case(b"filename*") {
            extended.push(value);
        }
    }
    if plain.len() > 1 || extended.len() > 1 {
        return None;
    }
    let extended = extended.pop().and_then(|value| decode_extended(&value));
    let name = extended.or_else(|| plain.pop().map(text))?;
    (!name.is_empty()).then_some(name)
}

/// Splits a field value into names and unquoted values. It skips the disposition type, which has no
/// value.
struct Parameters<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Parameters<'a> {
    type Item = (&'a [u8], Vec<u8>);

    fn next(&mut self) -> Option<Self::Item> {
        while !self.rest.is_empty() {
            let end = self
                .rest
                .iter()
                .position(|byte| matches!(byte, b';' | b'='));
            let (name, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
            let Some((&separator, rest)) = rest.split_first() else {
                self.rest = &[];
                return None;
            };
            self.rest = rest;
            if separator == b'=' {
                return Some((name.trim_ascii(), self.value()));
            }
        }
        None
    }
}

impl Parameters<'_> {
    fn value(&mut self) -> Vec<u8> {
        self.rest = self.rest.trim_ascii_start();
        if let Some(quoted) = self.rest.strip_prefix(b"\"") {
            self.rest = quoted;
            return self.quoted();
        }
        let end = self.rest.iter().position(|&byte| byte == b';');
        let (value, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest.strip_prefix(b";").unwrap_or(rest);
        value.trim_ascii().to_vec()
    }

    /// Takes the text up to the closing quotation mark, in which `\` escapes the next character.
    /// Text between the mark and the next parameter is skipped.
    fn quoted(&mut self) -> Vec<u8> {
        let mut value = Vec::new();
        while let Some((&byte, rest)) = self.rest.split_first() {
            self.rest = rest;
            match (byte, rest.split_first()) {
                (b'"', _) => break,
                (b'\\', Some((&literal, rest))) => {
                    value.push(literal);
                    self.rest = rest;
                }
                _ => value.push(byte),
            }
        }
        let end = self.rest.iter().position(|&byte| byte == b';');
        self.rest = end.map_or(&[], |end| &self.rest[end + 1..]);
        value
    }
}

/// Decodes a charset, a language (which is ignored) and percent-encoded bytes (RFC 8187 §3.2).
fn decode_extended(value: &[u8]) -> Option<String> {
    let mut pieces = value.splitn(3, |&byte| byte == b'\'');
    let (charset, _language, encoded) = (pieces.next()?, pieces.next()?, pieces.next()?);
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut left = encoded.iter();
    while let Some(&byte) = left.next() {
        bytes.push(match byte {
            b'%' => hex::byte(*left.next()?, *left.next()?)?,
            byte if byte.is_ascii_graphic() => byte,
            _ => return None,
        });
    }
    if charset.eq_ignore_ascii_case(b"utf-8") {
        String::from_utf8(bytes).ok()
    } else if charset.eq_ignore_ascii_case(b"iso-8859-1") {
        Some(latin_1(&bytes))
    } else {
        None
    }
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| latin_1(error.as_bytes()))
}

fn latin_1(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(value: &str) -> Option<String> {
        suggested_name(value.as_bytes())
    }

    #[test]
    fn names_are_found_as_the_rfcs_have_it() {
        for (value, expected) in [
            // The examples of RFC 6266 §5 and RFC 8187 §3.2.3.
            ("Attachment; filename=example.html", "example.html"),
            ("INLINE; FILENAME= \"an example.html\"", "an example.html"),
            ("attachment; filename*= UTF-8''%e2%82%ac%20rates", "€ rates"),
            (
                "attachment; filename=\"EURO rates\"; filename*=utf-8''%e2%82%ac%20rates",
                "€ rates",
            ),
            (
                "attachment; filename*=iso-8859-1'en'%A3%20rates; filename=x",
                "£ rates",
            ),
            ("attachment; filename=\"a\\\"b\\\\c\"", "a\"b\\c"),
            ("attachment; filename=\"a;b=c\"; x=y", "a;b=c"),
            ("attachment; filename=\"a%20b\"", "a%20b"),
            ("attachment; x=\"filename=evil\"; filename=good", "good"),
            ("attachment; foo-filename=evil; filename=good", "good"),
            // Malformed values that are accepted.
            ("filename=a", "a"),
            ("attachment;;; filename = a ;", "a"),
            ("attachment; filename=\"never closed", "never closed"),
            ("attachment; filename=a b.txt", "a b.txt"),
            ("attachment; filename=\"a\"junk; x=y", "a"),
            ("attachment; filename=\"naïve\"", "naïve"),
            // An extended value that cannot be decoded counts as absent.
            ("attachment; filename*=UTF-8''%ff; filename=b", "b"),
            ("attachment; filename*=UTF-8''%4; filename=b", "b"),
            ("attachment; filename*=UTF-8''%zz; filename=b", "b"),
            ("attachment; filename*=koi8-r''%61; filename=b", "b"),
            ("attachment; filename*=UTF-8'a; filename=b", "b"),
            ("attachment; filename*=\"a b\"; filename=b", "b"),
        ] {
            assert_eq!(name(value).as_deref(), Some(expected), "{value}");
        }
        let latin_1 = suggested_name(b"attachment; filename=\"na\xefve\"");
        assert_eq!(latin_1.as_deref(), Some("naïve"));
    }

    #[test]
    fn what_suggests_nothing_or_two_things_suggests_nothing() {
        for value in [
            "",
            "attachment",
            "attachment; filename",
            "attachment; filename=",
            "attachment; filename=\"\"",
            "attachment; filename*=UTF-8''",
            "attachment; filename=a; filename=a",
            "attachment; filename*=UTF-8''a; filename=x; filename*=UTF-8''b",
            ";",
            "=",
            "=;=;=",
        ] {
            assert_eq!(name(value), None, "{value}");
        }
        let long = alloc::format!("attachment; filename={}", "x".repeat(VALUE_MAX));
        assert_eq!(name(&long), None);
        assert!(name(&long[..VALUE_MAX]).is_some());
    }
}
