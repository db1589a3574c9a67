//! `GET /directory/v1/streets/{code}/rotas/{key}:on-duty` and `…/{key}.ics`: who is on duty, for a person and for a
//! calendar. The code may be a district's (D18). The instant and the days are the caller's, else the database's.

use access::Action;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, header};
use axum::response::{IntoResponse, Response};
use bootstrap::door::{Fault, Path, Problem, Query};
use bootstrap::{Bearer, Identity};
use ids::TenantId;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::plan::TextBody;
use crate::core::{Calendar, Turn, calendar};
use crate::handle::rotas::{Duty, Known};
use crate::inbound::Desk;

/// Days of a calendar unless told, and at most.
const DAYS_DEFAULT: i64 = 28;
const DAYS_MAX: i32 = 366;

/// When.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct When {
    /// An instant, e.g. `2026-11-23T10:00:00Z`; for `:on-duty`, now unless told.
    #[param(value_type = Option<String>, format = DateTime)]
    pub at: Option<Timestamp>,
    /// The first duty day, for `.ics`; today unless told.
    #[param(value_type = Option<String>, format = Date)]
    pub from: Option<Date>,
    /// The last duty day, for `.ics`; 28 days after the first unless told, 366 at most.
    #[param(value_type = Option<String>, format = Date)]
    pub until: Option<Date>,
}

/// Who is on duty.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OnDuty {
    /// Key of the rota.
    pub rota: String,
    /// Its name.
    pub name: TextBody,
    /// The post it fills.
    pub post: PostBody,
    /// The instant asked for.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Whose turn it is: empty where the rota asks for nobody, more than one where shifts overlap.
    pub turns: Vec<TurnBody>,
    /// The next turn that begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<TurnBody>,
    /// Generation of the tenant it was read from.
    pub generation: i64,
}

/// A post.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PostBody {
    /// Its key.
    pub key: String,
    /// Its name.
    pub name: TextBody,
    /// Whose post it is.
    pub body: String,
}

/// One crew's stretch of duty.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TurnBody {
    /// The date its duty day begins on.
    #[schema(value_type = String, format = Date)]
    pub day: Date,
    /// Key of the shift.
    pub shift: String,
    /// The first instant.
    #[schema(value_type = String, format = DateTime)]
    pub starts_at: Timestamp,
    /// The first instant it is over.
    #[schema(value_type = String, format = DateTime)]
    pub ends_at: Timestamp,
    /// Subjects.
    pub crew: Vec<String>,
}

impl From<Turn> for TurnBody {
    fn from(turn: Turn) -> Self {
        let (starts_at, ends_at) = (turn.starts_at.timestamp(), turn.ends_at.timestamp());
        Self { day: turn.day, shift: turn.shift, starts_at, ends_at, crew: turn.crew }
    }
}

/// Who is on duty by a rota, at an instant.
#[utoipa::path(
    get,
    path = "/directory/v1/streets/{code}/rotas/{key}:on-duty",
    operation_id = "rota_on_duty",
    params(
        ("code" = String, Path, description = "12 位代码 / 12 digits"),
        ("key" = String, Path, description = "值班表的键，如 duty / key of the rota, e.g. duty"),
        ("at" = Option<String>, Query, description = "时刻，缺省为现在 / an instant; now unless told"),
    ),
    responses((status = 200, body = OnDuty), Problem),
)]
pub(crate) async fn on_duty(
    desk: Desk,
    who: Identity,
    code: TenantId,
    key: String,
    when: When,
) -> Result<Response, Problem> {
    if when.from.is_some() || when.until.is_some() {
        return Err(invalid("from、until 仅用于 .ics / from and until are for .ics only"));
    }
    let Known { duty, now } = known(&desk, &who, code, key).await?;
    let at = when.at.unwrap_or(now);
    let roster = duty.roster()?;
    let answer = OnDuty {
        turns: roster.on_duty(at).into_iter().map(TurnBody::from).collect(),
        next: roster.next(at).map(TurnBody::from),
        name: duty.rota.name.clone().into(),
        post: PostBody {
            key: duty.rota.post.clone(),
            name: duty.post.name.clone().into(),
            body: duty.post.body.to_string(),
        },
        at,
        generation: duty.generation,
        rota: duty.key,
    };
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(answer)).into_response())
}

/// A rota's turns as iCalendar.
#[utoipa::path(
    get,
    path = "/directory/v1/streets/{code}/rotas/{key}.ics",
    operation_id = "rota_calendar",
    params(
        ("code" = String, Path, description = "12 位代码 / 12 digits"),
        ("key" = String, Path, description = "值班表的键，如 duty / key of the rota, e.g. duty"),
        ("from" = Option<String>, Query, description = "起始日，缺省为今日 / the first duty day; today unless told"),
        ("until" = Option<String>, Query, description = "终止日，缺省为 28 天后，至多 366 天 / the last duty day; 28 days later unless told, 366 at most"),
    ),
    responses((status = 200, content_type = "text/calendar", body = String), Problem),
)]
pub(crate) async fn exported(
    desk: Desk,
    who: Identity,
    code: TenantId,
    key: String,
    when: When,
) -> Result<Response, Problem> {
    if when.at.is_some() {
        return Err(invalid("at 仅用于 :on-duty / at is for :on-duty only"));
    }
    let Known { duty, now } = known(&desk, &who, code, key).await?;
    let from = when.from.unwrap_or_else(|| now.to_zoned(duty.zone.clone()).date());
    let until = when.until.unwrap_or_else(|| from.saturating_add(DAYS_DEFAULT.days()));
    if until < from || (until - from).get_days() > DAYS_MAX {
        return Err(invalid("from 至 until 须为 0 至 366 天 / from from to until 0 to 366 days"));
    }
    let turns = duty.roster()?.turns(from, until);
    let text = calendar(
        Calendar {
            tenant: code,
            key: &duty.key,
            name: &duty.rota.name,
            generation: duty.generation.unsigned_abs(),
            applied_at: duty.applied_at,
        },
        &turns,
    );
    let headers: [(HeaderName, String); 3] = [
        (header::CONTENT_TYPE, "text/calendar; charset=utf-8".to_owned()),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (header::ETAG, format!("\"{}-{from}-{until}\"", duty.generation)),
    ];
    Ok((headers, text).into_response())
}

/// Both, since the router knows no patterns inside a segment.
pub(crate) async fn read(
    State(desk): State<Desk>,
    Bearer(who): Bearer,
    Path((code, target)): Path<(TenantId, String)>,
    Query(when): Query<When>,
) -> Result<Response, Problem> {
    if let Some(key) = target.strip_suffix(":on-duty") {
        return on_duty(desk, who, code, key.to_owned(), when).await;
    }
    match target.strip_suffix(".ics") {
        Some(key) => exported(desk, who, code, key.to_owned(), when).await,
        None => Err(Problem::not_found()),
    }
}

async fn known(desk: &Desk, who: &Identity, code: TenantId, key: String) -> Result<Known, Problem> {
    let admitted = desk.admit(who, Action::DocumentRead, code, None)?;
    Duty::read(&desk.house, code, admitted.district, key).await?.ok_or_else(Problem::not_found)
}

fn invalid(detail: &str) -> Problem {
    Problem::validation_failed([Fault::new("", "invalid-query", detail)])
}
