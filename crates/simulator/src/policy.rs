//! Owns what the world asks of a download policy. Knows no policy and no network.

use scheduler::time::Timestamp;
use scheduler::{Input, Output};

/// Decides what is fetched. The contract is the scheduler's: after every input, outputs are taken
/// until `Wait` or `Finished`.
pub trait Policy {
    /// Takes in what happened at `now`.
    fn handle_input(&mut self, now: Timestamp, input: Input);
    /// The next thing to do.
    fn poll_output(&mut self) -> Output;
    /// Panics when the policy's own rules are broken.
    fn check(&mut self);
    /// Returns how far from the lowest missing byte it may begin a range.
    fn reach(&self) -> u64 {
        u64::MAX
    }
}
