//! Owns the kinds in which some requests are served and others are not. Knows no policy.

use std::time::Duration;

use scheduler::failure::FailureClass;
use scheduler::limits::PROGRESS_MIN;

use super::draws::{MIB, cap, mirrors, moment, outage};
use crate::dice::Dice;
use crate::mirror::MirrorFault;
use crate::world::{Bucket, Closed, Dying, Refusal, Refusing, World};

/// 403, 404, 410, 429, 503, a connection that closes before a byte, or a page.
fn way(dice: &mut Dice) -> Refusing {
    match dice.whole(0, 5) {
        0 | 1 => Refusing::Forbidden,
        2 => Refusing::Busy(None),
        3 => Refusing::Busy(Some(Duration::from_secs(dice.whole(1, 10)))),
        4 => Refusing::Reset,
        _ => Refusing::Stray,
    }
}

/// So many requests are served and no other, for good or for a while.
pub(super) fn few(world: &mut World, dice: &mut Dice, least: u64, most: u64) {
    cap(world, dice, 4.0);
    let after = dice.whole(least, most);
    let how = way(dice);
    let to = match dice.whole(0, 2) {
        0 => moment(world, dice),
        _ => f64::INFINITY,
    };
    world.closed.push(Closed {
        after,
        from: 0.0,
        to,
        how,
    });
}

pub(super) fn silent(world: &mut World, dice: &mut Dice) {
    cap(world, dice, 16.0);
    let above = dice.whole(1, 8) as usize;
    let how = Refusing::Silence;
    world.refusal = Some(Refusal { above, how });
}

/// One connection fills the link.
pub(super) fn alone(world: &mut World, dice: &mut Dice) {
    let how = match dice.whole(0, 6) {
        0 => Refusing::Silence,
        _ => way(dice),
    };
    world.refusal = Some(Refusal { above: 1, how });
}

/// Two to six times, for a tenth of a second to five.
pub(super) fn bursts(world: &mut World, dice: &mut Dice) {
    let least = 10.0 * world.link[0].1;
    world.length = world.length.max(least as u64);
    for _ in 0..dice.whole(2, 6) {
        let from = moment(world, dice);
        let how = match dice.whole(0, 3) {
            0 => Refusing::Busy(None),
            1 => Refusing::Busy(Some(Duration::from_secs(1))),
            _ => Refusing::Forbidden,
        };
        world.closed.push(Closed {
            after: 0,
            from,
            to: from + dice.logarithmic(0.1, 5.0),
            how,
        });
    }
}

pub(super) fn stray(world: &mut World, dice: &mut Dice) {
    cap(world, dice, 16.0);
    world.stray = dice.logarithmic(0.005, 0.3);
}

/// A byte to 64 KiB a reply, and the same to four times that in one world.
pub(super) fn meagre(world: &mut World, dice: &mut Dice) {
    world.length = dice.logarithmic(65_536.0, 4.0 * MIB) as u64;
    let enough = PROGRESS_MIN as f64;
    let (least, most) = match dice.whole(0, 1) {
        0 => (1.0, enough / 4.0),
        _ => (enough, 4.0 * enough),
    };
    let least = dice.logarithmic(least, most);
    let most = least * dice.logarithmic(1.0, 4.0);
    world.meagre = Some((least as u64, most as u64));
}

/// As long as ten tries last.
pub(super) fn long_outage(world: &mut World, dice: &mut Dice) {
    outage(world, dice, false);
    if let Some(outage) = &mut world.outage {
        outage.to = outage.from + 50.0 + 9.0 * dice.fraction();
    }
}

/// Two to four targets, one after another.
pub(super) fn dying_targets(world: &mut World, dice: &mut Dice) {
    cap(world, dice, 16.0);
    let least = 10.0 * world.link[0].1;
    world.length = world.length.max(least as u64);
    let count = dice.whole(2, 4);
    let mut at: Vec<f64> = (0..count).map(|_| moment(world, dice)).collect();
    at.sort_by(f64::total_cmp);
    let how = match dice.whole(0, 3) {
        0 => FailureClass::Interrupted,
        1 => FailureClass::Busy { retry_after: None },
        2 => FailureClass::Refused,
        _ => FailureClass::Unreachable,
    };
    world.dying = Some(Dying { at, how });
}

/// All but one.
pub(super) fn dying_mirrors(world: &mut World, dice: &mut Dice) {
    mirrors(world, dice);
    let survivor = dice.whole(0, world.mirrors.len() as u64 - 1) as usize;
    for number in 0..world.mirrors.len() {
        let at = moment(world, dice);
        if number != survivor {
            world.mirrors[number].fault = Some(MirrorFault::Dies(at));
        }
    }
}

/// Each of these, or not: late heads, late bodies, buckets, pages, refusals of many connections,
/// refusals for a while, an outage.
pub(super) fn mixed(world: &mut World, dice: &mut Dice) {
    cap(world, dice, 16.0);
    let one_in_three = |dice: &mut Dice| dice.whole(0, 2) == 0;
    if one_in_three(dice) {
        world.hesitation = dice.logarithmic(0.01, 1.0);
    }
    if one_in_three(dice) {
        world.first_byte = (0.0, dice.logarithmic(0.01, 5.0));
    }
    if one_in_three(dice) {
        let rate = world.connection_rate;
        let quantum = dice.logarithmic(65_536.0, MIB);
        world.bucket = Some(Bucket { rate, quantum });
    }
    if one_in_three(dice) {
        world.stray = dice.logarithmic(0.005, 0.1);
    }
    if one_in_three(dice) {
        let above = dice.whole(4, 16) as usize;
        let how = way(dice);
        world.refusal = Some(Refusal { above, how });
    }
    if one_in_three(dice) {
        bursts(world, dice);
    }
    if one_in_three(dice) {
        outage(world, dice, false);
    }
    // A host that has never replied need not be one.
    let replies = 2.0 * (world.round_trip + world.hesitation) + world.first_byte.1;
    if let Some(outage) = &mut world.outage {
        let later = (replies - outage.from).max(0.0);
        outage.from += later;
        outage.to += later;
    }
}
