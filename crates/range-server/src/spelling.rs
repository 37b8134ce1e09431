//! Owns how the names of fields are written over HTTP/1.1: in title case, and those that RFC 9110
//! writes in another way, as it does. Names have no case; but people and programs that search
//! answers as text expect this one. Knows no field's meaning.

use std::convert::Infallible;
use std::fmt::Write as _;
use std::sync::OnceLock;

use http::{Extensions, Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::AsyncWriteExt;
use tokio::sync::OnceCell;

use crate::body::Body;

/// The names that are not in title case, of those that an answer may have.
const NOT_IN_TITLE_CASE: [&str; 2] = ["ETag", "WWW-Authenticate"];

/// Room for the request that teaches hyper, and for its answer.
const ROOM: usize = 4096;

/// A name as an answer has it.
pub(crate) fn spelled(name: &str) -> String {
    let known = NOT_IN_TITLE_CASE.iter();
    let mut known = known.filter(|known| known.eq_ignore_ascii_case(name));
    if let Some(known) = known.next() {
        return (*known).to_owned();
    }
    let mut is_first = true;
    let letter = |letter: char| {
        if std::mem::replace(&mut is_first, letter == '-') {
            letter.to_ascii_uppercase()
        } else {
            letter
        }
    };
    name.chars().map(letter).collect()
}

/// The spelling of these names, as hyper knows it; it puts the others in title case by itself.
///
/// hyper takes the spelling of names from a message that it has read, and from nowhere else. So
/// it is given one to read, once.
#[derive(Debug, Default)]
pub(crate) struct Spelling(OnceCell<Extensions>);

impl Spelling {
    /// The extensions of a response whose names are to be written so.
    pub(crate) async fn for_hyper(&self) -> Extensions {
        self.0.get_or_init(learn).await.clone()
    }
}

async fn learn() -> Extensions {
    let mut head = String::from("GET / HTTP/1.1\r\nConnection: close\r\n");
    for name in NOT_IN_TITLE_CASE {
        let _ = write!(head, "{name}: 0\r\n");
    }
    head.push_str("\r\n");
    let (mut near, far) = tokio::io::duplex(ROOM);
    let learnt = OnceLock::new();
    let answer = service_fn(|request: Request<Incoming>| {
        let _ = learnt.set(request.extensions().clone());
        std::future::ready(Ok::<_, Infallible>(Response::new(Body::default())))
    });
    if near.write_all(head.as_bytes()).await.is_ok() {
        let connection = http1::Builder::new()
            .preserve_header_case(true)
            .serve_connection(TokioIo::new(far), answer);
        // Without it names are in title case, which is right as well.
        let _ = connection.await;
    }
    learnt.into_inner().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::spelled;

    #[test]
    fn names_are_spelled_as_the_specification_has_them() {
        for name in [
            "ETag",
            "WWW-Authenticate",
            "Content-Length",
            "Date",
            "X-Content-Type-Options",
        ] {
            assert_eq!(spelled(&name.to_ascii_lowercase()), name);
        }
    }
}
