//! What an event means for the read model: read from the wire and checked before any transaction.
//!
//! The match over the catalogue is exhaustive on purpose: a new type of event has to say here what is kept of it.
//! Bodies, phases and stages stay texts: console repeats what dispatch says and decides nothing by them.

use contract::EventType::*;
use contract::proto::{dispatch, intake, notification, triage};
use contract::{Envelope, EventType};
use ids::TenantId;
use prost::Message;
use uuid::Uuid;

use super::fields::{counted, filled, hash, id, instant, later_round, maybe_id, of_tenant};
pub(crate) use super::news::{
    CaseNews, CaseProgress, Cause, Detail, FailedRule, Line, OrderNews, ReportNews, Stage,
};

/// Why a report names who has to act: a centre gave it from above (上级交办).
const ASSIGNED: &str = "assignment";

/// An event, read.
#[derive(Debug, Clone)]
pub(crate) struct Heard {
    pub line: Line,
    pub news: News,
}

/// What it changes besides the timeline.
#[derive(Debug, Clone)]
pub(crate) enum News {
    /// A report was accepted, or waits for a person.
    Report(ReportNews),
    /// Triage about a case, and the report that brought it.
    Case(CaseNews, Option<ReportNews>),
    /// Dispatch about a case.
    Progress(CaseProgress),
    /// Dispatch about an order.
    Order(OrderNews),
    /// Nothing: a delivery's verdict.
    Nothing,
}

/// Why a message cannot be kept. Repeats nothing of the payload.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotHeard {
    #[error("undecodable payload")]
    Undecodable(#[from] prost::DecodeError),
    #[error("{0} is missing or malformed")]
    Field(&'static str),
    #[error("payload of another tenant than its subject")]
    OtherTenant,
    #[error("a document is no event of a timeline")]
    Document,
    #[error("console does not ask for this type")]
    Unasked,
}

/// Reads one event.
pub(crate) fn read(envelope: &Envelope, payload: &[u8]) -> Result<Heard, NotHeard> {
    let (tenant, kind) = (envelope.tenant, envelope.event_type);
    match kind {
        ReportAccepted => accepted(tenant, Message::decode(payload)?),
        CaseOpened => opened(envelope, Message::decode(payload)?),
        CaseJoined => joined(envelope, Message::decode(payload)?),
        CaseReviewRequested => review(tenant, Message::decode(payload)?),
        CaseReviewRejected => review_rejected(tenant, Message::decode(payload)?),
        CasePlanReviewRequested => plan_review(envelope, Message::decode(payload)?),
        CaseRouted => routed(envelope, Message::decode(payload)?),
        CaseRerouted => rerouted(envelope, Message::decode(payload)?),
        CaseRehomed => rehomed(envelope, Message::decode(payload)?),
        CaseRejected => rejected(envelope, Message::decode(payload)?),
        CaseMerged => merged(envelope, Message::decode(payload)?),
        CaseSplit => split(envelope, Message::decode(payload)?),
        OrderDispatched | OrderSeen | OrderAcknowledged | OrderArrived | OrderProgressed | OrderSubmitted
        | OrderDone | OrderWarned | OrderBreached | OrderEscalated | OrderCalendarAwaited
        | OrderCalendarFilled | OrderCancelled | OrderReturnAsked | OrderReturnRefused | OrderReturned
        | OrderTransferred | OrderWaived | OrderUrged | OrderSupervised | OrderExtensionAsked
        | OrderSuspensionAsked | OrderTimeRefused | OrderExtended | OrderSuspended | OrderResumed
        | OrderLinkIssued | OrderLinkRevoked | OrderLinkOpened | OrderLinkRefused | OrderAsked
        | OrderReplanned | OrderPolicyAdopted => order(tenant, kind, Message::decode(payload)?),
        DispatchCaseOpened | CaseSubmitted | CaseVerifying | CaseClosed | CaseReopened | CaseWarned
        | CaseBreached | CaseEscalated | CaseCalendarAwaited | CaseCalendarFilled | CaseRulingAsked
        | CaseRuled | CaseWhistled | CaseCancelled | CaseFalselyClosed | CaseVisitRecorded
        | CaseVisitSigned | CaseReplanned | DispatchCaseRerouted | CaseRerouteRefused => {
            progress(envelope, Message::decode(payload)?)
        }
        DeliveryDelivered | DeliveryDeadLettered | DeliverySuppressed | DeliveryReplayed => {
            delivery(tenant, Message::decode(payload)?)
        }
        // Heard by nobody (`contract::topology`): the record of it is the journal of who said it.
        ContactRevealed | EndpointSecretRotated => Err(NotHeard::Unasked),
        DocumentCore | DocumentTerritory | DocumentPeople | DocumentClassifier => Err(NotHeard::Document),
    }
}

fn accepted(tenant: TenantId, said: intake::ReportAccepted) -> Result<Heard, NotHeard> {
    of_tenant(tenant, &said.street)?;
    let report_id = id("report_id", &said.report_id)?;
    let news = ReportNews {
        report_id,
        case_id: None,
        placement: 0,
        item: filled(said.item),
        review: false,
        rejected: false,
        accepted_at: Some(instant(&said.accepted_at).ok_or(NotHeard::Field("accepted_at"))?),
        assigned_by: said.assigned.as_ref().and_then(|assigned| centre(&assigned.by)),
        tracking_sha256: hash(&said.tracking_sha256)?,
    };
    let line = Line { report_id: Some(report_id), detail: given(said.assigned), ..Line::default() };
    Ok(Heard { line, news: News::Report(news) })
}

/// A centre as it is kept.
fn centre(by: &str) -> Option<&'static str> {
    ["street", "district"].into_iter().find(|centre| *centre == by)
}

/// Whose centre gave it, and to whom, where it comes from above.
fn given(assigned: Option<intake::Assignment>) -> Detail {
    let Some(intake::Assignment { by, lead, .. }) = assigned else { return Detail::default() };
    Detail { reason: Some(ASSIGNED.to_owned()), desk: filled(by), to: filled(lead), ..Detail::default() }
}

fn review(tenant: TenantId, said: triage::ReviewRequested) -> Result<Heard, NotHeard> {
    of_tenant(tenant, &said.street)?;
    let report = ReportNews { review: true, ..reported(&said.report_id, &said.tracking_sha256)? };
    let detail = Detail {
        reason: filled(said.reason),
        desk: filled(said.desk),
        note: filled(said.note),
        due_at: instant(&said.due_at),
        ..Detail::default()
    };
    let mut heard = of_report(report, detail);
    heard.line.actor = filled(said.by);
    Ok(heard)
}

fn review_rejected(tenant: TenantId, said: triage::ReviewRejected) -> Result<Heard, NotHeard> {
    of_tenant(tenant, &said.street)?;
    let report = ReportNews { rejected: true, ..reported(&said.report_id, &said.tracking_sha256)? };
    let detail = Detail { ground: filled(said.ground), note: filled(said.note), ..Detail::default() };
    Ok(of_report(report, detail))
}

fn of_report(report: ReportNews, detail: Detail) -> Heard {
    let cause = Some(Cause::once(ReportAccepted, report.report_id));
    let line = Line { report_id: Some(report.report_id), detail, cause, ..Line::default() };
    Heard { line, news: News::Report(report) }
}

fn plan_review(envelope: &Envelope, said: triage::PlanReviewRequested) -> Result<Heard, NotHeard> {
    let lies_in_now = said.case.as_ref().and_then(|case| lies_in(&case.community, &case.grid));
    let case = case_news(envelope, said.case)?;
    let item = case.item.clone();
    let mut heard = of_triage(case, None);
    heard.line.actor = filled(said.by);
    heard.line.detail.due_at = instant(&said.due_at);
    heard.line.detail.desk = filled(said.desk);
    heard.line.detail.note = filled(said.note);
    // Drawn anew before it went out: what was wrong.
    if said.place_before.is_some() {
        heard.line.detail.lay_in = lies_in(&said.community_before, &said.grid_before);
        heard.line.detail.lies_in = lies_in_now;
    }
    if !said.item_before.is_empty() && said.item_before != item {
        (heard.line.detail.item, heard.line.detail.item_before) = (filled(item), filled(said.item_before));
    }
    planned(&mut heard.line.detail, said.plan);
    Ok(heard)
}

fn rejected(envelope: &Envelope, said: triage::CaseRejected) -> Result<Heard, NotHeard> {
    let mut heard = of_triage(case_news(envelope, said.case)?, None);
    heard.line.detail.ground = filled(said.ground);
    heard.line.detail.note = filled(said.note);
    Ok(heard)
}

fn merged(envelope: &Envelope, said: triage::CaseMerged) -> Result<Heard, NotHeard> {
    let mut heard = of_triage(case_news(envelope, said.case)?, None);
    heard.line.detail.other_case_id = Some(id("into_case_id", &said.into_case_id)?);
    heard.line.detail.other_case_no = filled(said.into_case_no);
    heard.line.detail.note = filled(said.note);
    heard.line.actor = filled(said.by);
    Ok(heard)
}

/// The report is in its new case, whichever of the two is heard first.
fn split(envelope: &Envelope, said: triage::CaseSplit) -> Result<Heard, NotHeard> {
    let to = id("to_case_id", &said.to_case_id)?;
    let report = placed(&said.report_id, (to, said.placement), &said.tracking_sha256)?;
    let mut heard = of_triage(case_news(envelope, said.case)?, Some(report));
    heard.line.detail.other_case_id = Some(to);
    heard.line.detail.other_case_no = filled(said.to_case_no);
    heard.line.detail.note = filled(said.note);
    Ok(heard)
}

fn opened(envelope: &Envelope, said: triage::CaseOpened) -> Result<Heard, NotHeard> {
    let lies_in = said.case.as_ref().and_then(|case| lies_in(&case.community, &case.grid));
    let case = case_news(envelope, said.case)?;
    let report = placed(&said.report_id, (case.case_id, said.placement), &said.tracking_sha256)?;
    let mut heard = of_triage(case, Some(report));
    heard.line.detail.lies_in = lies_in;
    Ok(heard)
}

fn joined(envelope: &Envelope, said: triage::CaseJoined) -> Result<Heard, NotHeard> {
    let case = case_news(envelope, said.case)?;
    let report = placed(&said.report_id, (case.case_id, said.placement), &said.tracking_sha256)?;
    Ok(of_triage(case, Some(report)))
}

fn routed(envelope: &Envelope, said: triage::CaseRouted) -> Result<Heard, NotHeard> {
    let mut heard = of_triage(case_news(envelope, said.case)?, None);
    planned(&mut heard.line.detail, said.plan);
    Ok(heard)
}

/// By which generation, and which rules could not be told when it was drawn.
fn planned(detail: &mut Detail, plan: Option<triage::CasePlan>) {
    let Some(plan) = plan else { return };
    let failed = |triage::FailedRule { layer, key, zh, en }| FailedRule { layer, key, zh, en };
    detail.street_generation = Some(plan.street_generation);
    detail.failed_rules = plan.failed_rules.into_iter().map(failed).collect();
}

/// What it was about and where it lay, where that was wrong.
fn rerouted(envelope: &Envelope, said: triage::CaseRerouted) -> Result<Heard, NotHeard> {
    let moved = said.place_before.is_some();
    let lies_in_now = said.case.as_ref().and_then(|case| lies_in(&case.community, &case.grid));
    let lay_in = lies_in(&said.community_before, &said.grid_before);
    let case = case_news(envelope, said.case)?;
    let (item, corrected) = (case.item.clone(), said.item_before != case.item);
    let mut heard = of_triage(case, None);
    heard.line.actor = filled(said.by);
    heard.line.detail = Detail {
        item: filled(item),
        item_before: filled(said.item_before).filter(|_| corrected),
        lay_in: lay_in.filter(|_| moved),
        lies_in: lies_in_now.filter(|_| moved),
        desk: filled(said.desk),
        note: filled(said.note),
        ..heard.line.detail
    };
    planned(&mut heard.line.detail, said.plan);
    Ok(heard)
}

fn rehomed(envelope: &Envelope, said: triage::CaseRehomed) -> Result<Heard, NotHeard> {
    let now = said.case.as_ref().and_then(|case| lies_in(&case.community, &case.grid));
    let before = lies_in(&said.community_before, &said.grid_before);
    let mut heard = of_triage(case_news(envelope, said.case)?, None);
    let generation = Some(said.street_generation).filter(|generation| *generation > 0);
    let moved = Detail { lay_in: before, lies_in: now, street_generation: generation, ..heard.line.detail };
    heard.line.detail = moved;
    Ok(heard)
}

/// The grid, or the community where no grid is known; nothing outside of all of them.
fn lies_in(community: &str, grid: &str) -> Option<String> {
    [grid, community].into_iter().find(|code| !code.is_empty()).map(str::to_owned)
}

fn of_triage(case: CaseNews, report: Option<ReportNews>) -> Heard {
    let report_id = report.as_ref().map(|report| report.report_id);
    let line = Line {
        case_id: Some(case.case_id),
        report_id,
        cause: report_id.map(|report_id| Cause::once(ReportAccepted, report_id)),
        detail: Detail { voices: Some(case.voices), ..Detail::default() },
        ..Line::default()
    };
    Heard { line, news: News::Case(case, report) }
}

fn case_news(envelope: &Envelope, said: Option<triage::CaseState>) -> Result<CaseNews, NotHeard> {
    let said = said.ok_or(NotHeard::Field("case"))?;
    of_tenant(envelope.tenant, &said.street)?;
    Ok(CaseNews {
        case_id: id("case.case_id", &said.case_id)?,
        version: envelope.version,
        case_no: said.case_no,
        item: said.item,
        item_zh: said.item_zh,
        item_en: said.item_en,
        voices: said.voices.max(1),
        opened_at: instant(&said.opened_at),
        drill: envelope.drill,
        phase: standing(&said.standing)?,
        holder: filled(said.held_by),
        closed_at: instant(&said.ended_at),
    })
}

/// The phase of a case of which dispatch is not heard yet.
fn standing(said: &str) -> Result<&'static str, NotHeard> {
    let phases = ["reviewing", "rejected", "merged"];
    match phases.into_iter().find(|phase| *phase == said) {
        Some(phase) => Ok(phase),
        None if said.is_empty() => Ok("open"),
        None => Err(NotHeard::Field("case.standing")),
    }
}

/// A report that was put into a case, so often.
fn placed(report_id: &str, (case_id, placement): (Uuid, u32), code: &[u8]) -> Result<ReportNews, NotHeard> {
    Ok(ReportNews { case_id: Some(case_id), placement, ..reported(report_id, code)? })
}

fn reported(report_id: &str, code: &[u8]) -> Result<ReportNews, NotHeard> {
    Ok(ReportNews {
        report_id: id("report_id", report_id)?,
        case_id: None,
        placement: 0,
        item: None,
        review: false,
        rejected: false,
        accepted_at: None,
        assigned_by: None,
        tracking_sha256: hash(code)?,
    })
}

fn order(tenant: TenantId, kind: EventType, said: dispatch::OrderEvent) -> Result<Heard, NotHeard> {
    let state = said.order.ok_or(NotHeard::Field("order"))?;
    of_tenant(tenant, &state.street)?;
    let news = OrderNews {
        order_id: id("order.order_id", &state.order_id)?,
        case_id: id("order.case_id", &state.case_id)?,
        version: state.version.max(1),
        body: filled(state.body).ok_or(NotHeard::Field("order.body"))?,
        role: state.role,
        phase: state.phase,
        round: state.round.max(1),
        stages: stages(&state.stages),
        dispatched_at: instant(&state.dispatched_at),
    };
    let about = news.stages.iter().find(|stage| stage.stage == said.stage);
    let due = |stage: &Stage| (stage.stage.clone(), stage.due_at);
    let dispatched = kind == OrderDispatched;
    let limited = dispatched || kind == OrderPolicyAdopted;
    let detail = Detail {
        order_id: Some(news.order_id),
        role: Some(news.role.clone()),
        round: later_round(news.round),
        due_at: about.and_then(|stage| stage.due_at),
        stage: filled(said.stage.clone()),
        stage_zh: about.and_then(|stage| stage.stage_zh.clone()),
        stage_en: about.and_then(|stage| stage.stage_en.clone()),
        awaiting_year: counted(said.awaiting_year),
        per_mille: counted(said.per_mille),
        escalated_to: filled(said.escalated_to),
        measure: measured(said.measure),
        ground: filled(said.ground),
        to: filled(said.to),
        amount: counted(said.amount),
        unit: filled(said.unit),
        until: instant(&said.until),
        reason: filled(said.reason),
        link_id: maybe_id("link_id", &said.link_id)?,
        due: if limited { news.stages.iter().map(due).collect() } else { Default::default() },
        note: filled(said.note),
        ..Detail::default()
    };
    let detail = moved(detail, &said.moves);
    let line = Line {
        case_id: Some(news.case_id),
        body: Some(news.body.clone()),
        actor: said.actor.and_then(|actor| filled(actor.subject)),
        detail,
        cause: dispatched.then_some(Cause::once(CaseRouted, news.case_id)),
        ..Line::default()
    };
    Ok(Heard { line, news: News::Order(news) })
}

fn progress(envelope: &Envelope, said: dispatch::CaseEvent) -> Result<Heard, NotHeard> {
    let (tenant, kind) = (envelope.tenant, envelope.event_type);
    let state = said.case.ok_or(NotHeard::Field("case"))?;
    of_tenant(tenant, &state.street)?;
    let ruling_clock =
        state.adjudication.as_ref().and_then(|clock| stages(std::slice::from_ref(clock)).pop());
    let stages = stages(&state.stages);
    let news = CaseProgress {
        case_id: id("case.case_id", &state.case_id)?,
        version: state.version.max(1),
        closed_at: instant(&said.at).filter(|_| state.phase == "closed"),
        case_no: state.case_no,
        item: state.item,
        phase: filled(state.phase).ok_or(NotHeard::Field("case.phase"))?,
        round: state.round.max(1),
        holder: filled(state.holder),
        stages,
        drill: envelope.drill,
    };
    // The stage it is about; a case whose order was returned waits for that ruling, any other for its verification.
    let about = ruling_clock.as_ref().or(news.stages.last());
    let ruling = said.ruling.unwrap_or_default();
    let detail = Detail {
        order_id: maybe_id("ruling.order_id", &ruling.order_id)?.or(maybe_id("order_id", &said.order_id)?),
        visit_id: maybe_id("visit_id", &said.visit_id)?,
        visited_at: instant(&said.visited_at),
        signed_by: filled(said.body),
        ground: filled(ruling.ground),
        to: filled(ruling.to).or_else(|| filled(ruling.proposed)),
        decided_by: filled(ruling.decided_by),
        round: later_round(news.round),
        stage: about.map(|stage| stage.stage.clone()),
        due_at: about.and_then(|stage| stage.due_at),
        awaiting_year: about.and_then(|stage| stage.awaiting_year),
        per_mille: counted(said.per_mille),
        escalated_to: filled(said.escalated_to),
        measure: measured(said.measure),
        reason: filled(said.reason),
        note: filled(said.note),
        ..Detail::default()
    };
    let detail = moved(detail, &said.moves);
    let actor = said.actor.and_then(|actor| filled(actor.subject));
    let cause = match kind {
        DispatchCaseOpened => Some(Cause::once(CaseRouted, news.case_id)),
        // A case may be re-routed again. Builds that do not say by which plan follow from any of them.
        DispatchCaseRerouted | CaseRerouteRefused => {
            let version = Some(said.plan_version).filter(|version| *version > 0);
            Some(Cause { version, ..Cause::once(CaseRerouted, news.case_id) })
        }
        _ => None,
    };
    let line = Line { case_id: Some(news.case_id), actor, detail, cause, ..Line::default() };
    Ok(Heard { line, news: News::Progress(news) })
}

/// What a step of a chain did beyond telling.
fn measured(measure: String) -> Option<String> {
    filled(measure).filter(|measure| measure != "notify")
}

/// What clocks did that went over to a new calendar. Those of one order lie on one way, so the longest reason has the others
/// in it.
fn moved(detail: Detail, moves: &[dispatch::StageMove]) -> Detail {
    if moves.is_empty() {
        return detail;
    }
    let longest = |why: fn(&dispatch::StageMove) -> &String| {
        moves.iter().map(why).max_by_key(|why| why.len()).cloned().and_then(filled)
    };
    Detail {
        due: moves.iter().map(|moved| (moved.stage.clone(), instant(&moved.due_after))).collect(),
        due_before: moves.iter().map(|moved| (moved.stage.clone(), instant(&moved.due_before))).collect(),
        why_zh: longest(|moved| &moved.why_zh),
        why_en: longest(|moved| &moved.why_en),
        ..detail
    }
}

fn delivery(tenant: TenantId, said: notification::DeliveryEvent) -> Result<Heard, NotHeard> {
    of_tenant(tenant, &said.street)?;
    let (report_id, order_id) =
        (maybe_id("report_id", &said.report_id)?, maybe_id("order_id", &said.order_id)?);
    // Of a report that had no case, the id in its place is the report's.
    let case_id = maybe_id("case_id", &said.case_id)?.filter(|_| report_id.is_none());
    // What was told is an event of the order, or of the case or report where no order is named.
    let told = said.about.parse::<EventType>().ok().zip(order_id.or(case_id).or(report_id));
    let endpoint = filled(said.endpoint_key).map(|key| format!("{key}@{}", said.endpoint_tenant));
    let detail = Detail {
        order_id,
        endpoint,
        about: filled(said.about),
        attempts: counted(said.attempts),
        reason: filled(said.reason),
        ..Detail::default()
    };
    let cause = told.map(|(event_type, aggregate_id)| Cause::once(event_type, aggregate_id));
    let line = Line { case_id, report_id, body: filled(said.body), detail, cause, ..Line::default() };
    Ok(Heard { line, news: News::Nothing })
}

fn stages(said: &[dispatch::StageState]) -> Vec<Stage> {
    let stage = |said: &dispatch::StageState| Stage {
        stage: said.stage.clone(),
        stage_zh: filled(said.zh.clone()),
        stage_en: filled(said.en.clone()),
        due_at: instant(&said.due_at),
        awaiting_year: counted(said.awaiting_year),
        verdict: filled(said.verdict.clone()),
        met_at: instant(&said.met_at),
    };
    said.iter().map(stage).collect()
}
