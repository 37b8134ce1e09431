//! Owns how links are divided among the connections that send. Knows no request.

use scheduler::SourceId;

use super::Network;
use super::connection::{Connection, State};

impl Network<'_> {
    /// Divides the link, after each mirror has divided its own.
    pub(super) fn share(&mut self) {
        if !self.stale {
            return;
        }
        self.stale = false;
        let mut link = self.world.link_rate(self.now);
        let mut each = f64::INFINITY;
        if let Some(penalty) = self.world.penalty
            && self.streaming() > penalty.above
        {
            link *= penalty.factor;
            each = penalty.each;
        }
        let mut takers: Vec<&mut Connection> = Vec::new();
        for connection in self.connections.values_mut() {
            connection.rate = 0.0;
            let sends = matches!(connection.state, State::Streaming | State::Closing { .. });
            let is_held = connection.stalled || connection.is_held() || connection.is_dry();
            if sends && !is_held && connection.left > 0.0 {
                takers.push(connection);
            }
        }
        for taker in &mut takers {
            taker.rate = taker.limit().min(each);
        }
        for (source, mirror) in (0..).map(SourceId).zip(&self.world.mirrors) {
            let here = takers.iter_mut().filter(|taker| taker.source == source);
            divide(mirror.rate, here.map(|taker| &mut taker.rate).collect());
        }
        divide(
            link,
            takers.iter_mut().map(|taker| &mut taker.rate).collect(),
        );
        for connection in takers {
            // Slow start goes on only while it is what holds the connection back.
            if connection.ramp > connection.rate {
                connection.next_doubling = f64::INFINITY;
            } else if connection.next_doubling == f64::INFINITY {
                connection.next_doubling = self.now + self.world.round_trip;
            }
        }
    }
}

/// Divides a rate among those who could each use so much: equal shares, and what one cannot use
/// goes to the others.
fn divide(mut rate: f64, mut takers: Vec<&mut f64>) {
    takers.sort_by(|a, b| a.total_cmp(b));
    let mut count = takers.len();
    for taker in takers {
        *taker = taker.min(rate / count as f64);
        rate -= *taker;
        count -= 1;
    }
}
