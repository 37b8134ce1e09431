//! Owns the fluid lower bound: the time no client can beat in a world. Knows no policy.

use crate::network::INITIAL_WINDOW;
use crate::world::World;

/// A rate no link has, in bytes per second.
const RAMPED: f64 = 1e13;

/// The least time, in seconds, in which a client that does not know the length beforehand can
/// have the whole file.
///
/// Nothing arrives for two round trips: the handshake, and the first request. From there one
/// connection may stream, and one round trip later, when the length is known and has been asked
/// for in parts, as many as the user and the server allow. Each one's rate starts at ten packets a
/// round trip (RFC 6928) and doubles every round trip; together they get what the link has.
/// Where all connections are reset, the same begins anew. A stall counts as if it cost nothing.
pub fn lower_bound(world: &World) -> f64 {
    let step = world.round_trip.max(1e-6);
    let mut at = 2.0 * world.round_trip;
    let mut left = world.length as f64;
    let mut ramp = INITIAL_WINDOW / step;
    let mut others_ramp = 0.0;
    let mut next_reset = world.reset_every.unwrap_or(f64::INFINITY);
    loop {
        while next_reset <= at {
            let first = INITIAL_WINDOW / step;
            (ramp, others_ramp) = (first, first);
            at = at.max(next_reset + 2.0 * world.round_trip);
            next_reset += world.reset_every.unwrap_or(f64::INFINITY);
        }
        // Past any link's rate, slow start no longer says anything.
        let ramping = others_ramp < RAMPED;
        let next_step = if ramping { at + step } else { f64::INFINITY };
        let until = next_step.min(world.next_link_change(at)).min(next_reset);
        let rate = best_rate(world, at, ramp, others_ramp);
        if left <= rate * (until - at) {
            return at + left / rate;
        }
        left -= rate * (until - at);
        at = until;
        if ramping && until >= next_step {
            others_ramp = ramp;
            ramp *= 2.0;
        }
    }
}

/// The best of what the allowed numbers of connections get.
fn best_rate(world: &World, at: f64, ramp: f64, others_ramp: f64) -> f64 {
    let link = world.link_rate(at);
    let total = |connections: usize, link: f64| {
        let one = ramp.min(world.connection_rate);
        let other = others_ramp.min(world.connection_rate);
        let others = if connections > 1 {
            other * (connections - 1) as f64
        } else {
            0.0
        };
        (one + others).min(link)
    };
    let ceiling = usize::from(world.ceiling).min(world.refuse_above.unwrap_or(usize::MAX));
    match world.penalty {
        None => total(ceiling, link),
        Some(penalty) => {
            total(ceiling.min(penalty.above), link).max(total(ceiling, link * penalty.factor))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_download_takes_what_the_link_needs() {
        let world = World::plain(1, 1_000_000_000, 0.001, 10_000_000.0);
        let bound = lower_bound(&world);
        assert!((100.0..100.1).contains(&bound), "{bound}");
    }

    #[test]
    fn caps_refusals_and_penalties_lower_the_best_rate() {
        let mut world = World::plain(1, 1_000_000_000, 0.001, 100_000_000.0);
        world.connection_rate = 1_000_000.0;
        assert!((31.0..31.5).contains(&lower_bound(&world)));
        world.refuse_above = Some(4);
        assert!((250.0..250.1).contains(&lower_bound(&world)));
        world.refuse_above = None;
        world.penalty = Some(crate::Penalty {
            above: 10,
            factor: 0.2,
        });
        assert!((50.0..50.1).contains(&lower_bound(&world)));
    }

    #[test]
    fn a_small_file_pays_round_trips_only() {
        let world = World::plain(1, 1000, 0.1, 1e9);
        let bound = lower_bound(&world);
        assert!((0.2..0.21).contains(&bound), "{bound}");
    }
}
