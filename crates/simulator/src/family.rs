//! Owns the kinds of worlds: each turns a seed into one world. Knows no policy.

use crate::dice::Dice;
use crate::world::{Penalty, World};

const MIB: f64 = 1_048_576.0;
const GIB: f64 = 1024.0 * MIB;

/// A kind of world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// One shared link, nothing else.
    Uniform,
    /// Connections whose rates differ up to twentyfold.
    Heterogeneous,
    /// A cap on every connection; 1 to 64 of them fill the link.
    Capped,
    /// A cap, and 503 above some number of requests.
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
    /// Five seconds at the link's rate.
    Short,
    /// 2 GiB at 2 GB/s and 0.1 ms.
    Loopback,
}

impl Family {
    /// In the order of the table's rows.
    pub const ALL: [Self; 11] = [
        Self::Uniform,
        Self::Heterogeneous,
        Self::Capped,
        Self::Refusing,
        Self::Penalised,
        Self::Stalling,
        Self::Resetting,
        Self::Changing,
        Self::Distant,
        Self::Short,
        Self::Loopback,
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
            Self::Short => "short",
            Self::Loopback => "loopback",
        }
    }

    /// The family of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|family| family.name() == name)
    }

    /// The world of a seed: 10 MiB to 100 GiB, and an hour at most at the link's rate.
    pub fn world(self, seed: u64) -> World {
        let mut dice = Dice::new(seed ^ ((self as u64) << 56));
        let length = dice.logarithmic(10.0 * MIB, 100.0 * GIB);
        let rate = dice.logarithmic(2e6, 1e9).max(length / 3600.0);
        let round_trip = dice.logarithmic(0.0005, 0.2);
        let mut world = World::plain(seed, length as u64, round_trip, rate);
        let useful = dice.logarithmic(1.0, 64.0);
        match self {
            Self::Uniform => {}
            Self::Heterogeneous => {
                world.connection_rate = rate / dice.logarithmic(1.0, 8.0);
                world.spread = 20.0;
            }
            Self::Capped => world.connection_rate = rate / useful,
            Self::Refusing => {
                world.connection_rate = rate / useful;
                world.refuse_above = Some(dice.whole(1, 16) as usize);
            }
            Self::Penalised => {
                world.connection_rate = rate / useful;
                world.penalty = Some(Penalty {
                    above: dice.whole(2, 24) as usize,
                    factor: 0.3,
                });
            }
            Self::Stalling => world.stall_at = Some(0.99),
            Self::Resetting => {
                world.connection_rate = rate / dice.logarithmic(1.0, 16.0);
                world.reset_every = Some(dice.logarithmic(3.0, 10.0));
            }
            Self::Changing => {
                world.connection_rate = rate / dice.logarithmic(1.0, 16.0);
                let at = length / rate * (0.2 + 0.6 * dice.fraction());
                world.link.push((at, rate * dice.logarithmic(0.2, 5.0)));
            }
            Self::Distant => {
                world.round_trip = 0.3;
                world.connection_rate = rate / dice.logarithmic(1.0, 16.0);
            }
            Self::Short => {
                world.length = (5.0 * rate) as u64;
                world.connection_rate = rate / dice.logarithmic(1.0, 16.0);
            }
            Self::Loopback => world = World::plain(seed, 2 << 30, 0.0001, 2e9),
        }
        world
    }
}
