//! Owns what faults do to an answer that is decided: to the range that is sent, and to what the
//! head says about it. Pure.

use bytes::Bytes;
use http::header::{
    CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_SECURITY_POLICY,
    CONTENT_TYPE, ETAG, HeaderValue,
};
use range_core::ByteRange;
use range_core::http::{Boundary, ContentRange, EntityTag, HttpDate, Multipart, ResolvedRange};
use range_core::units::ByteCount;

use super::FaultPlan;
use super::plan::ContentFaults;
use super::replacement::ERROR_PAGE;
use super::request::opaque_part;
use crate::fault::EntityTagFault;
use crate::reply::{Extent, Payload, Piece, Reply, value};

impl FaultPlan {
    /// Makes another answer of the one that was decided. `tag` is the representation's own.
    pub(crate) fn reshape(
        &self,
        mut reply: Reply,
        tag: Option<&EntityTag>,
        boundary: Boundary,
        date: HttpDate,
    ) -> Reply {
        if !matches!(reply.payload, Payload::Content { .. }) {
            return reply;
        }
        if let Some((most, Some(refusal))) = self.content.cap
            && single_range(&reply).is_some_and(|(range, _)| range.len() > most.get())
        {
            return Reply::status(refusal, date);
        }
        if self.content != ContentFaults::default() {
            self.content.reshape(&mut reply, boundary);
        }
        if self.entity_tag == Some(EntityTagFault::Unquote)
            && let Some(tag) = tag
        {
            reply.headers.insert(ETAG, value(opaque_part(tag)));
        }
        if let Some(name) = &self.name {
            let disposition = value(disposition(name));
            reply.headers.insert(CONTENT_DISPOSITION, disposition);
        }
        reply
    }
}

impl ContentFaults {
    fn reshape(&self, reply: &mut Reply, boundary: Boundary) {
        if let Some((asked, length)) = single_range(reply) {
            let told = self.moved(asked, length);
            self.send(reply, told, length);
            let complete_length = match self.complete_length {
                None => Some(length),
                Some(stated) => stated.map(|stated| stated.0),
            };
            let content_range = ContentRange::Satisfied {
                range: told,
                complete_length,
            };
            reply.content_range = Some(content_range);
            reply.headers.insert(CONTENT_RANGE, value(content_range));
            if self.multipart {
                wrap(reply, told, length, boundary);
            }
        }
        if self.omit_content_range {
            reply.content_range = None;
            reply.headers.remove(CONTENT_RANGE);
        }
        if self.error_page {
            stand_in(&mut reply.payload);
            let html = HeaderValue::from_static("text/html; charset=utf-8");
            reply.headers.insert(CONTENT_TYPE, html);
        }
        if let Some(media_type) = &self.media_type {
            reply.headers.insert(CONTENT_TYPE, media_type.clone());
            // Whoever writes the URL does not decide what a browser runs.
            let inert = HeaderValue::from_static("sandbox; default-src 'none'");
            reply.headers.insert(CONTENT_SECURITY_POLICY, inert);
        }
        let announced = HeaderValue::from(reply.payload.length());
        reply.headers.insert(CONTENT_LENGTH, announced);
        if self.gzip {
            // The length is unknown before all has been sent.
            reply.headers.remove(CONTENT_LENGTH);
            let gzip = HeaderValue::from_static("gzip");
            reply.headers.insert(CONTENT_ENCODING, gzip);
        }
    }

    /// The range `Content-Range` tells of.
    fn moved(&self, asked: ByteRange, length: u64) -> ByteRange {
        let mut start = asked.start();
        start = start.saturating_sub(self.start_earlier);
        start = start.saturating_add(self.start_later);
        if let Some(block) = self.align_start {
            start -= start % block;
        }
        let mut end = asked.end().saturating_sub(self.end_earlier);
        if let Some((most, None)) = self.cap {
            end = end.min(start.saturating_add(most.get()));
        }
        ByteRange::new(start, end.min(length)).unwrap_or(asked)
    }

    /// Sends what belongs to the range that is told of, or other bytes, or more.
    fn send(&self, reply: &mut Reply, told: ByteRange, length: u64) {
        let Payload::Content { pieces, .. } = &mut reply.payload else {
            return;
        };
        let last_start = length - told.len();
        let start = told.start().saturating_add(self.misplace).min(last_start);
        let end = (start + told.len()).saturating_add(self.overlong);
        let sent = ByteRange::new(start, end.min(length));
        *pieces = Vec::from_iter(sent.map(Piece::Range));
        pieces.extend(filler(end - end.min(length)));
    }
}

/// The range and complete length of an answer with one range.
fn single_range(reply: &Reply) -> Option<(ByteRange, u64)> {
    match &reply.extent {
        Some(Extent {
            range: ResolvedRange::One(range),
            complete_length,
        }) => Some((*range, *complete_length)),
        _ => None,
    }
}

/// Puts the heads of a part around the one range.
fn wrap(reply: &mut Reply, told: ByteRange, complete_length: u64, boundary: Boundary) {
    let media_type = reply.headers.get(CONTENT_TYPE);
    let media_type = media_type.and_then(|value| value.to_str().ok());
    let multipart = Multipart {
        boundary,
        media_type: media_type.unwrap_or("application/octet-stream"),
        complete_length,
    };
    let content_type = value(multipart.content_type());
    if let Payload::Content { pieces, .. } = &mut reply.payload {
        pieces.insert(0, Piece::text(multipart.part_head(told, true)));
        pieces.push(Piece::text(multipart.close()));
    }
    reply.headers.insert(CONTENT_TYPE, content_type);
    reply.headers.remove(CONTENT_RANGE);
    reply.content_range = None;
    reply.extent = Some(Extent {
        range: ResolvedRange::Several(vec![told]),
        complete_length,
    });
}

/// Replaces content by a page of the same length.
fn stand_in(payload: &mut Payload) {
    let length = payload.length();
    let Payload::Content { pieces, .. } = payload else {
        return;
    };
    let page = Bytes::from_static(ERROR_PAGE.as_bytes());
    let shown = usize::try_from(length)
        .unwrap_or(usize::MAX)
        .min(page.len());
    *pieces = vec![Piece::Text(page.slice(..shown))];
    let shown = pieces[0].length();
    pieces.extend(filler(length - shown));
}

fn filler(length: u64) -> Option<Piece> {
    (length > 0).then_some(Piece::Filler(ByteCount(length)))
}

/// `Content-Disposition` for a name (RFC 6266): in ASCII for those who read no other, then whole.
fn disposition(name: &str) -> String {
    let is_plain = |character: &char| {
        character.is_ascii_alphanumeric() || " !#$&+-.^_`{}~()[]@,;='".contains(*character)
    };
    let fallback: String = name
        .chars()
        .map(|character| if is_plain(&character) { character } else { '_' })
        .collect();
    let whole = percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC);
    format!("attachment; filename=\"{fallback}\"; filename*=UTF-8''{whole}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_written_for_old_readers_and_new() {
        assert_eq!(
            disposition("a\u{e9}\"/b.bin"),
            "attachment; filename=\"a___b.bin\"; filename*=UTF-8''a%C3%A9%22%2Fb%2Ebin"
        );
    }
}
