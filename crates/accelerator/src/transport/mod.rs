//! Owns the way from a request to a judged reply, and which kind of source a request goes to.
//! `http` alone knows the HTTP library; `judge_reply` and `version` alone decide what is believed.

mod address;
mod distrust;
pub(crate) mod error;
pub(crate) mod fields;
mod hand_back;
pub(crate) mod handshake;
pub(crate) mod head;
mod http;
pub(crate) mod judge_reply;
pub(crate) mod media_type;
pub(crate) mod redirect;
mod resolver;
mod tls;
mod version;
pub(crate) mod whom;

/// The one kind of source there is, and its replies. Nothing outside of this module names it, so
/// that a second kind turns these two into enums here, and a download stays as it is.
pub(crate) use http::{HttpTransport as Transport, Reply};
