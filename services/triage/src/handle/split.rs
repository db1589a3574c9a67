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
use crate::core::desk::{Desk, Refusal};
use crate::core::report::Report;
use crate::store;
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
    let now = room.house.clock.now(&mut tx).await?;
    store::desks::lock(&mut tx, &[command.tenant].into()).await?;
    let voice = match leaving(&mut tx, command).await? {
        Ok(voice) => voice,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let Some(case) = store::cases::find(&mut tx, (command.tenant, command.case_id)).await? else {
        return Ok(Err(Refusal::Unknown));
    };
    let item = command.item.clone().unwrap_or_else(|| case.item.clone());
    let view = room.house.snapshot.view();
    let street = view.street(command.tenant);
    if !street.is_some_and(|street| street.of.lists(&item, street.of.day(now))) {
        return Ok(Err(Refusal::UnknownItem));
    }
    let submission = match submission(command, voice.report, case.lane, case.drill, item)? {
        Some(submission) => submission,
        None => return Ok(Err(Refusal::NotKept)),
    };
    let settled = settle(room, &mut tx, now, &[submission]).await?;
    let apart = match settled.as_slice() {
        [Settled::InCase { case_id, .. }] => *case_id,
        _ => return Err(pg::Error::broken("splitting a voice", "it opened no case")),
    };
    let apart = left(room, &mut tx, now, command, voice.tracking_sha256.into(), apart).await?;
    tx.commit().await?;
    room.house.committed();
    Ok(Ok(apart))
}

/// The voice, if it may leave.
async fn leaving(tx: &mut ScopedTx, command: &SplitVoice) -> Result<Result<Voice, Refusal>, pg::Error> {
    let voice = store::voices::of_report(tx, command.tenant, command.report_id).await?;
    Ok(match voice {
        Some(voice) if voice.case_id != command.case_id => Err(Refusal::NotItsVoice),
        Some(voice) if voice.voice == 1 => Err(Refusal::FirstVoice),
        Some(voice) => Ok(voice),
        None => Err(Refusal::Unknown),
    })
}

fn submission(
    command: &SplitVoice,
    report: Option<Vec<u8>>,
    lane: ids::Lane,
    drill: bool,
    item: String,
) -> Result<Option<Submission>, pg::Error> {
    let Some(report) = report else { return Ok(None) };
    let report = Report::read(&Bytes::from(report), command.tenant);
    let report = report.map_err(|error| pg::Error::broken("reading a kept report", error))?;
    Ok(Some(Submission {
        report,
        decided: Some(Decided { item, goes: Goes::Apart, rank: command.rank }),
        lane,
        drill,
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
    tracking_sha256: Bytes,
    apart: CaseId,
) -> Result<Apart, pg::Error> {
    let tenant = command.tenant;
    let gone = || pg::Error::broken("splitting a voice", "a case is gone");
    let mut case = store::cases::find(tx, (tenant, command.case_id)).await?.ok_or_else(gone)?;
    let case_no = store::cases::find(tx, (tenant, apart)).await?.ok_or_else(gone)?.case_no;
    case.voices_left += 1;
    case.version += 1;
    let view = room.house.snapshot.view();
    let message = wire::CaseSplit {
        case: Some(state(&case, &item_name(&view, tenant, &case.item))),
        report_id: command.report_id.to_string(),
        tracking_sha256,
        to_case_id: apart.to_string(),
        to_case_no: case_no.clone(),
        note: command.note.clone(),
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
    Ok(Apart { case_id: apart, case_no })
}
