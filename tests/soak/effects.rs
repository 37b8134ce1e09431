//! Owns the ways in which a world may go wrong: templates for every effect the server has, how one
//! becomes a fault, and what each effect can lead to. Draws no world.

use range_server::Fault;

use crate::dice::Dice;

/// The source of the server's list: its names are the effects there are.
const LIST: &str = include_str!("../../crates/range-server/src/fault/effect.rs");

/// At least one for each effect. `{bytes}` and the like are drawn, see [`Amounts`].
const TEMPLATES: &[&str] = &[
    "delay:{wait}",
    "drip-head:1ms",
    "first-byte:{wait}",
    "rate:{rate}",
    "bucket:{rate},quantum={quantum}",
    "crowd-rate:{rate},above={few}",
    "stall",
    "stall:{bytes}",
    "stall:@{offset}",
    "close",
    "close:{bytes}",
    "close:@{offset}",
    "cut",
    "cut:{bytes}",
    "cut:@{offset}",
    "reset",
    "reset:{bytes}",
    "reset:@{offset}",
    "outage:{outage}",
    "outage:{outage},after={outage}",
    "connection-cap:{few}",
    "connection-cap:{few},excess=reset",
    "connection-cap:{few},excess=stall",
    "connection-cap:{few},excess=close",
    "connection-cap:{few},excess=cut",
    "connection-cap:{few},excess=403",
    "connection-cap:{few},excess=429",
    "content-length:chunked",
    "content-length:until-close",
    "content-length:twice",
    "content-length:beside-chunked",
    "content-length:-1",
    "content-length:{other}",
    "content-length:9223372036854775808",
    "surplus:{bytes}",
    "http-1.0",
    "interim:{few}",
    "interim:1000",
    "endless-head",
    "ignore-range",
    "start-earlier:{bytes}",
    "start-later:{bytes}",
    "align-start:65536",
    "align-start:{size}",
    "end-earlier:{few}",
    "end-earlier:{bytes}",
    "range-cap:{size}",
    "range-cap:{size},refusal=403",
    "range-cap:{size},refusal=416",
    "overlong:{few}",
    "misplace:4KiB",
    "misplace:{few}",
    "complete-length:*",
    "complete-length:{other}",
    "complete-length:12345678",
    "no-content-range",
    "multipart",
    "version:1",
    "version:2",
    "length:{other}",
    "etag:other",
    "etag:none",
    "etag:weak",
    "etag:unquoted",
    "etag:per-connection",
    "no-validators",
    "if-range:ignore",
    "if-range:refuse",
    "gzip",
    "corrupt:{offset}",
    "error-page",
    "media-type:text/html",
    "media-type:application/json",
    "media-type:video/mp4",
    "status:{code}",
    "status:503,retry-after=1",
    "status:429,retry-after=date:1",
    "status:503,retry-after=past",
    "status:503,retry-after=negative",
    "status:503,retry-after=garbage",
    "status:200",
    "status:200,body=json",
    "status:200,body=xml",
    "status:200,body=html",
    "status:200,body=empty",
    "redirect:/missing",
    "redirect:loop",
    "redirect:chain:{few}",
    "redirect:cross-origin",
    "redirect:expiring:{wait}",
    "redirect:once",
];

const CODES: &[u16] = &[
    204, 206, 300, 304, 400, 401, 403, 404, 408, 410, 412, 416, 425, 429, 500, 502, 503, 504,
];

/// A fault of a world.
#[derive(Clone, Debug)]
pub(crate) struct Wrong {
    /// As in a URL.
    pub(crate) text: String,
    /// True if it is for every request.
    pub(crate) is_constant: bool,
}

/// The harm that an effect, as it is drawn here, can do to a download that is right in everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Harm {
    /// Nothing but more time or another way to the same file.
    None,
    /// Failures: tries are used up.
    Breaks,
    /// A refusal, beside failures.
    Refuses,
    /// Another version of the file, or what looks like one, when it comes and goes; always, none.
    Changes,
    /// Bytes that are not the file's, which only a checksum tells.
    Lies,
    /// A length no disk has.
    Absurd,
}

impl Wrong {
    /// Reads one that is written as in a URL.
    pub(crate) fn new(text: String, is_constant: bool) -> Self {
        if let Err(error) = Fault::parse(&text) {
            panic!("{text}: {error}");
        }
        Self { text, is_constant }
    }

    /// One of all effects, each as likely as any other, and mostly under some condition: what
    /// always goes wrong hides the rest.
    pub(crate) fn draw(dice: &mut Dice, length: u64) -> Self {
        let names = names();
        let name = dice.pick(&names);
        let of_name: Vec<&str> = templates(name).collect();
        let effect = fill(dice.pick(&of_name), dice, length);
        let condition = condition(dice, length);
        Self::new(format!("{effect}{condition}"), condition.is_empty())
    }

    /// Returns what the effect is called.
    pub(crate) fn name(&self) -> &str {
        name_of(&self.text)
    }

    /// The argument of the effect; empty where it has none.
    pub(crate) fn argument(&self) -> &str {
        let effect = self.text.split(',').next().unwrap_or_default();
        effect.split_once(':').map_or("", |(_, argument)| argument)
    }

    /// The number an argument or an option is.
    pub(crate) fn number(&self) -> Option<u64> {
        self.argument().parse().ok()
    }

    /// The value of an option.
    pub(crate) fn option(&self, key: &str) -> Option<&str> {
        let mut options = self.text.split(',').skip(1);
        options.find_map(|option| option.strip_prefix(key)?.strip_prefix('='))
    }

    /// Returns what it can lead to.
    ///
    /// # Panics
    ///
    /// When the effect has never been thought of here.
    pub(crate) fn harm(&self) -> Harm {
        let changing = if self.is_constant {
            Harm::None
        } else {
            Harm::Changes
        };
        let argument = self.argument();
        match self.name() {
            "delay" | "first-byte" | "rate" | "bucket" | "crowd-rate" | "surplus" | "http-1.0"
            | "ignore-range" | "start-earlier" | "start-later" | "align-start" | "overlong"
            | "no-content-range" | "multipart" | "if-range" => Harm::None,
            "drip-head" | "stall" | "close" | "cut" | "reset" | "outage" | "interim"
            | "endless-head" => Harm::Breaks,
            "end-earlier" => match self.number() {
                Some(0..16) => Harm::None,
                _ => Harm::Breaks,
            },
            "range-cap" if self.option("refusal").is_none() => Harm::None,
            "redirect" if argument == "cross-origin" || argument.starts_with("chain") => Harm::None,
            "status" if argument == "200" => Harm::Changes,
            "connection-cap" | "range-cap" | "redirect" | "status" => Harm::Refuses,
            "version" | "etag" | "no-validators" | "media-type" => changing,
            "complete-length" if argument == "*" => Harm::None,
            "complete-length" | "length" => Harm::Changes,
            "content-length" => match (argument, self.number()) {
                ("chunked" | "beside-chunked", _) => Harm::None,
                ("until-close" | "twice", _) => Harm::Breaks,
                (_, Some(number)) if number > i64::MAX.unsigned_abs() => Harm::Absurd,
                _ => Harm::Changes,
            },
            "misplace" | "corrupt" | "error-page" | "gzip" => Harm::Lies,
            name => panic!("nobody has said what {name} can lead to"),
        }
    }
}

/// Returns what the effect of a fault or a template is called.
fn name_of(text: &str) -> &str {
    &text[..text.find([':', ',']).unwrap_or(text.len())]
}

/// Returns what the effects are called, from the server's own list.
pub(crate) fn names() -> Vec<&'static str> {
    let (_, rest) = LIST
        .split_once("const fn name(")
        .expect("effects have names");
    let arms = rest.lines().take_while(|line| *line != "    }");
    let mut names: Vec<&str> = arms
        .filter_map(|line| line.split_once("=> \"")?.1.split_once('"'))
        .map(|(name, _)| name)
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// The templates of an effect.
///
/// # Panics
///
/// When there is none: the server has an effect that no world has.
fn templates(name: &str) -> impl Iterator<Item = &'static str> {
    let is_of = |text: &&str| name_of(text) == name;
    let of_name: Vec<&str> = TEMPLATES.iter().copied().filter(is_of).collect();
    assert!(!of_name.is_empty(), "the soak has no template for {name}");
    of_name.into_iter()
}

/// Replaces what a template leaves open, so that a download of this length still ends.
fn fill(template: &str, dice: &mut Dice, length: u64) -> String {
    let least = length.max(1);
    let rate = (least / (1 + dice.below(6))).max(64 << 10);
    let share = 5 + dice.below(60);
    let bytes = if dice.one_in(6) {
        dice.below(least)
    } else {
        least / 16 + dice.below(least)
    };
    let other = match dice.below(6) {
        0 => 0,
        1 => length + 1,
        2 => length.saturating_sub(1),
        3 => length * 2,
        4 => length + 300_000,
        _ => dice.below(least),
    };
    let size = (64 << 10).max(least / 48) + dice.below(1 << 20);
    let amounts = [
        ("{bytes}", bytes.to_string()),
        ("{offset}", dice.below(least).to_string()),
        ("{few}", (1 + dice.below(5)).to_string()),
        ("{wait}", format!("{}ms", 10 + dice.below(600))),
        ("{outage}", format!("{}ms", 100 + dice.below(4000))),
        ("{rate}", rate.to_string()),
        ("{quantum}", (rate * share / 100).max(1).to_string()),
        ("{size}", size.to_string()),
        ("{other}", other.to_string()),
        ("{code}", dice.pick(CODES).to_string()),
    ];
    let mut text = template.to_owned();
    for (name, amount) in amounts {
        text = text.replace(name, &amount);
    }
    text
}

/// When it happens; empty for always.
fn condition(dice: &mut Dice, length: u64) -> String {
    let first = 1 + dice.below(8);
    let (begin, few) = (dice.below(3000), 1 + dice.below(4));
    match dice.below(12) {
        0 => String::new(),
        1 => format!(",requests={first}..={}", first + few),
        2 => format!(",requests={first}.."),
        3 => format!(",every={}", 1 + few),
        4 => format!(",connections={first}"),
        5 => format!(",elapsed={begin}ms..{}ms", begin + 100 + dice.below(3000)),
        6 => {
            let start = dice.below(length.max(1));
            format!(",bytes={start}..{}", start + 1 + dice.below(1 << 20))
        }
        7 => ",resumed".to_owned(),
        _ => {
            let odds = 2 + dice.below(40);
            format!(",probability=1/{odds},seed={}", dice.below(1000))
        }
    }
}

/// Returns whether every effect of the server is drawn, and every template is a fault.
pub(crate) fn check() {
    let names = names();
    assert!(
        names.len() > 30,
        "the list of effects is not read: {names:?}"
    );
    let mut dice = Dice::new(0);
    for name in &names {
        for template in templates(name) {
            Wrong::new(fill(template, &mut dice, 1 << 20), true).harm();
        }
    }
    let of_names: usize = names.iter().map(|name| templates(name).count()).sum();
    assert_eq!(of_names, TEMPLATES.len(), "a template is of no effect");
}
