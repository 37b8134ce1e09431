//! Owns what the server does wrong on purpose and when: values and one pure function. Performs
//! nothing.

use std::ops::{Bound, RangeBounds};
use std::time::Duration;

use range_core::units::{ByteCount, BytesPerSecond};

/// Which generation of every representation is served. Generations have equal lengths, other
/// bytes, other entity tags and other modification dates. The first is 0, the honest one.
///
/// In another generation each byte of a file is combined with its number by exclusive or, and
/// synthetic content has the seed [`Seed::of_version`](crate::synthetic::Seed::of_version).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Version(pub u8);

/// Something done wrong to some requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    first: u64,
    last: u64,
    path: Option<String>,
    effect: Effect,
}

/// What is done wrong. Effects of different kinds combine; of one kind the last listed holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Answers 200 with the whole, whatever range is asked for, while still advertising ranges.
    IgnoreRange,
    /// Sends content in chunked coding, without `Content-Length`.
    NoContentLength,
    /// Serves another generation.
    Version(Version),
    /// Closes the connection after exactly so many content bytes, the heads of parts among them,
    /// if there are more.
    CutAfter(ByteCount),
    /// Answers with this status and, as content, its name.
    Status {
        /// The status.
        code: http::StatusCode,
        /// `Retry-After`, in whole seconds.
        retry_after: Option<Duration>,
    },
    /// Answers 302 to this location, a path or an absolute URL.
    RedirectTo(http::Uri),
    /// Waits before the response head.
    DelayHead(Duration),
    /// Sends content no faster than this on each connection.
    Rate(BytesPerSecond),
    /// Starts a 206 with a single range so many bytes before the offset asked for, and says so in
    /// `Content-Range`, as caches with aligned blocks do.
    StartEarlier(ByteCount),
    /// Sends neither `ETag` nor `Last-Modified`.
    OmitValidators,
}

impl Fault {
    /// A fault for every request.
    pub fn always(effect: Effect) -> Self {
        Self::on(.., effect)
    }

    /// A fault for some requests, by their number: the first request of a server has number 1,
    /// whatever connection and path it comes for.
    pub fn on(requests: impl RangeBounds<u64>, effect: Effect) -> Self {
        let first = match requests.start_bound() {
            Bound::Included(&first) => first,
            Bound::Excluded(&before) => before.saturating_add(1),
            Bound::Unbounded => 0,
        };
        let last = match requests.end_bound() {
            Bound::Included(&last) => last,
            // An end of 0 leaves nothing; no request has number 0, so 0 leaves nothing too.
            Bound::Excluded(&end) => end.saturating_sub(1),
            Bound::Unbounded => u64::MAX,
        };
        Self {
            first,
            last,
            path: None,
            effect,
        }
    }

    /// Restricts the fault to requests for this path, without the query.
    #[must_use]
    pub fn at(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }

    fn applies(&self, number: u64, path: &str) -> bool {
        let is_in_range = self.first <= number && number <= self.last;
        is_in_range && self.path.as_deref().is_none_or(|own| own == path)
    }
}

/// Everything that is done wrong to one request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct FaultPlan {
    pub(crate) ignore_range: bool,
    pub(crate) no_content_length: bool,
    pub(crate) omit_validators: bool,
    pub(crate) version: Option<Version>,
    pub(crate) cut_after: Option<ByteCount>,
    pub(crate) start_earlier: ByteCount,
    pub(crate) delay_head: Duration,
    pub(crate) rate: Option<BytesPerSecond>,
    pub(crate) instead: Option<Instead>,
}

/// What is answered in place of the content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Instead {
    Status {
        code: http::StatusCode,
        retry_after: Option<Duration>,
    },
    RedirectTo(http::Uri),
}

/// What is done wrong to the request of this number and path.
pub(crate) fn plan(faults: &[Fault], number: u64, path: &str) -> FaultPlan {
    let mut plan = FaultPlan::default();
    for fault in faults.iter().filter(|fault| fault.applies(number, path)) {
        match fault.effect.clone() {
            Effect::IgnoreRange => plan.ignore_range = true,
            Effect::NoContentLength => plan.no_content_length = true,
            Effect::OmitValidators => plan.omit_validators = true,
            Effect::Version(version) => plan.version = Some(version),
            Effect::CutAfter(bytes) => plan.cut_after = Some(bytes),
            Effect::StartEarlier(bytes) => plan.start_earlier = bytes,
            Effect::DelayHead(delay) => plan.delay_head = delay,
            Effect::Rate(rate) => plan.rate = Some(rate),
            Effect::Status { code, retry_after } => {
                plan.instead = Some(Instead::Status { code, retry_after });
            }
            Effect::RedirectTo(location) => plan.instead = Some(Instead::RedirectTo(location)),
        }
    }
    plan
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(fault: &Fault) -> Vec<u64> {
        (1..=5)
            .filter(|&number| fault.applies(number, "/a"))
            .collect()
    }

    #[test]
    fn faults_apply_to_the_requests_they_name() {
        let effect = || Effect::IgnoreRange;
        assert_eq!(numbers(&Fault::always(effect())), [1, 2, 3, 4, 5]);
        assert_eq!(numbers(&Fault::on(2..=3, effect())), [2, 3]);
        assert_eq!(numbers(&Fault::on(2..3, effect())), [2]);
        assert_eq!(numbers(&Fault::on(4.., effect())), [4, 5]);
        assert!(numbers(&Fault::on(..0, effect())).is_empty());
        assert!(numbers(&Fault::on(1..1, effect())).is_empty());
        assert_eq!(numbers(&Fault::always(effect()).at("/a")), [1, 2, 3, 4, 5]);
        assert!(numbers(&Fault::always(effect()).at("/b")).is_empty());
    }

    #[test]
    fn effects_combine_and_the_last_of_a_kind_holds() {
        let faults = [
            Fault::always(Effect::IgnoreRange),
            Fault::always(Effect::CutAfter(ByteCount(1))),
            Fault::on(2.., Effect::CutAfter(ByteCount(2))),
        ];
        let cut = |number| plan(&faults, number, "/").cut_after;
        assert_eq!((cut(1), cut(2)), (Some(ByteCount(1)), Some(ByteCount(2))));
        assert!(plan(&faults, 2, "/").ignore_range);
        assert_eq!(plan(&[], 1, "/"), FaultPlan::default());
    }
}
