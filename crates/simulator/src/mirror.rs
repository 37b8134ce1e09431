//! Owns the description of one of several places a file can be had from. Runs nothing.

/// A server with a link of its own, behind the client's. Rates are in bytes per second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mirror {
    /// The rate that all connections to it share.
    pub rate: f64,
    /// Most a single one gets.
    pub connection_rate: f64,
    /// More requests at once are answered 503.
    pub serves: usize,
    /// The fault it has, if any.
    pub fault: Option<MirrorFault>,
}

/// Why a mirror is of no use.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MirrorFault {
    /// It answers 403 to everything.
    Refuses,
    /// From this moment on, there is nobody.
    Dies(f64),
    /// It answers 206, and sends bytes from elsewhere.
    Misplaces,
    /// It has another file of the same length.
    HasAnother,
}

impl Mirror {
    /// Returns the rate it gives at a moment to a client that knows how to ask.
    pub(crate) fn useful_rate(&self, at: f64) -> f64 {
        let is_of_use = match self.fault {
            None => true,
            Some(MirrorFault::Dies(dies)) => at < dies,
            Some(MirrorFault::Refuses | MirrorFault::Misplaces | MirrorFault::HasAnother) => false,
        };
        if is_of_use {
            self.rate.min(self.serves as f64 * self.connection_rate)
        } else {
            0.0
        }
    }

    pub(crate) const fn dies_at(&self) -> Option<f64> {
        match self.fault {
            Some(MirrorFault::Dies(at)) => Some(at),
            Some(MirrorFault::Refuses | MirrorFault::Misplaces | MirrorFault::HasAnother)
            | None => None,
        }
    }
}
