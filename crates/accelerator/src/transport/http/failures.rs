//! Owns the meaning of an error of the HTTP library. Decides nothing about it.

use std::error::Error as StdError;

use super::super::distrust;
use super::super::error::TransportError;
use super::super::handshake::{self, FinalFailure};
use super::super::redirect::{RedirectError, Trail};
use super::super::resolver::LookUpError;
use super::super::whom::Whom;
use crate::error_chain::causes;
use crate::redact::SafeUrl;

/// Errors keep their causes but lose their URL, which may hold secrets.
pub(super) fn of_head(error: reqwest::Error, trail: &Trail, whom: Whom) -> TransportError {
    let error = error.without_url();
    let is_inside = causes(&error)
        .filter_map(|cause| cause.downcast_ref())
        .any(|error| matches!(error, LookUpError::Inside { .. }));
    let is_parse = causes(&error)
        .filter_map(|cause| cause.downcast_ref::<hyper::Error>())
        .any(hyper::Error::is_parse);
    let is_connect = error.is_connect();
    let of_tls = causes(&error).find_map(tls_error);
    if is_inside {
        let to = SafeUrl::new(trail.here());
        if trail.is_fenced_by_caller() {
            TransportError::Inside { at: to }
        } else {
            RedirectError::Private { to }.into()
        }
    } else if let Some(failure) = of_tls.and_then(|error| handshake::judge(error, is_connect)) {
        let words = of_tls.and_then(distrust::in_words);
        let of_issuer = of_tls.is_some_and(distrust::is_of_issuer);
        let source = words.map_or_else(|| Box::new(error).into(), Into::into);
        let peer = whom.tls_peer(trail.here());
        match failure {
            FinalFailure::Untrusted => TransportError::Untrusted {
                peer,
                of_issuer,
                source,
            },
            FinalFailure::NotPinned(actual) => TransportError::NotPinned { actual },
            FinalFailure::Refused(refusal) => TransportError::NoTls {
                peer,
                refusal,
                source,
            },
        }
    } else if is_connect {
        let unresolved = causes(&error).find_map(|cause| match cause.downcast_ref() {
            Some(LookUpError::NotFound { host, .. }) => Some(host.clone()),
            Some(LookUpError::Inside { .. }) | None => None,
        });
        TransportError::Unreachable {
            whom,
            unresolved,
            source: Box::new(error),
        }
    } else if is_parse {
        let source = Box::new(error);
        TransportError::NotHttp { source }
    } else {
        of_body(error)
    }
}

pub(super) fn of_body(error: reqwest::Error) -> TransportError {
    TransportError::Interrupted {
        source: Box::new(error.without_url()),
    }
}

/// TLS errors travel inside I/O errors, at times several deep, which do not list them as their
/// source.
fn tls_error<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a rustls::Error> {
    if let Some(carrier) = error.downcast_ref::<std::io::Error>() {
        return carrier.get_ref().and_then(|inner| tls_error(inner));
    }
    error.downcast_ref()
}
