//! What may happen to the case of a test.

use orders::{Act, ChainStep, Deciding, LinkDeed, PairPlan, Role, StagePlan};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    Claim,
    Pass,
    Fail,
}

/// What an order is under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    pub stages: Vec<StagePlan>,
    pub pairs: Vec<PairPlan>,
    pub chain: Vec<ChainStep>,
}

/// One thing that may happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// An order of the present round, counted from its first.
    Act(usize, Act, &'static str),
    Cancel(usize),
    Waive(usize),
    Urge(usize),
    Supervise(usize),
    CancelCase,
    /// One body, to be there within the hour.
    Whistle(&'static str),
    /// By whom, and whose it is as they say.
    Return(usize, &'static str, &'static str),
    /// By whom; two hours more.
    Extend(usize, &'static str),
    /// By whom, and for how many seconds from now.
    Suspend(usize, &'static str, i64),
    Grant(usize, &'static str),
    Deny(usize, &'static str),
    Resume(usize, &'static str),
    /// By the centre: this policy is in force.
    Adopt(usize, Policy),
    /// By whom, and what is done with the link.
    Link(usize, &'static str, LinkDeed),
    Ask(usize, &'static str),
    /// The round's first order says that this one's body was there, so many seconds ago; by whom.
    Visit(usize, &'static str, i64),
    /// The last visit, for this order, by whom.
    Sign(usize, &'static str),
    /// By whom, for whom, and whose it is.
    Place(usize, &'static str, Deciding, &'static str),
    /// The plan is drawn anew: who does what by it, by whom and for whom.
    Reroute(&'static [(&'static str, Role)], &'static str, Deciding),
    /// Every wake-up, due or not.
    Tick,
    /// Years published from now on.
    Publish(&'static [i16]),
    /// One of a few calendars with other hours and days, as the next publication.
    Reform(usize),
    /// Every clock goes over to the publication in force.
    Replan,
    Verify(Verb, &'static str),
    Wait(i64),
    /// The clock jumps to the next wake-up.
    WaitForWakeUp,
}

impl Step {
    /// The order it is about, counted from the round's first.
    pub fn index(&self) -> Option<usize> {
        match self {
            Step::Act(index, ..) | Step::Cancel(index) | Step::Waive(index) | Step::Urge(index) => {
                Some(*index)
            }
            Step::Supervise(index) | Step::Return(index, ..) | Step::Place(index, ..) => Some(*index),
            Step::Extend(index, _) | Step::Suspend(index, ..) | Step::Grant(index, _) => Some(*index),
            Step::Deny(index, _) | Step::Resume(index, _) | Step::Adopt(index, ..) => Some(*index),
            Step::Link(index, ..) | Step::Ask(index, _) => Some(*index),
            Step::Visit(index, ..) | Step::Sign(index, _) => Some(*index),
            _ => None,
        }
    }
}
