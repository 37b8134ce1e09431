//! Owns the kinds of worlds: each turns a seed into one world. Knows no policy.

use std::time::Duration;

use range_core::units::{BytesPerSecond, RateLimit};
use scheduler::failure::FailureClass;

use crate::dice::Dice;
use crate::mirror::{Mirror, MirrorFault};
use crate::world::{Bucket, Lie, Lying, Outage, Penalty, Refusal, Refusing, Throttle, World};

const MIB: f64 = 1_048_576.0;
const GIB: f64 = 1024.0 * MIB;
/// Seconds a file takes at most at the rate of its link.
const LONGEST: f64 = 600.0;

/// A kind of world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// One shared link, nothing else.
    Uniform,
    /// Paths whose rates differ up to twentyfold.
    Heterogeneous,
    /// A cap on every connection; 1 to 64 of them fill the link.
    Capped,
    /// A cap, and a server that refuses requests above some number.
    Refusing,
    /// A cap, and a slower link for everyone above some number of requests.
    Penalised,
    /// A connection falls silent for good at 99 %.
    Stalling,
    /// All connections are reset every few seconds.
    Resetting,
    /// The link's rate changes mid-way, up to fivefold either way.
    Changing,
    /// 300 ms there and back.
    Distant,
    /// A file of a few seconds on a long, fast path: slow start is most of it.
    Ramping,
    /// A disk slower than the link, whose syncs take up to seconds.
    SlowDisk,
    /// A disk that takes nothing more mid-way.
    FailingDisk,
    /// Connections are slowed down once they have brought their share.
    Throttling,
    /// Every reply is a while in coming.
    Hesitating,
    /// Ranges are answered with something else, once or for good.
    Lying,
    /// The server has another file mid-way.
    Replaced,
    /// Where the URL leads to is no longer served after a while.
    Expiring,
    /// Five seconds at the link's rate.
    Short,
    /// 2 GiB at 2 GB/s and 0.1 ms.
    Loopback,
    /// 1 TiB.
    Terabyte,
    /// A limit on the rate below what the link gives, and one more thing at most.
    Limited,
    /// Two to six mirrors, whose rates differ up to thirtyfold; some serve few requests at once.
    Mirrors,
    /// The same, and one of them refuses, dies, crawls, misplaces bytes or has another file.
    BadMirror,
    /// Bodies begin 10 ms to 5 s after their heads, all alike.
    Late,
    /// Each body begins as late as it likes, up to 10 ms to 5 s after its head.
    Uneven,
    /// Nobody is served for a second to 50.
    Outage,
    /// The target of a redirect is gone for good, and the redirect names another.
    Moved,
    /// Each reply has a bucket of tokens, empty at first.
    Bursting,
}

impl Family {
    /// In the order of the table's rows.
    pub const ALL: [Self; 28] = [
        Self::Uniform,
        Self::Heterogeneous,
        Self::Capped,
        Self::Refusing,
        Self::Penalised,
        Self::Stalling,
        Self::Resetting,
        Self::Changing,
        Self::Distant,
        Self::Ramping,
        Self::SlowDisk,
        Self::FailingDisk,
        Self::Throttling,
        Self::Hesitating,
        Self::Lying,
        Self::Replaced,
        Self::Expiring,
        Self::Mirrors,
        Self::BadMirror,
        Self::Limited,
        Self::Late,
        Self::Uneven,
        Self::Bursting,
        Self::Outage,
        Self::Moved,
        Self::Short,
        Self::Loopback,
        Self::Terabyte,
    ];

    /// The name a person types.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Uniform => "uniform",
            Self::Heterogeneous => "heterogeneous",
            Self::Capped => "capped",
            Self::Refusing => "refusing",
            Self::Penalised => "penalised",
            Self::Stalling => "stalling",
            Self::Resetting => "resetting",
            Self::Changing => "changing",
            Self::Distant => "distant",
            Self::Ramping => "ramping",
            Self::SlowDisk => "slow-disk",
            Self::FailingDisk => "failing-disk",
            Self::Throttling => "throttling",
            Self::Hesitating => "hesitating",
            Self::Lying => "lying",
            Self::Replaced => "replaced",
            Self::Expiring => "expiring",
            Self::Mirrors => "mirrors",
            Self::BadMirror => "bad-mirror",
            Self::Late => "late",
            Self::Uneven => "uneven",
            Self::Bursting => "bursting",
            Self::Outage => "outage",
            Self::Moved => "moved",
            Self::Limited => "limited",
            Self::Short => "short",
            Self::Loopback => "loopback",
            Self::Terabyte => "terabyte",
        }
    }

    /// The family of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|family| family.name() == name)
    }

    /// Returns how many of so many seeds differ: some worlds are all alike, or too large for many.
    pub fn seeds(self, seeds: u64) -> u64 {
        if self == Self::Loopback {
            seeds.min(10)
        } else if self == Self::Terabyte {
            seeds.div_ceil(100)
        } else {
            seeds
        }
    }

    /// The world of a seed: 10 MiB to 100 GiB, and ten minutes at most at the link's rate.
    pub fn world(self, seed: u64) -> World {
        let mut dice = Dice::new(seed ^ ((self as u64) << 56));
        let length = dice.logarithmic(10.0 * MIB, 100.0 * GIB);
        let rate = dice.logarithmic(2e6, 1e9).max(length / LONGEST);
        let round_trip = dice.logarithmic(0.0005, 0.2);
        let mut world = World::plain(seed, length as u64, round_trip, rate);
        match self {
            Self::Uniform => {}
            Self::Heterogeneous => heterogeneous(&mut world, &mut dice),
            Self::Capped => cap(&mut world, &mut dice, 64.0),
            Self::Refusing => refusing(&mut world, &mut dice),
            Self::Penalised => penalised(&mut world, &mut dice),
            Self::Stalling => world.stall_at = Some(0.99),
            Self::Resetting => resetting(&mut world, &mut dice),
            Self::Changing => changing(&mut world, &mut dice),
            Self::Distant => distant(&mut world, &mut dice),
            Self::Ramping => ramping(&mut world, &mut dice),
            Self::SlowDisk => slow_disk(&mut world, &mut dice),
            Self::FailingDisk => failing_disk(&mut world, &mut dice),
            Self::Throttling => throttling(&mut world, &mut dice),
            Self::Hesitating => hesitating(&mut world, &mut dice),
            Self::Lying => lying(&mut world, &mut dice),
            Self::Replaced => replaced(&mut world, &mut dice),
            Self::Expiring => expiring(&mut world, &mut dice),
            Self::Mirrors => mirrors(&mut world, &mut dice),
            Self::BadMirror => bad_mirror(&mut world, &mut dice),
            Self::Late | Self::Uneven => late(&mut world, &mut dice, self == Self::Late),
            Self::Bursting => bursting(&mut world, &mut dice),
            Self::Outage => outage(&mut world, &mut dice, false),
            Self::Moved => outage(&mut world, &mut dice, true),
            Self::Limited => limited(&mut world, &mut dice),
            Self::Short => short(&mut world, &mut dice),
            Self::Loopback => world = World::plain(seed, 2 << 30, 0.0001, 2e9),
            Self::Terabyte => terabyte(&mut world, &mut dice),
        }
        world
    }
}

/// Up to so many connections fill the link.
fn cap(world: &mut World, dice: &mut Dice, most: f64) {
    world.connection_rate = world.link[0].1 / dice.logarithmic(1.0, most);
}

fn heterogeneous(world: &mut World, dice: &mut Dice) {
    cap(world, dice, 8.0);
    world.spread = 20.0;
}

fn refusing(world: &mut World, dice: &mut Dice) {
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

fn penalised(world: &mut World, dice: &mut Dice) {
    cap(world, dice, 64.0);
    let above = dice.whole(2, 24) as usize;
    world.penalty = Some(Penalty {
        above,
        factor: 0.3,
        each: f64::INFINITY,
    });
}

fn resetting(world: &mut World, dice: &mut Dice) {
    cap(world, dice, 16.0);
    world.reset_every = Some(dice.logarithmic(3.0, 10.0));
}

fn changing(world: &mut World, dice: &mut Dice) {
    cap(world, dice, 16.0);
    let (at, rate) = (moment(world, dice), world.link[0].1);
    world.link.push((at, rate * dice.logarithmic(0.2, 5.0)));
}

/// Some time while the file comes.
fn moment(world: &World, dice: &mut Dice) -> f64 {
    world.length as f64 / world.link[0].1 * (0.1 + 0.8 * dice.fraction())
}

fn distant(world: &mut World, dice: &mut Dice) {
    cap(world, dice, 16.0);
    world.round_trip = 0.3;
}

fn ramping(world: &mut World, dice: &mut Dice) {
    let rate = dice.logarithmic(2e7, 3e8);
    world.length = (rate * dice.logarithmic(1.0, 10.0)) as u64;
    world.link = vec![(0.0, rate)];
    world.round_trip = dice.logarithmic(0.05, 0.3);
}

fn slow_disk(world: &mut World, dice: &mut Dice) {
    cap(world, dice, 16.0);
    world.disk.rate = world.link[0].1 * dice.logarithmic(0.1, 1.0);
    world.disk.sync = dice.logarithmic(0.01, 5.0);
}

fn failing_disk(world: &mut World, dice: &mut Dice) {
    cap(world, dice, 16.0);
    world.disk.fails_at = Some(0.1 + 0.8 * dice.fraction());
}

/// As many connections as are allowed make up for what each loses.
fn throttling(world: &mut World, dice: &mut Dice) {
    cap(world, dice, 8.0);
    world.throttle = Some(Throttle {
        after: world.length as f64 / dice.logarithmic(8.0, 256.0),
        factor: dice.logarithmic(0.25, 0.7),
    });
}

fn hesitating(world: &mut World, dice: &mut Dice) {
    cap(world, dice, 16.0);
    world.hesitation = dice.logarithmic(0.05, 2.0);
}

fn late(world: &mut World, dice: &mut Dice, are_alike: bool) {
    cap(world, dice, 16.0);
    let most = dice.logarithmic(0.01, 5.0);
    world.first_byte = (if are_alike { most } else { 0.0 }, most);
}

fn outage(world: &mut World, dice: &mut Dice, is_for_good: bool) {
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
fn bursting(world: &mut World, dice: &mut Dice) {
    let rate = dice.logarithmic(256.0 * 1024.0, 4.0 * MIB);
    let quantum = dice.logarithmic(65_536.0, MIB);
    world.bucket = Some(Bucket { rate, quantum });
    world.length = (rate * dice.logarithmic(16.0, 1024.0)) as u64;
    world.link = vec![(0.0, rate * dice.logarithmic(8.0, 256.0))];
}

/// One connection fills the link: with ranges gone, it may be all there is.
fn lying(world: &mut World, dice: &mut Dice) {
    let how = if dice.whole(0, 1) == 0 {
        Lying::Whole
    } else {
        Lying::Elsewhere
    };
    let lies = if dice.whole(0, 1) == 0 { 2 } else { u64::MAX };
    let honest = dice.whole(0, 40);
    world.lie = Some(Lie { honest, lies, how });
}

fn replaced(world: &mut World, dice: &mut Dice) {
    cap(world, dice, 16.0);
    world.replaced_at = Some(moment(world, dice));
}

/// Nobody hands out an address that is no longer good when it is asked.
fn expiring(world: &mut World, dice: &mut Dice) {
    cap(world, dice, 16.0);
    let good = moment(world, dice) / dice.logarithmic(1.0, 8.0);
    world.expires_after = Some(good.max(1.0 + 4.0 * world.round_trip));
}

/// The link gives between half and four times what all of them do.
fn mirrors(world: &mut World, dice: &mut Dice) {
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

fn bad_mirror(world: &mut World, dice: &mut Dice) {
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
fn limited(world: &mut World, dice: &mut Dice) {
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

fn short(world: &mut World, dice: &mut Dice) {
    cap(world, dice, 16.0);
    world.length = (5.0 * world.link[0].1) as u64;
}

fn terabyte(world: &mut World, dice: &mut Dice) {
    world.length = 1 << 40;
    world.link = vec![(0.0, dice.logarithmic(1e8, 2e9))];
    cap(world, dice, 16.0);
}
