//! Why an order, a verification or a ruling is due when it is, or was.

use access::{Action, BodyScope};
use axum::Json;
use axum::extract::State;
use bootstrap::door::{Path, Problem, Query};
use bootstrap::{Bearer, Identity};
use ids::{CaseId, OrderId, TenantId};
use jiff::Timestamp;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::core::unfolded::{CaseClockList, ClockList};
use crate::handle::{Room, unfold};
use crate::store::lists::{self, Filter, Reach};

/// For when.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ClocksQuery {
    /// A moment that has passed, e.g. `2026-11-23T10:00:00Z`; now unless told. Faults of it: `in-future`, `before-order` or
    /// `before-case`, and `not-kept` where clocks were turned before it was noted what they had been.
    #[param(value_type = Option<String>, format = DateTime)]
    pub at: Option<Timestamp>,
}

/// 时限说明 / The clocks of an order, unfolded: every stretch from start to due time, counted or not, and why, in Chinese and
/// English, by the hours of the body that holds it. With `at` as all of that was known at that moment: without what was
/// decided, held, granted or published later.
#[utoipa::path(get, path = "/dispatch/v1/streets/{street}/orders/{order}/clocks",
    params(("street" = String, Path, description = "12 digits"), ("order" = Uuid, Path), ClocksQuery),
    responses((status = 200, body = ClockList), Problem))]
pub(super) async fn read(
    State(room): State<Room>,
    Bearer(who): Bearer,
    Path((street, order_id)): Path<(TenantId, OrderId)>,
    Query(query): Query<ClocksQuery>,
) -> Result<Json<ClockList>, Problem> {
    Ok(Json(unfolded(&room, &who, (street, order_id), query.at).await?))
}

/// The same at either door.
pub(crate) async fn unfolded(
    room: &Room,
    who: &Identity,
    (street, order_id): (TenantId, OrderId),
    at: Option<Timestamp>,
) -> Result<ClockList, Problem> {
    let admitted = room.house.admit(who, Action::OrderRead, street)?;
    let mut tx = room.house.pool.begin(admitted.scope()).await?;
    let listed = lists::order(&mut tx, &Reach::one(street, &admitted.bodies), order_id).await?;
    tx.commit().await?;
    let case_id = listed.ok_or_else(Problem::not_found)?.order.case_id;
    Ok(unfold::clocks(room, admitted.scope(), (street, case_id, order_id), at).await?)
}

/// 核查与裁定时限说明 / The case's own clocks, unfolded like an order's: the verification of each round, and the ruling on each return.
/// Who reads the case reads them.
#[utoipa::path(get, path = "/dispatch/v1/streets/{street}/cases/{case}/clocks",
    params(("street" = String, Path, description = "12 digits"), ("case" = Uuid, Path), ClocksQuery),
    responses((status = 200, body = CaseClockList), Problem))]
pub(super) async fn read_case(
    State(room): State<Room>,
    Bearer(who): Bearer,
    Path((street, case_id)): Path<(TenantId, CaseId)>,
    Query(query): Query<ClocksQuery>,
) -> Result<Json<CaseClockList>, Problem> {
    Ok(Json(unfolded_case(&room, &who, (street, case_id), query.at).await?))
}

/// The same at either door.
pub(crate) async fn unfolded_case(
    room: &Room,
    who: &Identity,
    (street, case_id): (TenantId, CaseId),
    at: Option<Timestamp>,
) -> Result<CaseClockList, Problem> {
    let admitted = room.house.admit(who, Action::CaseRead, street)?;
    if admitted.bodies != BodyScope::All {
        let filter = Filter { phase: None, case_id: Some(case_id), before: None, drills: None, limit: 1 };
        let mut tx = room.house.pool.begin(admitted.scope()).await?;
        let theirs = lists::orders(&mut tx, &Reach::one(street, &admitted.bodies), &filter).await?;
        tx.commit().await?;
        theirs.first().ok_or_else(Problem::not_found)?;
    }
    Ok(unfold::case_clocks(room, admitted.scope(), (street, case_id), at).await?)
}
