//! A planned case in the words of the contract.

use contract::document::{ChainAction, Clock, Limit, PairLimit, ResolvedPolicy, ResolvedStep, Stage, Unit};
use contract::proto::triage as wire;
use ids::BodyRef;
use routing::Step;
use routing::rules::Tried;

use super::plan::Planned;

/// The plan with all that dispatch needs. The limits of verification and rulings stand beside the policy, not in it: they
/// are the case's, not an order's.
pub fn plan(planned: &Planned, explanation_json: &str) -> wire::CasePlan {
    let plan = &planned.plan;
    let of_case = |stage: Stage| {
        let limit = planned.policy.limits.get(&stage)?;
        Some(stage_limit(stage.as_str(), *limit, &planned.policy.warn_per_mille))
    };
    wire::CasePlan {
        orders: orders(planned),
        policy: Some(policy(&planned.policy, &plan.lead)),
        verify: of_case(Stage::Verify),
        priority: plan.priority.as_str().to_owned(),
        level: plan.level.as_str().to_owned(),
        routing_mode: plan.routing_mode.as_str().to_owned(),
        pack_generation: plan.pack_generation,
        street_generation: plan.street_generation,
        explanation_json: explanation_json.to_owned(),
        review_json: String::new(),
        failed_rules: planned.explanation.failed().map(failed).collect(),
        adjudicate: of_case(Stage::Adjudicate),
    }
}

fn failed((tried, step): (&Tried, &Step)) -> wire::FailedRule {
    wire::FailedRule {
        layer: tried.layer.as_str().to_owned(),
        key: tried.key.clone(),
        zh: step.zh.clone(),
        en: step.en.clone(),
    }
}

fn orders(planned: &Planned) -> Vec<wire::PlannedOrder> {
    let plan = &planned.plan;
    let order = |role: wire::Role| {
        move |body: &BodyRef| wire::PlannedOrder { body: body.to_string(), role: role.into() }
    };
    std::iter::once(&plan.lead)
        .map(order(wire::Role::Lead))
        .chain(plan.assists.iter().map(order(wire::Role::Assist)))
        .chain(plan.informs.iter().map(order(wire::Role::Inform)))
        .collect()
}

fn policy(policy: &ResolvedPolicy, lead: &BodyRef) -> wire::SlaPolicy {
    let stages = policy.limits.iter().filter(|(stage, _)| !stage.of_case());
    wire::SlaPolicy {
        key: policy.key.clone(),
        stages: stages
            .map(|(stage, limit)| stage_limit(stage.as_str(), *limit, &policy.warn_per_mille))
            .collect(),
        chain: policy.chain.iter().filter_map(|step| chain_step(step, lead)).collect(),
        calendar: policy.calendar.clone(),
        pairs: policy.pairs.iter().map(|(name, pair)| pair_limit(name, pair, policy)).collect(),
    }
}

fn pair_limit(name: &str, pair: &PairLimit, policy: &ResolvedPolicy) -> wire::PairLimit {
    wire::PairLimit {
        limit: Some(stage_limit(name, pair.limit, &policy.warn_per_mille)),
        from: pair.from.as_str().to_owned(),
        to: pair.to.as_str().to_owned(),
        zh: pair.name.zh.clone(),
        en: pair.name.en.clone(),
    }
}

/// A step this build does not know is skipped.
fn chain_step(step: &ResolvedStep, lead: &BodyRef) -> Option<wire::ChainStep> {
    let action = match step.action {
        ChainAction::Notify => "notify",
        ChainAction::NotifyHolder => "notify_holder",
        ChainAction::Supervise => "supervise",
        ChainAction::Raise => "raise",
        ChainAction::Unsupported => return None,
    };
    let notify_body = step.body.as_ref().unwrap_or(lead).to_string();
    Some(wire::ChainStep { after_s: step.after_s, notify_body, action: action.to_owned() })
}

fn stage_limit(stage: &str, limit: Limit, warn_per_mille: &[u32]) -> wire::StageLimit {
    let clock = match limit.clock {
        Clock::Clock => wire::Clock::Clock,
        Clock::Work => wire::Clock::Work,
    };
    let unit = match limit.unit {
        Unit::Second => wire::LimitUnit::Second,
        Unit::Minute => wire::LimitUnit::Minute,
        Unit::Hour => wire::LimitUnit::Hour,
        Unit::Workday => wire::LimitUnit::Workday,
    };
    wire::StageLimit {
        stage: stage.to_owned(),
        clock: clock.into(),
        amount: limit.amount,
        unit: unit.into(),
        warn_per_mille: warn_per_mille.to_vec(),
    }
}
