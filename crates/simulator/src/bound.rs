//! Owns the fluid lower bound: the time no client can beat in a world. Knows no policy.

use crate::network::INITIAL_WINDOW;
use crate::world::{Outage, World};

/// A rate no link has, in bytes per second.
const RAMPED: f64 = 1e13;

/// A width is as good as another if it gets this part of what that one gets.
const AS_GOOD: f64 = 0.95;

/// The least time, in seconds, in which a client that does not know the length beforehand can
/// have the whole file.
///
/// Nothing arrives for two round trips: the handshake, and the first request; nor, where bodies
/// begin late, for as long as the soonest takes. From there one
/// connection may stream, and one round trip later, when the length is known and has been asked
/// for in parts, as many as the user and the server allow. Each one's rate starts at ten packets a
/// round trip (RFC 6928) and doubles every round trip; together they get what link and disk have.
/// Where all connections are reset, the same begins anew, and where the file is replaced, so does
/// the file. A server that lies about ranges for good serves one stream. What a client could
/// avoid if it knew what was coming costs nothing: a stall, a throttle, an address that expires.
/// In an outage nothing flows, unless there is another target. Where only the first few requests
/// are served, there are no more streams than those; where none are for a while, a client that
/// knew would have asked before.
/// Under a limit on the rate it is at least the time the whole takes at that.
/// Mirrors together give what each of them can, and one that is bad is not asked.
/// Where the disk fails, the time is that until nothing more can be written.
pub fn lower_bound(world: &World) -> f64 {
    let part = world.disk.fails_at.unwrap_or(1.0);
    let bytes = world.length as f64 * part;
    let limited = bytes / world.most_allowed();
    if let Some(outage) = world.outage {
        return outage_bound(world, outage, bytes).max(limited);
    }
    let plain = Fluid::new(world, 0.0).until(bytes, world.replaced_at.unwrap_or(f64::INFINITY));
    match (plain, world.replaced_at) {
        (Some(at), _) => at.max(limited),
        (None, Some(replaced)) => Fluid::new(world, replaced)
            .until(bytes, f64::INFINITY)
            .expect("nothing ends a fluid that may flow for ever")
            .max(limited),
        (None, None) => f64::INFINITY,
    }
}

/// Either the file is there before the outage, or its end, the way, and the rest come after it.
fn outage_bound(world: &World, outage: Outage, bytes: f64) -> f64 {
    let before = Fluid::new(world, 0.0).until(bytes, f64::INFINITY);
    let before = before.expect("nothing ends a fluid that may flow for ever");
    if before <= outage.from {
        return before;
    }
    let span = if outage.to.is_finite() {
        outage.to - outage.from
    } else {
        0.0
    };
    before + span
}

/// The least time in which one plain stream can have the whole file.
pub(crate) fn plain_stream(world: &World) -> f64 {
    let mut alone = world.clone();
    alone.ceiling = 1;
    lower_bound(&alone)
}

/// Returns how many connections it takes, with those paths a client has first, to get about as much
/// as any number would, at a moment.
pub(crate) fn useful_connections(world: &World, at: f64) -> usize {
    let rate = |connections: usize| {
        let (link, each) = punished(world, at, connections);
        let paths = (0..connections).map(|path| world.path_rate(path).min(each));
        paths.sum::<f64>().min(link)
    };
    let allowed = world.allowed();
    let best = (1..=allowed).map(rate).fold(0.0, f64::max);
    (1..=allowed)
        .find(|connections| rate(*connections) >= AS_GOOD * best)
        .unwrap_or(allowed)
}

/// Returns what the link gives to so many connections, and to each at most.
fn punished(world: &World, at: f64, connections: usize) -> (f64, f64) {
    let penalty = world
        .penalty
        .filter(|penalty| connections > penalty.above)
        .map_or((1.0, f64::INFINITY), |penalty| {
            (penalty.factor, penalty.each)
        });
    (world.link_rate(at) * penalty.0, penalty.1)
}

/// Bytes that flow as fast as a world lets them.
struct Fluid<'w> {
    world: &'w World,
    /// The rates of the paths, best first.
    paths: Vec<f64>,
    at: f64,
    /// The rates that slow start allows the first connection, and each other one.
    ramp: f64,
    others_ramp: f64,
    next_reset: f64,
}

impl<'w> Fluid<'w> {
    fn new(world: &'w World, from: f64) -> Self {
        let mut paths: Vec<f64> = (0..usize::from(world.ceiling))
            .map(|path| world.path_rate(path))
            .collect();
        paths.sort_by(|a, b| b.total_cmp(a));
        let honest = match world.lie {
            Some(lie) if lie.lies == u64::MAX => usize::try_from(lie.honest.max(1)),
            Some(_) | None => Ok(usize::MAX),
        };
        paths.truncate(world.allowed().min(honest.unwrap_or(usize::MAX)));
        let every = world.reset_every.unwrap_or(f64::INFINITY);
        let resets_before = if every.is_finite() {
            (from / every).floor()
        } else {
            0.0
        };
        Self {
            world,
            paths,
            at: from + 2.0 * world.round_trip + world.hesitation + world.first_byte.0,
            ramp: INITIAL_WINDOW / world.round_trip.max(1e-6),
            others_ramp: 0.0,
            next_reset: if every.is_finite() {
                (resets_before + 1.0) * every
            } else {
                every
            },
        }
    }

    /// When so many bytes have flowed, if that is before the end.
    fn until(mut self, bytes: f64, end: f64) -> Option<f64> {
        let world = self.world;
        let step = world.round_trip.max(1e-6);
        let mut left = bytes;
        loop {
            while self.next_reset <= self.at {
                self.begin_anew();
            }
            if self.at >= end {
                return None;
            }
            // Past any link's rate, slow start no longer says anything.
            let ramping = self.others_ramp < RAMPED;
            let next_step = if ramping {
                self.at + step
            } else {
                f64::INFINITY
            };
            let next_change = world.next_change(self.at).min(world.next_opening(self.at));
            let until = next_step.min(next_change).min(self.next_reset);
            let rate = self.best_rate();
            let done = self.at + left / rate;
            if done <= until {
                return (done <= end).then_some(done);
            }
            left -= rate * (until - self.at);
            self.at = until;
            if ramping && until >= next_step {
                self.others_ramp = self.ramp;
                self.ramp *= 2.0;
            }
        }
    }

    fn begin_anew(&mut self) {
        let first = INITIAL_WINDOW / self.world.round_trip.max(1e-6);
        (self.ramp, self.others_ramp) = (first, first);
        let late = self.world.hesitation + self.world.first_byte.0;
        let ready = self.next_reset + 2.0 * self.world.round_trip + late;
        self.at = self.at.max(ready);
        self.next_reset += self.world.reset_every.unwrap_or(f64::INFINITY);
    }

    /// The best of what the allowed numbers of connections get.
    fn best_rate(&self) -> f64 {
        if !self.world.mirrors.is_empty() {
            return self.mirrored_rate();
        }
        let total = |connections: usize| {
            let (link, each) = punished(self.world, self.at, connections);
            let mut paths = self.paths.iter().take(connections).map(|p| p.min(each));
            let first = paths.next().map_or(0.0, |path| path.min(self.ramp));
            let others: f64 = paths.map(|path| path.min(self.others_ramp)).sum();
            (first + others).min(link)
        };
        let all = self.paths.len().min(self.world.served_at(self.at));
        match self.world.penalty {
            None => total(all),
            Some(penalty) => total(all.min(penalty.above)).max(total(all)),
        }
    }

    /// Returns what all mirrors give together, as far as slow start and the link allow.
    fn mirrored_rate(&self) -> f64 {
        let (world, at) = (self.world, self.at);
        let useful = world.mirrors.iter().filter(|m| m.useful_rate(at) > 0.0);
        let each = useful.map(|m| m.connection_rate).fold(0.0, f64::max);
        let others = f64::from(world.ceiling - 1) * self.others_ramp;
        let all: f64 = world.mirrors.iter().map(|m| m.useful_rate(at)).sum();
        (self.ramp.min(each) + others)
            .min(all)
            .min(world.link_rate(at))
    }
}

#[cfg(test)]
mod tests;
