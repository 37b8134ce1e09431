//! Owns what a round is: a file, what is wrong with its server, how it is asked for, and what stops
//! the runs; all from one seed. Runs nothing.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::dice::Dice;
use crate::effects::{Harm, Wrong};

const BLOCK: u64 = 256 << 10;
const MIB: u64 = 1 << 20;

/// Everything about one round.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is drawn by itself, and all of them combine"
)]
pub(crate) struct World {
    pub(crate) seed: u64,
    pub(crate) length: u64,
    pub(crate) content: Content,
    /// Whether a file was written just now, and so has no strong validator.
    pub(crate) is_recent: bool,
    pub(crate) wrongs: Vec<Wrong>,
    pub(crate) is_secure: bool,
    pub(crate) checksum: bool,
    /// As `-x` takes it.
    pub(crate) connections: String,
    /// Bytes a second, for the program.
    pub(crate) limit: Option<u64>,
    /// Further arguments of the program.
    pub(crate) arguments: Vec<&'static str>,
    /// Whether an older file has the name, and may be replaced.
    pub(crate) has_final: bool,
    /// The place where the file is saved.
    pub(crate) place: Place,
    /// The proxy between the program and the server, if there is one.
    pub(crate) proxy: Option<Through>,
    /// The runs, all of the same command. The round goes on from them to a server that behaves.
    pub(crate) runs: Vec<Run>,
}

/// Where the bytes come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// They are computed, and present themselves as this part of a query says.
    Computed(&'static str),
    /// A file of the server's directory, which can be replaced.
    File,
}

/// The arguments that ask for a mapped file; they are drawn first.
const MAPPED: &[&str] = &["--write", "mapped"];

/// A kind of file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// The one that the program was built on.
    Disk,
    /// In memory.
    Memory,
    /// An overlay over one in memory.
    Overlay,
    /// One of FUSE that shows another.
    Fuse,
    /// One of FUSE that refuses modes and owners.
    StrictFuse,
}

/// A kind of proxy, by the scheme of its URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Through {
    Http,
    Https,
    Socks5,
    Socks5h,
}

impl Through {
    const ALL: [Self; 4] = [Self::Http, Self::Https, Self::Socks5, Self::Socks5h];

    fn scheme(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
            Self::Socks5 => "socks5",
            Self::Socks5h => "socks5h",
        }
    }
}

impl fmt::Display for Through {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.scheme())
    }
}

impl FromStr for Through {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut all = Self::ALL.into_iter();
        let found = all.find(|through| through.scheme() == text);
        found.ok_or_else(|| format!("{text:?} is no kind of proxy"))
    }
}

/// One run, and what happens beside it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Run {
    /// The signal that stops it, so long after its start.
    pub(crate) stop: Option<(Stop, Duration)>,
    /// When the same command is started again while it runs.
    pub(crate) rival: Option<Duration>,
    /// When the file is replaced by another version, of this length.
    pub(crate) replacement: Option<(Duration, u64)>,
}

/// A signal that ends a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    Interrupt,
    Terminate,
    Kill,
}

impl World {
    pub(crate) fn grow(seed: u64) -> Self {
        let dice = &mut Dice::new(seed);
        let length = length(dice);
        let content = match dice.below(10) {
            0..4 => Content::File,
            4 => Content::Computed("&etag=weak&last-modified=none"),
            5 => Content::Computed(dice.pick(&[
                "&etag=none",
                "&etag=weak",
                "&etag=unquoted",
                "&last-modified=none",
                "&etag=none&last-modified=none",
            ])),
            _ => Content::Computed(""),
        };
        let mut wrongs = habits(dice, length);
        if !dice.one_in(10) {
            let count = 1 + dice.below(4);
            wrongs.extend((0..count).map(|_| Wrong::draw(dice, length)));
        }
        let runs = runs(dice, content, length);
        let mut world = Self {
            seed,
            length,
            content,
            is_recent: content == Content::File && dice.one_in(5),
            wrongs,
            is_secure: dice.one_in(4),
            checksum: dice.one_in(3),
            connections: match dice.below(6) {
                0 => "auto".to_owned(),
                1 => "1".to_owned(),
                _ => (1 + dice.below(32)).to_string(),
            },
            limit: dice
                .one_in(6)
                .then(|| (length / (1 + dice.below(4))).max(256 << 10)),
            arguments: dice
                .pick(&[&[][..], &[], MAPPED, &["--write", "positioned"]])
                .to_vec(),
            has_final: dice.one_in(5),
            place: Place::Disk,
            proxy: None,
            runs,
        };
        if dice.one_in(3) {
            world.arguments.push("--no-sync");
        }
        if dice.one_in(8) {
            world.arguments.push("--remote-time");
        }
        world.checksum |= world.only_a_checksum_tells();
        // Drawn last, so that the rest of a seed's world is as it is without them.
        world.place = dice.pick(&[
            Place::Disk,
            Place::Disk,
            Place::Disk,
            Place::Memory,
            Place::Overlay,
            Place::Fuse,
            Place::StrictFuse,
        ]);
        let keeps_reservations = !matches!(world.place, Place::Fuse | Place::StrictFuse);
        if world.is_mapped() && !keeps_reservations {
            // A file is mapped only where its blocks can be reserved.
            world.arguments.drain(..MAPPED.len());
        }
        world.proxy = dice.pick(&[
            None,
            None,
            None,
            Some(Through::Http),
            Some(Through::Https),
            Some(Through::Socks5),
            Some(Through::Socks5h),
        ]);
        world
    }

    /// Whether one of the effects is there.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.of(name).next().is_some()
    }

    /// The faults of one effect.
    pub(crate) fn of(&self, name: &str) -> impl Iterator<Item = &Wrong> {
        let is_of = move |wrong: &&Wrong| wrong.name() == name;
        self.wrongs.iter().filter(is_of)
    }

    /// Whether something can lead to this.
    pub(crate) fn harms(&self, harm: Harm) -> bool {
        self.wrongs.iter().any(|wrong| wrong.harm() == harm)
    }

    /// Whether the program is told to map the file.
    pub(crate) fn is_mapped(&self) -> bool {
        self.arguments.contains(&"mapped")
    }

    /// Whether a reply may come that does not say how long the file is.
    pub(crate) fn may_lack_a_length(&self) -> bool {
        ["content-length", "gzip", "http-1.0"]
            .iter()
            .any(|name| self.has(name))
    }

    /// Whether the file is replaced.
    pub(crate) fn is_replaced(&self) -> bool {
        self.runs.iter().any(|run| run.replacement.is_some())
    }

    /// Whether replies may be of several versions of the file, or seem to be.
    pub(crate) fn changes(&self) -> bool {
        self.is_replaced() || self.harms(Harm::Changes) || self.of("etag").count() > 1
    }

    /// Whether every reply has the same strong validator.
    pub(crate) fn has_one_validator(&self) -> bool {
        let shows = match self.content {
            Content::File => !self.is_recent,
            Content::Computed(how) => how.is_empty() || how == "&last-modified=none",
        };
        let hides = ["etag", "no-validators", "version"];
        shows && !self.changes() && hides.iter().all(|name| !self.has(name))
    }

    /// Whether a wrong file could be what an honest server has, for all that its replies say.
    pub(crate) fn only_a_checksum_tells(&self) -> bool {
        let is_lie = |wrong: &Wrong| matches!(wrong.name(), "misplace" | "error-page" | "corrupt");
        let has_versions = self.is_replaced() || self.has("version");
        let shows = self.content != Content::File && self.content != Content::Computed("");
        let is_hidden = shows || self.has("etag") || self.has("no-validators");
        // A length that is too large, and something that fills it.
        let is_filled = self.has("content-length") && self.has("surplus");
        // The end of a connection is the end of the file, wherever that is.
        let is_unframed = self.has("http-1.0")
            || self
                .of("content-length")
                .any(|wrong| wrong.argument() == "until-close");
        let ends = [
            "close",
            "cut",
            "reset",
            "surplus",
            "connection-cap",
            "outage",
        ];
        let ends = ends.iter().any(|name| self.has(name));
        self.wrongs.iter().any(is_lie)
            || (has_versions && is_hidden)
            || is_filled
            || (is_unframed && ends)
    }

    /// As in a URL, behind the path.
    pub(crate) fn query(&self, with_faults: bool) -> String {
        let seed = self.seed;
        let mut query = match self.content {
            Content::Computed(how) => format!("?seed={seed}&id={seed}{how}"),
            Content::File => format!("?id={seed}"),
        };
        if with_faults {
            for wrong in &self.wrongs {
                query.push_str("&fault=");
                query.push_str(&wrong.text);
            }
        }
        query
    }
}

/// Draws habits of servers that nobody calls broken.
fn habits(dice: &mut Dice, length: u64) -> Vec<Wrong> {
    let mut habits = Vec::new();
    let mut add = |text: String| habits.push(Wrong::new(text, true));
    match dice.below(16) {
        0 => add("ignore-range".to_owned()),
        1 => {
            add("ignore-range".to_owned());
            add("content-length:chunked".to_owned());
        }
        _ => {}
    }
    match dice.below(16) {
        0 => add("redirect:cross-origin".to_owned()),
        1 => add(format!("redirect:chain:{}", 1 + dice.below(4))),
        2 => add(format!("redirect:expiring:{}ms", 200 + dice.below(3000))),
        3 => add("redirect:once".to_owned()),
        _ => {}
    }
    // What is fast is over before anything stops it.
    if dice.one_in(3) {
        let rate = (length / (1 + dice.below(12))).max(64 << 10);
        add(format!("rate:{rate}"));
    }
    let change = match dice.below(20) {
        0 => "version:1,every=2".to_owned(),
        1 => "etag:other,every=2".to_owned(),
        2 => "etag:per-connection".to_owned(),
        3 | 4 => format!("version:1,requests={}..", 2 + dice.below(20)),
        5 => format!("version:1,elapsed={}ms..", dice.below(4000)),
        _ => return habits,
    };
    habits.push(Wrong::new(change, false));
    habits
}

/// Where block arithmetic can go wrong, or anywhere; mostly small.
fn length(dice: &mut Dice) -> u64 {
    let blocks = 1 + dice.below(24);
    match dice.below(12) {
        0 => dice.pick(&[0, 1, 2, 4095, 4096, 4097]),
        1 => blocks * BLOCK - 1,
        2 => blocks * BLOCK,
        3 => blocks * BLOCK + 1,
        4 => blocks * MIB + dice.pick(&[0, 1]),
        5 => dice.below(64 * MIB),
        6 | 7 => dice.below(16 * MIB),
        _ => dice.below(3 * MIB),
    }
}

/// Some runs that are stopped, and one or two that are not.
fn runs(dice: &mut Dice, content: Content, length: u64) -> Vec<Run> {
    let stops = dice.pick(&[0, 0, 1, 1, 2, 3]);
    let mut runs: Vec<Run> = (0..stops)
        .map(|_| {
            let stop = dice.pick(&[Stop::Interrupt, Stop::Terminate, Stop::Kill, Stop::Kill]);
            Run {
                stop: Some((stop, moment(dice))),
                ..Run::default()
            }
        })
        .collect();
    let whole = 1 + u64::from(dice.one_in(3));
    runs.extend((0..whole).map(|_| Run::default()));
    for run in &mut runs {
        run.rival = dice.one_in(14).then(|| moment(dice));
        if content == Content::File && dice.one_in(7) {
            let length = dice.pick(&[length, length, length / 2, length + 12_345]);
            // At once is between two runs.
            let when = if dice.one_in(2) {
                Duration::ZERO
            } else {
                moment(dice)
            };
            run.replacement = Some((when, length));
        }
    }
    runs
}

/// From a millisecond to some seconds, short ones as likely as long ones.
fn moment(dice: &mut Dice) -> Duration {
    let scale = 2 << dice.below(11);
    dice.time_below(Duration::from_millis(scale)) + Duration::from_millis(1)
}
