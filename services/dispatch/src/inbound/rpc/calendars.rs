//! `streetwise.dispatch.v1.CalendarService`: the calendars of a street, and what a newly published one moves (重排).

use access::Action;
use bootstrap::door::Problem;
use bootstrap::rpc::{Call, MESSAGE_BYTES_MAX, named};
use contract::proto::dispatch as wire;
use contract::proto::dispatch::calendar_service_server::{CalendarService, CalendarServiceServer};
use contract::proto::to_wire;
use ids::TenantId;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::{change, given};
use crate::core::replan::{MovePage, MoveView};
use crate::handle::Room;
use crate::inbound::http::{CalendarView, ReplanBody, ReplanQuery, looked_at, moved, published};

/// The server, for [`bootstrap::Plan::rpc`].
pub(crate) fn server(room: Room) -> CalendarServiceServer<Calendars> {
    CalendarServiceServer::new(Calendars(room)).max_decoding_message_size(MESSAGE_BYTES_MAX)
}

/// The door.
#[derive(Clone)]
pub(crate) struct Calendars(Room);

#[tonic::async_trait]
impl CalendarService for Calendars {
    async fn list_calendars(
        &self,
        request: Request<wire::ListCalendarsRequest>,
    ) -> Result<Response<wire::ListCalendarsResponse>, Status> {
        let call = Call::of(&request)?;
        let calendars = list(&self.0, &call, &request.into_inner())?;
        Ok(Response::new(wire::ListCalendarsResponse { calendars }))
    }

    async fn preview_replan(
        &self,
        request: Request<wire::PreviewReplanRequest>,
    ) -> Result<Response<wire::PreviewReplanResponse>, Status> {
        let call = Call::of(&request)?;
        let page = preview(&self.0, &call, request.into_inner()).await?;
        Ok(Response::new(wire::PreviewReplanResponse { page: Some(page.into()) }))
    }

    async fn apply_replan(
        &self,
        request: Request<wire::ApplyReplanRequest>,
    ) -> Result<Response<wire::ApplyReplanResponse>, Status> {
        let call = Call::of(&request)?;
        let page = apply(&self.0, &call, request.into_inner()).await?;
        Ok(Response::new(wire::ApplyReplanResponse { page: Some(page.into()) }))
    }
}

fn list(
    room: &Room,
    call: &Call,
    asked: &wire::ListCalendarsRequest,
) -> Result<Vec<wire::Calendar>, Problem> {
    let published = published(room, &call.who, named(&asked.street)?)?;
    Ok(published.calendars.into_iter().map(Into::into).collect())
}

async fn preview(room: &Room, call: &Call, asked: wire::PreviewReplanRequest) -> Result<MovePage, Problem> {
    let street = admitted(room, call, &asked.street)?;
    let query = ReplanQuery {
        calendar: given(asked.calendar),
        after: cursor(asked.after)?,
        limit: Some(asked.limit).filter(|limit| *limit > 0),
    };
    looked_at(room, &call.who, street, query).await
}

async fn apply(room: &Room, call: &Call, asked: wire::ApplyReplanRequest) -> Result<MovePage, Problem> {
    let street = admitted(room, call, &asked.street)?;
    let change = change(call, &asked.idempotency_key, 0)?;
    // The body that the request has at the HTTP door, so that both have one digest.
    let body = ReplanBody {
        calendar: asked.calendar,
        version: asked.version,
        after: cursor(asked.after)?,
        limit: Some(asked.limit).filter(|limit| *limit > 0),
        note: given(asked.note),
    };
    let answer = moved(room, street, change, body).await?;
    let page = serde_json::from_slice(&answer.body);
    Ok(page.map_err(|error| pg::Error::broken("reading an answer", error))?)
}

/// Asked before anything else of the message is looked at: a foreign street answers nothing.
fn admitted(room: &Room, call: &Call, street: &str) -> Result<TenantId, Problem> {
    let street = named(street)?;
    room.house.admit(&call.who, Action::CalendarReplan, street)?;
    Ok(street)
}

fn cursor(after: String) -> Result<Option<Uuid>, Problem> {
    given(after).map(|id| id.parse().map_err(|_| Problem::bad_cursor())).transpose()
}

/// A year as the wire has it.
fn year(year: i16) -> u32 {
    u32::try_from(year).unwrap_or_default()
}

impl From<CalendarView> for wire::Calendar {
    fn from(view: CalendarView) -> Self {
        let years = view.years.into_iter().map(year).collect();
        Self { id: view.id, version: view.version, zone: view.zone, years }
    }
}

impl From<MovePage> for wire::ReplanPage {
    fn from(page: MovePage) -> Self {
        Self {
            calendar: page.calendar,
            version: page.version,
            moves: page.moves.into_iter().map(Into::into).collect(),
            refused: page.refused,
            cases: page.cases,
            cases_left: page.cases_left,
            next: page.next.map(|id| id.to_string()).unwrap_or_default(),
        }
    }
}

impl From<MoveView> for wire::ClockMove {
    fn from(view: MoveView) -> Self {
        let clock = wire::StageMove {
            stage: view.stage,
            due_before: view.due_before.map(to_wire),
            due_after: view.due_after.map(to_wire),
            awaiting_year: view.awaiting_year.map(year).unwrap_or_default(),
            left_more_s: view.left_more_s.unwrap_or_default(),
            why_zh: view.why_zh,
            why_en: view.why_en,
        };
        Self {
            case_id: view.case_id.to_string(),
            case_no: view.case_no,
            order_id: view.order_id.map(|id| id.to_string()).unwrap_or_default(),
            body: view.body.unwrap_or_default(),
            role: view.role.unwrap_or_default(),
            round: view.round,
            clock: Some(clock),
        }
    }
}
