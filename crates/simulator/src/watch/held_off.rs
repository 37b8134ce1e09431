//! Owns for how long a server has had a client wait before it asks again. Knows not why it did.

/// The time that `Retry-After` costs: no client that heeds it can use that.
#[derive(Debug, Default)]
pub(crate) struct HeldOff {
    until: f64,
    seconds: f64,
}

impl HeldOff {
    pub(crate) const fn new() -> Self {
        Self {
            until: 0.0,
            seconds: 0.0,
        }
    }

    /// The server has said that nobody is to ask for so many seconds.
    pub(crate) const fn told(&mut self, now: f64, seconds: f64) {
        self.until = self.until.max(now + seconds);
    }

    /// Nobody may ask at this moment.
    pub(crate) fn holds(&self, now: f64) -> bool {
        now < self.until
    }

    /// Time passes, in which this part of the connections that are of use is not there.
    pub(crate) fn passes(&mut self, from: f64, to: f64, missing: f64) {
        self.seconds += (to.min(self.until) - from).max(0.0) * missing;
    }

    pub(crate) const fn seconds(&self) -> f64 {
        self.seconds
    }
}

#[cfg(test)]
mod tests {
    use super::HeldOff;

    #[test]
    fn time_counts_while_nobody_may_ask_and_as_far_as_connections_are_missing() {
        let mut held = HeldOff::new();
        held.passes(0.0, 1.0, 1.0);
        held.told(1.0, 4.0);
        held.told(2.0, 1.0);
        assert!(held.holds(4.9) && !held.holds(5.0));
        held.passes(1.0, 3.0, 0.5);
        held.passes(3.0, 4.0, 0.0);
        held.passes(4.0, 9.0, 1.0);
        assert!((held.seconds() - 2.0).abs() < 1e-9, "{held:?}");
    }
}
