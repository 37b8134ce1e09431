//! Owns a file that is read in order, from when its bytes arrive until the reader has them: what
//! waits, the right to bring it, and its way to the caller's writer. Knows no reply and no
//! scheduling.

mod lease;
mod output;
mod waiting;

pub(crate) use lease::{OrderedWriter, OtherBytes};
pub(crate) use output::{BoxWriter, Output, Reading};
pub(crate) use waiting::Ordered;
