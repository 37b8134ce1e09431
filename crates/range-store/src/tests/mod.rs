//! What can be observed of the parts and of the whole, on real file systems and simulated ones.

mod append_log;
mod conformance;
mod crash_states;
mod full_disk;
mod lease_model;
mod part_file;
mod publish;
mod signals;
mod support;
