//! `streetwise.intake.v1.ReportService`: reports from machines, one by one or in a stream.

use std::pin::Pin;
use std::sync::Arc;

use access::Action;
use bootstrap::Identity;
use bootstrap::door::{Problem, parse_key};
use bootstrap::rpc::{Call, MESSAGE_BYTES_MAX, named};
use contract::proto::intake::report_service_server::{ReportService, ReportServiceServer};
use contract::proto::intake::submit_reports_response::Outcome;
use contract::proto::intake::{
    Assigned, Datum as WireDatum, Fault, Place, Refusal as WireRefusal, Reporter, SubmitReportRequest,
    SubmitReportResponse, SubmitReportsRequest, SubmitReportsResponse,
};
use contract::proto::to_wire;
use futures_util::{Stream, StreamExt};
use ids::TenantId;
use prost::Message;
use seal::Sensitive;
use tonic::{Request, Response, Status, Streaming};

use super::form::{AssignedForm, DatumForm, PlaceForm, ReportForm, ReporterForm};
use super::{ASSIGNMENT, DRILL, assigned, no_assignment, source_of};
use crate::core::tracking::sha256;
use crate::handle::{Receipt, Room, SubmitReport};

/// Reports of one stream under way at once: enough to fill a batch, few enough that a stream cannot fill the room.
const IN_FLIGHT_MAX: usize = 256;

/// The server, for [`bootstrap::Plan::rpc`].
pub(crate) fn server(room: Arc<Room>) -> ReportServiceServer<Reports> {
    ReportServiceServer::new(Reports(room)).max_decoding_message_size(MESSAGE_BYTES_MAX)
}

/// The door.
#[derive(Clone)]
pub(crate) struct Reports(Arc<Room>);

type Answers = Pin<Box<dyn Stream<Item = Result<SubmitReportsResponse, Status>> + Send>>;

#[tonic::async_trait]
impl ReportService for Reports {
    async fn submit_report(
        &self,
        request: Request<SubmitReportRequest>,
    ) -> Result<Response<SubmitReportResponse>, Status> {
        let call = Call::of(&request)?;
        let receipt = submit(&self.0, &call, &call.who, request.into_inner()).await?;
        Ok(Response::new(receipt.into()))
    }

    type SubmitReportsStream = Answers;

    async fn submit_reports(
        &self,
        request: Request<Streaming<SubmitReportsRequest>>,
    ) -> Result<Response<Answers>, Status> {
        let call = Call::of(&request)?;
        let room = self.0.clone();
        // What has come is still answered.
        let ending = call.ending.clone().cancelled_owned();
        let answers = request.into_inner().take_until(ending).map(move |item| {
            let (room, call) = (room.clone(), call.clone());
            async move { Ok(answer(&room, &call, item?).await) }
        });
        Ok(Response::new(Box::pin(answers.buffer_unordered(IN_FLIGHT_MAX))))
    }
}

async fn answer(room: &Arc<Room>, call: &Call, item: SubmitReportsRequest) -> SubmitReportsResponse {
    let report = item.report.unwrap_or_default();
    let idempotency_key = report.idempotency_key.clone();
    // Asked for each: a stream may outlive its token.
    let receipt = match call.still() {
        Ok(who) => submit(room, call, &who, report).await,
        Err(problem) => Err(problem),
    };
    let outcome = match receipt {
        Ok(receipt) => Outcome::Accepted(receipt.into()),
        Err(problem) => Outcome::Refused(refused(problem)),
    };
    SubmitReportsResponse { idempotency_key, outcome: Some(outcome) }
}

/// The same checks in the same order as at the HTTP door.
async fn submit(
    room: &Arc<Room>,
    call: &Call,
    who: &Identity,
    request: SubmitReportRequest,
) -> Result<Receipt, Problem> {
    let street: TenantId = named(&request.street)?;
    let source = match request.drill {
        false => source_of(&room.house.admit(who, Action::ReportSubmit, street)?),
        true => room.house.admit(who, Action::ReportDrill, street).map(|_| DRILL)?,
    };
    let drill = request.drill;
    let key = parse_key(&request.idempotency_key)?;
    let body_sha256 = content_sha256(&request);
    let checked = form(request)?.check()?.sent_by(source)?;
    let assigned = match drill {
        true => no_assignment(checked.assigned.as_ref()).map(|()| None)?,
        false => assigned(room, who, street, checked.assigned)?,
    };
    let command = SubmitReport {
        street,
        source: if assigned.is_some() { ASSIGNMENT } else { source },
        subject: who.subject.clone(),
        key,
        body_sha256,
        item: checked.item,
        text: checked.text,
        place: checked.place,
        contact: checked.contact,
        households: checked.households,
        reading_milli: checked.reading_milli,
        assigned,
        drill,
        traceparent: call.trace.traceparent.clone(),
    };
    Ok(room.submit(command).await?)
}

/// What idempotency compares: the report without its address and key. Prost writes fields in the order of their
/// numbers, so equal reports have equal bytes.
fn content_sha256(request: &SubmitReportRequest) -> [u8; 32] {
    let content =
        SubmitReportRequest { street: String::new(), idempotency_key: String::new(), ..request.clone() };
    sha256(&content.encode_to_vec())
}

/// The same form that HTTP fills from JSON.
fn form(request: SubmitReportRequest) -> Result<ReportForm, Problem> {
    let SubmitReportRequest { text, item, place, reporter, households, reading_milli, assigned, .. } =
        request;
    let place = place.ok_or_else(|| Problem::datum_required("/place/datum"))?;
    Ok(ReportForm {
        text,
        item: Some(item).filter(|item| !item.is_empty()),
        place: place_form(place)?,
        reporter: reporter.map(reporter_form),
        households: Some(households),
        reading_milli,
        assigned: assigned.map(|Assigned { lead, assists }| AssignedForm { lead, assists }),
    })
}

fn place_form(place: Place) -> Result<PlaceForm, Problem> {
    let datum = match place.datum() {
        WireDatum::Unspecified => None,
        WireDatum::Wgs84 => Some(DatumForm::Wgs84),
        WireDatum::Gcj02 => Some(DatumForm::Gcj02),
        WireDatum::Bd09 => Some(DatumForm::Bd09),
    };
    let address = Some(place.address).filter(|address| !address.is_empty());
    Ok(PlaceForm { lon: place.lon, lat: place.lat, datum, address })
}

fn reporter_form(reporter: Reporter) -> ReporterForm {
    ReporterForm { contact: Some(Sensitive::new(reporter.contact)) }
}

impl From<Receipt> for SubmitReportResponse {
    fn from(receipt: Receipt) -> Self {
        Self {
            report_id: receipt.report_id.to_string(),
            tracking_code: receipt.tracking_code.grouped(),
            accepted_at: Some(to_wire(receipt.accepted_at)),
        }
    }
}

fn refused(problem: Problem) -> WireRefusal {
    let retry_after_s = problem.retry_after_s().unwrap_or_default();
    let document = problem.into_document();
    let fault = |fault: bootstrap::door::Fault| Fault {
        pointer: fault.pointer,
        code: fault.code.into_owned(),
        detail: fault.detail,
    };
    WireRefusal {
        code: document.code,
        title: document.title,
        hint: document.hint,
        faults: document.errors.into_iter().map(fault).collect(),
        retry_after_s,
    }
}
