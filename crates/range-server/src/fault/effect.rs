//! Owns the closed list of what can be done wrong, as values. Knows neither when nor how it is.

use std::num::{NonZeroU32, NonZeroU64};
use std::time::Duration;

use http::{HeaderValue, StatusCode};
use range_core::units::{ByteCount, BytesPerSecond};

use crate::content::version::Version;

/// Something to do wrong. Effects of different kinds combine; of one kind the last listed holds.
///
/// Lengths that an effect makes impossible, such as a range that would end before it starts,
/// leave the response as it was. Effects on ranges are for answers with one range, and on content
/// for answers that send some of the representation.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Effect {
    /// Waits before the response head.
    DelayHead(Duration),
    /// Sends the response head byte by byte, with this pause after each.
    DripHead(Duration),
    /// Sends the response head at once, and the first byte of content so much later.
    FirstByte(Duration),
    /// Sends content no faster than this on each connection.
    Rate(BytesPerSecond),
    /// Sends content out of a token bucket, as traffic shapers do: one for each connection, which
    /// begins empty, holds one quantum, and gives it away only whole.
    Bucket {
        /// The rate at which it fills.
        rate: BytesPerSecond,
        /// The bytes that are sent at once, when it is full.
        quantum: NonZeroU64,
    },
    /// While more responses than `above` are under way for the same path, sends none of them
    /// faster than `rate`: a penalty for many connections.
    CrowdRate {
        /// The number that is welcome.
        above: u32,
        /// The rate of each, if there are more.
        rate: BytesPerSecond,
    },
    /// Stops sending.
    Stop(Stop, Position),
    /// Is away for a while. The first request that meets the conditions begins the count: `after`
    /// that, every connection over which such a request has come is reset, and for as long as
    /// `lasts` so is each over which one comes.
    Outage {
        /// From the first such request to the beginning.
        after: Duration,
        /// From the beginning to the end.
        lasts: Duration,
    },
    /// Serves the first `most` of the responses under way for one path, and stops or refuses
    /// those in excess of them.
    ConnectionCap {
        /// The number that is served.
        most: u32,
        /// The fate of the others.
        excess: Excess,
    },

    /// Frames content otherwise than by its true `Content-Length`.
    ContentLength(ContentLength),
    /// Sends so many bytes after the end of the response, and keeps the connection open.
    Surplus(ByteCount),
    /// Speaks HTTP/1.0, and closes after the response.
    Http10,
    /// Sends so many interim responses (103) before the response.
    Interim(NonZeroU32),
    /// Sends header fields until the peer has had enough, at most 1 GiB of them.
    EndlessHead,

    /// Answers 200 with the whole, whatever range is asked for, while still advertising ranges.
    IgnoreRange,
    /// Starts so many bytes before the offset asked for, and says so in `Content-Range`.
    StartEarlier(ByteCount),
    /// Starts so many bytes after the offset asked for, and says so in `Content-Range`.
    StartLater(ByteCount),
    /// Starts at a multiple of this, as caches with aligned blocks do, and says so.
    AlignStart(NonZeroU64),
    /// Ends so many bytes early, and says so in `Content-Range`, which is legal.
    EndEarlier(ByteCount),
    /// Answers with at most so many bytes of a range, or refuses a longer one.
    RangeCap {
        /// The number of bytes that is given.
        most: NonZeroU64,
        /// The answer to a longer range. Default: its first `most` bytes.
        refusal: Option<StatusCode>,
    },
    /// Sends so many bytes more than `Content-Range` says; `Content-Length` counts them.
    Overlong(ByteCount),
    /// Sends bytes that lie so much further than `Content-Range` says.
    Misplace(ByteCount),
    /// States another complete length in `Content-Range`, or, with `None`, `*`.
    CompleteLength(Option<ByteCount>),
    /// Sends a 206 without `Content-Range`.
    OmitContentRange,
    /// Sends a single range as `multipart/byteranges`, against RFC 9110 §15.3.7.2.
    Multipart,

    /// Serves another generation.
    Version(Version),
    /// Serves a representation of another length: a shorter one of a file, any of synthetic
    /// content. The validators stay.
    Length(ByteCount),
    /// Sends another entity tag for the same bytes.
    EntityTag(EntityTagFault),
    /// Sends neither `ETag` nor `Last-Modified`.
    OmitValidators,
    /// Judges `If-Range` wrongly.
    IfRange(IfRange),
    /// Compresses content on its way, although nobody asked, and says so in `Content-Encoding`.
    Gzip,
    /// Inverts the lowest bit of the byte at this offset of the representation.
    Corrupt(u64),
    /// Sends a page of HTML in place of the content, exactly as long.
    ErrorPage,
    /// Says that the content is of this media type. Such answers forbid browsers to run anything.
    MediaType(HeaderValue),

    /// Answers with this status and a few bytes that are not of the representation, without any of
    /// its fields.
    Status {
        /// The status.
        code: StatusCode,
        /// `Retry-After`.
        retry_after: Option<RetryAfter>,
        /// The bytes.
        body: StatusBody,
    },
    /// Answers 302 to this location, whatever it is.
    RedirectTo(HeaderValue),
    /// Answers 302 to where the same content is.
    Redirect(Redirect),
}

/// A way for sending to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stop {
    /// Nothing more comes, and the connection stays open until the peer closes it.
    Stall,
    /// The connection is closed in order: over TLS with `close_notify`.
    Close,
    /// The connection ends with FIN, over TLS without `close_notify`.
    Cut,
    /// The connection is reset, once the peer's system has acknowledged every byte before.
    Reset,
}

/// Where sending stops. A position that a response does not reach stops nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Position {
    /// Before the first byte of the head.
    BeforeHead,
    /// After so many bytes of the response's content, the heads of parts among them.
    After(ByteCount),
    /// Before the byte at this offset of the representation.
    Offset(u64),
}

/// The fate of responses in excess of a cap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Excess {
    /// They are answered with this status.
    Status(StatusCode),
    /// They stop before their head.
    Stop(Stop),
}

/// A framing of content.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ContentLength {
    /// In chunked coding, without `Content-Length`.
    Chunked,
    /// By the end of the connection alone.
    UntilClose,
    /// With two `Content-Length` fields, the second one larger by one.
    Twice,
    /// In chunked coding, with `Content-Length` as well.
    BesideChunked,
    /// With a `Content-Length` of this text. The connection is closed after the content.
    Stated(HeaderValue),
}

/// The content that comes with a status in place of the representation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum StatusBody {
    /// Its name, as text.
    #[default]
    Text,
    /// An object, as `application/json`.
    Json,
    /// An element, as `application/xml`.
    Xml,
    /// A page, as `text/html`.
    Html,
    /// Nothing, of no type.
    Empty,
}

/// A way for an entity tag to be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EntityTagFault {
    /// There is none.
    Omit,
    /// It is weak.
    Weaken,
    /// It has no quotes, and so is none: no precondition agrees with it.
    Unquote,
    /// It is another one, the same each time.
    Other,
    /// It is another one on each connection, as from servers that do not agree.
    PerConnection,
}

/// A wrong judgement of `If-Range`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IfRange {
    /// It is not looked at: a stale tag gets 206.
    Ignore,
    /// It never agrees: the current tag gets 200.
    Refuse,
}

/// The value of `Retry-After`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RetryAfter {
    /// Whole seconds.
    Seconds(Duration),
    /// A date so far from now.
    Date(Duration),
    /// A date in 1994.
    Past,
    /// Seconds below zero.
    Negative,
    /// More seconds than fit 64 bits.
    Absurd,
    /// A word.
    Garbage,
}

impl From<Duration> for RetryAfter {
    fn from(wait: Duration) -> Self {
        Self::Seconds(wait)
    }
}

/// A target of a redirection. The target is served as if it had no such fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Redirect {
    /// To itself, for ever.
    Loop,
    /// Over so many steps to the content.
    Chain(NonZeroU32),
    /// To another name of this server, and so another origin.
    CrossOrigin,
    /// To a URL that answers 403 when it is older than this.
    Expiring(Duration),
    /// To a URL that answers once, and from then on with 403.
    Once,
}

impl Effect {
    /// Answers with this status and its name.
    pub const fn status(code: StatusCode) -> Self {
        Self::Status {
            code,
            retry_after: None,
            body: StatusBody::Text,
        }
    }

    /// The name of the effect in URLs, scenarios and records.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::DelayHead(_) => "delay",
            Self::DripHead(_) => "drip-head",
            Self::FirstByte(_) => "first-byte",
            Self::Rate(_) => "rate",
            Self::Bucket { .. } => "bucket",
            Self::CrowdRate { .. } => "crowd-rate",
            Self::Stop(Stop::Stall, _) => "stall",
            Self::Stop(Stop::Close, _) => "close",
            Self::Stop(Stop::Cut, _) => "cut",
            Self::Stop(Stop::Reset, _) => "reset",
            Self::Outage { .. } => "outage",
            Self::ConnectionCap { .. } => "connection-cap",
            Self::ContentLength(_) => "content-length",
            Self::Surplus(_) => "surplus",
            Self::Http10 => "http-1.0",
            Self::Interim(_) => "interim",
            Self::EndlessHead => "endless-head",
            Self::IgnoreRange => "ignore-range",
            Self::StartEarlier(_) => "start-earlier",
            Self::StartLater(_) => "start-later",
            Self::AlignStart(_) => "align-start",
            Self::EndEarlier(_) => "end-earlier",
            Self::RangeCap { .. } => "range-cap",
            Self::Overlong(_) => "overlong",
            Self::Misplace(_) => "misplace",
            Self::CompleteLength(_) => "complete-length",
            Self::OmitContentRange => "no-content-range",
            Self::Multipart => "multipart",
            Self::Version(_) => "version",
            Self::Length(_) => "length",
            Self::EntityTag(_) => "etag",
            Self::OmitValidators => "no-validators",
            Self::IfRange(_) => "if-range",
            Self::Gzip => "gzip",
            Self::Corrupt(_) => "corrupt",
            Self::ErrorPage => "error-page",
            Self::MediaType(_) => "media-type",
            Self::Status { .. } => "status",
            Self::RedirectTo(_) | Self::Redirect(_) => "redirect",
        }
    }
}
