//! Owns how much of a fault a URL may ask for: whoever writes it decides what a connection costs,
//! and is not always whoever runs the server. Judges effects, performs none.

use std::time::Duration;

use range_core::units::ByteCount;

use crate::connection::Hold;
use crate::fault::{Effect, Excess, Redirect, Stop};

/// Longest wait at once.
const MAX_WAIT: Duration = Duration::from_mins(1);

/// Most interim responses before one that counts, and most steps of a redirection: no client that
/// follows goes so far.
const MAX_COUNT: u32 = 10_000;

/// Most bytes beside those of the representation.
const MAX_EXTRA: ByteCount = ByteCount(1 << 30);

/// The reason why a URL may not ask for an effect.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unbounded {
    /// A fault would hold a connection up for too long.
    #[error("{0} in a URL waits a minute at most; a scenario says more")]
    Wait(&'static str),
    /// A fault would do something too often.
    #[error("{0} in a URL goes up to {MAX_COUNT}; a scenario says more")]
    Count(&'static str),
    /// A fault would send too much.
    #[error("{0} in a URL is 1 GiB at most; a scenario says more")]
    Bytes(&'static str),
}

/// Refuses what is more than a URL may ask for.
pub(super) fn check(effect: &Effect) -> Result<(), Unbounded> {
    let name = effect.name();
    if longest_wait(effect).is_some_and(|wait| wait > MAX_WAIT) {
        return Err(Unbounded::Wait(name));
    }
    if let Effect::Interim(count) | Effect::Redirect(Redirect::Chain(count)) = effect
        && count.get() > MAX_COUNT
    {
        return Err(Unbounded::Count(name));
    }
    if let Effect::Surplus(bytes) | Effect::Overlong(bytes) = effect
        && *bytes > MAX_EXTRA
    {
        return Err(Unbounded::Bytes(name));
    }
    Ok(())
}

/// The longest wait of the effect, in which nothing moves; `None` for none, and for one that only
/// the peer ends.
fn longest_wait(effect: &Effect) -> Option<Duration> {
    if let Effect::DelayHead(wait) | Effect::DripHead(wait) | Effect::FirstByte(wait) = effect {
        Some(*wait)
    } else if let Effect::Outage { after, lasts } = effect {
        Some(*after.max(lasts))
    } else if let Effect::Bucket { rate, quantum } = effect {
        let seconds = quantum.get().div_ceil(rate.0.max(1));
        Some(Duration::from_secs(seconds))
    } else {
        None
    }
}

/// The way the effect keeps a connection for longer than the peer needs it.
pub(crate) fn hold(effect: &Effect) -> Option<Hold> {
    let is_still = matches!(
        effect,
        Effect::DelayHead(_)
            | Effect::DripHead(_)
            | Effect::FirstByte(_)
            | Effect::Stop(Stop::Stall, _)
            | Effect::ConnectionCap {
                excess: Excess::Stop(Stop::Stall),
                ..
            }
    );
    let is_slow = matches!(
        effect,
        Effect::Bucket { .. } | Effect::Rate(_) | Effect::CrowdRate { .. }
    );
    if is_still {
        Some(Hold::Still)
    } else {
        is_slow.then_some(Hold::Slow)
    }
}
