//! Owns the reading of `multipart/byteranges` content, by the lengths its parts announce. Does not
//! know which parts were asked for.

use range_core::http::ContentRange;

/// A part: what it says it is, and its bytes.
pub(super) struct Part<'a> {
    pub(super) content_range: ContentRange,
    pub(super) content: &'a [u8],
    pub(super) content_type: Option<&'a [u8]>,
}

/// The reason why content is no parts.
#[derive(Debug)]
pub(super) enum Unreadable {
    /// A part does not say which range it is.
    NoRange,
    /// There is no boundary, or it does not divide the content.
    NoParts,
}

/// Longest boundary (RFC 2046 §5.1.1).
const LONGEST_BOUNDARY: usize = 70;

/// The parts of a message with this `Content-Type`.
pub(super) fn read<'a>(
    content_type: &[u8],
    content: &'a [u8],
) -> Result<Vec<Part<'a>>, Unreadable> {
    let boundary = boundary(content_type).ok_or(Unreadable::NoParts)?;
    let mut parts = Vec::new();
    let start = find(content, &[b"--", boundary].concat()).ok_or(Unreadable::NoParts)?;
    let mut rest = &content[start + 2 + boundary.len()..];
    while !rest.starts_with(b"--") {
        let end = find(rest, b"\r\n\r\n").ok_or(Unreadable::NoParts)?;
        let head = &rest[..end];
        let range = field(head, b"content-range").and_then(|value| ContentRange::parse(value).ok());
        let Some(content_range @ ContentRange::Satisfied { range: bytes, .. }) = range else {
            return Err(Unreadable::NoRange);
        };
        let length = usize::try_from(bytes.len()).map_err(|_| Unreadable::NoParts)?;
        rest = &rest[end + 4..];
        parts.push(Part {
            content_range,
            content: rest.get(..length).ok_or(Unreadable::NoParts)?,
            content_type: field(head, b"content-type"),
        });
        let after = rest[length..].strip_prefix(b"\r\n--");
        let after = after.and_then(|after| after.strip_prefix(boundary));
        rest = after.ok_or(Unreadable::NoParts)?;
    }
    Ok(parts)
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

fn field<'a>(head: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    head.split(|&byte| byte == b'\n').find_map(|line| {
        let colon = line.iter().position(|&byte| byte == b':')?;
        let is_it = line[..colon].eq_ignore_ascii_case(name);
        is_it.then(|| line[colon + 1..].trim_ascii())
    })
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len())
        .position(|window| window == wanted)
}
