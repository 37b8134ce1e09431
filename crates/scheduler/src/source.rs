//! Owns what is known of each place the file can be had from: whether it may be asked, what it
//! brings, what it has refused. Knows no segment.

#[cfg(test)]
mod tests;

use core::time::Duration;

use crate::failure::FailureClass;
use crate::ids::{AttemptId, SourceId};
use crate::limits;
use crate::retries::{Failures, Meagre};
use crate::rhythm::{Rhythm, blended};
use crate::segment::{Active, Phase};
use crate::time::Timestamp;
use crate::width::WidthSearch;

/// One place the file can be had from: a URL, with its host.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Source {
    /// The number of connections it has.
    pub(crate) workers: u16,
    /// The number of them that wait for a reply's head.
    starting: u16,
    pub(crate) width: WidthSearch,
    /// Nothing is asked of it any more.
    pub(crate) is_dropped: bool,
    /// No request to it starts before this.
    gate: Timestamp,
    /// The gate for which a stream has waited, if nobody was served since.
    waited_for: Option<Timestamp>,
    /// No request to it starts before this either, unless one of its workers ends.
    full_until: Timestamp,
    /// The worker whose reply is the rest of the file, where ranges are not to be relied on:
    /// nothing else is asked for meanwhile.
    pub(crate) sole: Option<AttemptId>,
    pub(crate) ever_opened: bool,
    /// True once a request was refused at all: before that, none asks the original URL again.
    pub(crate) ever_refused: bool,
    /// The moment the original URL last led to the file again, or refused while others were served.
    pub(crate) relocated_at: Option<Timestamp>,
    pub(crate) range_mistakes: u32,
    mistaken_at: Option<Timestamp>,
    /// The moment since which requests fail while it serves nobody, if none has been answered.
    pub(crate) out_since: Option<Timestamp>,
    /// Replies that broke before their first byte while others streamed, less those accepted.
    pub(crate) broken_starts: u32,
    /// Refusals in a row of requests that were made after the one before was heard of.
    pub(crate) refusals: u32,
    pub(crate) refused_at: Timestamp,
    /// The moment since which no request has begun to be served that was made later: since the last
    /// one was turned away, or from the start.
    unserved_since: Option<Timestamp>,
    /// The moment it last turned a request away while it served others: it may do that again.
    pub(crate) turned_away_at: Option<Timestamp>,
    /// The number of requests for a part that have begun to be served.
    pub(crate) served: u32,
    /// Replies of something else while others are served. One that is accepted makes up for two.
    strays: u32,
    /// The number of workers that rest: their replies are kept in case no other is accepted.
    pub(crate) resting: u16,
    /// The time a reply's head takes to arrive, recent ones counting most.
    pub(crate) latency: Duration,
    pub(crate) rhythm: Rhythm,
    /// Bytes that came from it in this run, and when any last did.
    pub(crate) received: u64,
    pub(crate) last_received: Option<Timestamp>,
    pub(crate) meagre: Meagre,
    failures: Failures,
    failures_in_a_row: u32,
    failed_at: Option<Timestamp>,
    /// The moment the first of the failures in a row was heard of.
    pub(crate) failing_since: Timestamp,
    /// The class of that one, and whether all that followed were of it.
    failing: Option<(FailureClass, bool)>,
    rate: Option<Rate>,
}

/// The bytes that one connection has brought in a second, recent ones counting most.
#[derive(Clone, Copy, Debug)]
struct Rate {
    bytes: u64,
    measured_at: Timestamp,
}

impl Source {
    /// One that was not asked for anything yet.
    pub(crate) fn new(width: &WidthSearch) -> Self {
        Self {
            workers: 0,
            starting: 0,
            width: *width,
            is_dropped: false,
            gate: Timestamp::START,
            waited_for: None,
            full_until: Timestamp::START,
            sole: None,
            ever_opened: false,
            ever_refused: false,
            relocated_at: None,
            range_mistakes: 0,
            mistaken_at: None,
            out_since: None,
            broken_starts: 0,
            refusals: 0,
            refused_at: Timestamp::START,
            unserved_since: Some(Timestamp::START),
            turned_away_at: None,
            served: 0,
            strays: 0,
            resting: 0,
            latency: Duration::ZERO,
            rhythm: Rhythm::default(),
            received: 0,
            last_received: None,
            meagre: Meagre::default(),
            failures: Failures::default(),
            failures_in_a_row: 0,
            failed_at: None,
            failing_since: Timestamp::START,
            failing: None,
            rate: None,
        }
    }

    /// A reply's head has come, `latency` after it was asked for.
    pub(crate) fn opened(&mut self, latency: Duration, is_limited: bool) {
        if !self.ever_opened {
            self.width.opened(latency, is_limited);
        }
        self.latency = blended(self.ever_opened, self.latency, latency);
        self.ever_opened = true;
        self.out_since = None;
        self.broken_starts = self.broken_starts.saturating_sub(1);
        self.refusals = 0;
        self.strays = self.strays.saturating_sub(2);
    }

    /// One of its replies has brought so many bytes, and lately had this rate, if it is known.
    pub(crate) fn moved(&mut self, now: Timestamp, bytes: u64, rate: Option<u64>) {
        self.received += bytes;
        self.last_received = Some(now);
        if let Some(rate) = rate {
            let before = self.rate(now).unwrap_or(rate);
            self.rate = Some(Rate {
                bytes: before / 2 + rate / 2,
                measured_at: now,
            });
        }
    }

    /// One of its replies is complete, and had about this rate: what small replies tell where none
    /// lasted long enough to be measured.
    pub(crate) fn finished(&mut self, now: Timestamp, bytes: u64) {
        if self.rate(now).is_none() {
            self.rate = Some(Rate {
                bytes,
                measured_at: now,
            });
        }
    }

    /// Bytes a second one connection brings. `None` before it was measured, and once that was so
    /// long ago that another try is due.
    pub(crate) fn rate(&self, now: Timestamp) -> Option<u64> {
        let rate = self.rate?;
        let is_fresh = now.since(rate.measured_at) < limits::SOURCE_RATE_LIFE;
        is_fresh.then_some(rate.bytes)
    }

    /// Returns the time its replies take to bring their first byte, if any ever did.
    pub(crate) fn usual_wait(&self) -> Option<Duration> {
        let wait = self.latency + self.rhythm.first_byte();
        self.rhythm.has_begun().then_some(wait)
    }

    /// Counts one more failure in a row with nothing received from it. Those of one burst count
    /// once: `began` is when this one was last heard of.
    pub(crate) fn failed(&mut self, now: Timestamp, began: Timestamp, class: FailureClass) -> u32 {
        let is_news = |at| now > at && began >= at;
        if self.failed_at.is_none_or(is_news) {
            self.failed_at = Some(now);
            self.failures_in_a_row = self.failures.add(self.received);
            if self.failures_in_a_row == 1 {
                self.failing_since = now;
                self.failing = None;
            }
        }
        let (first, were_alike) = self.failing.unwrap_or((class, true));
        self.failing = Some((first, were_alike && first == class));
        self.failures_in_a_row
    }

    /// All failures in a row are of one class.
    pub(crate) fn fails_alike(&self) -> bool {
        self.failing.is_some_and(|(_, are_alike)| are_alike)
    }

    pub(crate) const fn is_out(&self) -> bool {
        self.out_since.is_some()
    }

    /// Counts one more reply in a row that misplaced or ignored a range, of a request that was made
    /// at `began`: those that were made before the last one was heard of count with that.
    pub(crate) fn mistook(&mut self, now: Timestamp, began: Timestamp) {
        if self.mistaken_at.is_none_or(|at| began >= at) {
            self.mistaken_at = Some(now);
            self.range_mistakes += 1;
        }
    }

    /// Panics where I2 is broken: its workers are those that are counted, and none stays where
    /// nothing is asked any more.
    pub(crate) fn check<'a>(&self, id: SourceId, workers: impl Iterator<Item = &'a Active>) {
        let (mut count, mut starting) = (0, 0);
        for active in workers {
            count += 1;
            starting += u16::from(active.phase == Phase::Starting);
            assert!(
                !self.is_dropped || active.stopping.is_some(),
                "I2: a worker stays at {id:?}, which is dropped"
            );
        }
        let counted = (self.workers, self.starting);
        assert_eq!((count, starting), counted, "I2: workers at {id:?}");
    }

    /// A worker asks it.
    pub(crate) const fn started(&mut self) {
        self.workers += 1;
        self.starting += 1;
    }

    /// The head of a worker's reply has come.
    pub(crate) const fn began(&mut self) {
        self.starting -= 1;
    }

    /// A worker is gone.
    pub(crate) fn left(&mut self, attempt: AttemptId, was_starting: bool) {
        self.workers -= 1;
        self.sole = self.sole.filter(|sole| *sole != attempt);
        if was_starting {
            self.starting -= 1;
        }
    }

    /// Returns the number of its connections that bring bytes, or are to.
    pub(crate) const fn busy(&self) -> u16 {
        self.workers.saturating_sub(self.resting)
    }

    /// Returns the number of connections more that it may have: where it serves nobody, or nobody
    /// else again and again, one that asks. One that rests is there for the case that no other is
    /// accepted, and takes no other's place.
    pub(crate) fn room(&self) -> u16 {
        let room = self.width.level().saturating_sub(self.busy());
        if self.sole.is_some() {
            return 0;
        }
        let asks_alone = self.is_out() || self.refusals > 1;
        match (asks_alone, self.starting) {
            (false, _) => room,
            (true, 0) => room.min(1),
            (true, _) => 0,
        }
    }

    /// The moment from which it may be asked.
    pub(crate) fn opens_at(&self) -> Timestamp {
        self.gate.max(self.full_until)
    }

    /// Nothing is asked of it before a moment, unless one of its workers ends before.
    pub(crate) fn is_full_until(&mut self, moment: Timestamp) {
        self.full_until = self.full_until.max(moment);
    }

    /// A worker has ended that was served: another one may be.
    pub(crate) const fn has_place(&mut self, now: Timestamp) {
        self.full_until = now;
        self.refusals = 0;
    }

    /// Nothing is asked of it before a moment.
    pub(crate) fn rest_until(&mut self, moment: Timestamp) {
        self.gate = self.gate.max(moment);
    }

    /// Reports whether its gate opens sooner than `span` from now, and is the first one that is
    /// waited for since anybody was served.
    pub(crate) fn puts_off(&mut self, now: Timestamp, span: Duration) -> bool {
        let opens = self.gate.since(now);
        let is_first = self.waited_for.is_none_or(|at| at == self.gate);
        let waits = opens > Duration::ZERO && opens < span && is_first;
        if waits {
            self.waited_for = Some(self.gate);
        }
        waits
    }

    /// A request has failed before its first byte while it served nobody: where it has ever
    /// replied, it is out.
    pub(crate) fn goes_out(&mut self, now: Timestamp) {
        if self.ever_opened && !self.is_out() {
            self.out_since = Some(now);
            self.width.goes_out(now);
        }
    }

    /// A reply broke, `at_start` or not, while others were served or not. True where so many have
    /// that it is how the host refuses a connection; a link that breaks does so to everyone.
    pub(crate) const fn broke(&mut self, at_start: bool, serves: bool) -> bool {
        if at_start && serves {
            self.broken_starts += 1;
        } else {
            self.broken_starts = 0;
        }
        self.broken_starts >= limits::BROKEN_STARTS_MAX
    }

    /// Counts refusals in a row while others are served. Only those of requests that were made
    /// since the last one was heard of count as another one.
    pub(crate) fn turned_away(&mut self, now: Timestamp, began: Timestamp) -> u32 {
        if self.refusals == 0 || began >= self.refused_at {
            self.refusals += 1;
            self.refused_at = now;
        }
        self.refusals
    }

    /// A request was turned away, or given up, while others are served.
    pub(crate) const fn serves_no_more(&mut self, now: Timestamp) {
        self.unserved_since = Some(now);
        self.turned_away_at = Some(now);
    }

    /// A reply has begun whose request was made at a moment.
    pub(crate) fn serves_more(&mut self, asked_at: Timestamp) {
        self.served = self.served.saturating_add(1);
        self.waited_for = None;
        self.unserved_since = self.unserved_since.filter(|since| asked_at < *since);
    }

    /// A request made now may be turned away, as far as it was tried.
    pub(crate) const fn may_serve_no_more(&self) -> bool {
        self.unserved_since.is_some()
    }

    /// Counts one more reply of something else while others are served. True where there are so
    /// many that it is how the host refuses a connection.
    pub(crate) const fn strayed(&mut self) -> bool {
        self.strays += 1;
        self.strays >= limits::STRAYS_MAX
    }

    /// A refusal while others are served is of the connection, not of the address: that was found a
    /// moment ago, or found to be refused just the same.
    pub(crate) fn refuses_extra(&self, now: Timestamp) -> bool {
        let is_fresh = |at| now.since(at) < limits::ADDRESS_LIFE_MIN;
        self.workers > 0 && self.relocated_at.is_some_and(is_fresh)
    }
}
