//! Owns a world of virtual links and servers in which a download policy runs as it would on the
//! wire, in virtual time. Knows no clock, socket, file, task or randomness but a seed.
//!
//! A run is a function of its [`World`], its policy and the commit: the same three give the same
//! report, to the last bit.
#![forbid(unsafe_code)]
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "fluid amounts become whole bytes; every one is positive and far below 2^53"
)]

mod bound;
mod contender;
mod dice;
mod family;
mod mirror;
mod network;
mod policy;
mod reference;
mod run;
mod server;
mod summary;
mod trace;
mod watch;
mod world;

pub use bound::lower_bound;
pub use contender::Contender;
pub use dice::Dice;
pub use family::Family;
pub use mirror::{Mirror, MirrorFault};
pub use policy::Policy;
pub use run::{Begin, Failure, RunReport, run};
pub use summary::{Row, summarise};
pub use trace::{Trace, escaped};
pub use watch::Limited;
pub use world::{
    Bucket, Closed, Disk, Dying, Lie, Lying, Odd, Oddity, Outage, Penalty, Refusal, Refusing,
    Throttle, World,
};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
