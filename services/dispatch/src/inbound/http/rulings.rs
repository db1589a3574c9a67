//! Rulings of a street: the centre's list of what waits, and what was ruled, offered as rules.

use ::orders::Order;
use access::Action;
use axum::Json;
use axum::extract::State;
use bootstrap::door::{Fault, Path, Problem, Query};
use bootstrap::{Bearer, Identity};
use ids::{CaseId, TenantId};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use crate::core::rulings::{RulingPage, lines};
use crate::handle::Room;
use crate::store::cases::StoredCase;
use crate::store::{Key, cases, orders};

/// Cases on a page at most; a case has few rulings.
const LIMIT_MAX: u32 = 200;
const LIMIT: u32 = 50;

/// Which rulings.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RulingsQuery {
    /// Those that wait; otherwise those that were given.
    pub waiting: Option<bool>,
    /// `next` of the page before.
    pub before: Option<Uuid>,
    /// 1 to 200 cases, 50 unless told.
    pub limit: Option<u32>,
}

/// What waits for a ruling, or what was ruled, newest case first; each given one with the rule it would be.
#[utoipa::path(get, path = "/dispatch/v1/streets/{street}/rulings",
    params(("street" = String, Path, description = "12 digits"), RulingsQuery),
    responses((status = 200, body = RulingPage), Problem))]
pub(super) async fn list(
    State(room): State<Room>,
    Bearer(who): Bearer,
    Path(street): Path<TenantId>,
    Query(query): Query<RulingsQuery>,
) -> Result<Json<RulingPage>, Problem> {
    Ok(Json(looked_up(&room, &who, street, &query).await?))
}

/// The same at either door.
pub(crate) async fn looked_up(
    room: &Room,
    who: &Identity,
    street: TenantId,
    query: &RulingsQuery,
) -> Result<RulingPage, Problem> {
    let admitted = room.house.admit(who, Action::OrderDirect, street)?;
    let limit = query.limit.unwrap_or(LIMIT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        let fault = Fault::new("/limit", "out-of-range", "须为 1 至 200 / must be 1 to 200");
        return Err(Problem::validation_failed([fault]));
    }
    let (waiting, before) = (query.waiting.unwrap_or(false), query.before.map(CaseId));
    let mut tx = room.house.pool.begin(admitted.scope()).await?;
    if let Some(before) = before
        && cases::find(&mut tx, street, before).await?.is_none()
    {
        return Err(Problem::bad_cursor());
    }
    let cases = cases::ruled(&mut tx, street, waiting, before, limit.into()).await?;
    let keys: Vec<Key> = cases.iter().map(|of| (of.case.tenant, of.case.id.as_uuid())).collect();
    let of_cases = orders::read_of_cases(&mut tx, &keys).await?;
    tx.commit().await?;
    let full = cases.len() == limit as usize;
    let next = cases.last().filter(|_| full).map(|last| last.case.id.as_uuid());
    let lines_of = |stored: &StoredCase| {
        let theirs: Vec<Order> = of_cases.iter().filter(|of| of.case_id == stored.case.id).cloned().collect();
        lines(&stored.facts, &stored.case, &theirs, waiting)
    };
    let rulings = cases.iter().flat_map(lines_of).collect();
    Ok(RulingPage { rulings, next })
}
