//! The working calendars of a street, and what a newly published one does to its clocks (重排).

use access::Action;
use axum::Json;
use axum::extract::State;
use axum::response::Response;
use bootstrap::door::{Fault, FreeText, Path, Problem, Query, StrictJson};
use bootstrap::{Bearer, Identity};
use ids::{CaseId, TenantId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::change::{Change, answered};
use super::deeds::missing;
use crate::core::replan::MovePage;
use crate::handle::Room;
use crate::handle::answer::Answer;
use crate::handle::replan::{self, CASES_MAX, Replan, Which};

/// The longest id of a calendar that is looked up.
const ID_BYTES_MAX: usize = 128;

/// A working calendar as it is in force.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CalendarView {
    pub id: String,
    /// Rises with each publication; of a street's own calendar also when the street changes its hours.
    pub version: u64,
    /// IANA name of the time zone of its days.
    pub zone: String,
    /// Years whose days off are published.
    pub years: Vec<i16>,
}

/// The calendars of a street.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CalendarList {
    pub calendars: Vec<CalendarView>,
}

/// Which clocks.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ReplanQuery {
    /// Id of the calendar; must be there.
    pub calendar: Option<String>,
    /// `next` of the page before.
    pub after: Option<Uuid>,
    /// Cases to look at, 1 to 100; 50 unless told.
    pub limit: Option<u32>,
}

/// Which clocks, and that somebody has looked.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReplanBody {
    /// Id of the calendar.
    pub calendar: String,
    /// Its version as it was looked at: refused when another is in force.
    #[schema(value_type = i64, minimum = 1)]
    pub version: u64,
    /// `next` of the answer before.
    #[serde(default)]
    pub after: Option<Uuid>,
    /// Cases to go through at once, 1 to 100; 50 unless told.
    #[serde(default)]
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 100)]
    pub limit: Option<u32>,
    /// Stands with each move on the timeline; free text, at most 4,000 characters.
    #[serde(default)]
    pub note: Option<String>,
}

/// The calendars that limits of the street count on, each as it is in force.
#[utoipa::path(get, path = "/dispatch/v1/streets/{street}/calendars",
    params(("street" = String, Path, description = "12 digits")),
    responses((status = 200, body = CalendarList), Problem))]
pub(super) async fn list(
    State(room): State<Room>,
    Bearer(who): Bearer,
    Path(street): Path<TenantId>,
) -> Result<Json<CalendarList>, Problem> {
    Ok(Json(published(&room, &who, street)?))
}

/// The same at either door.
pub(crate) fn published(room: &Room, who: &Identity, street: TenantId) -> Result<CalendarList, Problem> {
    room.house.admit(who, Action::CalendarReplan, street)?;
    let view = room.house.snapshot.view();
    let street = view.street(street).ok_or_else(|| Problem::unavailable(2))?;
    let calendars = street.of.calendars().map(|calendar| CalendarView {
        id: calendar.reference().id.clone(),
        version: calendar.reference().version,
        zone: calendar.reference().zone.clone(),
        years: calendar.years().collect(),
    });
    Ok(CalendarList { calendars: calendars.collect() })
}

/// What the publication in force would move, page by page: every running clock of the street that counts on an earlier one and
/// for which it makes a difference. Changes nothing.
#[utoipa::path(get, path = "/dispatch/v1/streets/{street}/calendars:replan",
    params(("street" = String, Path, description = "12 digits"), ReplanQuery),
    responses((status = 200, body = MovePage), Problem))]
pub(super) async fn look(
    State(room): State<Room>,
    Bearer(who): Bearer,
    Path(street): Path<TenantId>,
    Query(query): Query<ReplanQuery>,
) -> Result<Json<MovePage>, Problem> {
    Ok(Json(looked_at(&room, &who, street, query).await?))
}

/// The same at either door.
pub(crate) async fn looked_at(
    room: &Room,
    who: &Identity,
    street: TenantId,
    query: ReplanQuery,
) -> Result<MovePage, Problem> {
    let admitted = room.house.admit(who, Action::CalendarReplan, street)?;
    let calendar = query.calendar.ok_or_else(|| missing("/calendar"))?;
    let which = which(room, street, calendar, query.after, query.limit)?;
    Ok(replan::look(room, admitted.scope(), &which).await?)
}

/// Moves them, a batch of cases at a time: what was used stays as it was counted, the rest counts on the publication in force.
/// Each body is told. Go on with `after` until `next` is empty, each time with a key of its own; a batch moves all or nothing.
#[utoipa::path(post, path = "/dispatch/v1/streets/{street}/calendars:replan",
    params(("street" = String, Path, description = "12 digits"), ("Idempotency-Key" = Uuid, Header)),
    request_body = ReplanBody,
    responses((status = 200, body = MovePage), Problem))]
pub(super) async fn apply(
    State(room): State<Room>,
    Path(street): Path<TenantId>,
    change: Change,
    StrictJson(body): StrictJson<ReplanBody>,
) -> Result<Response, Problem> {
    answered(moved(&room, street, change, body).await?)
}

/// The same at either door.
pub(crate) async fn moved(
    room: &Room,
    street: TenantId,
    change: Change,
    body: ReplanBody,
) -> Result<Answer, Problem> {
    room.house.admit(&change.who, Action::CalendarReplan, street)?;
    let request = change.request(street, "calendars:replan".to_owned(), &body);
    let ReplanBody { calendar, version, after, limit, note } = body;
    let note = FreeText::parse("/note", note.unwrap_or_default())?.into_string();
    let which = which(room, street, calendar, after, limit)?;
    let traceparent = change.traceparent;
    Ok(replan::apply(room, &Replan { request, which, version, note, traceparent }).await?)
}

fn which(
    room: &Room,
    street: TenantId,
    calendar: String,
    after: Option<Uuid>,
    limit: Option<u32>,
) -> Result<Which, Problem> {
    let cases_max = limit.unwrap_or(CASES_MAX / 2);
    if !(1..=CASES_MAX).contains(&cases_max) {
        let fault = Fault::new("/limit", "out-of-range", "须为 1 至 100 / must be 1 to 100");
        return Err(Problem::validation_failed([fault]));
    }
    let view = room.house.snapshot.view();
    let known = view.street(street).ok_or_else(|| Problem::unavailable(2))?;
    if calendar.len() > ID_BYTES_MAX || known.of.calendar(&calendar).is_none() {
        let said = "本街道没有这个日历 / no calendar of this street or its district";
        return Err(Problem::validation_failed([Fault::new("/calendar", "unknown-calendar", said)]));
    }
    Ok(Which { street, calendar, after: after.map(CaseId), cases_max })
}
