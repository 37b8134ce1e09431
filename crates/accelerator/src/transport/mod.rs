//! Owns the way from a request to a judged reply. `http` alone knows the HTTP library; `accept`
//! alone decides what is believed.

pub(crate) mod accept;
mod address;
pub(crate) mod error;
pub(crate) mod head;
pub(crate) mod http;
pub(crate) mod redirect;
mod resolver;
mod turnover;
