//! A voice turns out to be another matter: it leaves its case and opens one of its own, from the report it came with. Nothing
//! is lost by a join that was wrong.

use bytes::Bytes;
use contract::EventType;
use contract::proto::triage as wire;
use ids::{CaseId, ReportId, TenantId};
use jiff::Timestamp;
use pg::{ScopedTx, TenantScope};

use super::docket::{item_name, state};
use super::{Decided, Goes, Room, Said, Settled, Submission, settle};
use crate::core::desk::{Desk, Refusal, decidable};
use crate::core::report::Report;
use crate::store;
use crate::store::cases::OpenCase;
use crate::store::voices::Voice;

/// A person takes a voice out of a case.
#[derive(Debug, Clone)]
pub struct SplitVoice {
    /// The street in the path, after the access check.
    pub tenant: TenantId,
    /// The case it is in.
    pub case_id: CaseId,
    /// The report.
    pub report_id: ReportId,
    /// What it is about; nothing: what its case is about.
    pub item: Option<String>,
    /// The person's words.
    pub note: String,
    /// Who does it.
    pub subject: String,
    /// Whose desk the person may decide at.
    pub rank: Desk,
    /// W3C trace context of the request.
    pub traceparent: String,
}

/// The case it has now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Apart {
    /// Which.
    pub case_id: CaseId,
    /// Its number.
    pub case_no: String,
}

/// Does it.
pub async fn split(room: &Room, command: &SplitVoice) -> Result<Result<Apart, Refusal>, pg::Error> {
    pg::retrying(|| attempt(room, command)).await
}

async fn attempt(room: &Room, command: &SplitVoice) -> Result<Result<Apart, Refusal>, pg::Error> {
    let mut tx = room.house.pool.begin(TenantScope::of_principal([command.tenant])).await?;
    store::desks::lock(&mut tx, &[command.tenant].into()).await?;
    let now = room.house.clock.now(&mut tx).await?;
    let case = store::cases::find(&mut tx, (command.tenant, command.case_id)).await?;
    let Some(case) = case else { return Ok(Err(Refusal::Unknown)) };
    let voice = store::voices::of_report(&mut tx, command.tenant, command.report_id).await?;
    let Some(voice) = voice else { return Ok(Err(Refusal::NotItsVoice)) };
    if voice.voice == 1 && voice.split_from == Some(command.case_id) {
        // It was done, and the answer was lost.
        return known(&mut tx, command.tenant, voice.case_id).await.map(Ok);
    }
    if let Err(refusal) = leaves(&mut tx, now, command, &voice, &case).await? {
        return Ok(Err(refusal));
    }
    let item = command.item.clone().unwrap_or_else(|| case.item.clone());
    let view = room.house.snapshot.view();
    let street = view.street(command.tenant);
    if !street.is_some_and(|street| street.of.lists(&item, street.of.day(now))) {
        return Ok(Err(Refusal::UnknownItem));
    }
    let Some(submission) = submission(command, &voice, &case, item)? else {
        return Ok(Err(Refusal::NotKept));
    };
    let apart = apart(room, &mut tx, now, command, voice, submission).await?;
    // Whose item was wrong is learned from; whose join was wrong says nothing of its item.
    if let Some(item) = command.item.as_ref().filter(|item| **item != case.item && !case.drill) {
        store::voices::label(&mut tx, command.tenant, command.report_id, item, now).await?;
    }
    tx.commit().await?;
    room.house.committed();
    Ok(Ok(apart))
}

/// Opens the case of its own and takes the voice out of the one it was in.
pub(super) async fn apart(
    room: &Room,
    tx: &mut ScopedTx,
    now: Timestamp,
    command: &SplitVoice,
    voice: Voice,
    submission: Submission,
) -> Result<Apart, pg::Error> {
    let settled = settle(room, tx, now, &[submission]).await?;
    let case_id = match settled.as_slice() {
        [Settled::InCase { case_id, .. }] => *case_id,
        _ => return Err(pg::Error::broken("splitting a voice", "it opened no case")),
    };
    left(room, tx, now, command, voice, case_id).await
}

async fn known(tx: &mut ScopedTx, tenant: TenantId, case_id: CaseId) -> Result<Apart, pg::Error> {
    let case = store::cases::find(tx, (tenant, case_id)).await?;
    let case = case.ok_or_else(|| pg::Error::broken("splitting a voice", "its case is gone"))?;
    Ok(Apart { case_id, case_no: case.case_no })
}

/// Whether the voice may leave. What lies on a desk, or in somebody's hands, is theirs.
async fn leaves(
    tx: &mut ScopedTx,
    now: Timestamp,
    command: &SplitVoice,
    voice: &Voice,
    case: &OpenCase,
) -> Result<Result<(), Refusal>, pg::Error> {
    if voice.case_id != command.case_id {
        return Ok(Err(Refusal::NotItsVoice));
    }
    if voice.voice == 1 {
        return Ok(Err(Refusal::FirstVoice));
    }
    if !case.waits() {
        return Ok(Ok(()));
    }
    let entry = store::plans::load(tx, &[(case.tenant, case.case_id.as_uuid())]).await?.pop();
    let entry = entry.ok_or_else(|| pg::Error::broken("splitting a voice", "its plan's entry is gone"))?;
    Ok(decidable(entry.desk, entry.claim.as_ref(), &command.subject, command.rank, now))
}

/// The report of a voice as one that opens a case of its own; nothing of a voice that was not kept with its report.
pub(super) fn submission(
    command: &SplitVoice,
    voice: &Voice,
    case: &OpenCase,
    item: String,
) -> Result<Option<Submission>, pg::Error> {
    let Some(report) = &voice.report else { return Ok(None) };
    let report = Report::read(&Bytes::copy_from_slice(report), command.tenant);
    let report = report.map_err(|error| pg::Error::broken("reading a kept report", error))?;
    let goes = Goes::Apart { from: command.case_id, placement: voice.placement + 1 };
    // Who names no item has looked at the join only.
    let reviewed_at = command.item.as_ref().map(|_| command.rank);
    Ok(Some(Submission {
        report,
        decided: Some(Decided { item, goes, reviewed_at }),
        lane: case.lane,
        drill: case.drill,
        actor: command.subject.clone(),
        traceparent: command.traceparent.clone(),
    }))
}

/// The case it left has a voice less, and says so.
async fn left(
    room: &Room,
    tx: &mut ScopedTx,
    now: Timestamp,
    command: &SplitVoice,
    voice: Voice,
    apart: CaseId,
) -> Result<Apart, pg::Error> {
    let tenant = command.tenant;
    let gone = || pg::Error::broken("splitting a voice", "a case is gone");
    let mut case = store::cases::find(tx, (tenant, command.case_id)).await?.ok_or_else(gone)?;
    let apart = known(tx, tenant, apart).await?;
    case.voices_left += 1;
    case.version += 1;
    let view = room.house.snapshot.view();
    let message = wire::CaseSplit {
        case: Some(state(&case, &item_name(&view, tenant, &case.item))),
        report_id: command.report_id.to_string(),
        tracking_sha256: voice.tracking_sha256.into(),
        to_case_id: apart.case_id.to_string(),
        to_case_no: apart.case_no.clone(),
        note: command.note.clone(),
        placement: voice.placement + 1,
    };
    let said = Said {
        event_type: EventType::CaseSplit,
        tenant,
        lane: case.lane,
        aggregate_id: case.case_id.as_uuid(),
        version: case.version,
        actor: &command.subject,
        traceparent: &command.traceparent,
        drill: case.drill,
    };
    store::cases::update(tx, &[&case]).await?;
    room.house.outbox.append(tx, &[room.event(&said, now, &message)]).await?;
    Ok(apart)
}
