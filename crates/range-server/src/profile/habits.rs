//! Owns what there is to know of a server, and the decision that follows from it, in the order of
//! RFC 9110 §13.2.2. Knows no server.

use range_core::http::ResolvedRange;
use range_core::http::conditional::{Decision, Method, Request, SelectedRepresentation};

use super::outcome::Outcome;
use super::preconditions::Preconditions;
use super::range::RangeReading;
use crate::fault::EntityTagFault;

/// The habits of a server, one in each field.
#[derive(Clone, Copy, Debug)]
pub(super) struct Habits {
    /// `Server`.
    pub(super) server: Option<&'static str>,
    /// The fault of its tags.
    pub(super) entity_tag: Option<EntityTagFault>,
    pub(super) preconditions: Preconditions,
    /// `None` where it knows no ranges.
    pub(super) range: Option<RangeReading>,
}

impl Habits {
    pub(super) fn decide(
        &self,
        request: &Request<'_>,
        range: Option<&[u8]>,
        representation: SelectedRepresentation<'_>,
    ) -> Outcome {
        let validators = representation.validators;
        if self.preconditions.fail(request, validators) {
            return Decision::PreconditionFailed.into();
        }
        if self.preconditions.find_unmodified(request, validators) {
            return Decision::NotModified.into();
        }
        let (Some(reading), Some(range)) = (&self.range, range) else {
            return ResolvedRange::Whole.into();
        };
        let is_heard = request.method == Method::Get || reading.heeds_head;
        if is_heard && self.preconditions.let_through(request, validators) {
            reading.decide(range, representation.length)
        } else {
            ResolvedRange::Whole.into()
        }
    }
}
