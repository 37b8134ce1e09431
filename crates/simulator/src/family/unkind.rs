//! Owns the kinds in which some requests are served and others are not. Knows no policy.

use std::time::Duration;

use scheduler::failure::FailureClass;

use super::draws::{cap, mirrors, moment, outage};
use crate::dice::Dice;
use crate::mirror::MirrorFault;
use crate::world::{Closed, Dying, Refusing, World};

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
