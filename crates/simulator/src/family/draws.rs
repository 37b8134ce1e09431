//! Owns what each kind changes in the world of a seed. Knows no other kind's name and no policy.

use std::time::Duration;

use range_core::units::{BytesPerSecond, RateLimit};
use scheduler::failure::FailureClass;

use crate::dice::Dice;
use crate::mirror::{Mirror, MirrorFault};
use crate::world::{Bucket, Lie, Lying, Outage, Penalty, Refusal, Refusing, Throttle, World};

pub(super) const MIB: f64 = 1_048_576.0;

/// Up to so many connections fill the link.
pub(super) fn cap(world: &mut World, dice: &mut Dice, most: f64) {
    world.connection_rate = world.link[0].1 / dice.logarithmic(1.0, most);
}

pub(super) fn heterogeneous(world: &mut World, dice: &mut Dice) {
    cap(world, dice, 8.0);
    world.spread = 20.0;
}

pub(super) fn refusing(world: &mut World, dice: &mut Dice) {
    cap(world, dice, 64.0);
    let above = dice.whole(1, 16) as usize;
    let how = match dice.whole(0, 3) {
        0 => Refusing::Busy(None),
        1 => Refusing::Busy(Some(Duration::from_secs(dice.whole(1, 10)))),
        2 => Refusing::Forbidden,
        _ => Refusing::Reset,
    };
    world.refusal = Some(Refusal { above, how });
}

pub(super) fn penalised(world: &mut World, dice: &mut Dice) {
    cap(world, dice, 64.0);
    let above = dice.whole(2, 24) as usize;
    world.penalty = Some(Penalty {
        above,
        factor: 0.3,
        each: f64::INFINITY,
    });
}

pub(super) fn resetting(world: &mut World, dice: &mut Dice) {
    cap(world, dice, 16.0);
    world.reset_every = Some(dice.logarithmic(3.0, 10.0));
}

pub(super) fn changing(world: &mut World, dice: &mut Dice) {
    cap(world, dice, 16.0);
    let (at, rate) = (moment(world, dice), world.link[0].1);
    world.link.push((at, rate * dice.logarithmic(0.2, 5.0)));
}

/// Some time while the file comes.
pub(super) fn moment(world: &World, dice: &mut Dice) -> f64 {
    world.length as f64 / world.link[0].1 * (0.1 + 0.8 * dice.fraction())
}

pub(super) fn distant(world: &mut World, dice: &mut Dice) {
    cap(world, dice, 16.0);
    world.round_trip = 0.3;
}

pub(super) fn ramping(world: &mut World, dice: &mut Dice) {
    let rate = dice.logarithmic(2e7, 3e8);
    world.length = (rate * dice.logarithmic(1.0, 10.0)) as u64;
    world.link = vec![(0.0, rate)];
    world.round_trip = dice.logarithmic(0.05, 0.3);
}

pub(super) fn slow_disk(world: &mut World, dice: &mut Dice) {
    cap(world, dice, 16.0);
    world.disk.rate = world.link[0].1 * dice.logarithmic(0.1, 1.0);
    world.disk.sync = dice.logarithmic(0.01, 5.0);
}

pub(super) fn failing_disk(world: &mut World, dice: &mut Dice) {
    cap(world, dice, 16.0);
    world.disk.fails_at = Some(0.1 + 0.8 * dice.fraction());
}

/// As many connections as are allowed make up for what each loses.
pub(super) fn throttling(world: &mut World, dice: &mut Dice) {
    cap(world, dice, 8.0);
    world.throttle = Some(Throttle {
        after: world.length as f64 / dice.logarithmic(8.0, 256.0),
        factor: dice.logarithmic(0.25, 0.7),
    });
}

pub(super) fn hesitating(world: &mut World, dice: &mut Dice) {
    cap(world, dice, 16.0);
    world.hesitation = dice.logarithmic(0.05, 2.0);
}

pub(super) fn late(world: &mut World, dice: &mut Dice, are_alike: bool) {
    cap(world, dice, 16.0);
    let most = dice.logarithmic(0.01, 5.0);
    world.first_byte = (if are_alike { most } else { 0.0 }, most);
}

pub(super) fn outage(world: &mut World, dice: &mut Dice, is_for_good: bool) {
    cap(world, dice, 16.0);
    let rate = world.link[0].1;
    world.length = world.length.max((rate * 5.0) as u64);
    let from = moment(world, dice).max(1.0);
    let span = dice.logarithmic(1.0, 50.0);
    let to = if is_for_good {
        f64::INFINITY
    } else {
        from + span
    };
    let how = match dice.whole(0, 3) {
        0 => FailureClass::Interrupted,
        1 => FailureClass::Busy { retry_after: None },
        2 if !is_for_good => FailureClass::Refused,
        _ => FailureClass::Unreachable,
    };
    world.outage = Some(Outage { from, to, how });
}

/// Half a minute with 32 connections at most.
pub(super) fn bursting(world: &mut World, dice: &mut Dice) {
    let rate = dice.logarithmic(256.0 * 1024.0, 4.0 * MIB);
    let quantum = dice.logarithmic(65_536.0, MIB);
    world.bucket = Some(Bucket { rate, quantum });
    world.length = (rate * dice.logarithmic(16.0, 1024.0)) as u64;
    world.link = vec![(0.0, rate * dice.logarithmic(8.0, 256.0))];
}

/// One connection fills the link: with ranges gone, it may be all there is.
pub(super) fn lying(world: &mut World, dice: &mut Dice) {
    let how = if dice.whole(0, 1) == 0 {
        Lying::Whole
    } else {
        Lying::Elsewhere
    };
    let lies = if dice.whole(0, 1) == 0 { 2 } else { u64::MAX };
    let honest = dice.whole(0, 40);
    world.lie = Some(Lie { honest, lies, how });
}

pub(super) fn replaced(world: &mut World, dice: &mut Dice) {
    cap(world, dice, 16.0);
    world.replaced_at = Some(moment(world, dice));
}

/// Nobody hands out an address that is no longer good when it is asked.
pub(super) fn expiring(world: &mut World, dice: &mut Dice) {
    cap(world, dice, 16.0);
    let good = moment(world, dice) / dice.logarithmic(1.0, 8.0);
    world.expires_after = Some(good.max(1.0 + 4.0 * world.round_trip));
}

/// The link gives between half and four times what all of them do.
pub(super) fn mirrors(world: &mut World, dice: &mut Dice) {
    let rate = world.link[0].1;
    let count = dice.whole(2, 6);
    let shares: Vec<f64> = (0..count).map(|_| dice.logarithmic(1.0, 30.0)).collect();
    let all: f64 = shares.iter().sum();
    for share in shares {
        let rate = rate * share / all;
        let connections = dice.whole(1, 5);
        let serves = match dice.whole(0, 3) {
            0 => dice.whole(1, connections) as usize,
            _ => usize::MAX,
        };
        world.mirrors.push(Mirror {
            rate,
            connection_rate: rate / connections as f64,
            serves,
            fault: None,
        });
    }
    world.link = vec![(0.0, rate * dice.logarithmic(0.5, 4.0))];
}

pub(super) fn bad_mirror(world: &mut World, dice: &mut Dice) {
    mirrors(world, dice);
    let last = world.mirrors.len() as u64 - 1;
    let dies = MirrorFault::Dies(moment(world, dice));
    let (from, fault) = match dice.whole(0, 4) {
        0 => (0, Some(MirrorFault::Refuses)),
        1 => (0, Some(dies)),
        2 => (0, None),
        3 => (0, Some(MirrorFault::Misplaces)),
        // The first one tells which file it is.
        _ => (1, Some(MirrorFault::HasAnother)),
    };
    let mirror = &mut world.mirrors[dice.whole(from, last) as usize];
    mirror.fault = fault;
    if fault.is_none() {
        mirror.rate *= 0.01;
        mirror.connection_rate *= 0.01;
    }
}

/// Four connections, or one where ranges are not served, bring half as much again
/// as the limit, or more.
pub(super) fn limited(world: &mut World, dice: &mut Dice) {
    cap(world, dice, 3.0);
    let rate = world.link[0].1;
    let mut factor = 1.0;
    match dice.whole(0, 6) {
        0 => world.spread = 4.0,
        1 => world.reset_every = Some(dice.logarithmic(8.0, 20.0)),
        2 => world.stall_at = Some(dice.fraction()),
        3 => {
            factor = dice.logarithmic(0.25, 0.7);
            let after = dice.logarithmic(1e5, 1e7);
            world.throttle = Some(Throttle { after, factor });
        }
        4 => refusing_above(world, dice.whole(4, 8) as usize),
        5 => {
            world.connection_rate = f64::INFINITY;
            world.lie = Some(Lie {
                honest: 0,
                lies: u64::MAX,
                how: Lying::Whole,
            });
        }
        _ => {}
    }
    let four: f64 = (0..4).map(|path| world.path_rate(path)).sum();
    let enough = four.min(rate) * factor / 1.5;
    let limit = enough / dice.logarithmic(1.0, 20.0);
    world.rate_limit = RateLimit::new(BytesPerSecond(limit as u64));
    world.length = (limit * dice.logarithmic(10.0, 60.0)) as u64;
}

fn refusing_above(world: &mut World, above: usize) {
    let how = Refusing::Busy(None);
    world.refusal = Some(Refusal { above, how });
}

pub(super) fn short(world: &mut World, dice: &mut Dice) {
    cap(world, dice, 16.0);
    world.length = (5.0 * world.link[0].1) as u64;
}

pub(super) fn terabyte(world: &mut World, dice: &mut Dice) {
    world.length = 1 << 40;
    world.link = vec![(0.0, dice.logarithmic(1e8, 2e9))];
    cap(world, dice, 16.0);
}
