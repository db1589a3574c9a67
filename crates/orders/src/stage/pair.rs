//! Named pairs (自定环节): stages that a policy defines, from one recorded milestone of an order to another.
//!
//! A pair begins when its first milestone happens, and not before; it is met when the second does. In between it is a stage like
//! the others. One whose second milestone came first measures nothing, and does not begin.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sla::{Calendar, StopWatch};

use super::{Stage, StagePlan, StageState};
use crate::{Act, PlanFault, Refusal};

/// The most bytes of a name.
const NAME_BYTES_MAX: usize = 32;

/// The most pairs of one order.
pub(crate) const PAIRS_MAX: usize = 8;

/// Name of a pair: 1 to 32 of `a-z`, `0-9` and `-`, beginning with a letter, and no fixed stage's. Kept in place, so that a
/// [`Stage`] stays as cheap to copy as a word.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PairName([u8; NAME_BYTES_MAX]);

/// A text that names no pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a pair's name is 1 to 32 of a-z, 0-9 and -, beginning with a letter, and no fixed stage's")]
pub struct NoPairName;

impl PairName {
    /// The name.
    pub fn as_str(&self) -> &str {
        let end = self.0.iter().position(|byte| *byte == 0).unwrap_or(NAME_BYTES_MAX);
        std::str::from_utf8(&self.0[..end]).expect("a name is ASCII")
    }
}

impl FromStr for PairName {
    type Err = NoPairName;
    fn from_str(text: &str) -> Result<Self, NoPairName> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let well_formed = text.len() <= NAME_BYTES_MAX
            && text.starts_with(|first: char| first.is_ascii_lowercase())
            && text.bytes().all(plain);
        if !well_formed || Stage::FIXED.iter().any(|fixed| fixed.as_str().replace('_', "-") == text) {
            return Err(NoPairName);
        }
        let mut name = [0; NAME_BYTES_MAX];
        name[..text.len()].copy_from_slice(text.as_bytes());
        Ok(Self(name))
    }
}

impl fmt::Debug for PairName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

/// What an order records once, with its time: where a pair may begin and end. Its ends are none: with them what is undecided
/// stays without answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Milestone {
    /// 派发.
    Dispatched,
    /// 已阅; acknowledging implies it.
    Seen,
    /// 签收.
    Acknowledged,
    /// 到场.
    Arrived,
    /// 首次反馈.
    Progressed,
    /// 办结申请.
    Submitted,
}

impl Milestone {
    /// Every milestone.
    pub const ALL: [Milestone; 6] = [
        Milestone::Dispatched,
        Milestone::Seen,
        Milestone::Acknowledged,
        Milestone::Arrived,
        Milestone::Progressed,
        Milestone::Submitted,
    ];

    /// The word in documents and messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Milestone::Dispatched => "dispatched",
            Milestone::Seen => "seen",
            Milestone::Acknowledged => "acknowledged",
            Milestone::Arrived => "arrived",
            Milestone::Progressed => "progressed",
            Milestone::Submitted => "submitted",
        }
    }

    /// Whether it may come after another one. Arriving and reporting come in either order.
    pub const fn may_follow(self, earlier: Milestone) -> bool {
        match (earlier, self) {
            (Milestone::Progressed, Milestone::Arrived) => true,
            _ => (earlier as u8) < (self as u8),
        }
    }

    /// The act that records it; none of the dispatch.
    pub(crate) const fn act(self) -> Option<Act> {
        match self {
            Milestone::Dispatched => None,
            Milestone::Seen => Some(Act::See),
            Milestone::Acknowledged => Some(Act::Acknowledge),
            Milestone::Arrived => Some(Act::Arrive),
            Milestone::Progressed => Some(Act::Progress),
            Milestone::Submitted => Some(Act::Submit),
        }
    }

    /// Whether an act ends a pair that waits for it: a later act does, except that nothing stands for a visit that was not made.
    /// Who submits has reported.
    pub(crate) fn ended_by(self, act: Act) -> bool {
        match self {
            Milestone::Dispatched => false,
            Milestone::Arrived => act == Act::Arrive,
            Milestone::Progressed => matches!(act, Act::Progress | Act::Submit),
            Milestone::Seen | Milestone::Acknowledged | Milestone::Submitted => {
                self.act().is_some_and(|own| own <= act)
            }
        }
    }
}

/// A pair as a policy defines it; frozen into the order like every other limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PairPlan {
    /// Its limit and warnings, under [`Stage::Pair`].
    pub plan: StagePlan,
    /// What it begins with.
    pub from: Milestone,
    /// What it ends with.
    pub to: Milestone,
    /// What people call it, in Chinese.
    pub zh: String,
    /// The same in English.
    pub en: String,
}

impl PairPlan {
    /// Its name, as a stage.
    pub fn stage(&self) -> Stage {
        self.plan.stage
    }

    /// Whether both measure the same, whatever they allow for it.
    pub(crate) fn measures_as(&self, other: &PairPlan) -> bool {
        (self.stage(), self.from, self.to) == (other.stage(), other.from, other.to)
    }

    /// Begins at `at` on this publication; where no time is charged then, on hold from its first instant.
    pub(crate) fn begin(
        &self,
        calendar: &Calendar,
        held: bool,
        at: Timestamp,
    ) -> Result<StageState, Refusal> {
        let begun = StageState::start(self.plan.clone(), calendar, at);
        let mut begun = begun.map_err(|_| Refusal::TimeOutOfRange)?;
        if held {
            let mut watch = StopWatch::start(self.plan.limit, calendar, at);
            watch.pause(at).map_err(|_| Refusal::TimeOutOfRange)?;
            begun.watch = Some(watch);
        }
        Ok(begun)
    }
}

/// Each name once, few of them, and each from something to what may follow it.
pub(crate) fn check_pairs(pairs: &[PairPlan]) -> Result<(), PlanFault> {
    if pairs.len() > PAIRS_MAX {
        return Err(PlanFault::TooManyPairs);
    }
    for (index, pair) in pairs.iter().enumerate() {
        let stage = pair.stage();
        if !matches!(stage, Stage::Pair(_)) {
            return Err(PlanFault::MisplacedStage(stage));
        }
        if pairs[..index].iter().any(|earlier| earlier.stage() == stage) {
            return Err(PlanFault::RepeatedStage(stage));
        }
        if !pair.to.may_follow(pair.from) {
            return Err(PlanFault::BackwardPair(stage));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_kept_as_it_was_written() {
        for name in ["a", "repair-time", "a1-", &"x".repeat(32)] {
            assert_eq!(name.parse::<PairName>().unwrap().as_str(), name);
        }
        for none in
            ["", "1a", "-a", "Repair", "抢修", "a_b", &"x".repeat(33), "see", "on-site", "on_site", "verify"]
        {
            assert_eq!(none.parse::<PairName>(), Err(NoPairName), "{none}");
        }
    }

    #[test]
    fn nothing_follows_itself_or_what_comes_before_it() {
        let follows = |from: Milestone| Milestone::ALL.into_iter().filter(move |to| to.may_follow(from));
        let told = Milestone::ALL.map(|from| follows(from).count());
        assert_eq!(told, [5, 4, 3, 2, 2, 0]);
        assert!(Milestone::Arrived.may_follow(Milestone::Progressed));
        assert!(Milestone::Progressed.may_follow(Milestone::Arrived));
    }
}
