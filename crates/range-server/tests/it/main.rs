//! The one test binary of this crate: a real server on loopback, and a client that hides nothing.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
#![expect(
    clippy::disallowed_methods,
    reason = "tests lay out the files that are served"
)]

mod check;
mod conformance;
mod directory;
mod faults;
mod faults_by_url;
mod faults_in_place;
mod faults_on_ranges;
mod faults_on_the_wire;
mod h2;
mod http_2;
mod life;
mod limits;
mod listeners;
mod listing;
mod multipart;
mod outages;
mod paths;
mod site;
mod testers;
mod tls;
mod variants;
