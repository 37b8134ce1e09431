//! Owns the HTTP grammar that client and server share: ranges, validators, dates, preconditions.
//! Knows no header map, no connection and no clock; field values are bytes.

pub mod accept_encoding;
mod coalesce;
pub mod conditional;
pub mod content_disposition;
pub mod content_range;
pub mod date;
pub mod multipart;
pub mod range_header;
pub mod response_head;
pub mod retry_after;
mod syntax;
pub mod validator;
pub mod want_digest;

pub use accept_encoding::{AcceptEncoding, ContentCoding};
pub use coalesce::{NEAR_GAP, coalesced};
pub use content_range::{ContentRange, ContentRangeError};
pub use date::HttpDate;
pub use multipart::{Boundary, Multipart};
pub use range_header::{RangeHeader, RangeRequest, ResolvedRange};
pub use response_head::{ContentType, ResponseHead, Status, Variant};
pub use validator::{Agreement, EntityTag, Strength, Validators};
