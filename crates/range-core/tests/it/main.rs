//! The one test binary of this crate: models and properties of the pure code.
