//! Owns the proof that the examples of the README and the manual compile and run. Everything else
//! here is a test, or an example that a task of the project runs.
#![forbid(unsafe_code)]

#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

#[cfg(doctest)]
#[doc = include_str!("../../docs/library.md")]
struct Library;

#[cfg(doctest)]
#[doc = include_str!("../../docs/server.md")]
struct Server;
