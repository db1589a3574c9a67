//! A stretch of time: from included, to excluded.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// One stretch that was counted, or one recorded interval. Empty when `to <= from`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    /// First instant.
    pub from: Timestamp,
    /// The instant behind the last.
    pub to: Timestamp,
}

impl Segment {
    /// Elapsed time, never negative.
    pub fn length(self) -> SignedDuration {
        self.to.duration_since(self.from).max(SignedDuration::ZERO)
    }

    /// The part inside `other`; `None` when nothing is left.
    pub(crate) fn within(self, other: Segment) -> Option<Segment> {
        let part = Segment { from: self.from.max(other.from), to: self.to.min(other.to) };
        (part.from < part.to).then_some(part)
    }
}

/// The instant cut to the microsecond: Postgres keeps no more, and a value that differs after it was
/// stored would make a recomputation look like a fault.
pub fn to_micros(at: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(at.as_microsecond()).unwrap_or(at)
}
