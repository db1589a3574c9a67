//! A policy of a tenant's documents as the machines know it.

use contract::document::{self, ResolvedPolicy, ResolvedStep};
use orders::{ChainAction, ChainStep, Stage, StagePlan, Terms};
use sla::{ClockKind, Limit, PerMille, Unit};

/// Verification is the case's and is not in it, and steps that this build does not know are left out, as when a case is routed. None
/// of a limit that is out of range, which no document that was applied has.
pub(crate) fn of(policy: &ResolvedPolicy) -> Option<Terms> {
    let warn = policy.warn_per_mille.iter().map(|part| PerMille::new(u16::try_from(*part).ok()?).ok());
    let warn: Vec<PerMille> = warn.collect::<Option<_>>()?;
    let stages = policy.limits.iter().filter_map(|(stage, limit)| Some((stage_of(*stage)?, *limit)));
    let plan = |(stage, limit)| Some(StagePlan { stage, limit: limit_of(limit)?, warn: warn.clone() });
    let stages = stages.map(plan).collect::<Option<_>>()?;
    let chain = policy.chain.iter().filter_map(step_of).collect();
    Some(Terms { policy: policy.key.clone(), stages, chain })
}

const fn stage_of(stage: document::Stage) -> Option<Stage> {
    match stage {
        document::Stage::See => Some(Stage::See),
        document::Stage::Acknowledge => Some(Stage::Acknowledge),
        document::Stage::OnSite => Some(Stage::OnSite),
        document::Stage::Resolve => Some(Stage::Resolve),
        document::Stage::Verify => None,
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
