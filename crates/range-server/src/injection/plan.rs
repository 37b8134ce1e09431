//! Owns the sum of all faults of one request. Performs none of them.

use std::collections::BTreeMap;
use std::num::{NonZeroU32, NonZeroU64};
use std::time::Duration;

use http::{HeaderValue, StatusCode};
use range_core::http::HttpDate;
use range_core::units::{ByteCount, BytesPerSecond};

use crate::connection::Hold;
use crate::content::version::Version;
use crate::fault::{
    ContentLength, Effect, EntityTagFault, Excess, Fault, IfRange, Position, Redirect,
    RequestFacts, RetryAfter, StatusBody, Stop,
};
use crate::pace::Bucket;
use crate::query::{self, Presentation};

/// Everything that is done wrong to one request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct FaultPlan {
    /// The names of the effects, in the order they were listed.
    pub(crate) fired: Vec<&'static str>,
    /// The way a URL has the connection held up.
    pub(crate) hold_by_url: Option<Hold>,
    pub(crate) delay_head: Duration,
    /// The time from the head to the beginning of the content.
    pub(crate) delay_content: Duration,
    pub(crate) rate: Option<BytesPerSecond>,
    pub(crate) bucket: Option<Bucket>,
    pub(crate) crowd: Option<CrowdRate>,
    pub(crate) cap: Option<(u32, Excess)>,
    pub(crate) outage: Option<Outage>,
    pub(crate) replacement: Option<Replacement>,
    pub(crate) version: Option<Version>,
    pub(crate) length: Option<ByteCount>,
    pub(crate) entity_tag: Option<EntityTagFault>,
    /// `Some(None)` leaves it out.
    #[expect(
        clippy::option_option,
        reason = "what is asked for may be that there is none"
    )]
    pub(crate) last_modified: Option<Option<HttpDate>>,
    /// The file name in `Content-Disposition`.
    pub(crate) name: Option<String>,
    pub(crate) omit_validators: bool,
    pub(crate) if_range: Option<IfRange>,
    pub(crate) ignore_range: bool,
    pub(crate) content: ContentFaults,
    pub(crate) wire: WireFaults,
}

/// More responses than are welcome, and the rate of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CrowdRate {
    pub(crate) above: u32,
    pub(crate) rate: BytesPerSecond,
}

/// The way a response meets the server's being away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Outage {
    /// It is away.
    Now,
    /// It will be when this much time has passed.
    In(Duration),
}

/// When the outages of a scope were first met, by the index of the fault, since the scope began.
pub(crate) type Onsets = BTreeMap<usize, Duration>;

/// The faults of the content that is sent, and of what the head says about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an effect of its own, and all of them combine"
)]
pub(crate) struct ContentFaults {
    pub(crate) start_earlier: u64,
    pub(crate) start_later: u64,
    pub(crate) align_start: Option<NonZeroU64>,
    pub(crate) end_earlier: u64,
    pub(crate) cap: Option<(NonZeroU64, Option<StatusCode>)>,
    pub(crate) overlong: u64,
    pub(crate) misplace: u64,
    #[expect(
        clippy::option_option,
        reason = "what is stated may be that nothing is known"
    )]
    pub(crate) complete_length: Option<Option<ByteCount>>,
    pub(crate) omit_content_range: bool,
    pub(crate) multipart: bool,
    pub(crate) error_page: bool,
    pub(crate) media_type: Option<HeaderValue>,
    pub(crate) gzip: bool,
    pub(crate) corrupt: Option<u64>,
}

/// The faults of the bytes on the connection, which hyper would not write.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct WireFaults {
    pub(crate) drip_head: Option<Duration>,
    pub(crate) stop: Option<(Stop, Position)>,
    pub(crate) content_length: Option<ContentLength>,
    pub(crate) surplus: u64,
    pub(crate) http_1_0: bool,
    pub(crate) interim: Option<NonZeroU32>,
    pub(crate) endless_head: bool,
}

/// An answer in place of the content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Replacement {
    Status {
        code: StatusCode,
        retry_after: Option<RetryAfter>,
        body: StatusBody,
    },
    RedirectTo(HeaderValue),
    Redirect(Redirect),
}

impl Outage {
    /// The outage that a request meets which comes `elapsed` after the first.
    fn at(elapsed: Duration, after: Duration, lasts: Duration) -> Option<Self> {
        match elapsed.checked_sub(after) {
            None => Some(Self::In(after.saturating_sub(elapsed))),
            Some(since) => (since < lasts).then_some(Self::Now),
        }
    }
}

impl FaultPlan {
    /// Adds those of `faults` that fire, and says how they hold the connection up.
    /// `onsets` is what their scope remembers.
    pub(crate) fn add(
        &mut self,
        faults: &[Fault],
        facts: &RequestFacts<'_>,
        onsets: &mut Onsets,
    ) -> Option<Hold> {
        let mut hold = None;
        for (index, fault) in faults.iter().enumerate() {
            if !fault.trigger.fires(facts, index) {
                continue;
            }
            if let Effect::Outage { after, lasts } = fault.effect {
                let onset = *onsets.entry(index).or_insert(facts.elapsed);
                let outage = Outage::at(facts.elapsed.saturating_sub(onset), after, lasts);
                // Several are several times away: what comes first counts.
                self.outage = self.outage.into_iter().chain(outage).min();
                if outage != Some(Outage::Now) {
                    continue;
                }
            }
            self.fired.push(fault.effect.name());
            self.include(&fault.effect);
            hold = hold.max(query::hold(&fault.effect));
        }
        hold
    }

    fn include(&mut self, effect: &Effect) {
        let (content, wire) = (&mut self.content, &mut self.wire);
        match effect.clone() {
            Effect::DelayHead(delay) => self.delay_head = delay,
            Effect::DripHead(pause) => wire.drip_head = Some(pause),
            Effect::FirstByte(delay) => self.delay_content = delay,
            Effect::Rate(rate) => self.rate = Some(rate),
            Effect::Bucket { rate, quantum } => self.bucket = Some(Bucket { rate, quantum }),
            Effect::CrowdRate { above, rate } => self.crowd = Some(CrowdRate { above, rate }),
            Effect::Stop(stop, position) => wire.stop = Some((stop, position)),
            // It is a matter of when, and has been dealt with.
            Effect::Outage { .. } => {}
            Effect::ConnectionCap { most, excess } => self.cap = Some((most, excess)),
            Effect::ContentLength(framing) => wire.content_length = Some(framing),
            Effect::Surplus(bytes) => wire.surplus = bytes.0,
            Effect::Http10 => wire.http_1_0 = true,
            Effect::Interim(count) => wire.interim = Some(count),
            Effect::EndlessHead => wire.endless_head = true,
            Effect::IgnoreRange => self.ignore_range = true,
            Effect::StartEarlier(bytes) => content.start_earlier = bytes.0,
            Effect::StartLater(bytes) => content.start_later = bytes.0,
            Effect::AlignStart(block) => content.align_start = Some(block),
            Effect::EndEarlier(bytes) => content.end_earlier = bytes.0,
            Effect::RangeCap { most, refusal } => content.cap = Some((most, refusal)),
            Effect::Overlong(bytes) => content.overlong = bytes.0,
            Effect::Misplace(bytes) => content.misplace = bytes.0,
            Effect::CompleteLength(length) => content.complete_length = Some(length),
            Effect::OmitContentRange => content.omit_content_range = true,
            Effect::Multipart => content.multipart = true,
            Effect::Version(version) => self.version = Some(version),
            Effect::Length(length) => self.length = Some(length),
            Effect::EntityTag(fault) => self.entity_tag = Some(fault),
            Effect::OmitValidators => self.omit_validators = true,
            Effect::IfRange(judgement) => self.if_range = Some(judgement),
            Effect::Gzip => content.gzip = true,
            Effect::Corrupt(offset) => content.corrupt = Some(offset),
            Effect::MediaType(media_type) => content.media_type = Some(media_type),
            Effect::ErrorPage => content.error_page = true,
            Effect::Status {
                code,
                retry_after,
                body,
            } => {
                self.replacement = Some(Replacement::Status {
                    code,
                    retry_after,
                    body,
                });
            }
            Effect::RedirectTo(location) => {
                self.replacement = Some(Replacement::RedirectTo(location));
            }
            Effect::Redirect(redirect) => self.replacement = Some(Replacement::Redirect(redirect)),
        }
    }

    /// Adds how a URL wants its content to present itself. Faults come before that.
    pub(super) fn present(&mut self, presentation: &Presentation) {
        self.entity_tag = self.entity_tag.or(presentation.entity_tag);
        self.version = self.version.or(presentation.version);
        self.last_modified = presentation.last_modified;
        self.name.clone_from(&presentation.name);
    }

    /// Stops before the head, or answers a status: what becomes of a response in excess.
    pub(crate) fn exceed(&mut self, excess: Excess) {
        match excess {
            Excess::Status(code) => {
                self.replacement = Some(Replacement::Status {
                    code,
                    retry_after: None,
                    body: StatusBody::Text,
                });
            }
            Excess::Stop(stop) => self.wire.stop = Some((stop, Position::BeforeHead)),
        }
    }
}

#[cfg(test)]
mod tests;
