//! The project's commands as processes.
#![forbid(unsafe_code)]
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "tests wait for processes, and say what they cannot show"
)]

mod guardian;
mod link;
