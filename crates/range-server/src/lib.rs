//! Gives.
