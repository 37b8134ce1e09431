//! Owns how a step of CI can end when it did not fail. Knows no step.

/// The remark that stands beside its time.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Outcome {
    Passed,
    /// All of it that could be done here passed; the rest is said.
    Partly(String),
    /// Nothing of it could be done here; the reason is said.
    Skipped(String),
}
