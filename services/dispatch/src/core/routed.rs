//! A routed case as dispatch takes it, or one whose plan was drawn anew: read from the wire and checked. What cannot be dispatched is refused for
//! ever, with a reason that repeats nothing of the payload.

use contract::proto::{from_wire, triage};
use contract::{Envelope, EventType};
use ids::{BodyRef, CaseId, TenantId};
use jiff::{SignedDuration, Timestamp};
use orders::{CaseTerms, ChainAction, ChainStep, Deciding, Milestone, PairPlan, Role, Stage, StagePlan};
use prost::Message;
use sla::{ClockKind, Limit, PerMille, Unit};

use super::matter::Facts;

/// All that is needed to open the case and issue its orders.
#[derive(Debug, Clone)]
pub(crate) struct RoutedCase {
    pub case_id: CaseId,
    pub tenant: TenantId,
    pub facts: Facts,
    pub lead: BodyRef,
    /// Limits of the case's own stages, and the chain, which is that of its orders, too.
    pub terms: CaseTerms,
    pub duties: Vec<Duty>,
    /// Limits of lead and assistants alike (D47).
    pub stages: Vec<StagePlan>,
    /// Those that the policy defines itself.
    pub pairs: Vec<PairPlan>,
    /// When the report was accepted; nothing where a person decided in between.
    pub accepted_at: Option<Timestamp>,
    /// A closed case of the same matter, and how soon after its close that counts as a false closure.
    pub repeats: Option<(CaseId, SignedDuration)>,
    /// Generation of the pack the plan was made with.
    pub pack_generation: u64,
    /// Generation of the street's own document it was made with.
    pub street_generation: u64,
    /// The plan was drawn anew; nothing of a first one.
    pub redrawn: Option<Redrawn>,
}

/// Of a plan that was drawn anew, by whom and why.
#[derive(Debug, Clone)]
pub(crate) struct Redrawn {
    /// Triage's version of the case.
    pub version: u64,
    /// Subject of the person.
    pub by: String,
    pub decided: Deciding,
    pub note: String,
}

/// What either event says.
struct Said {
    case: Option<triage::CaseState>,
    plan: Option<triage::CasePlan>,
    accepted_at: Option<Timestamp>,
    repeats: Option<(CaseId, SignedDuration)>,
    redrawn: Option<Redrawn>,
}

/// One order to issue.
#[derive(Debug, Clone)]
pub(crate) struct Duty {
    pub body: BodyRef,
    pub role: Role,
}

/// Why a message is no case to dispatch.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotRouted {
    #[error("not a routed case")]
    OtherEvent,
    #[error("undecodable payload")]
    Undecodable,
    #[error("{0} is missing or malformed")]
    Field(&'static str),
    #[error("payload of another tenant than its subject")]
    OtherTenant,
    #[error("a plan has exactly one lead")]
    Lead,
    #[error("a body is named twice in one role")]
    Twice,
}

use NotRouted::Field;

impl RoutedCase {
    /// Reads and checks a `triage.case.routed` or a `triage.case.rerouted`.
    pub fn read(envelope: &Envelope, payload: &[u8]) -> Result<Self, NotRouted> {
        let said = match envelope.event_type {
            EventType::CaseRouted => Said::routed(payload),
            EventType::CaseRerouted => Said::rerouted(payload, envelope.version),
            _ => Err(NotRouted::OtherEvent),
        }?;
        let case = said.case.ok_or(Field("case"))?;
        let plan = said.plan.ok_or(Field("plan"))?;
        let policy = plan.policy.clone().ok_or(Field("plan.policy"))?;
        if case.street != envelope.tenant.to_string() {
            return Err(NotRouted::OtherTenant);
        }
        if case.case_no.is_empty() {
            return Err(Field("case.case_no"));
        }
        let duties = plan.orders.iter().map(duty).collect::<Result<Vec<_>, _>>()?;
        let lead = only_lead(&duties)?;
        let limits = policy.stages.iter().map(stage_plan).collect::<Result<Vec<_>, _>>()?;
        let (of_case, stages): (Vec<_>, Vec<_>) =
            limits.into_iter().partition(|l| matches!(l.stage, Stage::Verify | Stage::Adjudicate));
        let terms = case_terms(&plan, &policy, &of_case)?;
        Ok(Self {
            case_id: case.case_id.parse().map_err(|_| Field("case.case_id"))?,
            tenant: envelope.tenant,
            facts: Facts {
                case_no: case.case_no,
                item: case.item,
                item_zh: case.item_zh,
                item_en: case.item_en,
                address: case.place.map(|place| place.address).unwrap_or_default(),
                policy: policy.key,
                calendar: policy.calendar,
                lane: envelope.lane,
                drill: envelope.drill,
                traceparent: envelope.traceparent.clone(),
            },
            lead,
            terms,
            duties,
            stages,
            pairs: policy.pairs.iter().map(pair_plan).collect::<Result<_, _>>()?,
            repeats: said.repeats,
            accepted_at: said.accepted_at,
            pack_generation: plan.pack_generation,
            street_generation: plan.street_generation,
            redrawn: said.redrawn,
        })
    }
}

impl Said {
    fn routed(payload: &[u8]) -> Result<Self, NotRouted> {
        let routed = triage::CaseRouted::decode(payload).map_err(|_| NotRouted::Undecodable)?;
        Ok(Self {
            case: routed.case,
            plan: routed.plan,
            accepted_at: routed.accepted_at.as_ref().and_then(from_wire),
            repeats: routed.repeats.as_ref().map(repeats).transpose()?,
            redrawn: None,
        })
    }

    fn rerouted(payload: &[u8], version: u64) -> Result<Self, NotRouted> {
        let rerouted = triage::CaseRerouted::decode(payload).map_err(|_| NotRouted::Undecodable)?;
        let (case, plan) = (rerouted.case, rerouted.plan);
        let decided = match rerouted.desk.as_str() {
            "street" => Deciding::Centre,
            "district" => Deciding::District,
            _ => return Err(Field("desk")),
        };
        let (by, note) = (rerouted.by, rerouted.note);
        if by.is_empty() {
            return Err(Field("by"));
        }
        let redrawn = Some(Redrawn { version, by, decided, note });
        Ok(Self { case, plan, accepted_at: None, repeats: None, redrawn })
    }
}

fn repeats(repeat: &triage::Repeat) -> Result<(CaseId, SignedDuration), NotRouted> {
    let case_id = repeat.case_id.parse().map_err(|_| Field("repeats.case_id"))?;
    let within_s = i64::try_from(repeat.within_s).map_err(|_| Field("repeats.within_s"))?;
    Ok((case_id, SignedDuration::from_secs(within_s)))
}

fn duty(order: &triage::PlannedOrder) -> Result<Duty, NotRouted> {
    let role = match order.role() {
        triage::Role::Lead => Role::Lead,
        triage::Role::Assist => Role::Assist,
        triage::Role::Inform => Role::Inform,
        triage::Role::Unspecified => return Err(Field("plan.orders.role")),
    };
    Ok(Duty { body: order.body.parse().map_err(|_| Field("plan.orders.body"))?, role })
}

fn only_lead(duties: &[Duty]) -> Result<BodyRef, NotRouted> {
    for (place, duty) in duties.iter().enumerate() {
        if duties[..place].iter().any(|other| other.body == duty.body && other.role == duty.role) {
            return Err(NotRouted::Twice);
        }
    }
    let mut leads = duties.iter().filter(|duty| duty.role == Role::Lead);
    match (leads.next(), leads.next()) {
        (Some(lead), None) => Ok(lead.body.clone()),
        _ => Err(NotRouted::Lead),
    }
}

/// What stands beside the policy counts before what stands in it.
fn case_terms(
    plan: &triage::CasePlan,
    policy: &triage::SlaPolicy,
    of_case: &[StagePlan],
) -> Result<CaseTerms, NotRouted> {
    let within = |stage| of_case.iter().find(|plan| plan.stage == stage).cloned();
    let limit = |beside: &Option<triage::StageLimit>, stage| match beside {
        Some(limit) => stage_plan(limit).map(Some),
        None => Ok(within(stage)),
    };
    let verify = limit(&plan.verify, Stage::Verify)?.map_or_else(StagePlan::default_verification, Ok);
    Ok(CaseTerms {
        verify: verify.map_err(|_| Field("plan.verify"))?,
        adjudicate: limit(&plan.adjudicate, Stage::Adjudicate)?,
        chain: policy.chain.iter().map(chain_step).collect::<Result<_, _>>()?,
    })
}

fn stage_plan(limit: &triage::StageLimit) -> Result<StagePlan, NotRouted> {
    let stage = Stage::FIXED.into_iter().find(|s| s.as_str() == limit.stage);
    limited(stage.ok_or(Field("plan.policy.stages.stage"))?, limit)
}

/// Whether the pairs of a policy suit one another is the machine's to say.
fn pair_plan(pair: &triage::PairLimit) -> Result<PairPlan, NotRouted> {
    let limit = pair.limit.as_ref().ok_or(Field("plan.policy.pairs.limit"))?;
    let name = limit.stage.parse().map_err(|_| Field("plan.policy.pairs.limit.stage"))?;
    let milestone = |word: &str| Milestone::ALL.into_iter().find(|milestone| milestone.as_str() == word);
    Ok(PairPlan {
        plan: limited(Stage::Pair(name), limit)?,
        from: milestone(&pair.from).ok_or(Field("plan.policy.pairs.from"))?,
        to: milestone(&pair.to).ok_or(Field("plan.policy.pairs.to"))?,
        zh: pair.zh.clone(),
        en: pair.en.clone(),
    })
}

fn limited(stage: Stage, limit: &triage::StageLimit) -> Result<StagePlan, NotRouted> {
    let clock = match limit.clock() {
        triage::Clock::Clock => ClockKind::Clock,
        triage::Clock::Work => ClockKind::Work,
        triage::Clock::Unspecified => return Err(Field("plan.policy.stages.clock")),
    };
    let unit = match limit.unit() {
        triage::LimitUnit::Second => Unit::Second,
        triage::LimitUnit::Minute => Unit::Minute,
        triage::LimitUnit::Hour => Unit::Hour,
        triage::LimitUnit::Workday => Unit::Workday,
        triage::LimitUnit::Unspecified => return Err(Field("plan.policy.stages.unit")),
    };
    let bad_amount = Field("plan.policy.stages.amount");
    let warn = limit.warn_per_mille.iter().map(|part| per_mille(*part));
    let warn = warn.collect::<Option<_>>().ok_or(Field("plan.policy.stages.warn_per_mille"))?;
    Ok(StagePlan { stage, limit: Limit::new(clock, limit.amount, unit).map_err(|_| bad_amount)?, warn })
}

fn per_mille(part: u32) -> Option<PerMille> {
    PerMille::new(u16::try_from(part).ok()?).ok()
}

fn chain_step(step: &triage::ChainStep) -> Result<ChainStep, NotRouted> {
    let body = || step.notify_body.parse().map_err(|_| Field("plan.policy.chain.notify_body"));
    let action = match step.action.as_str() {
        "" | "notify" => ChainAction::NotifyBody(body()?),
        "notify_holder" => ChainAction::NotifyHolder,
        "supervise" => ChainAction::Supervise(body()?),
        "raise" => ChainAction::Raise(body()?),
        _ => return Err(Field("plan.policy.chain.action")),
    };
    Ok(ChainStep { after_s: step.after_s, action })
}
