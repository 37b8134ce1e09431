//! Owns which source is asked for which bytes, and from when on. Changes nothing.

use crate::ids::SourceId;
use crate::limits;
use crate::output::Route;
use crate::segment::{Retry, Waiting};
use crate::source::Source;
use crate::time::Timestamp;
use crate::view::View;
use range_core::ByteRange;

/// Least first: one that was never measured is tried, then the one that finishes first, then the
/// one that has least to do.
type Preference = (u8, u128, SourceId);

/// The source to ask for a run of `bytes`, of which an attempt may have failed.
pub(crate) fn source_for(view: View<'_>, retry: Option<Retry>, bytes: u64) -> Option<SourceId> {
    let may_ask = |id, source: &Source| {
        source.opens_at() <= view.now && is_due_at(view, id, retry) && source.room() > 0
    };
    let asked = view.sources.living();
    let asked = asked.filter(|(id, source)| may_ask(*id, source));
    asked
        .map(|(id, source)| preference(view.now, id, source, bytes))
        .min()
        .map(|(_, _, id)| id)
}

fn preference(now: Timestamp, id: SourceId, source: &Source, bytes: u64) -> Preference {
    match source.rate(now) {
        None if source.workers == 0 => (0, 0, id),
        None => (2, source.workers.into(), id),
        Some(rate) => {
            let time = (u128::from(bytes) * 1000).checked_div(rate.into());
            let time = time.unwrap_or(u128::MAX - u128::from(u64::MAX));
            (1, time + source.latency.as_millis(), id)
        }
    }
}

/// Nothing that an attempt has told stands against asking a source.
fn is_due_at(view: View<'_>, id: SourceId, retry: Option<Retry>) -> bool {
    let failed_here = retry.filter(|retry| retry.source == id);
    let asks_anew = retry.is_some_and(|retry| retry.route == Route::Original);
    let is_due = failed_here.is_none_or(|retry| retry.not_before <= view.now);
    let is_found = if asks_anew {
        failed_here.is_some()
    } else {
        !is_relocating_at(view, id)
    };
    is_due && is_found
}

/// A request to a source's original URL is due or unanswered: until it is known where the file is,
/// others would only be refused as well.
pub(crate) fn is_relocating_at(view: View<'_>, id: SourceId) -> bool {
    view.sources.of(id).ever_refused && view.ledger.asks_original(id)
}

/// As [`is_relocating_at`], at any source.
pub(crate) fn is_relocating(view: View<'_>) -> bool {
    let mut living = view.sources.living();
    living.any(|(id, _)| is_relocating_at(view, id))
}

/// A run is due somewhere. A closed gate holds back everything where there is one source; where
/// there are several, only what no other is due for.
fn may_start(view: View<'_>, waiting: &Waiting) -> bool {
    let is_alone = !view.sources.are_several();
    view.sources.living().any(|(id, source)| {
        (is_alone || source.opens_at() <= view.now) && is_due_at(view, id, waiting.retry)
    })
}

/// The moment from which some source may be asked for what has failed.
pub(crate) fn opens_at(view: View<'_>, retry: Option<Retry>) -> Timestamp {
    let opens = view.sources.living().map(|(id, source)| {
        let failed_here = retry.filter(|retry| retry.source == id);
        let due = failed_here.map_or(Timestamp::START, |retry| retry.not_before);
        source.opens_at().max(due)
    });
    opens.min().unwrap_or(Timestamp::START)
}

/// Returns the moment from which a waiting run may start. A run that may and has not started is out
/// of reach, and waits for a worker's progress.
pub(crate) fn next_start(view: View<'_>) -> Option<Timestamp> {
    if !view.sources.have_room() {
        return None;
    }
    let retries = view.ledger.waiting().map(|waiting| waiting.retry);
    let retries = retries.chain(view.ledger.restart().map(Some));
    let opens = retries.map(|retry| opens_at(view, retry));
    opens.filter(|opens| *opens > view.now).min()
}

/// The lowest run, if it may start: no further than `reach` from the lowest missing byte, unless it
/// is to ask a source's original URL.
pub(crate) fn ready(view: View<'_>, reach: u64) -> Option<Waiting> {
    let asks_anew = |waiting: &&Waiting| {
        let route = waiting.retry.map(|retry| retry.route);
        route == Some(Route::Original)
    };
    let anew = view.ledger.waiting().find(asks_anew);
    if let Some(anew) = anew.filter(|waiting| may_start(view, waiting)) {
        return Some(*anew);
    }
    let may_start = |waiting: &&Waiting| may_start(view, waiting) && !may_grow(view, waiting);
    let mut runs = view.ledger.waiting().filter(may_start);
    let mut first = runs.next()?;
    if view.is_left_to_another(first).is_some() {
        first = runs.next().unwrap_or(first);
    }
    let lowest = view.ledger.lowest_missing();
    let within = lowest.is_none_or(|lowest| first.range.start() < lowest.saturating_add(reach));
    within.then_some(*first)
}

/// Reports whether a run of rejected bytes may still grow: the bytes after it are being verified,
/// and may soon belong to it. A request for each block would be thousands.
fn may_grow(view: View<'_>, waiting: &Waiting) -> bool {
    let end = waiting.range.end();
    let block = view.ledger.block_size().get().into();
    let next = ByteRange::new(end, end.saturating_add(block));
    waiting.is_rejected
        && waiting.is_plain()
        && waiting.range.len() < limits::SEGMENT_BLIND_MAX
        && next.is_some_and(|next| view.ledger.claimed().intersects(next))
}
