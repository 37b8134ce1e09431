//! Owns the refusal of systems that the crate does not run on. Knows nothing of files.

#[cfg(not(target_os = "linux"))]
compile_error!("range-store runs on Linux only: it keeps files by calls that no other system has");
