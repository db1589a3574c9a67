//! What triage hears: reports from intake, and dispatch's word on cases into its memory (D10).

use std::sync::Arc;

use contract::EventType;
use contract::proto::dispatch::CaseEvent;
use contract::proto::from_wire;
use ids::CaseId;
use jiff::Timestamp;
use messaging::{Apply, ApplyError, Received, Refused};
use pg::ScopedTx;
use prost::Message;

use crate::core::report::{BadReport, Report};
use crate::handle::after_close;
use crate::handle::memory::{self, Heard, News, NotFollowed};
use crate::handle::{self, Room, Submission};

/// Reports into cases.
pub struct HearReports(pub Arc<Room>);

impl Apply for HearReports {
    type Item = Report;

    fn decode(&self, received: &Received) -> Result<Report, Refused> {
        let envelope = &received.envelope;
        if envelope.event_type != EventType::ReportAccepted {
            return Err(Refused::Poison("not a report".to_owned()));
        }
        let report = Report::read(&received.payload, envelope.tenant);
        let report = report.map_err(|error: BadReport| Refused::Poison(error.to_string()))?;
        if report.report_id.as_uuid() != envelope.aggregate_id {
            return Err(Refused::Poison("report in payload differs from the envelope's".to_owned()));
        }
        // Looks at what changes, which is what "not yet" is for: the message comes back (D53).
        match self.0.house.snapshot.view().street(report.tenant) {
            Some(_) => Ok(report),
            None => Err(Refused::NotYet("the street's documents are not here")),
        }
    }

    async fn apply(
        &self,
        tx: &mut ScopedTx,
        now: Timestamp,
        fresh: Vec<(Received, Report)>,
    ) -> Result<(), ApplyError> {
        let submissions: Vec<Submission> = fresh.into_iter().map(submission).collect();
        handle::settle(&self.0, tx, now, &submissions).await?;
        Ok(())
    }
}

fn submission((received, report): (Received, Report)) -> Submission {
    let envelope = received.envelope;
    Submission {
        report,
        decided: None,
        lane: envelope.lane,
        drill: envelope.drill,
        actor: format!("triage-intake-{}", envelope.lane),
        traceparent: envelope.traceparent,
    }
}

/// Closed and reopened cases into the memory of what may be joined, and plans that came too late into that of what may be asked again.
/// Emits nothing (D10), but of voices that joined what was over (ADR 087).
pub struct HearDispatch(pub Arc<Room>);

impl Apply for HearDispatch {
    type Item = News;

    fn decode(&self, received: &Received) -> Result<News, Refused> {
        let envelope = &received.envelope;
        let message =
            CaseEvent::decode(received.payload.clone()).map_err(|error| Refused::undecodable(&error))?;
        let missing = |field: &str| Refused::Poison(format!("missing or malformed field {field}"));
        let case = message.case.ok_or_else(|| missing("case"))?;
        if case.street.parse() != Ok(envelope.tenant) {
            return Err(Refused::Poison("tenant in payload differs from subject".to_owned()));
        }
        // A voice may have to leave for a case of its own, which its street's documents decide on.
        if self.0.house.snapshot.view().street(envelope.tenant).is_none() {
            return Err(Refused::NotYet("the street's documents are not here"));
        }
        let at = message.at.as_ref().and_then(from_wire).ok_or_else(|| missing("at"))?;
        let (tenant, plan_version) = (envelope.tenant, message.plan_version);
        let case_id: CaseId = case.case_id.parse().map_err(|_| missing("case.case_id"))?;
        let closed_at = match envelope.event_type {
            // Nothing joins a case that is over, however it ended.
            EventType::CaseClosed | EventType::CaseCancelled => Some(pg::micros(at)),
            EventType::CaseReopened => None,
            // An older dispatch does not say which plan: version 0 is that of none, and nothing is marked.
            EventType::CaseRerouteRefused => {
                return Ok(News::Refused(NotFollowed { tenant, case_id, version: plan_version }));
            }
            _ => return Err(Refused::Poison("neither closed nor reopened, nor a refusal".to_owned())),
        };
        Ok(News::Standing(Heard {
            tenant,
            case_id,
            version: envelope.version,
            closed_at,
            called_off: envelope.event_type == EventType::CaseCancelled,
        }))
    }

    async fn apply(
        &self,
        tx: &mut ScopedTx,
        now: Timestamp,
        fresh: Vec<(Received, News)>,
    ) -> Result<(), ApplyError> {
        let Some(traceparent) = fresh.last().map(|(received, _)| received.envelope.traceparent.clone())
        else {
            return Ok(());
        };
        let over = memory::remember(tx, fresh.into_iter().map(|(_, heard)| heard)).await?;
        after_close::leave(&self.0, tx, now, &over, ("triage-dispatch", &traceparent)).await?;
        Ok(())
    }
}
