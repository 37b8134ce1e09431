//! Owns `Repr-Digest` and `Content-Digest` (RFC 9530): which a request asks for, and over which
//! bytes each is. Hashes nothing.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{HeaderName, HeaderValue};
use http::{HeaderMap, StatusCode};
use range_core::digest::{Digest, DigestAlgorithm};
use range_core::http::{conditional, want_digest};

use crate::content::Digests;
use crate::reply::{Payload, Piece, Reply};
use crate::request_fields::field;

const WANT_REPR_DIGEST: HeaderName = HeaderName::from_static("want-repr-digest");
const WANT_CONTENT_DIGEST: HeaderName = HeaderName::from_static("want-content-digest");
const REPR_DIGEST: HeaderName = HeaderName::from_static("repr-digest");
const CONTENT_DIGEST: HeaderName = HeaderName::from_static("content-digest");

/// Longest part that is hashed before it is sent: under a tenth of a second on any machine of the
/// last ten years. Parts are not remembered, so each costs its bytes again.
const MAX_PART: u64 = 64 << 20;

/// Adds the digests a request asks for to a reply that sends a representation of `length` bytes.
/// They are hints: what cannot be had is left out (RFC 9530 §4).
pub(crate) async fn add(
    reply: &mut Reply,
    request: &HeaderMap,
    method: conditional::Method,
    length: u64,
    digests: &Arc<Digests>,
) {
    let wanted = |name| field(request, &name).and_then(|value| want_digest::preferred(&value));
    let (repr, content) = (wanted(WANT_REPR_DIGEST), wanted(WANT_CONTENT_DIGEST));
    if let Some(algorithm) = repr {
        let digest = whole(reply, length, algorithm, digests).await;
        insert(&mut reply.headers, REPR_DIGEST, digest);
    }
    // The content of an answer to HEAD is empty, which is no news.
    if let Some(algorithm) = content.filter(|_| method == conditional::Method::Get) {
        let digest = match reply.status {
            StatusCode::OK => whole(reply, length, algorithm, digests).await,
            _ => part(reply, algorithm, digests).await,
        };
        insert(&mut reply.headers, CONTENT_DIGEST, digest);
    }
}

/// The digest of the whole representation, of which the reply may have but a part.
async fn whole(
    reply: &Reply,
    length: u64,
    algorithm: DigestAlgorithm,
    digests: &Arc<Digests>,
) -> Option<Digest> {
    let Payload::Content { source, .. } = &reply.payload else {
        return None;
    };
    digests.of_all(source, length, algorithm).await
}

/// The digest of the one range that is sent.
async fn part(reply: &Reply, algorithm: DigestAlgorithm, digests: &Arc<Digests>) -> Option<Digest> {
    let Payload::Content { source, pieces } = &reply.payload else {
        return None;
    };
    match pieces[..] {
        [Piece::Range(range)] if range.len() <= MAX_PART => {
            digests.of_range(source, Some(range), algorithm).await
        }
        _ => None,
    }
}

fn insert(headers: &mut HeaderMap, name: HeaderName, digest: Option<Digest>) {
    let Some(digest) = digest else { return };
    let bytes = STANDARD.encode(digest.bytes());
    let text = format!("{}=:{bytes}:", digest.algorithm().name());
    let value = HeaderValue::try_from(text).expect("the value is visible ASCII");
    headers.insert(name, value);
}
