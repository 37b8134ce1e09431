//! Owns the way from a request to a judged reply. `http` alone knows the HTTP library;
//! `judge_reply` and `version` alone decide what is believed.

mod address;
pub(crate) mod error;
pub(crate) mod fields;
pub(crate) mod handshake;
pub(crate) mod head;
pub(crate) mod http;
pub(crate) mod judge_reply;
pub(crate) mod media_type;
pub(crate) mod redirect;
mod resolver;
mod tls;
mod turnover;
mod version;
