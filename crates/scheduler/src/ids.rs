//! Owns the names by which the scheduler and those who drive it speak of the same thing. Knows
//! nothing of the things.

/// A segment of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SegmentId(pub u32);

/// One try of one segment. A message of an older try is ignored, so late messages do no harm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttemptId {
    /// The segment.
    pub segment: SegmentId,
    /// The number of this try of it; the first is 1.
    pub number: u32,
}

impl AttemptId {
    /// The first try of a segment.
    pub(crate) const fn first(segment: u32) -> Self {
        Self {
            segment: SegmentId(segment),
            number: 1,
        }
    }

    /// The try after this one.
    pub(crate) const fn next(self) -> Self {
        Self {
            segment: self.segment,
            number: self.number + 1,
        }
    }
}

/// A place the file can be had from, in the order the user gave; the first is 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(pub u16);

/// A sync of the part file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CheckpointId(pub u32);
