//! Owns what a round is: a file, faults, how it is asked for and when it is killed, all from one
//! seed. Runs nothing.

use std::time::Duration;

use crate::dice::Dice;

/// Everything about one round.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) seed: u64,
    pub(crate) length: u64,
    /// As in a URL, each of them.
    pub(crate) faults: Vec<String>,
    pub(crate) is_secure: bool,
    pub(crate) checksum: bool,
    pub(crate) connections: u64,
    /// After which times a run is killed, before the one that may end.
    pub(crate) kills: Vec<Duration>,
    /// Whether the faults are those of the runs that are killed as well.
    pub(crate) faulty_from_the_start: bool,
}

/// Faults whose every outcome the program has to see through, `#` being a number of bytes and `%`
/// a small number.
const HONEST: &[&str] = &[
    "delay:300ms",
    "rate:4MiB",
    "rate:1MiB",
    "crowd-rate:1MiB,above=2",
    "stall:#",
    "stall",
    "close:#",
    "cut:#",
    "reset:#",
    "reset",
    "connection-cap:%",
    "connection-cap:%,excess=reset",
    "connection-cap:%,excess=stall",
    "connection-cap:%,excess=403",
    "content-length:chunked",
    "content-length:twice",
    "content-length:beside-chunked",
    "content-length:-1",
    "surplus:#",
    "http-1.0",
    "interim:%",
    "endless-head",
    "ignore-range",
    "start-earlier:#",
    "start-later:#",
    "align-start:65536",
    "end-earlier:%",
    "range-cap:300000",
    "range-cap:1MiB",
    "range-cap:1MiB,refusal=403",
    "overlong:%",
    "complete-length:*",
    "complete-length:12345678",
    "no-content-range",
    "multipart",
    "version:1",
    "etag:other",
    "etag:none",
    "etag:weak",
    "etag:per-connection",
    "no-validators",
    "status:503",
    "status:503,retry-after=1",
    "status:429,retry-after=date:1",
    "status:500",
    "status:403",
    "status:404",
    "status:412",
    "status:416",
    "redirect:once",
    "redirect:chain:%",
    "redirect:cross-origin",
    "redirect:expiring:200ms",
];

/// Faults only a checksum can see through.
const LIES: &[&str] = &["corrupt:#", "misplace:4KiB", "error-page", "gzip"];

impl Case {
    pub(crate) fn grow(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let checksum = dice.one_in(2);
        let length = length(&mut dice);
        let faults = (0..=dice.below(4)).map(|_| fault(&mut dice, length, checksum));
        let faults: Vec<String> = faults.collect();
        let has = |effect: &str| faults.iter().any(|fault| fault.starts_with(effect));
        // Two versions of one length, and nothing that tells them apart; or a server that serves
        // less than it is asked for, and always says that the file is no longer than that. Only a
        // checksum can see through it.
        let is_hidden = has("version") && has("no-validators");
        let is_consistent = has("range-cap") && has("complete-length:1");
        let checksum = checksum || is_hidden || is_consistent;
        let is_secure = dice.one_in(4);
        let kills =
            (0..dice.pick(&[0, 0, 1, 2])).map(|_| dice.time_below(Duration::from_millis(600)));
        let kills = kills.collect();
        Self {
            seed,
            length,
            faults,
            is_secure,
            checksum,
            connections: dice.pick(&[1, 2, 4, 8, 16]),
            kills,
            faulty_from_the_start: dice.one_in(2),
        }
    }
}

fn length(dice: &mut Dice) -> u64 {
    const MIB: u64 = 1 << 20;
    let blocks = dice.pick(&[0, 1, 2, 7, 8, 24]);
    let edge = dice.pick(&[0, 0, 1, 4097]);
    blocks * MIB + edge
}

/// One of the faults, with conditions more often than not: what always goes wrong hides the rest.
fn fault(dice: &mut Dice, length: u64, checksum: bool) -> String {
    let effect = if checksum && dice.one_in(6) {
        dice.pick(LIES)
    } else {
        dice.pick(HONEST)
    };
    let bytes = dice.below(length.max(1)).to_string();
    let few = (1 + dice.below(5)).to_string();
    let text = effect.replace('#', &bytes).replace('%', &few);
    let first = 1 + dice.below(6);
    let condition = match dice.below(6) {
        0 => String::new(),
        1 => format!(",requests={first}..={}", first + dice.below(4)),
        2 => format!(",requests={first}.."),
        3 => format!(",every={}", 2 + dice.below(4)),
        4 => format!(",connections={first}"),
        _ => format!(",probability=0.3,seed={}", dice.below(1000)),
    };
    format!("{text}{condition}")
}
