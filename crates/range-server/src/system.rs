//! Owns the refusal of systems that the crate does not run on. Knows nothing of serving.

#[cfg(not(target_os = "linux"))]
compile_error!("range-server runs on Linux only: it opens files by calls that no other system has");
