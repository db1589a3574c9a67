//! Why an order is due when it is, or was.

use access::Action;
use axum::Json;
use axum::extract::State;
use bootstrap::door::{Path, Problem, Query};
use bootstrap::{Bearer, Identity};
use ids::{OrderId, TenantId};
use jiff::Timestamp;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::core::unfolded::ClockList;
use crate::handle::{Room, unfold};
use crate::store::lists::{self, Reach};

/// For when.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ClocksQuery {
    /// A moment that has passed, e.g. `2026-11-23T10:00:00Z`; now unless told. Faults of it: `in-future`, `before-order`, and
    /// `not-kept` where clocks were turned before it was noted what they had been.
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
