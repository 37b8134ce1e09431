//! Owns the places the file can be had from, as a whole: how many connections there are, there and
//! in all, how long replies take, and what has come. One source is a list of one. Knows no run of
//! bytes.

use alloc::vec::Vec;
use core::num::NonZeroU16;
use core::time::Duration;

use crate::ids::SourceId;
use crate::limits;
use crate::rhythm::blended;
use crate::sample::Sample;
use crate::source::Source;
use crate::time::Timestamp;
use crate::width::{Look, WidthSearch};
use range_core::units::{BytesPerSecond, RateLimit};

/// Every source, and what is known of all of them together.
#[derive(Clone, Debug)]
pub(crate) struct Sources {
    all: Vec<Source>,
    /// The number of connections the user allows.
    width: NonZeroU16,
    /// The time a reply's head takes to arrive, from wherever, recent ones counting most.
    latency: Duration,
    /// The time the first byte takes once the head has come.
    first_byte: Duration,
    /// Bytes received in this run, from wherever; the measure of progress.
    received: u64,
    last_received: Timestamp,
}

/// The facts besides the source that a look at its width depends on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Need {
    pub(crate) now: Timestamp,
    /// The number of the source's workers that wait for bytes.
    pub(crate) starting: usize,
    /// The longest time for which any of them has waited after its head.
    pub(crate) waited: Duration,
    /// Bytes of the file still to come.
    pub(crate) left: u64,
    pub(crate) limit: Option<RateLimit>,
}

impl Sources {
    pub(crate) fn new(count: NonZeroU16, width: NonZeroU16) -> Self {
        let count = count.min(limits::SOURCES_MAX).get();
        // All of them together start as one does.
        let start = limits::WIDTH_START.div_ceil(count);
        let search = WidthSearch::new(start, width.get());
        Self {
            all: alloc::vec![Source::new(&search); count.into()],
            width,
            latency: Duration::ZERO,
            first_byte: Duration::ZERO,
            received: 0,
            last_received: Timestamp::START,
        }
    }

    /// Sets the most connections that a source may have, before it is asked for anything.
    pub(crate) fn limit(&mut self, id: SourceId, most: NonZeroU16) {
        let most = most.min(self.width).get();
        if let Some(source) = self.all.get_mut(usize::from(id.0)) {
            source.width = WidthSearch::new(source.width.level().min(most), most);
        }
    }

    pub(crate) fn of(&self, id: SourceId) -> &Source {
        &self.all[usize::from(id.0)]
    }

    pub(crate) fn of_mut(&mut self, id: SourceId) -> &mut Source {
        &mut self.all[usize::from(id.0)]
    }

    /// Each of them, those that are not asked any more included.
    pub(crate) fn all(&self) -> impl Iterator<Item = (SourceId, &Source)> {
        (0..).map(SourceId).zip(&self.all)
    }

    /// Each that is still asked.
    pub(crate) fn living(&self) -> impl Iterator<Item = (SourceId, &Source)> {
        self.all().filter(|(_, source)| !source.is_dropped)
    }

    /// Others are there if one fails.
    pub(crate) fn are_several(&self) -> bool {
        self.living().nth(1).is_some()
    }

    pub(crate) const fn received(&self) -> u64 {
        self.received
    }

    /// Returns the moment anything last came, from wherever.
    pub(crate) const fn last_received(&self) -> Timestamp {
        self.last_received
    }

    /// Returns the time a reply's head takes to arrive.
    pub(crate) const fn latency(&self) -> Duration {
        self.latency
    }

    /// From a request until its first byte: the head, and what comes after that.
    pub(crate) fn lead(&self) -> Duration {
        self.latency + self.first_byte
    }

    /// Bodies begin long after their heads, or longer after their requests than any way takes.
    pub(crate) fn are_late(&self) -> bool {
        self.first_byte >= limits::LATE_BODY || self.lead() >= limits::LATE_LEAD
    }

    /// Some reply has brought bytes.
    pub(crate) fn have_begun(&self) -> bool {
        self.all.iter().any(|source| source.rhythm.has_begun())
    }

    /// Returns the bytes that would come until late bodies begin, were all connections as fast as
    /// one that streams.
    pub(crate) fn missed_meanwhile(&self, now: Timestamp) -> u64 {
        if !self.are_late() {
            return 0;
        }
        let rates = self.living().filter_map(|(_, source)| source.rate(now));
        let rate = rates.max().unwrap_or(0).max(self.rate_of_one());
        let all = u128::from(rate) * u128::from(self.width());
        u64::try_from(all * self.lead().as_millis() / 1000).unwrap_or(u64::MAX)
    }

    /// Returns the time that says nothing about a reply from a source: no byte of it need have
    /// come.
    pub(crate) fn beat(&self, from: SourceId) -> Duration {
        self.latency.max(self.of(from).rhythm.pause())
    }

    /// Returns the time a reply may bring nothing after its head, where `barren` were given up
    /// before it.
    pub(crate) fn patience(&self, from: SourceId, barren: u32) -> Duration {
        self.of(from).rhythm.patience(self.latency, barren)
    }

    /// Returns the time a reply that has brought bytes may be silent.
    pub(crate) fn silence(&self, from: SourceId) -> Duration {
        self.of(from).rhythm.silence(self.latency)
    }

    /// These workers rest.
    pub(crate) fn rest(&mut self, resting: impl IntoIterator<Item = SourceId>) {
        for source in &mut self.all {
            source.resting = 0;
        }
        for id in resting {
            self.of_mut(id).resting += 1;
        }
    }

    /// Returns how many requests more are to be served until a source is known to serve them again
    /// and again, if so few are. Where more connections than that are allowed, as many ask at once,
    /// and the first reply is there until they are served or not.
    pub(crate) fn on_trial(&self, id: SourceId) -> Option<u32> {
        let more = limits::TRIAL_REQUESTS.saturating_sub(self.of(id).served);
        let are_few = u32::from(self.width_allowed().get()) < limits::TRIAL_REQUESTS;
        (more > 0 && are_few && !self.are_several()).then_some(more)
    }

    /// A reply's head has come, `latency` after it was asked for.
    pub(crate) fn opened(&mut self, from: SourceId, latency: Duration, is_limited: bool) {
        let is_known = self.all.iter().any(|source| source.ever_opened);
        self.latency = blended(is_known, self.latency, latency);
        self.of_mut(from).opened(latency, is_limited);
    }

    /// A reply's first bytes have come so long after its head.
    pub(crate) fn began(&mut self, from: SourceId, wait: Duration) {
        let rhythm = &mut self.of_mut(from).rhythm;
        rhythm.began(wait);
        self.first_byte = rhythm.first_byte();
    }

    /// A source's first reply, or most of those that were accepted, have brought nothing for so
    /// long after their heads.
    pub(crate) fn waits(&mut self, from: SourceId, need: &Need) {
        let span = need.waited;
        let rhythm = &mut self.of_mut(from).rhythm;
        let is_news = rhythm.first_byte() < limits::LATE_BODY;
        if span < limits::LATE_BODY || (rhythm.has_begun() && !is_news) {
            return;
        }
        rhythm.waits(span);
        self.first_byte = span;
        if is_news && need.limit.is_none() {
            self.of_mut(from).width.leap(need.now);
        }
    }

    /// A reply has brought more bytes, after a pause.
    pub(crate) fn paused(&mut self, from: SourceId, pause: Duration) {
        self.of_mut(from).rhythm.moved(pause);
    }

    /// So many bytes are progress, and came from a source at a rate, if it is known.
    pub(crate) fn moved(&mut self, from: SourceId, now: Timestamp, bytes: u64, rate: Option<u64>) {
        self.received += bytes;
        self.last_received = now;
        self.of_mut(from).moved(now, bytes, rate);
    }

    /// Returns the number of connections that are used: as many as each source should have, and the
    /// user allows.
    pub(crate) fn width(&self) -> u16 {
        let levels = self.living().map(|(_, source)| source.width.level());
        let all = levels.fold(0, u16::saturating_add);
        all.min(self.width.get())
    }

    /// The number of connections the user allows.
    pub(crate) const fn width_allowed(&self) -> NonZeroU16 {
        self.width
    }

    /// Returns the number of workers more that there may be. One source that has more than it
    /// should, because its level fell, takes none from the others.
    pub(crate) fn free_workers(&self) -> usize {
        let rooms = self.living().map(|(_, source)| source.room());
        let workers = self.all.iter().map(|source| usize::from(source.workers));
        let all = usize::from(self.width.get()).saturating_sub(workers.sum());
        usize::from(rooms.fold(0, u16::saturating_add)).min(all)
    }

    pub(crate) fn have_room(&self) -> bool {
        self.free_workers() > 0
    }

    /// Some source could be asked, had it room.
    pub(crate) fn have_open_gate(&self, now: Timestamp) -> bool {
        self.living().any(|(_, source)| source.opens_at() <= now)
    }

    /// A request could start at some source.
    pub(crate) fn are_open(&self, now: Timestamp) -> bool {
        self.living()
            .any(|(_, source)| source.opens_at() <= now && source.room() > 0)
    }

    /// Some width has yet to be found: what connections bring is not what they can.
    pub(crate) fn are_growing(&self) -> bool {
        self.living().any(|(_, source)| source.width.is_growing())
    }

    /// Bytes a second each connection has had lately; 0 before anything was measured.
    pub(crate) fn rate_of_one(&self) -> u64 {
        let (goodput, level) = self
            .living()
            .fold((0_u64, 0), |(goodput, level), (_, source)| {
                let width = source.width;
                (
                    goodput.saturating_add(width.goodput()),
                    level + u64::from(width.level()),
                )
            });
        goodput.checked_div(level).unwrap_or(0)
    }

    /// Returns the bytes a worker has brought in a second since the start, had as many as there may
    /// be shared all of it: less than any rate that is typical.
    pub(crate) fn mean_rate(&self, now: Timestamp) -> u64 {
        let elapsed = now.since_start().as_millis().max(1);
        let workers = u128::from(self.width.get());
        let mean = u128::from(self.received) * 1000 / elapsed / workers;
        u64::try_from(mean).unwrap_or(u64::MAX)
    }

    /// Returns the moment a source's width is to be looked at.
    pub(crate) fn next_look(&self) -> Option<Timestamp> {
        let looks = self.living().filter(|(_, source)| source.workers > 0);
        looks
            .filter_map(|(_, source)| source.width.next_look())
            .min()
    }

    /// Some width is to be looked at. Reports of many workers come with one tick, so a look waits
    /// for the tick, unless that is late.
    pub(crate) fn is_look_due(&self, now: Timestamp, is_tick: bool) -> bool {
        let late = if is_tick {
            Duration::ZERO
        } else {
            limits::REPORT_INTERVAL
        };
        let looks = self
            .living()
            .filter_map(|(_, source)| source.width.next_look());
        looks.into_iter().any(|look| look + late <= now)
    }

    /// Judges the width of a source by what has arrived.
    pub(crate) fn look(&mut self, id: SourceId, need: &Need) -> Look {
        let source = self.of(id);
        let limit = need.limit.map(|limit| self.share(source, limit.get()));
        let sample = Sample {
            now: need.now,
            received: source.received,
            workers: source.busy().into(),
            starting: need.starting,
            latency: if source.ever_opened {
                source.latency.max(source.rhythm.pause() * 4)
            } else {
                self.latency
            },
            first_byte: source.rhythm.first_byte(),
            left: self.share(source, need.left),
            limit: limit.and_then(|limit| RateLimit::new(BytesPerSecond(limit))),
        };
        self.of_mut(id).width.look(sample)
    }

    /// A source's part of something, if it goes on as it did.
    fn share(&self, source: &Source, of: u64) -> u64 {
        if !self.are_several() {
            return of;
        }
        let share = u128::from(of) * u128::from(source.received);
        let share = share / u128::from(self.received.max(1));
        u64::try_from(share).unwrap_or(of).min(of)
    }
}

#[cfg(test)]
impl Sources {
    /// As if replies' heads took so long.
    pub(crate) const fn set_latency(&mut self, latency: Duration) {
        self.latency = latency;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: SourceId = SourceId(0);
    const B: SourceId = SourceId(1);

    fn sources(count: u16, width: u16) -> Sources {
        let [count, width] = [count, width].map(|number| NonZeroU16::new(number).unwrap());
        Sources::new(count, width)
    }

    #[test]
    fn all_sources_together_start_as_one_does() {
        for (count, width) in [(1, 4), (2, 4), (4, 4), (8, 8)] {
            assert_eq!(sources(count, 32).width(), width, "{count} sources");
        }
        assert_eq!(sources(8, 3).width(), 3, "the user allows no more");
    }

    #[test]
    fn a_source_that_is_dropped_leaves_its_room_to_nobody() {
        let mut sources = sources(2, 32);
        assert!(sources.are_several());
        assert_eq!(sources.free_workers(), 4);
        sources.of_mut(A).is_dropped = true;
        assert!(!sources.are_several());
        assert_eq!(sources.free_workers(), 2);
    }

    #[test]
    fn a_source_that_is_limited_never_has_more() {
        let mut sources = sources(2, 32);
        sources.limit(B, NonZeroU16::MIN);
        assert_eq!(sources.width(), 3);
        sources.opened(B, Duration::from_secs(1), false);
        assert_eq!(sources.of(B).room(), 1);
        assert_eq!(sources.of(B).width.next_look(), None);
        assert_eq!(sources.of(A).room(), 2);
    }

    #[test]
    fn where_nobody_is_served_one_request_asks() {
        let mut sources = sources(1, 32);
        sources.of_mut(A).out_since = Some(Timestamp::START);
        assert_eq!(sources.free_workers(), 1);
        sources.of_mut(A).started();
        assert_eq!(sources.free_workers(), 0);
        sources.opened(A, Duration::from_millis(10), false);
        sources.of_mut(A).began();
        assert_eq!(sources.free_workers(), 7);
    }

    #[test]
    fn what_came_is_counted_where_it_came_from_and_in_all() {
        let mut sources = sources(2, 32);
        let now = Timestamp::after_start(Duration::from_secs(2));
        sources.moved(A, now, 300, None);
        sources.moved(B, now, 100, None);
        assert_eq!((sources.of(A).received, sources.received()), (300, 400));
        assert_eq!(sources.share(sources.of(B), 1000), 250);
        assert_eq!(sources.last_received(), now);
        sources.of_mut(A).is_dropped = true;
        assert_eq!(sources.share(sources.of(B), 1000), 1000);
    }
}
