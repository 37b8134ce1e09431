//! Owns what is said of text that is no fault.

/// Why a text is not a fault. The text itself is quoted: it is the author's own.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FaultError {
    /// There is no such effect.
    #[error("there is no fault {0:?}; docs/design/faults.md lists them all")]
    UnknownEffect(String),
    /// There is no such condition, or it does not go with the effect.
    #[error("{effect} has no option {option:?}, and no condition is called so")]
    UnknownOption {
        /// The effect.
        effect: String,
        /// The text that was written.
        option: String,
    },
    /// An effect needs an argument, or an option its value.
    #[error("{name} needs {expected}")]
    Missing {
        /// Of what.
        name: String,
        /// A description of what would be right.
        expected: &'static str,
    },
    /// A value is not what it has to be.
    #[error("{name} is {expected}, not {value:?}")]
    Value {
        /// Of what.
        name: String,
        /// A description of what would be right.
        expected: &'static str,
        /// The text that was written.
        value: String,
    },
    /// The effect takes no argument.
    #[error("{effect} takes no argument, and has {value:?}")]
    Superfluous {
        /// The effect.
        effect: String,
        /// The text that was written.
        value: String,
    },
}

impl FaultError {
    /// Returns true if an option is to blame.
    pub(in crate::fault) fn is_about(&self, key: &str) -> bool {
        match self {
            Self::UnknownOption { option, .. } => option == key,
            Self::Value { name, .. } => name == key,
            Self::UnknownEffect(_) | Self::Missing { .. } | Self::Superfluous { .. } => false,
        }
    }
}
