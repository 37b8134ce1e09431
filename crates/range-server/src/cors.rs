//! Owns which pages of other origins may read answers, and the fields that tell browsers so. Knows
//! no content.

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, HeaderName, HeaderValue, ORIGIN,
    VARY,
};
use http::request::Parts;
use http::{HeaderMap, Method};

/// The field that says which pages may embed an answer. Pages of other sites could tell by it what
/// there is.
pub(crate) const RESOURCE_POLICY: HeaderName =
    HeaderName::from_static("cross-origin-resource-policy");

/// The methods that are served.
pub(crate) const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, OPTIONS");

/// The fields that pages may read beside those that they always may: what a client of ranges goes
/// by.
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "Accept-Ranges, Content-Digest, Content-Disposition, Content-Encoding, Content-Length, \
     Content-Range, Date, ETag, Last-Modified, Location, Repr-Digest, Retry-After, Server, \
     WWW-Authenticate",
);

/// The time a browser remembers what it was permitted, in seconds. Browsers cap it at two hours.
const MAX_AGE: HeaderValue = HeaderValue::from_static("7200");

/// Asked of servers in private networks before a page of a public one may reach them.
const REQUEST_PRIVATE: HeaderName =
    HeaderName::from_static("access-control-request-private-network");
const ALLOW_PRIVATE: HeaderName = HeaderName::from_static("access-control-allow-private-network");

/// The pages of other origins that may read answers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cors {
    /// Every page, though without the reader's credentials.
    Any,
    /// Pages of these origins, as in `https://app.example`, also with the reader's credentials.
    Origins(Vec<String>),
}

impl Cors {
    /// Returns true if a request asks whether another one, which a page wants to send, may be sent.
    /// Browsers send no credentials with it.
    pub(crate) fn is_preflight(request: &Parts) -> bool {
        request.method == Method::OPTIONS
            && request.headers.contains_key(ORIGIN)
            && request.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
    }

    /// Adds to the answer to `request` what lets its page read it.
    pub(crate) fn permit(&self, request: &Parts, answer: &mut HeaderMap) {
        let origin = match self {
            Self::Any => HeaderValue::from_static("*"),
            Self::Origins(origins) => {
                answer.append(VARY, HeaderValue::from_static("origin"));
                let sent = request.headers.get(ORIGIN);
                let is_known = |sent: &&HeaderValue| {
                    let same =
                        |origin: &String| sent.as_bytes().eq_ignore_ascii_case(origin.as_bytes());
                    origins.iter().any(same)
                };
                let Some(sent) = sent.filter(is_known) else {
                    return;
                };
                answer.insert(
                    ACCESS_CONTROL_ALLOW_CREDENTIALS,
                    HeaderValue::from_static("true"),
                );
                sent.clone()
            }
        };
        answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        answer.insert(RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
        if !Self::is_preflight(request) {
            answer.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
            return;
        }
        answer.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
        answer.insert(ACCESS_CONTROL_MAX_AGE, MAX_AGE);
        // No field of a request changes anything here, so each may be sent.
        if let Some(wanted) = request.headers.get(ACCESS_CONTROL_REQUEST_HEADERS) {
            answer.insert(ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone());
        }
        if request.headers.contains_key(REQUEST_PRIVATE) {
            answer.insert(ALLOW_PRIVATE, HeaderValue::from_static("true"));
        }
    }
}
