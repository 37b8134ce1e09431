//! Owns how many connections there are, at each source and in all: what each source's search is
//! told, and what follows. Knows no run of bytes.

use alloc::vec::Vec;
use core::cmp::Reverse;
use core::time::Duration;

use super::dispatch::stop;
use super::ids::SourceId;
use super::output::{Event, Output};
use super::sample::Sample;
use super::segment::{Active, Phase, StopCause};
use super::source::Source;
use super::width::Look;
use super::{Scheduler, Shape};
use crate::limits;
use crate::time::Timestamp;
use range_core::units::{BytesPerSecond, RateLimit};

impl Scheduler {
    /// How many connections are used: as many as each source should have, and the user allows.
    pub(super) fn width(&self) -> u16 {
        let levels = self.living().map(|(_, source)| source.width.level());
        let all = levels.fold(0, u16::saturating_add);
        all.min(self.config.width.get())
    }

    /// How many workers more there may be. One source that has more than it should, because its
    /// level fell, takes none from the others.
    pub(super) fn free_workers(&self) -> usize {
        let room = self.living().map(|(id, source)| self.room(id, source));
        let all = usize::from(self.config.width.get()).saturating_sub(self.active.len());
        usize::from(room.fold(0, u16::saturating_add)).min(all)
    }

    /// How many connections more a source may have: where it serves nobody, one that asks.
    pub(super) fn room(&self, id: SourceId, source: &Source) -> u16 {
        let asks = |a: &Active| a.source == id && a.phase == Phase::Starting;
        if !source.is_out() {
            source.room()
        } else if self.active.values().any(asks) {
            0
        } else {
            source.room().min(1)
        }
    }

    pub(super) fn has_free_worker(&self) -> bool {
        self.free_workers() > 0
    }

    /// Bytes a second each connection has had lately; 0 before anything was measured.
    pub(super) fn rate_of_one(&self) -> u64 {
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

    /// When a source's width is to be looked at.
    pub(super) fn next_look(&self) -> Option<Timestamp> {
        let looks = self.living().filter(|(_, source)| source.workers > 0);
        looks
            .filter_map(|(_, source)| source.width.next_look())
            .min()
    }

    /// Judges the widths by what has arrived. Reports of many workers come with one tick, so a
    /// look waits for the tick, unless that is late.
    pub(super) fn search_width(&mut self, is_tick: bool) {
        let Shape::Segmented { length } = self.shape else {
            return;
        };
        let late = if is_tick {
            Duration::ZERO
        } else {
            limits::REPORT_INTERVAL
        };
        let looks = |(_, source): (_, &Source)| source.width.next_look();
        let is_due = |look: Timestamp| look + late <= self.now;
        if self.ending.is_some() || !self.living().filter_map(looks).any(is_due) {
            return;
        }
        let before = self.width();
        let mut is_changed = false;
        for id in (0..self.config.sources.get()).map(SourceId) {
            let sample = self.sample(id, length);
            match self.source(id).width.look(sample) {
                Look::Unchanged => {}
                Look::Changed => is_changed = true,
                Look::Collapsed => {
                    is_changed = true;
                    self.shed_workers(id);
                }
                Look::Exceeded => self.shed_workers(id),
            }
        }
        self.drop_the_slow();
        let width = self.width();
        if is_changed && (width != before || !self.has_several_sources()) {
            self.outputs
                .push_back(Output::Event(Event::WidthChanged { width }));
        }
    }

    fn sample(&self, id: SourceId, length: u64) -> Sample {
        let source = &self.sources[usize::from(id.0)];
        // Where first bytes come soon after their heads, the head tells enough.
        let is_late = source.rhythm.first_byte() > Duration::ZERO;
        let waits = |a: &Active| a.phase == Phase::Starting || (is_late && !a.brought_bytes());
        let starts = |a: &&Active| a.source == id && waits(a);
        let limit = self
            .limiter
            .limit()
            .map(|limit| self.share(source, limit.get()));
        Sample {
            now: self.now,
            received: source.received,
            workers: source.workers.into(),
            starting: self.active.values().filter(starts).count(),
            latency: if source.ever_opened {
                source.latency.max(source.rhythm.pause() * 4)
            } else {
                self.latency
            },
            first_byte: source.rhythm.first_byte(),
            left: self.share(source, length - self.received.len()),
            limit: limit.and_then(|limit| RateLimit::new(BytesPerSecond(limit))),
        }
    }

    /// What a source's part of something is, if it goes on as it did.
    fn share(&self, source: &Source, of: u64) -> u64 {
        if !self.has_several_sources() {
            return of;
        }
        let share = u128::from(of) * u128::from(source.received);
        let share = share / u128::from(self.received_total.max(1));
        u64::try_from(share).unwrap_or(of).min(of)
    }

    /// The slowest let go; what they have not fetched waits.
    fn shed_workers(&mut self, id: SourceId) {
        let most = usize::from(self.source(id).width.level());
        let (now, beat) = (self.now, self.beat(id));
        let mut here: Vec<&mut Active> = self
            .active
            .values_mut()
            .filter(|active| active.source == id)
            .collect();
        here.sort_by_key(|active| {
            let rate = active.pace.at(now, beat).unwrap_or(0);
            Reverse((active.stopping.is_none(), rate))
        });
        for active in here.into_iter().skip(most) {
            stop(active, StopCause::TakenOver, &mut self.outputs);
        }
    }

    /// No more workers at a source than it has at the moment, where it serves any of them. One that
    /// serves nobody does not say that there are too many.
    pub(super) fn one_too_many(&mut self, refused: &Active) {
        if !self.serves_anyone(refused.source) {
            return;
        }
        let now = self.now;
        let source = self.source(refused.source);
        if source
            .width
            .refused(now, refused.last_progress, source.workers)
        {
            let width = self.width();
            self.outputs
                .push_back(Output::Event(Event::WidthChanged { width }));
        }
    }
}
