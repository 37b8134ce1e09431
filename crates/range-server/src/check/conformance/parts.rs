//! Owns the reading of `multipart/byteranges` content, by the lengths its parts announce. Does not
//! know which parts were asked for.

use range_core::http::ContentRange;

/// A part: what it says it is, and its bytes.
pub(super) type Part<'a> = (ContentRange, &'a [u8]);

/// Longest boundary (RFC 2046 §5.1.1).
const LONGEST_BOUNDARY: usize = 70;

/// The parts of a message with this `Content-Type`, or `None` if it is none or ill-formed.
pub(super) fn read<'a>(content_type: &[u8], content: &'a [u8]) -> Option<Vec<Part<'a>>> {
    let boundary = boundary(content_type)?;
    let mut parts = Vec::new();
    let start = find(content, &[b"--", boundary].concat())?;
    let mut rest = content.get(start + 2 + boundary.len()..)?;
    while !rest.starts_with(b"--") {
        let end = find(rest, b"\r\n\r\n")?;
        let range = content_range(&rest[..end])?;
        let ContentRange::Satisfied { range: bytes, .. } = range else {
            return None;
        };
        let length = usize::try_from(bytes.len()).ok()?;
        rest = &rest[end + 4..];
        parts.push((range, rest.get(..length)?));
        rest = rest[length..]
            .strip_prefix(b"\r\n--")?
            .strip_prefix(boundary)?;
    }
    Some(parts)
}

fn boundary(content_type: &[u8]) -> Option<&[u8]> {
    const NAME: &[u8] = b"boundary=";
    let (kind, parameters) = content_type.split_at_checked(b"multipart/byteranges".len())?;
    if !kind.eq_ignore_ascii_case(b"multipart/byteranges") {
        return None;
    }
    let value = &parameters[find(parameters, NAME)? + NAME.len()..];
    let end = value
        .iter()
        .position(|&byte| byte == b';')
        .unwrap_or(value.len());
    let value = value[..end].trim_ascii();
    let bare = value
        .strip_prefix(b"\"")
        .and_then(|value| value.strip_suffix(b"\""));
    let value = bare.unwrap_or(value);
    (1..=LONGEST_BOUNDARY)
        .contains(&value.len())
        .then_some(value)
}

fn content_range(head: &[u8]) -> Option<ContentRange> {
    head.split(|&byte| byte == b'\n').find_map(|line| {
        let colon = line.iter().position(|&byte| byte == b':')?;
        let is_it = line[..colon].eq_ignore_ascii_case(b"content-range");
        let value = line[colon + 1..].trim_ascii();
        is_it.then(|| ContentRange::parse(value).ok()).flatten()
    })
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len())
        .position(|window| window == wanted)
}
