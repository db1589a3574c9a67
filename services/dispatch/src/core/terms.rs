//! A policy of a tenant's documents as the machines know it.

use contract::document::{self, PairLimit, ResolvedPolicy, ResolvedStep};
use orders::{ChainAction, ChainStep, Milestone, PairPlan, Stage, StagePlan, Terms};
use sla::{ClockKind, Limit, PerMille, Unit};

/// Verification and rulings are the case's and are not in it, and steps that this build does not know are left out, as when a case is routed. None
/// of a limit that is out of range, which no document that was applied has.
pub(crate) fn of(policy: &ResolvedPolicy) -> Option<Terms> {
    let warn = policy.warn_per_mille.iter().map(|part| PerMille::new(u16::try_from(*part).ok()?).ok());
    let warn: Vec<PerMille> = warn.collect::<Option<_>>()?;
    let stages = policy.limits.iter().filter_map(|(stage, limit)| Some((stage_of(*stage)?, *limit)));
    let plan = |(stage, limit)| Some(StagePlan { stage, limit: limit_of(limit)?, warn: warn.clone() });
    let stages = stages.map(plan).collect::<Option<_>>()?;
    let pairs = policy.pairs.iter().map(|(name, pair)| pair_of(name, pair, &warn)).collect::<Option<_>>()?;
    let chain = policy.chain.iter().filter_map(step_of).collect();
    Some(Terms { policy: policy.key.clone(), stages, pairs, chain })
}

fn pair_of(name: &str, pair: &PairLimit, warn: &[PerMille]) -> Option<PairPlan> {
    let (stage, limit) = (Stage::Pair(name.parse().ok()?), limit_of(pair.limit)?);
    Some(PairPlan {
        plan: StagePlan { stage, limit, warn: warn.to_vec() },
        from: milestone_of(pair.from),
        to: milestone_of(pair.to),
        zh: pair.name.zh.clone(),
        en: pair.name.en.clone(),
    })
}

const fn milestone_of(milestone: document::Milestone) -> Milestone {
    match milestone {
        document::Milestone::Dispatched => Milestone::Dispatched,
        document::Milestone::Seen => Milestone::Seen,
        document::Milestone::Acknowledged => Milestone::Acknowledged,
        document::Milestone::Arrived => Milestone::Arrived,
        document::Milestone::Progressed => Milestone::Progressed,
        document::Milestone::Submitted => Milestone::Submitted,
    }
}

const fn stage_of(stage: document::Stage) -> Option<Stage> {
    match stage {
        document::Stage::See => Some(Stage::See),
        document::Stage::Acknowledge => Some(Stage::Acknowledge),
        document::Stage::OnSite => Some(Stage::OnSite),
        document::Stage::Resolve => Some(Stage::Resolve),
        document::Stage::Verify | document::Stage::Adjudicate => None,
    }
}

fn limit_of(limit: document::Limit) -> Option<Limit> {
    let clock = match limit.clock {
        document::Clock::Clock => ClockKind::Clock,
        document::Clock::Work => ClockKind::Work,
    };
    let unit = match limit.unit {
        document::Unit::Second => Unit::Second,
        document::Unit::Minute => Unit::Minute,
        document::Unit::Hour => Unit::Hour,
        document::Unit::Workday => Unit::Workday,
    };
    Limit::new(clock, limit.amount, unit).ok()
}

fn step_of(step: &ResolvedStep) -> Option<ChainStep> {
    let body = || step.body.clone();
    let action = match step.action {
        document::ChainAction::Notify => ChainAction::NotifyBody(body()?),
        document::ChainAction::NotifyHolder => ChainAction::NotifyHolder,
        document::ChainAction::Supervise => ChainAction::Supervise(body()?),
        document::ChainAction::Raise => ChainAction::Raise(body()?),
        document::ChainAction::Unsupported => return None,
    };
    Some(ChainStep { after_s: step.after_s, action })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a document may say of pairs, the machine takes: both have the same milestones in the same order.
    #[test]
    fn documents_and_the_machine_know_the_same_milestones() {
        let all = document::Milestone::ALL;
        assert_eq!(all.map(milestone_of), Milestone::ALL);
        for (from, to) in all.into_iter().flat_map(|from| all.map(|to| (from, to))) {
            assert_eq!(milestone_of(to).as_str(), to.as_str());
            assert_eq!(
                milestone_of(to).may_follow(milestone_of(from)),
                to.may_follow(from),
                "{from:?} {to:?}"
            );
        }
    }
}
