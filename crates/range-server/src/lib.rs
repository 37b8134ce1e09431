//! Gives: files and synthetic content by byte range, to the letter of RFC 9110, or against it on
//! command.
//!
//! In scope: GET, HEAD and OPTIONS of one directory and of content computed from its offset
//! ([`synthetic`]), over HTTP/1.1, and over TLS also HTTP/2; a certificate of its own if none is
//! given ([`TlsIdentity`]);
//! faults ([`Fault`]); the ways of other servers ([`Profile`]); a record of every response
//! ([`RequestRecord`]).
//!
//! Out of scope: uploads, virtual hosts, compression on the fly, and anything that downloads.
//!
//! Needs a tokio runtime with I/O and time enabled. Dropping a [`Server`] stops it at once.
#![forbid(unsafe_code)]

mod accept;
mod addresses;
mod body;
mod buffer;
pub mod check;
mod clock;
mod config;
mod connection;
mod content;
mod cors;
mod digest_fields;
mod fault;
mod handler;
mod host;
mod injection;
mod limits;
mod listener;
mod location;
mod login;
mod pace;
mod policy;
mod profile;
mod protocol;
mod query;
mod random;
mod record;
mod recorder;
mod reply;
mod request_fields;
mod request_line;
mod send_queue;
mod server;
mod slots;
mod spelling;
pub mod synthetic;
mod system;
mod target;
mod tls;

pub use config::{Config, Content, Directory};
pub use content::version::Version;
pub use cors::Cors;
pub use fault::scenario;
pub use fault::{
    ContentLength, Effect, EntityTagFault, Excess, Fault, FaultError, IfRange, Position,
    Probability, Redirect, RetryAfter, StatusBody, Stop,
};
pub use limits::Limits;
pub use listener::Listener;
pub use login::Login;
pub use profile::Profile;
pub use range_core::ByteRange;
pub use range_core::http::ContentRange;
pub use range_core::http::conditional::{InvalidRange, RangePolicy};
pub use range_core::units::{ByteCount, BytesPerSecond};
pub use record::{Ending, RequestHook, RequestRecord};
pub use server::{BindError, Server};
pub use tls::{TlsError, TlsIdentity};

/// The types of methods, statuses and fields that effects and records are made of.
pub use http;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
