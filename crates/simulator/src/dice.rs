//! Owns the ways to draw from a seed. Knows nothing of what is drawn.

use scheduler::Random;

/// The numbers of a seed, as a world draws them.
#[derive(Clone, Copy, Debug)]
pub struct Dice(Random);

impl Dice {
    /// The numbers that follow from `seed`.
    pub const fn new(seed: u64) -> Self {
        Self(Random::new(seed))
    }

    /// At least 0, below 1.
    pub fn fraction(&mut self) -> f64 {
        (self.0.draw() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Between the two, every order of magnitude as likely as every other.
    pub fn logarithmic(&mut self, low: f64, high: f64) -> f64 {
        low * (high / low).powf(self.fraction())
    }

    /// A whole number from `low` to `high`, both included.
    pub fn whole(&mut self, low: u64, high: u64) -> u64 {
        low + self.0.draw() % (high - low + 1)
    }
}
