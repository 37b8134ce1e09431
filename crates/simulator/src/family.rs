//! Owns the kinds of worlds: each turns a seed into one world. Knows no policy.

mod draws;
mod unkind;

use crate::dice::Dice;
use crate::world::World;
use draws::MIB;

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
    /// One reply in 3 to 200 is of something else.
    Stray,
    /// Nobody is served for 50 s to 59.
    LongOutage,
    /// Two to six mirrors die, but for one.
    DyingMirrors,
    /// New requests are refused for a tenth of a second to five, several times.
    RefusalBursts,
    /// Two to four targets of a redirect are gone one after another.
    DyingTargets,
    /// Each reply to a range brings a byte to 64 KiB.
    Meagre,
    /// A few of what others have one of.
    Mixed,
    /// Requests above some number are never answered.
    Silent,
    /// One request at a time is served.
    Alone,
    /// The first request is served and no other, for good or for a while.
    Once,
    /// The same with two or three. With four nothing may tell at first that others are not served.
    Few,
}

impl Family {
    /// In the order of the table's rows.
    pub const ALL: [Self; 39] = [
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
        Self::Stray,
        Self::LongOutage,
        Self::DyingTargets,
        Self::DyingMirrors,
        Self::Meagre,
        Self::RefusalBursts,
        Self::Mixed,
        Self::Silent,
        Self::Alone,
        Self::Once,
        Self::Few,
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
            Self::Stray => "stray",
            Self::LongOutage => "long-outage",
            Self::DyingTargets => "dying-targets",
            Self::DyingMirrors => "dying-mirrors",
            Self::Meagre => "meagre",
            Self::RefusalBursts => "refusal-bursts",
            Self::Mixed => "mixed",
            Self::Silent => "silent",
            Self::Alone => "alone",
            Self::Once => "once",
            Self::Few => "few",
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

    /// Returns whether one plain stream would have the whole file, and no other need be served.
    pub const fn has_one_good_stream(self) -> bool {
        matches!(self, Self::Silent | Self::Alone | Self::Once | Self::Few)
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
            Self::Heterogeneous => draws::heterogeneous(&mut world, &mut dice),
            Self::Capped => draws::cap(&mut world, &mut dice, 64.0),
            Self::Refusing => draws::refusing(&mut world, &mut dice),
            Self::Penalised => draws::penalised(&mut world, &mut dice),
            Self::Stalling => world.stall_at = Some(0.99),
            Self::Resetting => draws::resetting(&mut world, &mut dice),
            Self::Changing => draws::changing(&mut world, &mut dice),
            Self::Distant => draws::distant(&mut world, &mut dice),
            Self::Ramping => draws::ramping(&mut world, &mut dice),
            Self::SlowDisk => draws::slow_disk(&mut world, &mut dice),
            Self::FailingDisk => draws::failing_disk(&mut world, &mut dice),
            Self::Throttling => draws::throttling(&mut world, &mut dice),
            Self::Hesitating => draws::hesitating(&mut world, &mut dice),
            Self::Lying => draws::lying(&mut world, &mut dice),
            Self::Replaced => draws::replaced(&mut world, &mut dice),
            Self::Expiring => draws::expiring(&mut world, &mut dice),
            Self::Mirrors => draws::mirrors(&mut world, &mut dice),
            Self::BadMirror => draws::bad_mirror(&mut world, &mut dice),
            Self::Late | Self::Uneven => draws::late(&mut world, &mut dice, self == Self::Late),
            Self::Bursting => draws::bursting(&mut world, &mut dice),
            Self::Outage => draws::outage(&mut world, &mut dice, false),
            Self::Moved => draws::outage(&mut world, &mut dice, true),
            Self::Stray => unkind::stray(&mut world, &mut dice),
            Self::LongOutage => unkind::long_outage(&mut world, &mut dice),
            Self::DyingTargets => unkind::dying_targets(&mut world, &mut dice),
            Self::DyingMirrors => unkind::dying_mirrors(&mut world, &mut dice),
            Self::Meagre => unkind::meagre(&mut world, &mut dice),
            Self::RefusalBursts => unkind::bursts(&mut world, &mut dice),
            Self::Mixed => unkind::mixed(&mut world, &mut dice),
            Self::Silent => unkind::silent(&mut world, &mut dice),
            Self::Alone => unkind::alone(&mut world, &mut dice),
            Self::Once => unkind::few(&mut world, &mut dice, 1, 1),
            Self::Few => unkind::few(&mut world, &mut dice, 2, 3),
            Self::Limited => draws::limited(&mut world, &mut dice),
            Self::Short => draws::short(&mut world, &mut dice),
            Self::Loopback => world = World::plain(seed, 2 << 30, 0.0001, 2e9),
            Self::Terabyte => draws::terabyte(&mut world, &mut dice),
        }
        world
    }
}
