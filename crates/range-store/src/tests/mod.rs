//! Tests of the observable behaviour of the crate, on real file systems and simulated ones.

mod append_log;
mod conformance;
mod crash_states;
mod file_systems;
mod full_disk;
mod lease_model;
mod part_file;
mod provenance;
mod publish;
mod signals;
mod support;
