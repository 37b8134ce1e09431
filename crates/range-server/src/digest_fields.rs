//! Owns `Repr-Digest` and `Content-Digest` (RFC 9530): which a request asks for, and over which
//! bytes each is. Hashes nothing.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{HeaderName, HeaderValue};
use http::{HeaderMap, StatusCode};
use range_core::digest::{Digest, DigestAlgorithm};
use range_core::http::{conditional, want_digest};

use crate::connection::ConnectionState;
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

/// The digests a request asks for.
pub(crate) struct Wanted {
    repr: Option<DigestAlgorithm>,
    content: Option<DigestAlgorithm>,
}

impl Wanted {
    pub(crate) fn read(request: &HeaderMap, method: conditional::Method) -> Self {
        let wanted = |name| field(request, &name).and_then(|value| want_digest::preferred(&value));
        Self {
            repr: wanted(WANT_REPR_DIGEST),
            // The content of an answer to HEAD is empty, which is no news.
            content: wanted(WANT_CONTENT_DIGEST).filter(|_| method == conditional::Method::Get),
        }
    }

    /// Adds them to a reply that sends a representation of `length` bytes, as long as the peer
    /// waits. They are hints: what cannot be had is left out (RFC 9530 §4).
    pub(crate) async fn add(
        &self,
        reply: &mut Reply,
        length: u64,
        digests: &Arc<Digests>,
        connection: &ConnectionState,
    ) {
        let Payload::Content { source, pieces } = &reply.payload else {
            return;
        };
        let (source, address) = (source.clone(), connection.peer.ip());
        let whole = |algorithm| digests.of_all(&source, length, algorithm, address);
        let part = match pieces[..] {
            [Piece::Range(range)] if range.len() <= MAX_PART => Some(range),
            _ => None,
        };
        let computed = async {
            let repr = match self.repr {
                Some(algorithm) => whole(algorithm).await,
                None => None,
            };
            let content = match (self.content, reply.status, part) {
                (Some(algorithm), StatusCode::OK, _) => whole(algorithm).await,
                (Some(algorithm), _, Some(range)) => {
                    digests
                        .of_range(&source, Some(range), algorithm, address)
                        .await
                }
                _ => None,
            };
            (repr, content)
        };
        let (repr, content) = tokio::select! {
            computed = computed => computed,
            () = connection.peer_left(), if self.repr.or(self.content).is_some() => return,
        };
        insert(&mut reply.headers, REPR_DIGEST, repr);
        insert(&mut reply.headers, CONTENT_DIGEST, content);
    }
}

fn insert(headers: &mut HeaderMap, name: HeaderName, digest: Option<Digest>) {
    let Some(digest) = digest else { return };
    let bytes = STANDARD.encode(digest.bytes());
    let text = format!("{}=:{bytes}:", digest.algorithm().name());
    let value = HeaderValue::try_from(text).expect("the value is visible ASCII");
    headers.insert(name, value);
}
