//! Owns [`Source`], a place that the file can be had from, as the caller names it beside the URL.
//! Checks nothing.

use crate::credentials::Credentials;
use crate::redact::Secret;

/// Another place that the file can be had from: a mirror of the URL.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Source {
    /// Its URL, http or https. User and password in it are for its origin.
    pub url: Secret<String>,
    /// The credentials for its origin. Those in [`Settings`](crate::Settings) are for the URL's.
    pub credentials: Option<Credentials>,
    /// Most connections to it, at least 1. A mirror that nobody named but a list is to get one
    /// (RFC 6249 section 7).
    pub connections: Option<u16>,
}

impl Source {
    /// Returns a source without credentials, but for those in its URL.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into().into(),
            credentials: None,
            connections: None,
        }
    }
}
