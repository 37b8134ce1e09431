//! Owns the one table of how effects are written: names, arguments and options. What each does is
//! not known here.

use http::StatusCode;

use super::error::FaultError;
use super::values::{
    BODY, COUNT, DURATION, FRAMING, MEDIA_TYPE, POSITIVE, RATE, REDIRECT, RETRY_AFTER, SIZE,
    SIZE_ABOVE_0, STATUS, TAG, body, complete_length, duration, entity_tag, excess, framing,
    if_range, media_type, positive, rate, redirect, retry_after, size, status, version,
};
use super::written::Written;
use crate::fault::{Effect, Excess, Stop};

/// The written form of an effect.
pub(super) struct Form {
    /// The name, which is what [`Effect::name`] gives.
    pub(super) name: &'static str,
    /// Keys of its own. All others are conditions.
    pub(super) options: &'static [&'static str],
    pub(super) read: fn(&Written<'_>) -> Result<Effect, FaultError>,
}

const fn form(
    name: &'static str,
    options: &'static [&'static str],
    read: fn(&Written<'_>) -> Result<Effect, FaultError>,
) -> Form {
    Form {
        name,
        options,
        read,
    }
}

/// The form of this name.
pub(super) fn find(name: &str) -> Option<&'static Form> {
    FORMS.iter().find(|form| form.name == name)
}

/// All there are, in the order of [`Effect`].
pub(super) const FORMS: &[Form] = &[
    form("delay", &[], |it| {
        Ok(Effect::DelayHead(it.with(DURATION, duration)?))
    }),
    form("drip-head", &[], |it| {
        Ok(Effect::DripHead(it.with(DURATION, duration)?))
    }),
    form("first-byte", &[], |it| {
        Ok(Effect::FirstByte(it.with(DURATION, duration)?))
    }),
    form("rate", &[], |it| Ok(Effect::Rate(it.with(RATE, rate)?))),
    form("bucket", &["quantum"], |it| {
        Ok(Effect::Bucket {
            rate: it.with(RATE, rate)?,
            quantum: it.needed("quantum", SIZE_ABOVE_0, positive)?,
        })
    }),
    form("crowd-rate", &["above"], |it| {
        Ok(Effect::CrowdRate {
            above: it.needed("above", COUNT, |text| text.parse().ok())?,
            rate: it.with(RATE, rate)?,
        })
    }),
    form("stall", &[], |it| it.stop(Stop::Stall)),
    form("close", &[], |it| it.stop(Stop::Close)),
    form("cut", &[], |it| it.stop(Stop::Cut)),
    form("reset", &[], |it| it.stop(Stop::Reset)),
    form("outage", &["after"], |it| {
        let after = it.option("after", DURATION, duration)?;
        Ok(Effect::Outage {
            after: after.unwrap_or_default(),
            lasts: it.with(DURATION, duration)?,
        })
    }),
    form("connection-cap", &["excess"], |it| {
        let expected = "stall, close, cut, reset or a status";
        let unavailable = Excess::Status(StatusCode::SERVICE_UNAVAILABLE);
        Ok(Effect::ConnectionCap {
            most: it.with(COUNT, |text| text.parse().ok())?,
            excess: it
                .option("excess", expected, excess)?
                .unwrap_or(unavailable),
        })
    }),
    form("content-length", &[], |it| {
        Ok(Effect::ContentLength(it.with(FRAMING, framing)?))
    }),
    form("surplus", &[], |it| {
        Ok(Effect::Surplus(it.with(SIZE, size)?))
    }),
    form("http-1.0", &[], |it| it.alone(Effect::Http10)),
    form("interim", &[], |it| {
        let count = it.with(POSITIVE, |text| text.parse().ok())?;
        Ok(Effect::Interim(count))
    }),
    form("endless-head", &[], |it| it.alone(Effect::EndlessHead)),
    form("ignore-range", &[], |it| it.alone(Effect::IgnoreRange)),
    form("start-earlier", &[], |it| {
        Ok(Effect::StartEarlier(it.with(SIZE, size)?))
    }),
    form("start-later", &[], |it| {
        Ok(Effect::StartLater(it.with(SIZE, size)?))
    }),
    form("align-start", &[], |it| {
        Ok(Effect::AlignStart(it.with(SIZE_ABOVE_0, positive)?))
    }),
    form("end-earlier", &[], |it| {
        Ok(Effect::EndEarlier(it.with(SIZE, size)?))
    }),
    form("range-cap", &["refusal"], |it| {
        Ok(Effect::RangeCap {
            most: it.with(SIZE_ABOVE_0, positive)?,
            refusal: it.option("refusal", STATUS, status)?,
        })
    }),
    form("overlong", &[], |it| {
        Ok(Effect::Overlong(it.with(SIZE, size)?))
    }),
    form("misplace", &[], |it| {
        Ok(Effect::Misplace(it.with(SIZE, size)?))
    }),
    form("complete-length", &[], |it| {
        let length = it.with("a size or *", complete_length)?;
        Ok(Effect::CompleteLength(length))
    }),
    form("no-content-range", &[], |it| {
        it.alone(Effect::OmitContentRange)
    }),
    form("multipart", &[], |it| it.alone(Effect::Multipart)),
    form("version", &[], |it| {
        let version = it.with("a number from 0 to 255", version)?;
        Ok(Effect::Version(version))
    }),
    form("length", &[], |it| Ok(Effect::Length(it.with(SIZE, size)?))),
    form("etag", &[], |it| {
        Ok(Effect::EntityTag(it.with(TAG, entity_tag)?))
    }),
    form("no-validators", &[], |it| it.alone(Effect::OmitValidators)),
    form("if-range", &[], |it| {
        Ok(Effect::IfRange(it.with("ignore or refuse", if_range)?))
    }),
    form("gzip", &[], |it| it.alone(Effect::Gzip)),
    form("corrupt", &[], |it| {
        Ok(Effect::Corrupt(it.with(SIZE, size)?.0))
    }),
    form("error-page", &[], |it| it.alone(Effect::ErrorPage)),
    form("media-type", &[], |it| {
        Ok(Effect::MediaType(it.with(MEDIA_TYPE, media_type)?))
    }),
    form("status", &["retry-after", "body"], |it| {
        Ok(Effect::Status {
            code: it.with(STATUS, status)?,
            retry_after: it.option("retry-after", RETRY_AFTER, retry_after)?,
            body: it.option("body", BODY, body)?.unwrap_or_default(),
        })
    }),
    form("redirect", &[], |it| it.with(REDIRECT, redirect)),
];
