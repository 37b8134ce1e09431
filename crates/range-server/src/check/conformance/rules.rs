//! Owns the rules that a finding can rest on: each a sentence of an RFC, word for word, with its
//! section and the strength of its words. Judges nothing.

use std::fmt;

/// The strength with which an RFC asks for something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Level {
    /// Told because clients are better off, though nothing requires it.
    Advice,
    /// Recommended.
    Should,
    /// Required.
    Must,
}

impl Level {
    /// The word of RFC 2119, or `ADVICE`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Advice => "ADVICE",
            Self::Should => "SHOULD",
            Self::Must => "MUST",
        }
    }
}

/// The document that a rule is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Document {
    /// RFC 9110, HTTP Semantics.
    Semantics,
    /// RFC 9112, HTTP/1.1.
    Http1,
}

impl fmt::Display for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Semantics => "RFC 9110",
            Self::Http1 => "RFC 9112",
        })
    }
}

/// A sentence of an RFC that servers are held to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rule {
    /// The name of the rule, which stays the same.
    pub name: &'static str,
    /// The document.
    pub document: Document,
    /// The section, without its sign.
    pub section: &'static str,
    /// The strength of the sentence.
    pub level: Level,
    /// The sentence, word for word; ` … ` where something between two parts of it is left out.
    pub sentence: &'static str,
    /// True if it binds origin servers only, so that a cache in front is free of it.
    pub origin_only: bool,
}

const fn rule(
    name: &'static str,
    section: &'static str,
    level: Level,
    sentence: &'static str,
) -> Rule {
    Rule {
        name,
        document: Document::Semantics,
        section,
        level,
        sentence,
        origin_only: false,
    }
}

const fn of_origins(rule: Rule) -> Rule {
    Rule {
        origin_only: true,
        ..rule
    }
}

const fn of_http_1(rule: Rule) -> Rule {
    Rule {
        document: Document::Http1,
        ..rule
    }
}

macro_rules! rules {
    ($($constant:ident = $rule:expr;)*) => {
        $(pub(crate) static $constant: Rule = $rule;)*
        /// Every rule.
        pub(crate) static RULES: &[&Rule] = &[$(&$constant),*];
    };
}

use Level::{Advice, Must, Should};

rules! {
    GRAMMAR = rule("grammar", "2.2", Must,
        "A sender MUST NOT generate protocol elements that do not match the grammar defined by the \
         corresponding ABNF rules.");
    REPEATED_FIELD = rule(
        "repeated-field",
        "5.3",
        Must,
        "a sender MUST NOT generate multiple field lines with the same name in a message (whether \
         in the headers or trailers) or append a field line when a field line of the same name \
         already exists in the message, unless that field's definition allows multiple field line \
         values to be recombined as a comma-separated list",
    );
    LIST_SYNTAX = rule("list-syntax", "5.6.1.2", Must,
        "In other words, a recipient MUST accept lists that satisfy the following syntax: … \
         #element => [ element ] *( OWS \",\" OWS [ element ] )");
    EMPTY_ELEMENTS = rule("empty-elements", "5.6.1.2", Must,
        "A recipient MUST parse and ignore a reasonable number of empty list elements: enough to \
         handle common mistakes by senders that merge values, but not so much that they could be \
         used as a denial-of-service mechanism.");
    DATE_FORMATS = rule("date-formats", "5.6.7", Must,
        "A recipient that parses a timestamp value in an HTTP field MUST accept all three \
         HTTP-date formats.");
    DATE = of_origins(rule("date", "6.6.1", Must,
        "An origin server with a clock (as defined in Section 5.6.7) MUST generate a Date header \
         field in all 2xx (Successful), 3xx (Redirection), and 4xx (Client Error) responses"));
    CONTENT_LENGTH_SYNTAX = rule("content-length-syntax", "8.6", Must,
        "Likewise, a sender MUST NOT forward a message with a Content-Length header field value \
         that does not match the ABNF above");
    WRONG_LENGTH = rule(
        "wrong-length",
        "8.6",
        Must,
        "As a result, a sender MUST NOT forward a message with a Content-Length header field value \
         that is known to be incorrect.",
    );
    LENGTH_OF_HEAD = rule("length-of-head", "8.6", Must,
        "a server MUST NOT send Content-Length in such a response unless its field value equals \
         the decimal number of octets that would have been sent in the content of a response if \
         the same request had used the GET method.");
    LENGTH_OF_304 = rule("length-of-304", "8.6", Must,
        "a server MUST NOT send Content-Length in such a response unless its field value equals \
         the decimal number of octets that would have been sent in the content of a 200 (OK) \
         response to the same request.");
    TAG_CHANGES = rule("tag-changes", "8.8.1", Advice,
        "it is in the best interests of the origin server to only change the value when it is \
         necessary to invalidate the stored responses held by remote caches and authoring tools.");
    LAST_MODIFIED_AHEAD = of_origins(rule("last-modified-ahead", "8.8.2.1", Must,
        "An origin server with a clock (as defined in Section 5.6.7) MUST NOT generate a \
         Last-Modified date that is later than the server's time of message origination (Date, \
         Section 6.6.1)."));
    STRONG_TAG = of_origins(rule("strong-tag", "8.8.3", Must,
        "If an origin server provides an entity tag for a representation and the generation of \
         that entity tag does not satisfy all of the characteristics of a strong validator \
         (Section 8.8.1), then the origin server MUST mark the entity tag as weak by prefixing its \
         opaque value with \"W/\" (case-sensitive)."));
    NO_TAG = of_origins(rule("no-tag", "8.8.3.1", Should,
        "An origin server SHOULD send an ETag for any selected representation for which detection \
         of changes can be reasonably and consistently determined"));
    GET_AND_HEAD = rule("get-and-head", "9.1", Must,
        "All general-purpose servers MUST support the methods GET and HEAD.");
    CONTENT_OF_HEAD = rule("content-of-head", "9.3.2", Must,
        "The HEAD method is identical to GET except that the server MUST NOT send content in the \
         response.");
    FIELDS_OF_HEAD = rule("fields-of-head", "9.3.2", Should,
        "The server SHOULD send the same header fields in response to a HEAD request as it would \
         have sent if the request method had been GET.");
    LEFT_OUT_OF_HEAD = rule("left-out-of-head", "9.3.2", Advice,
        "However, a server MAY omit header fields for which a value is determined only while \
         generating the content.");
    IDENTITY = of_origins(rule("identity", "12.5.3", Should,
        "If a non-empty Accept-Encoding header field is present in a request and none of the \
         available representations for the response have a content coding that is listed as \
         acceptable, the origin server SHOULD send a response without any content coding unless \
         the identity coding is indicated as unacceptable."));
    IF_MATCH = of_origins(rule("if-match", "13.1.1", Must,
        "An origin server that evaluates an If-Match condition MUST NOT perform the requested \
         method if the condition evaluates to false."));
    IF_MATCH_STRONG = of_origins(rule("if-match-strong", "13.1.1", Must,
        "An origin server MUST use the strong comparison function when comparing entity tags for \
         If-Match (Section 8.8.3.2)"));
    IF_MATCH_HOLDS = of_origins(rule("if-match-holds", "13.2.2", Must,
        "A recipient cache or origin server MUST evaluate the request preconditions defined by \
         this specification in the following order: … When recipient is the origin server and \
         If-Match is present, evaluate the If-Match precondition: … if true, continue to step 3"));
    IF_NONE_MATCH = rule("if-none-match", "13.2.2", Must,
        "A recipient cache or origin server MUST evaluate the request preconditions defined by \
         this specification in the following order: … When If-None-Match is present, evaluate the \
         If-None-Match precondition: … if false for GET/HEAD, respond 304 (Not Modified)");
    IF_NONE_MATCH_WEAK = rule("if-none-match-weak", "13.1.2", Must,
        "A recipient MUST use the weak comparison function when comparing entity tags for \
         If-None-Match (Section 8.8.3.2)");
    IF_NONE_MATCH_PASSES = rule("if-none-match-passes", "13.2.2", Must,
        "A recipient cache or origin server MUST evaluate the request preconditions defined by \
         this specification in the following order: … When If-None-Match is present, evaluate the \
         If-None-Match precondition: … if true, continue to step 5");
    IF_MODIFIED_SINCE = rule("if-modified-since", "13.1.3", Should,
        "instead, the origin server SHOULD generate a 304 (Not Modified) response, including only \
         those metadata that are useful for identifying or updating a previously cached response.");
    IF_MODIFIED_SINCE_PASSES = rule("if-modified-since-passes", "13.2.2", Must,
        "A recipient cache or origin server MUST evaluate the request preconditions defined by \
         this specification in the following order: … When the method is GET or HEAD, \
         If-None-Match is not present, and If-Modified-Since is present, evaluate the \
         If-Modified-Since precondition: … if true, continue to step 5");
    IF_MODIFIED_SINCE_BESIDE = rule("if-modified-since-beside", "13.1.3", Must,
        "A recipient MUST ignore If-Modified-Since if the request contains an If-None-Match header \
         field");
    IF_MODIFIED_SINCE_INVALID = rule("if-modified-since-invalid", "13.1.3", Must,
        "A recipient MUST ignore the If-Modified-Since header field if the received field value is \
         not a valid HTTP-date, the field value has more than one member, or if the request method \
         is neither GET nor HEAD.");
    IF_UNMODIFIED_SINCE = of_origins(rule("if-unmodified-since", "13.1.4", Must,
        "An origin server that evaluates an If-Unmodified-Since condition MUST NOT perform the \
         requested method if the condition evaluates to false."));
    IF_UNMODIFIED_SINCE_HOLDS = of_origins(rule("if-unmodified-since-holds", "13.2.2", Must,
        "A recipient cache or origin server MUST evaluate the request preconditions defined by \
         this specification in the following order: … When recipient is the origin server, \
         If-Match is not present, and If-Unmodified-Since is present, evaluate the \
         If-Unmodified-Since precondition: … if true, continue to step 3"));
    IF_UNMODIFIED_SINCE_BESIDE = of_origins(rule("if-unmodified-since-beside", "13.1.4", Must,
        "A recipient MUST ignore If-Unmodified-Since if the request contains an If-Match header \
         field"));
    IF_RANGE = rule("if-range", "13.1.5", Must,
        "A recipient of an If-Range header field MUST ignore the Range header field if the \
         If-Range condition evaluates to false.");
    IF_RANGE_HOLDS = rule("if-range-holds", "13.1.5", Should,
        "Otherwise, the recipient SHOULD process the Range header field as requested.");
    OVERFLOW = rule("overflow", "14.1.2", Must,
        "Since there is no predefined limit to the length of content, recipients MUST anticipate \
         potentially large decimal numerals and prevent parsing errors due to integer conversion \
         overflows.");
    RANGE_ON_HEAD = rule("range-on-head", "14.2", Must,
        "A server MUST ignore a Range header field received with a request method that is \
         unrecognized or for which range handling is not defined. … For this specification, GET is \
         the only method for which range handling is defined.");
    UNKNOWN_UNIT = of_origins(rule("unknown-unit", "14.2", Must,
        "An origin server MUST ignore a Range header field that contains a range unit it does not \
         understand."));
    PARTIAL = rule("partial", "14.2", Should,
        "If all of the preconditions are true, the server supports the Range header field for the \
         target resource, the received Range field-value contains a valid ranges-specifier with a \
         range-unit supported for that target resource, and that ranges-specifier is satisfiable \
         with respect to the selected representation, the server SHOULD send a 206 (Partial \
         Content) response with content containing one or more partial representations that \
         correspond to the satisfiable range-spec(s) requested.");
    UNSATISFIABLE = rule("unsatisfiable", "14.2", Should,
        "If all of the preconditions are true, the server supports the Range header field for the \
         target resource, the received Range field-value contains a valid ranges-specifier, and \
         either the range-unit is not supported for that target resource or the ranges-specifier \
         is unsatisfiable with respect to the selected representation, the server SHOULD send a \
         416 (Range Not Satisfiable) response.");
    ACCEPT_RANGES = rule("accept-ranges", "14.3", Advice,
        "The \"Accept-Ranges\" field in a response indicates whether an upstream server supports \
         range requests for the target resource.");
    COMPLETE_LENGTH = rule("complete-length", "14.4", Should,
        "For byte ranges, a sender SHOULD indicate the complete length of the representation from \
         which the range has been extracted, unless the complete length is unknown or difficult to \
         determine.");
    CONTENT_RANGE_ELSEWHERE = rule("content-range-elsewhere", "14.4", Advice,
        "The Content-Range header field has no meaning for status codes that do not explicitly \
         describe its semantic.");
    LESS_THAN_ASKED = rule("less-than-asked", "15.3.7", Advice,
        "A server that supports range requests (Section 14) will usually attempt to satisfy all of \
         the requested ranges, since sending less data will likely result in another client \
         request for the remainder.");
    FIELDS_OF_206 = rule("fields-of-206", "15.3.7", Must,
        "A server that generates a 206 response MUST generate the following header fields, in \
         addition to those required in the subsections below, if the field would have been sent in \
         a 200 (OK) response to the same request: Date, Cache-Control, ETag, Expires, \
         Content-Location, and Vary.");
    METADATA_OF_206 = rule("metadata-of-206", "15.3.7", Must,
        "Otherwise, a sender MUST generate all of the representation header fields that would have \
         been sent in a 200 (OK) response to the same request.");
    SINGLE_PART = rule("single-part", "15.3.7.1", Must,
        "If a single part is being transferred, the server generating the 206 response MUST \
         generate a Content-Range header field, describing what range of the selected \
         representation is enclosed, and a content consisting of the range.");
    MULTIPART = rule("multipart", "15.3.7.2", Must,
        "If multiple parts are being transferred, the server generating the 206 response MUST \
         generate \"multipart/byteranges\" content, as defined in Section 14.6, and a Content-Type \
         header field containing the \"multipart/byteranges\" media type and its required boundary \
         parameter.");
    RANGE_OF_MANY = rule("range-of-many", "15.3.7.2", Must,
        "To avoid confusion with single-part responses, a server MUST NOT generate a Content-Range \
         header field in the HTTP header section of a multiple part response");
    RANGE_OF_A_PART = rule("range-of-a-part", "15.3.7.2", Must,
        "Within the header area of each body part in the multipart content, the server MUST \
         generate a Content-Range header field corresponding to the range being enclosed in that \
         body part.");
    TYPE_OF_A_PART = rule("type-of-a-part", "15.3.7.2", Should,
        "If the selected representation would have had a Content-Type header field in a 200 (OK) \
         response, the server SHOULD generate that same Content-Type header field in the header \
         area of each body part.");
    PARTS_FOR_ONE = rule("parts-for-one", "15.3.7.2", Must,
        "A server MUST NOT generate a multipart response to a request for a single range, since a \
         client that does not request multiple parts might not support multipart responses.");
    FIELDS_OF_304 = rule("fields-of-304", "15.4.5", Must,
        "The server generating a 304 response MUST generate any of the following header fields \
         that would have been sent in a 200 (OK) response to the same request: … Content-Location, \
         Date, ETag, and Vary … Cache-Control and Expires (see [CACHING])");
    EXPLANATION = rule("explanation", "15.5", Should,
        "Except when responding to a HEAD request, the server SHOULD send a representation \
         containing an explanation of the error situation, and whether it is a temporary or \
         permanent condition.");
    LENGTH_OF_416 = rule("length-of-416", "15.5.17", Should,
        "A server that generates a 416 response to a byte-range request SHOULD generate a \
         Content-Range header field specifying the current length of the selected representation \
         (Section 14.4).");
    EGREGIOUS_RANGES = rule("egregious-ranges", "17.15", Advice,
        "Servers ought to ignore, coalesce, or reject egregious range requests, such as requests \
         for more than two overlapping ranges or for many small ranges in a single set, \
         particularly when the ranges are requested out of order for no apparent reason.");
    LENGTH_AND_CODING = of_http_1(rule("length-and-coding", "6.2", Must,
        "A sender MUST NOT send a Content-Length header field in any message that contains a \
         Transfer-Encoding header field."));
    DELIMITED_BY_CLOSE = of_http_1(rule("delimited-by-close", "6.3", Should,
        "Since there is no way to distinguish a successfully completed, close-delimited response \
         message from a partially received message interrupted by network failure, a server SHOULD \
         generate encoding or length-delimited messages whenever possible."));
    PERSISTENCE = of_http_1(rule("persistence", "9.3", Must,
        "A server that does not support persistent connections MUST send the \"close\" connection \
         option in every response message that does not have a 1xx (Informational) status code."));
    CLOSE_UNSAID = of_http_1(rule("close-unsaid", "9.6", Should,
        "A sender SHOULD send a Connection header field (Section 7.6.1 of [HTTP]) containing the \
         \"close\" connection option when it intends to close a connection."));
    CLOSE_UNDONE = of_http_1(rule("close-undone", "9.6", Must,
        "A server that sends a \"close\" connection option MUST initiate closure of the connection \
         (see below) after it sends the response containing the \"close\" connection option."));
}
