//! Owns the head of the answer to a GET or HEAD: the status, and every field that follows from the
//! decision. Writes no field; the server only spells out the values here.

use super::accept_encoding::ContentCoding;
use super::conditional::{Decision, Request, SelectedRepresentation};
use super::content_range::ContentRange;
use super::date::HttpDate;
use super::multipart;
use super::range_header::ResolvedRange;
use super::validator::EntityTag;

/// The status of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// 200.
    Ok,
    /// 206.
    PartialContent,
    /// 304.
    NotModified,
    /// 412.
    PreconditionFailed,
    /// 416.
    RangeNotSatisfiable,
}

impl Status {
    /// The status code.
    pub const fn code(self) -> u16 {
        match self {
            Self::Ok => 200,
            Self::PartialContent => 206,
            Self::NotModified => 304,
            Self::PreconditionFailed => 412,
            Self::RangeNotSatisfiable => 416,
        }
    }
}

/// The `Content-Type` of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContentType<'a> {
    /// The representation's own.
    Representation(&'a str),
    /// `multipart/byteranges`, with the boundary its sender draws.
    Multipart,
}

/// The choice of one form of a resource among several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Variant {
    /// The content coding of its bytes. Ranges, length and validators are those of the coded bytes
    /// (§14.1.2, §8.8.3.3).
    pub coding: Option<ContentCoding>,
    /// True if another `Accept-Encoding` could have selected another form.
    pub is_negotiated: bool,
}

/// Status and fields. Every answer also has a `Date`. The fields of a 412 or 416 describe the text
/// that its sender adds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResponseHead<'a> {
    /// The status.
    pub status: Status,
    /// `Content-Length`: that of the answer to a GET, also in the answer to a HEAD (§8.6). `None`
    /// if the sender chooses the content, or if the field is not allowed.
    pub content_length: Option<u64>,
    /// `Content-Range`. A multipart message never has it; its parts have their own (§15.3.7.2).
    pub content_range: Option<ContentRange>,
    /// `Content-Type`.
    pub content_type: Option<ContentType<'a>>,
    /// `Content-Encoding`.
    pub content_coding: Option<ContentCoding>,
    /// `ETag`.
    pub entity_tag: Option<&'a EntityTag>,
    /// `Last-Modified`.
    pub last_modified: Option<HttpDate>,
    /// `Accept-Ranges: bytes`.
    pub accepts_ranges: bool,
    /// `Vary: Accept-Encoding`.
    pub varies_by_coding: bool,
}

impl<'a> ResponseHead<'a> {
    /// Returns the head that follows from a decision.
    ///
    /// A 304, and a 206 to a request with `If-Range`, leave out the fields that their recipient
    /// knows (§15.4.5, §15.3.7). `Last-Modified` stays if there is no tag to tell versions apart.
    /// The content of a 412 or 416 is not the representation, so no field describes it (§15.5.17).
    pub fn new(
        decision: &Decision,
        request: &Request<'_>,
        representation: SelectedRepresentation<'a>,
        variant: Variant,
    ) -> Self {
        let SelectedRepresentation {
            length,
            validators,
            media_type,
        } = representation;
        let bare = |status| Self {
            status,
            content_length: None,
            content_range: None,
            content_type: None,
            content_coding: None,
            entity_tag: None,
            last_modified: None,
            accepts_ranges: false,
            varies_by_coding: variant.is_negotiated,
        };
        let entity_tag = validators.entity_tag.as_ref();
        // A short head also needs these fields, if the 200 would have them.
        let short = |status| Self {
            entity_tag,
            last_modified: validators.last_modified.filter(|_| entity_tag.is_none()),
            ..bare(status)
        };
        let full = |status| Self {
            content_type: Some(ContentType::Representation(media_type)),
            content_coding: variant.coding,
            last_modified: validators.last_modified,
            accepts_ranges: true,
            ..short(status)
        };
        let partial = || match request.if_range {
            Some(_) => Self {
                accepts_ranges: true,
                ..short(Status::PartialContent)
            },
            None => full(Status::PartialContent),
        };
        match decision {
            Decision::Range(ResolvedRange::Whole) => Self {
                content_length: Some(length),
                ..full(Status::Ok)
            },
            Decision::Range(ResolvedRange::One(range)) => Self {
                content_length: Some(range.len()),
                content_range: Some(ContentRange::Satisfied {
                    range: *range,
                    complete_length: Some(length),
                }),
                ..partial()
            },
            // A multipart message has a type of its own, which cannot be left out.
            Decision::Range(ResolvedRange::Several(ranges)) => Self {
                content_length: Some(multipart::length(ranges, media_type, length)),
                content_type: Some(ContentType::Multipart),
                ..partial()
            },
            Decision::NotModified => short(Status::NotModified),
            Decision::PreconditionFailed => bare(Status::PreconditionFailed),
            Decision::Range(ResolvedRange::Unsatisfiable) => Self {
                content_range: Some(ContentRange::Unsatisfied {
                    complete_length: length,
                }),
                ..bare(Status::RangeNotSatisfiable)
            },
        }
    }
}

#[cfg(test)]
mod tests;
