//! Owns the description of one world: a file, a link, a disk, a server with its limits. Runs
//! nothing.

mod served;

use std::num::NonZeroU16;
use std::time::Duration;

use range_core::units::RateLimit;
use scheduler::SourceId;
use scheduler::failure::FailureClass;

use crate::dice::Dice;
use crate::mirror::Mirror;

/// A link, a disk and a server. Rates are in bytes per second, times in seconds.
#[derive(Clone, Debug, PartialEq)]
pub struct World {
    /// Seed of everything that differs between connections or requests, and of the scheduler's
    /// jitter.
    pub seed: u64,
    /// Length of the file.
    pub length: u64,
    /// Time a packet needs there and back.
    pub round_trip: f64,
    /// The rate all connections share, from these moments on. The first moment is 0.
    pub link: Vec<(f64, f64)>,
    /// Most a single connection ever gets.
    pub connection_rate: f64,
    /// Paths differ: each gives `connection_rate` divided by something between 1 and this. There
    /// are as many paths as the user allows connections, and a fresh connection takes the first
    /// one that is free.
    pub spread: f64,
    /// More requests at once are refused.
    pub refusal: Option<Refusal>,
    /// The cost for everyone of more requests at once.
    pub penalty: Option<Penalty>,
    /// The throttle on a connection that has brought much.
    pub throttle: Option<Throttle>,
    /// A reply's head takes longer, by this time to twice this time.
    pub hesitation: f64,
    /// A body begins so long after its head: between this time and that one.
    pub first_byte: (f64, f64),
    /// Each reply comes in bursts.
    pub bucket: Option<Bucket>,
    /// Some replies are not like the others.
    pub odd: Option<Odd>,
    /// Once this part of the file has arrived, one connection falls silent for good.
    pub stall_at: Option<f64>,
    /// All connections are reset this often.
    pub reset_every: Option<f64>,
    /// From one request on, ranges are not what they should be.
    pub lie: Option<Lie>,
    /// From this moment on, the server has another file of the same length.
    pub replaced_at: Option<f64>,
    /// For a while the server is gone, or turns everyone away.
    pub outage: Option<Outage>,
    /// Where requests are turned away while replies that have begun go on.
    pub closed: Vec<Closed>,
    /// Where the original URL leads to is gone for good, again and again.
    pub dying: Option<Dying>,
    /// Each reply to a range brings no more than this; between this many bytes and that many.
    pub meagre: Option<(u64, u64)>,
    /// This part of the replies, but for the first, is of something else.
    pub stray: f64,
    /// Where the original URL leads to answers 403 after this time.
    pub expires_after: Option<f64>,
    /// The places the file can be had from, joined at the link; none means one that gives what the
    /// link does.
    pub mirrors: Vec<Mirror>,
    /// Where the bytes go.
    pub disk: Disk,
    /// Most connections the user allows.
    pub ceiling: u16,
    /// Most bytes a second the user allows.
    pub rate_limit: Option<RateLimit>,
}

/// A server's way of limiting its clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// As many requests at once are served.
    pub above: usize,
    /// The way it refuses one more.
    pub how: Refusing,
}

/// The ways in which a server refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusing {
    /// 503, perhaps with `Retry-After`.
    Busy(Option<Duration>),
    /// 403.
    Forbidden,
    /// It resets the connection.
    Reset,
    /// It sends something else.
    Stray,
    /// It says nothing, ever.
    Silence,
}

/// A server's way of punishing greed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Penalty {
    /// As many requests at once are fine.
    pub above: usize,
    /// With more, the link has this part of its rate.
    pub factor: f64,
    /// With more, no connection gets more than this.
    pub each: f64,
}

/// A time in which nobody is served. All connections break at its beginning.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outage {
    /// When it begins, in seconds.
    pub from: f64,
    /// When it ends; never, for the address that is known, where what a redirect led to is gone.
    pub to: f64,
    /// The failure of each request.
    pub how: FailureClass,
}

/// A time in which requests are turned away. Replies that have begun go on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Closed {
    /// As many requests, counted from the first one of all, are served even so.
    pub after: u64,
    /// When it begins, in seconds.
    pub from: f64,
    /// When it ends, which may be never.
    pub to: f64,
    /// The way they are turned away.
    pub how: Refusing,
}

/// Targets of a redirect that are gone for good one after another. All connections break each
/// time, and the original URL leads to the next one.
#[derive(Clone, Debug, PartialEq)]
pub struct Dying {
    /// When one does, in seconds, ascending.
    pub at: Vec<f64>,
    /// The failure of each request to one that has.
    pub how: FailureClass,
}

/// A server's way of limiting each reply: a bucket of tokens, empty at first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bucket {
    /// Bytes a second.
    pub rate: f64,
    /// So many are sent at a time, once there are tokens for all of them.
    pub quantum: f64,
}

/// Replies that are not like the others: those to the requests from the first to before the end,
/// counted from 0 in the order they were made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Odd {
    /// The first of them.
    pub first: u64,
    /// The first that is like the others again.
    pub end: u64,
    /// The oddity of these replies.
    pub how: Oddity,
}

/// The oddities of a reply.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Oddity {
    /// It falls silent after so many bytes.
    Stalls(f64),
    /// Its connection is reset after so many bytes.
    Resets(f64),
    /// It comes no faster than this.
    Crawls(f64),
}

/// A server's way of being fast at first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Throttle {
    /// A connection that has brought as many bytes is slowed down.
    pub after: f64,
    /// To this part of its rate.
    pub factor: f64,
}

/// A server's way of not doing what was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lie {
    /// As many requests are answered rightly before.
    pub honest: u64,
    /// As many wrongly from then on.
    pub lies: u64,
    /// The fault of those replies.
    pub how: Lying,
}

/// The faults of a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lying {
    /// 200 and the whole file.
    Whole,
    /// 206, and bytes from elsewhere.
    Elsewhere,
}

/// Where the bytes go.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Disk {
    /// As many bytes a second fit through.
    pub rate: f64,
    /// The time a sync takes.
    pub sync: f64,
    /// Nothing can be written once this part of the file has been.
    pub fails_at: Option<f64>,
}

impl Dying {
    /// When the next one is gone.
    pub(crate) fn next_after(&self, now: f64) -> f64 {
        let mut later = self.at.iter().copied().filter(|at| *at > now);
        later.next().unwrap_or(f64::INFINITY)
    }

    /// Returns whether what was handed out at one moment is gone by another.
    pub(crate) fn ends(&self, since: f64, now: f64) -> bool {
        self.next_after(since) <= now
    }
}

impl World {
    /// A steady link, and a disk and a server without limits.
    pub fn plain(seed: u64, length: u64, round_trip: f64, rate: f64) -> Self {
        Self {
            seed,
            length,
            round_trip,
            link: vec![(0.0, rate)],
            connection_rate: f64::INFINITY,
            spread: 1.0,
            refusal: None,
            penalty: None,
            throttle: None,
            hesitation: 0.0,
            first_byte: (0.0, 0.0),
            bucket: None,
            odd: None,
            stall_at: None,
            reset_every: None,
            lie: None,
            replaced_at: None,
            outage: None,
            closed: Vec::new(),
            dying: None,
            meagre: None,
            stray: 0.0,
            expires_after: None,
            mirrors: Vec::new(),
            disk: Disk {
                rate: f64::INFINITY,
                sync: 0.0,
                fails_at: None,
            },
            ceiling: 32,
            rate_limit: None,
        }
    }

    /// Returns what the link and the disk let through at a moment, unpunished.
    pub(crate) fn link_rate(&self, at: f64) -> f64 {
        self.link
            .iter()
            .take_while(|(from, _)| *from <= at)
            .last()
            .map_or(0.0, |(_, rate)| rate.min(self.disk.rate))
    }

    /// The next moment at which the link's rate changes, or a mirror dies.
    pub(crate) fn next_change(&self, after: f64) -> f64 {
        let link = self.link.iter().map(|(from, _)| *from);
        let deaths = self.mirrors.iter().filter_map(Mirror::dies_at);
        link.chain(deaths)
            .filter(|at| *at > after)
            .fold(f64::INFINITY, f64::min)
    }

    /// Returns how many places there are to ask.
    pub(crate) fn sources(&self) -> NonZeroU16 {
        let mirrors = u16::try_from(self.mirrors.len()).unwrap_or(u16::MAX);
        NonZeroU16::new(mirrors).unwrap_or(NonZeroU16::MIN)
    }

    /// The mirror that a source is, if there are any.
    pub(crate) fn mirror(&self, source: SourceId) -> Option<&Mirror> {
        self.mirrors.get(usize::from(source.0))
    }

    /// Most a connection on a path gets.
    pub(crate) fn path_rate(&self, path: usize) -> f64 {
        let mut dice = Dice::new(self.seed ^ ((path as u64) << 32));
        let most = self.bucket.map_or(f64::INFINITY, |bucket| bucket.rate);
        (self.connection_rate / dice.logarithmic(1.0, self.spread)).min(most)
    }

    /// Returns whether nothing about link and server changes with time, bytes or chance.
    pub(crate) fn is_steady(&self) -> bool {
        self.link.len() == 1
            && self.mirrors.is_empty()
            && self.throttle.is_none()
            && self.hesitation <= 0.0
            && self.first_byte.1 <= 0.0
            && self.bucket.is_none()
            && self.odd.is_none()
            && self.reset_every.is_none()
            && self.lie.is_none()
            && self.replaced_at.is_none()
            && self.expires_after.is_none()
            && self.outage.is_none()
            && self.closed.is_empty()
            && self.dying.is_none()
            && self.meagre.is_none()
            && self.stray <= 0.0
            && self.rate_limit.is_none()
    }

    /// The limit on the rate, or a rate without one.
    pub(crate) fn most_allowed(&self) -> f64 {
        self.rate_limit
            .map_or(f64::INFINITY, |limit| limit.get() as f64)
    }

    /// The same with a link that is as narrow as the limit, for clients that know of none.
    pub(crate) fn narrowed(&self) -> Self {
        let most = self.most_allowed();
        let mut world = self.clone();
        for (_, rate) in &mut world.link {
            *rate = rate.min(most);
        }
        world.rate_limit = None;
        world
    }

    /// Returns how long after its head the body of the reply to a request begins.
    pub(crate) fn lateness(&self, request: u64) -> f64 {
        let (least, most) = self.first_byte;
        let mut dice = Dice::new(self.seed ^ request.rotate_left(29));
        least + (most - least) * dice.fraction()
    }

    /// Returns what is odd about the reply to a request.
    pub(crate) fn oddity(&self, request: u64) -> Option<Oddity> {
        let odd = self.odd?;
        (odd.first..odd.end).contains(&request).then_some(odd.how)
    }

    /// Returns how many requests at once the user and the server allow.
    pub(crate) fn allowed(&self) -> usize {
        let refusing = self.refusal.map_or(usize::MAX, |refusal| refusal.above);
        usize::from(self.ceiling).min(refusing)
    }
}
