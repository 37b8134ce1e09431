//! Owns what faults do before an answer is decided: to the fields of the request, and to the
//! representation that was found. Decides nothing.

use range_core::http::{EntityTag, Strength};

use super::FaultPlan;
use crate::content::{Representation, Source};
use crate::fault::{EntityTagFault, IfRange};
use crate::request_fields::Conditions;

impl FaultPlan {
    /// Takes away what the decision is not to see.
    pub(crate) fn reread(&self, conditions: &mut Conditions<'_>) {
        let is_refused = self.if_range == Some(IfRange::Refuse) && conditions.if_range.is_some();
        if self.ignore_range || is_refused {
            conditions.range = None;
        }
        if self.if_range.is_some() {
            conditions.if_range = None;
        }
    }

    /// Makes another representation of the one that was found.
    pub(crate) fn replace(&self, representation: &mut Representation, connection: u64) {
        if let Some(length) = self.length {
            let longest = match representation.source {
                Source::File(_) => representation.length,
                Source::Synthetic { .. } => crate::synthetic::MAX_SIZE.0,
            };
            representation.length = length.0.min(longest);
        }
        if let Some(last_modified) = self.last_modified {
            representation.last_modified = last_modified;
        }
        if self.omit_validators {
            representation.entity_tag = None;
            representation.last_modified = None;
        }
        let Some(tag) = &representation.entity_tag else {
            return;
        };
        let renamed = |suffix: &str| {
            let opaque = format!("{}-{suffix}", opaque_part(tag));
            EntityTag::new(tag.strength(), &opaque)
        };
        let replaced = match self.entity_tag {
            None => return,
            // A tag without quotes is put in once nothing can be compared with it.
            Some(EntityTagFault::Omit | EntityTagFault::Unquote) => None,
            Some(EntityTagFault::Weaken) => EntityTag::new(Strength::Weak, &opaque_part(tag)),
            Some(EntityTagFault::Other) => renamed("other"),
            Some(EntityTagFault::PerConnection) => renamed(&format!("c{connection}")),
        };
        representation.entity_tag = replaced;
    }
}

/// The text between the quotes of a tag.
pub(super) fn opaque_part(tag: &EntityTag) -> String {
    let text = tag.to_string();
    text.trim_start_matches("W/").trim_matches('"').to_owned()
}
