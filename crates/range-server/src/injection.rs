//! Owns the doing of what is wrong: from a request to the plan of it, and from the plan to the
//! bytes on a connection. Knows effects, but not how they are written.

mod concurrency;
mod gzip;
mod late;
mod name;
mod plan;
mod replacement;
mod request;
mod reshape;
mod state;
mod wire;

pub(crate) use concurrency::{Concurrency, InFlight};
pub(crate) use gzip::compressed;
pub(crate) use late::late;
use name::Name;
pub(crate) use plan::{CrowdRate, FaultPlan, Onsets, Outage, Replacement};
pub(crate) use replacement::Links;
pub(crate) use state::FaultState;
pub(crate) use wire::{ResponseStart, WireResponse};
