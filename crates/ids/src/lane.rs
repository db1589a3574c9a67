//! The lane of an event: a token of its subject, with a consumer of its own (design §3).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Urgent work never waits behind ordinary work. A lane may only be raised downstream (D15).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lane {
    /// Emergencies and P1.
    Urgent,
    /// Everything else within a tenant's fair share.
    Normal,
    /// What a tenant sends beyond its fair share, imports, replays.
    Bulk,
}

/// A subject token or column value that names no lane.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown lane")]
pub struct UnknownLane;

impl Lane {
    /// Every lane, the most urgent first.
    pub const ALL: [Lane; 3] = [Lane::Urgent, Lane::Normal, Lane::Bulk];

    /// The subject token.
    pub const fn as_str(self) -> &'static str {
        match self {
            Lane::Urgent => "urgent",
            Lane::Normal => "normal",
            Lane::Bulk => "bulk",
        }
    }

    /// For the `smallint` column; sorts urgent first.
    pub const fn rank(self) -> i16 {
        match self {
            Lane::Urgent => 0,
            Lane::Normal => 1,
            Lane::Bulk => 2,
        }
    }

    /// From the `smallint` column.
    pub fn from_rank(rank: i16) -> Result<Self, UnknownLane> {
        Self::ALL.into_iter().find(|lane| lane.rank() == rank).ok_or(UnknownLane)
    }

    /// The more urgent of two lanes.
    pub fn raised_to(self, other: Lane) -> Lane {
        self.min(other)
    }
}

impl FromStr for Lane {
    type Err = UnknownLane;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|lane| lane.as_str() == text).ok_or(UnknownLane)
    }
}

impl fmt::Display for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_lane_survives_text_and_rank() {
        for lane in Lane::ALL {
            assert_eq!(lane.as_str().parse(), Ok(lane));
            assert_eq!(Lane::from_rank(lane.rank()), Ok(lane));
        }
        assert_eq!(Lane::from_rank(3), Err(UnknownLane));
        assert_eq!(Lane::Bulk.raised_to(Lane::Urgent), Lane::Urgent);
        assert_eq!(Lane::Urgent.raised_to(Lane::Bulk), Lane::Urgent);
    }
}
