//! Owns how long a run of a world may take and how many requests it may cost, from what is wrong
//! there. Measures nothing.

use std::time::Duration;

use crate::effects::Wrong;
use crate::world::World;

/// Tries, and how long one may stand still, against faults.
pub(crate) const HASTY: Haste = Haste {
    tries: 4,
    stall: Duration::from_secs(2),
};

/// The same where nothing is wrong: then only a machine busy with other things stands still.
pub(crate) const PATIENT: Haste = Haste {
    tries: 10,
    stall: Duration::from_secs(30),
};

/// The program's settings for failures.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Haste {
    pub(crate) tries: u32,
    pub(crate) stall: Duration,
}

/// A busy machine takes several times as long as an idle one.
const GENEROUS: u32 = 2;

/// The bytes that loopback and the disk bring in a second at least, with digests and a mapped file.
const LOOPBACK: f64 = 12e6;

/// The progress that restores the budget of tries.
const STEP: u64 = 16 << 10;

/// The size below which progress is paced.
const BLOCK: u64 = 256 << 10;

/// The limits of a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bound {
    /// From its start to its end.
    pub(crate) time: Duration,
    /// Without a step forward.
    pub(crate) standstill: Duration,
    hops: u64,
    pieces: u64,
}

impl Bound {
    pub(crate) fn of(world: &World, haste: Haste, with_faults: bool) -> Self {
        let longest = 2 * world.length + 300_000;
        if !with_faults {
            let seconds = seconds(longest, world.limit) + 20.0;
            return Self {
                time: GENEROUS * Duration::from_secs_f64(seconds),
                standstill: Duration::from_mins(1),
                hops: 1,
                pieces: 2 * longest / BLOCK,
            };
        }
        // Each version may come twice, and every one once more as one stream.
        let times = if world.changes() { 4 } else { 2 };
        let transfer = Duration::from_secs_f64(seconds(longest, slowest(world)));
        let pieces = 8 + longest / piece(world);
        let wait = wait(world, haste);
        let backoff = Duration::from_secs(8);
        let hopeless = haste.tries * (haste.stall + wait) + backoff;
        let away: Duration = world
            .of("outage")
            .map(|wrong| {
                let after = wrong.option("after").map_or(Duration::ZERO, milliseconds);
                after + milliseconds(wrong.argument())
            })
            .sum();
        let pieces_in_turn = u32::try_from(pieces).unwrap_or(u32::MAX);
        let fetching = transfer + wait * pieces_in_turn;
        Self {
            time: GENEROUS * (Duration::from_secs(5) + times * fetching + 3 * hopeless + away),
            standstill: Duration::from_secs(10) + 2 * hopeless + away,
            hops: hops(world),
            pieces: u64::from(times) * pieces,
        }
    }

    /// Returns how many requests a run of this length may cost: whatever brings a block is free,
    /// the rest is paced.
    pub(crate) fn requests(&self, connections: u64, elapsed: Duration) -> u64 {
        let paced = 20.0 * elapsed.as_secs_f64();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a run takes minutes at most"
        )]
        let paced = paced as u64;
        self.hops * (40 + 6 * connections + self.pieces + paced)
    }
}

#[expect(clippy::cast_precision_loss, reason = "an estimate")]
fn seconds(bytes: u64, rate: Option<u64>) -> f64 {
    let bytes = bytes as f64;
    bytes / LOOPBACK + rate.map_or(0.0, |rate| bytes / rate.max(1) as f64)
}

/// The least that the server or the program gives one connection, in bytes a second.
fn slowest(world: &World) -> Option<u64> {
    let named = ["rate", "bucket", "crowd-rate"];
    let named = named.iter().flat_map(|name| world.of(name));
    named.filter_map(Wrong::number).chain(world.limit).min()
}

/// The least that a reply brings where it counts as a step forward.
fn piece(world: &World) -> u64 {
    let named = [
        "stall",
        "close",
        "cut",
        "reset",
        "range-cap",
        "end-earlier",
        "align-start",
    ];
    let named = named.iter().flat_map(|name| world.of(name));
    // A reply that ends so much earlier, or begins elsewhere, can be of any length.
    let least = named.map(|wrong| match wrong.name() {
        "end-earlier" => STEP,
        _ => wrong.number().unwrap_or(STEP),
    });
    least.min().unwrap_or(BLOCK).clamp(STEP, BLOCK)
}

/// Returns what one reply can be waited for beside its bytes.
fn wait(world: &World, haste: Haste) -> Duration {
    // What brings less than a block is paced.
    let is_paced = piece(world) < BLOCK;
    let mut wait = Duration::from_millis(if is_paced { 100 } else { 10 });
    for wrong in &world.wrongs {
        wait += match wrong.name() {
            "delay" | "first-byte" => milliseconds(wrong.argument()),
            "bucket" => {
                let quantum = wrong.option("quantum").and_then(|text| text.parse().ok());
                Duration::from_secs_f64(seconds(quantum.unwrap_or(0), wrong.number()))
            }
            "stall" | "connection-cap" | "outage" | "endless-head" => haste.stall,
            "close" | "cut" | "reset" | "redirect" | "drip-head" | "interim" => {
                Duration::from_millis(600)
            }
            "status" => Duration::from_millis(1200),
            _ => Duration::ZERO,
        };
    }
    wait
}

/// Returns how many requests one takes.
fn hops(world: &World) -> u64 {
    let steps = world.of("redirect").map(|wrong| {
        let chain = wrong.argument().strip_prefix("chain:");
        chain.map_or(1, |steps| steps.parse().unwrap_or(1))
    });
    // A circle is left after ten steps.
    let circle = world.of("redirect").any(|wrong| wrong.argument() == "loop");
    if circle {
        12
    } else {
        1 + steps.max().unwrap_or(0)
    }
}

/// A duration as faults have it here.
fn milliseconds(text: &str) -> Duration {
    let number = text.trim_end_matches("ms").parse();
    Duration::from_millis(number.unwrap_or(0))
}
