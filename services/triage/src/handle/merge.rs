//! Two cases turn out to be one matter (并案): the voices of the one go into the other. Here for what bodies have, whose orders
//! dispatch ends because of it (ADR 067); how voices go over is the same for a plan that waits ([`super::plans`]).

use contract::EventType;
use contract::proto::triage as wire;
use ids::{BodyRef, CaseId, TenantId};
use jiff::Timestamp;
use messaging::NewEvent;
use pg::{ScopedTx, TenantScope};
use routing::{Explanation, Level};

use super::docket::{item_name, state};
use super::plans::{By, said_of};
use super::{Room, json};
use crate::core::desk::{Desk, Refusal, Standing};
use crate::core::join;
use crate::core::merge::{Held, may_go};
use crate::store;
use crate::store::cases::OpenCase;
use crate::store::voices::NewVoice;

/// Voices that one merge moves at most.
const VOICES_MAX: usize = 500;

/// A person finds that two cases that bodies have are the same matter.
#[derive(Debug, Clone)]
pub struct MergeCase {
    /// The street in the path, after the access check.
    pub tenant: TenantId,
    /// The case that ends.
    pub case_id: CaseId,
    /// The case that stays.
    pub into: CaseId,
    /// The person's words.
    pub note: String,
    /// Who does it.
    pub subject: String,
    /// Whose desk the person may decide at.
    pub rank: Desk,
    /// W3C trace context of the request.
    pub traceparent: String,
}

/// What became of it; the same for every repetition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merged {
    /// Number of the case that ended.
    pub case_no: String,
    /// Number of the case that stays.
    pub into_case_no: String,
    /// When it was merged.
    pub merged_at: Timestamp,
}

/// Does it.
pub async fn merge(room: &Room, command: &MergeCase) -> Result<Result<Merged, Refusal>, pg::Error> {
    pg::retrying(|| attempt(room, command)).await
}

async fn attempt(room: &Room, command: &MergeCase) -> Result<Result<Merged, Refusal>, pg::Error> {
    let mut tx = room.house.pool.begin(TenantScope::of_principal([command.tenant])).await?;
    store::desks::lock(&mut tx, &[command.tenant].into()).await?;
    let now = room.house.clock.now(&mut tx).await?;
    let case = store::cases::find(&mut tx, (command.tenant, command.case_id)).await?;
    let Some(case) = case else { return Ok(Err(Refusal::Unknown)) };
    if case.standing == Standing::Merged {
        return again(&mut tx, command, case).await;
    }
    let other = match beside(room, &mut tx, now, command, &case).await? {
        Ok(other) => other,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let merged = match ended(room, &mut tx, now, command, case, other).await? {
        Ok(merged) => merged,
        Err(refusal) => return Ok(Err(refusal)),
    };
    tx.commit().await?;
    room.house.committed();
    Ok(Ok(merged))
}

/// It was done, and the answer was lost; or it went elsewhere.
async fn again(
    tx: &mut ScopedTx,
    command: &MergeCase,
    case: OpenCase,
) -> Result<Result<Merged, Refusal>, pg::Error> {
    let key = (command.tenant, command.case_id);
    if store::merged::into(tx, key).await? != Some(command.into) {
        return Ok(Err(Refusal::DecidedOtherwise));
    }
    let gone = |what: &'static str| move || pg::Error::broken("merging a case again", what);
    let other = store::cases::find(tx, (command.tenant, command.into)).await?;
    let other = other.ok_or_else(gone("the other is gone"))?;
    let merged_at = case.ended_at.ok_or_else(gone("it has no end"))?;
    Ok(Ok(Merged { case_no: case.case_no, into_case_no: other.case_no, merged_at }))
}

/// The case it goes into, if both are open, bodies have both, and the person may say so.
async fn beside(
    room: &Room,
    tx: &mut ScopedTx,
    now: Timestamp,
    command: &MergeCase,
    case: &OpenCase,
) -> Result<Result<OpenCase, Refusal>, pg::Error> {
    if case.waits() {
        return Ok(Err(Refusal::PlanWaits));
    }
    if !store::cases::stands(tx, case.tenant, case.case_id).await? {
        return Ok(Err(Refusal::CaseOver));
    }
    let other = match open_case(tx, case, command.into).await? {
        Ok(other) if other.waits() => return Ok(Err(Refusal::PlanWaits)),
        Ok(other) => other,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let (from, into) = (held(room, tx, now, case).await?, held(room, tx, now, &other).await?);
    Ok(may_go(&from, &into, command.rank).map(|()| other))
}

async fn held(room: &Room, tx: &mut ScopedTx, now: Timestamp, case: &OpenCase) -> Result<Held, pg::Error> {
    let stored = store::explanations::of_case(tx, case.tenant, case.case_id, None).await?;
    let stored = stored.ok_or_else(|| pg::Error::broken("merging a case", "its explanation is gone"))?;
    let plan: Explanation = serde_json::from_slice(&stored.plan_explanation)
        .map_err(|_| pg::Error::impossible_row("triage.cases.plan_explanation"))?;
    Ok(Held::of(case.lane, &plan, lead_level(room, now, case)))
}

/// Where its lead stands by the documents of today; the plan names the lead first.
fn lead_level(room: &Room, now: Timestamp, case: &OpenCase) -> Option<Level> {
    let view = room.house.snapshot.view();
    let street = view.street(case.tenant)?;
    let lead: BodyRef = case.bodies.first()?.parse().ok()?;
    street.of.level_of(&lead, street.of.day(now))
}

async fn ended(
    room: &Room,
    tx: &mut ScopedTx,
    now: Timestamp,
    command: &MergeCase,
    mut case: OpenCase,
    other: OpenCase,
) -> Result<Result<Merged, Refusal>, pg::Error> {
    let by = By { subject: &command.subject, traceparent: &command.traceparent };
    let into_case_no = other.case_no.clone();
    let mut said = match go_over(room, tx, now, &case, other, by).await? {
        Ok(said) => said,
        Err(refusal) => return Ok(Err(refusal)),
    };
    case.version += 1;
    (case.standing, case.ended_at) = (Standing::Merged, Some(now));
    let view = room.house.snapshot.view();
    let message = wire::CaseMerged {
        case: Some(state(&case, &item_name(&view, case.tenant, &case.item))),
        into_case_id: command.into.to_string(),
        into_case_no: into_case_no.clone(),
        note: command.note.clone(),
        by: command.subject.clone(),
        routed: true,
    };
    said.push(said_of(room, now, &case, by, EventType::CaseMerged, &message));
    store::merged::end(tx, &case, command.into, now).await?;
    store::bands::forget(tx, &[case.words()]).await?;
    room.house.outbox.append(tx, &said).await?;
    Ok(Ok(Merged { case_no: case.case_no, into_case_no, merged_at: now }))
}

/// The open case of its street into which a case may go.
pub(super) async fn open_case(
    tx: &mut ScopedTx,
    case: &OpenCase,
    into: CaseId,
) -> Result<Result<OpenCase, Refusal>, pg::Error> {
    if into == case.case_id {
        return Ok(Err(Refusal::Itself));
    }
    if !store::cases::stands(tx, case.tenant, into).await? {
        return Ok(Err(Refusal::NoOpenCase(into)));
    }
    let other = store::cases::find(tx, (case.tenant, into)).await?;
    let other = other.ok_or_else(|| pg::Error::broken("merging a case", "the other is gone"))?;
    let fits = other.drill == case.drill;
    Ok(if fits { Ok(other) } else { Err(Refusal::NoOpenCase(into)) })
}

/// All voices of a case go into another, which is kept with them. Answers what is to be said of it: each has joined there; the
/// other's bodies are told once, of all of them.
pub(super) async fn go_over(
    room: &Room,
    tx: &mut ScopedTx,
    now: Timestamp,
    case: &OpenCase,
    mut other: OpenCase,
    by: By<'_>,
) -> Result<Result<Vec<NewEvent>, Refusal>, pg::Error> {
    let (tenant, into) = (case.tenant, other.case_id);
    let voices = store::voices::of_case(tx, tenant, case.case_id, VOICES_MAX as i64 + 1).await?;
    if voices.len() > VOICES_MAX {
        return Ok(Err(Refusal::TooManyVoices));
    }
    let view = room.house.snapshot.view();
    let (name, why) = (item_name(&view, tenant, &other.item), json(&join::by_hand(into)));
    other.lane = other.lane.raised_to(case.lane);
    let (mut moved, mut joined) = (Vec::new(), Vec::new());
    for (report_id, voice) in voices {
        other.voices += 1;
        other.version += 1;
        let tracking_sha256 = bytes::Bytes::from(voice.tracking_sha256);
        let message = wire::CaseJoined {
            case: Some(state(&other, &name)),
            report_id: report_id.to_string(),
            tracking_sha256: tracking_sha256.clone(),
            join_explanation_json: why.clone(),
            // Once for all of them, below.
            told_bodies: Vec::new(),
            placement: voice.placement + 1,
        };
        joined.push((other.version, message));
        moved.push(NewVoice {
            tenant,
            report_id,
            case_id: into,
            voice: other.voices,
            tracking_sha256,
            join_explanation: Some(why.clone()),
            report: bytes::Bytes::new(),
            placement: voice.placement + 1,
            split_from: None,
        });
    }
    if let Some((_, last)) = joined.last_mut() {
        last.told_bodies.clone_from(&other.bodies);
    }
    let said = joined.iter().map(|(version, message)| {
        let at = OpenCase { version: *version, ..other.clone() };
        said_of(room, now, &at, by, EventType::CaseJoined, message)
    });
    let said = said.collect();
    store::voices::keep(tx, &moved, now).await?;
    store::cases::update(tx, &[&other]).await?;
    Ok(Ok(said))
}
