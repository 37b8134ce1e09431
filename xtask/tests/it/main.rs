//! The project's commands as processes.
#![forbid(unsafe_code)]

mod guardian;
mod link;
