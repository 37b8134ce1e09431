//! Owns [`Generation`], one version of the remote file. Bytes of two never meet.

use range_core::http::validator::Validators;

/// One version of the remote file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Generation {
    /// How many bytes it has, where the server says.
    pub(crate) length: Option<u64>,
    /// What tells it from others.
    pub(crate) validators: Validators,
}
