//! Owns what a profile comes to: a decision, and what is wrong about how it is said. Decides
//! nothing.

use range_core::http::ResolvedRange;
use range_core::http::conditional::Decision;

/// A decision, and what is wrong about how it is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) decision: Decision,
    pub(crate) deviation: Deviation,
}

/// A fault of an answer beside its status and its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deviation {
    /// Nothing.
    None,
    /// A 416 does not tell the length.
    NoContentRange,
    /// In place of the whole there is a 206 with no bytes, and a `Content-Range` that ends before
    /// it starts.
    EmptyRange,
}

impl From<Decision> for Outcome {
    fn from(decision: Decision) -> Self {
        let deviation = Deviation::None;
        Self {
            decision,
            deviation,
        }
    }
}

impl From<ResolvedRange> for Outcome {
    fn from(range: ResolvedRange) -> Self {
        Decision::Range(range).into()
    }
}
