//! Cases: one case, its verification, calling it off, and summoning bodies to it.

use access::{Action, BodyScope};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::Response;
use bootstrap::door::{ActPath, Fault, FreeText, IdVerb, Problem, ReadPath, StrictJson};
use bootstrap::{Bearer, Identity};
use ids::{BodyRef, CaseId, TenantId};
use orders::VerifyCommand;
use serde::{Deserialize, Serialize};
use sla::{ClockKind, Limit, Unit};
use utoipa::ToSchema;

use super::change::{Change, answered, etag};
use super::deeds::{body_of, missing};
use crate::core::view::{CaseView, Listed, OrderView};
use crate::handle::Room;
use crate::handle::answer::Answer;
use crate::handle::command::{CaseDeed, Command, May, Touched, What};
use crate::store::lists::{self, Filter, Reach};

/// Orders shown with a case at most, newest first; a round has fewer than twenty.
const ORDERS_MAX: i64 = 200;

/// A week.
const CHECK_IN_MINUTES_MAX: u32 = 7 * 24 * 60;

/// What a verifier says.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct VerifyBody {
    result: VerifyResult,
    /// What was found; free text, at most 4,000 characters.
    #[serde(default)]
    note: Option<String>,
}

/// Who is summoned, and how soon they have to be there.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WhistleBody {
    /// Bodies of the street or its district, none with a duty in the case.
    bodies: Vec<String>,
    /// To check in at the place, on the 24-hour clock: 1 to 10,080.
    within_minutes: u32,
    /// What for; free text, at most 4,000 characters.
    #[serde(default)]
    note: Option<String>,
}

/// Why a case is called off.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CancelBody {
    /// Free text, at most 4,000 characters.
    #[serde(default)]
    note: Option<String>,
}

/// claim takes the case, pass closes it, fail opens the next round.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum VerifyResult {
    /// 认领
    Claim,
    /// 通过
    Pass,
    /// 不通过
    Fail,
}

/// One case with the orders the caller may see. A body's user sees cases with an order of its body.
#[utoipa::path(get, path = "/dispatch/v1/streets/{street}/cases/{id}",
    params(("street" = String, Path, description = "12 digits"), ("id" = Uuid, Path)),
    responses((status = 200, body = CaseView), Problem))]
pub(super) async fn read(
    State(room): State<Room>,
    Bearer(who): Bearer,
    ReadPath((street, id)): ReadPath<(TenantId, CaseId)>,
) -> Result<([(HeaderName, HeaderValue); 1], Json<CaseView>), Problem> {
    let view = shown(&room, &who, (street, id)).await?;
    Ok(([(header::ETAG, etag(view.version))], Json(view)))
}

/// The same at either door.
pub(crate) async fn shown(
    room: &Room,
    who: &Identity,
    (street, id): (TenantId, CaseId),
) -> Result<CaseView, Problem> {
    let admitted = room.house.admit(who, Action::CaseRead, street)?;
    let order_reader = room.house.admit(who, Action::OrderRead, street).ok();
    let mut tx = room.house.pool.begin(admitted.scope()).await?;
    let stored = crate::store::cases::find(&mut tx, street, id).await?.ok_or_else(Problem::not_found)?;
    let filter = Filter { phase: None, case_id: Some(id), before: None, drills: None, limit: ORDERS_MAX };
    let reach = Reach::one(street, &admitted.bodies);
    let visible = lists::orders(&mut tx, &reach, &filter).await?;
    tx.commit().await?;
    if admitted.bodies != BodyScope::All && visible.is_empty() {
        return Err(Problem::not_found());
    }
    let readable =
        |listed: &&Listed| order_reader.as_ref().is_some_and(|may| may.bodies.contains(&listed.order.body));
    let orders = visible.iter().filter(readable).map(OrderView::of).collect();
    Ok(CaseView::of(&stored.facts, &stored.case, orders))
}

/// The body of either change; each takes its own fields.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CaseBody {
    #[serde(default)]
    pub result: Option<VerifyResult>,
    #[serde(default)]
    pub bodies: Option<Vec<String>>,
    #[serde(default)]
    pub within_minutes: Option<u32>,
    #[serde(default)]
    pub note: Option<String>,
}

/// A field that has no place at a verb, or is missing there.
fn misplaced(pointer: &'static str) -> Problem {
    Problem::validation_failed([Fault::new(pointer, "unknown-field", "此处没有这一项 / has no place here")])
}

/// The changes of a case share a route: custom verbs stand behind the id.
pub(super) async fn change(
    State(room): State<Room>,
    ActPath((street, target)): ActPath<(TenantId, IdVerb<CaseId>)>,
    change: Change,
    StrictJson(body): StrictJson<CaseBody>,
) -> Result<Response, Problem> {
    answered(act(room, street, target, change, body).await?)
}

/// One act on one case, as either door was asked for it.
pub(crate) async fn act(
    room: Room,
    street: TenantId,
    target: IdVerb<CaseId>,
    change: Change,
    body: CaseBody,
) -> Result<Answer, Problem> {
    admitted(&room, &change, street, &target.verb)?;
    let CaseBody { result, bodies, within_minutes, note } = body;
    match target.verb.as_str() {
        "verify" | "cancel" if bodies.is_some() => Err(misplaced("/bodies")),
        "verify" | "cancel" if within_minutes.is_some() => Err(misplaced("/within_minutes")),
        "cancel" | "whistle" if result.is_some() => Err(misplaced("/result")),
        "verify" => {
            let result = result.ok_or_else(|| missing("/result"))?;
            verify(room, street, target.id, change, VerifyBody { result, note }).await
        }
        "cancel" => cancel(room, street, target.id, change, CancelBody { note }).await,
        "whistle" => {
            let bodies = bodies.ok_or_else(|| missing("/bodies"))?;
            let within_minutes = within_minutes.ok_or_else(|| missing("/within_minutes"))?;
            whistle(room, street, target.id, change, WhistleBody { bodies, within_minutes, note }).await
        }
        _ => Err(Problem::not_found()),
    }
}

/// The right of a verb, asked before anything else is looked at: a street that is not the caller's is not there, whatever
/// is sent to it.
fn admitted(room: &Room, change: &Change, street: TenantId, verb: &str) -> Result<(), Problem> {
    let admit = |action| room.house.admit(&change.who, action, street).map(drop);
    match verb {
        "verify" => admit(Action::CaseVerify),
        "whistle" => summons(room, &change.who, street).map(drop),
        // Who may file drills may end them; which case it is, is not known yet.
        "cancel" => admit(Action::ReportDrill).or_else(|_| admit(Action::CaseCancel)),
        _ => Err(Problem::not_found()),
    }
}

/// A verifier, who did not handle the case, claims it or says pass or fail.
#[utoipa::path(post, path = "/dispatch/v1/streets/{street}/cases/{id}:verify",
    params(("street" = String, Path, description = "12 digits"), ("id" = Uuid, Path),
        ("Idempotency-Key" = Uuid, Header), ("If-Match" = Option<String>, Header)),
    request_body = VerifyBody,
    responses((status = 200, body = CaseView), (status = 412, description = "已被更新 / changed since"), Problem))]
async fn verify(
    room: Room,
    street: TenantId,
    case_id: CaseId,
    change: Change,
    body: VerifyBody,
) -> Result<Answer, Problem> {
    let note = FreeText::parse("/note", body.note.clone().unwrap_or_default())?.into_string();
    let verify = match body.result {
        VerifyResult::Claim => VerifyCommand::Claim,
        VerifyResult::Pass => VerifyCommand::Pass { note },
        VerifyResult::Fail => VerifyCommand::Fail { note },
    };
    let command = Command {
        request: change.request(street, format!("cases/{case_id}:verify"), &body),
        what: What::Case(case_id, CaseDeed::Verify(verify)),
        note: String::new(),
        traceparent: change.traceparent,
        may: Box::new(|_| Ok(())),
    };
    Ok(room.submit(command).await?)
}

/// Calls a case off with all its orders: their clocks end, and nobody verifies. Who may file drills may end them.
#[utoipa::path(post, path = "/dispatch/v1/streets/{street}/cases/{id}:cancel",
    params(("street" = String, Path, description = "12 digits"), ("id" = Uuid, Path),
        ("Idempotency-Key" = Uuid, Header), ("If-Match" = Option<String>, Header)),
    request_body = CancelBody,
    responses((status = 200, body = CaseView), (status = 412, description = "已被更新 / changed since"), Problem))]
async fn cancel(
    room: Room,
    street: TenantId,
    case_id: CaseId,
    change: Change,
    body: CancelBody,
) -> Result<Answer, Problem> {
    let calls_off = room.house.admit(&change.who, Action::CaseCancel, street).map(drop);
    let drills = room.house.admit(&change.who, Action::ReportDrill, street).is_ok();
    if !drills {
        calls_off.clone()?;
    }
    let note = FreeText::parse("/note", body.note.clone().unwrap_or_default())?.into_string();
    let command = Command {
        request: change.request(street, format!("cases/{case_id}:cancel"), &body),
        what: What::Case(case_id, CaseDeed::Cancel),
        note,
        traceparent: change.traceparent,
        may: Box::new(move |touched| match touched {
            Touched::Case(matter) if drills && matter.facts.drill => Ok(()),
            _ => calls_off.clone(),
        }),
    };
    Ok(room.submit(command).await?)
}

/// On behalf of which communities (社区) the caller may summon; of none, where it directs the work.
fn summons(room: &Room, who: &Identity, street: TenantId) -> Result<Vec<BodyRef>, Problem> {
    let Err(denied) = room.house.admit(who, Action::OrderDirect, street) else { return Ok(Vec::new()) };
    let BodyScope::Only(mut bodies) = room.house.admit(who, Action::OrderAct, street)?.bodies else {
        return Err(denied);
    };
    let view = room.house.snapshot.view();
    let street = view.street(street).ok_or_else(|| Problem::unavailable(2))?;
    bodies.retain(|body| street.of.is_community(body));
    if bodies.is_empty() { Err(denied) } else { Ok(bodies) }
}

/// Whether the case is one for who summons on behalf of these communities: it concerns one of them.
fn may_summon(communities: Vec<BodyRef>) -> May {
    Box::new(move |touched| match touched {
        Touched::Case(matter) if !communities.is_empty() && matter.concerned(&communities).is_none() => {
            let ever = matter.orders.iter().any(|order| communities.contains(&order.body));
            Err(if ever { Problem::forbidden() } else { Problem::not_found() })
        }
        _ => Ok(()),
    })
}

/// Summons bodies to the place (吹哨): each gets an order to assist, with its arrival as the one limit. Whoever directs the work may,
/// and a user of a community (社区) that has an order of the case.
#[utoipa::path(post, path = "/dispatch/v1/streets/{street}/cases/{id}:whistle",
    params(("street" = String, Path, description = "12 digits"), ("id" = Uuid, Path),
        ("Idempotency-Key" = Uuid, Header), ("If-Match" = Option<String>, Header)),
    request_body = WhistleBody,
    responses((status = 200, body = CaseView), (status = 412, description = "已被更新 / changed since"), Problem))]
async fn whistle(
    room: Room,
    street: TenantId,
    case_id: CaseId,
    change: Change,
    body: WhistleBody,
) -> Result<Answer, Problem> {
    let check_in = (1..=CHECK_IN_MINUTES_MAX).contains(&body.within_minutes);
    let check_in = check_in.then(|| Limit::new(ClockKind::Clock, body.within_minutes, Unit::Minute));
    let range = || Fault::new("/within_minutes", "out-of-range", "须为 1 至 10080 / must be 1 to 10,080");
    let check_in = check_in.and_then(Result::ok).ok_or_else(|| Problem::validation_failed([range()]))?;
    let mut bodies = Vec::with_capacity(body.bodies.len());
    for named in &body.bodies {
        bodies.push(body_of(&room, street, named, "/bodies")?);
    }
    bodies.sort();
    bodies.dedup();
    let note = FreeText::parse("/note", body.note.clone().unwrap_or_default())?.into_string();
    let communities = summons(&room, &change.who, street)?;
    let command = Command {
        request: change.request(street, format!("cases/{case_id}:whistle"), &body),
        what: What::Case(case_id, CaseDeed::Whistle { bodies, check_in, communities: communities.clone() }),
        note,
        traceparent: change.traceparent,
        may: may_summon(communities),
    };
    Ok(room.submit(command).await?)
}
