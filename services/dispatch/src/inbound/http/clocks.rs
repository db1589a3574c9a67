//! Why an order is due when it is.

use access::Action;
use axum::Json;
use axum::extract::State;
use bootstrap::Bearer;
use bootstrap::door::{Path, Problem};
use ids::{OrderId, TenantId};

use crate::core::unfolded::ClockList;
use crate::handle::{Room, unfold};
use crate::store::lists::{self, Reach};

/// 时限说明 / The clocks of an order, unfolded: every stretch from start to due time, counted or not, and why, in Chinese and
/// English, by the hours of the body that holds it.
#[utoipa::path(get, path = "/dispatch/v1/streets/{street}/orders/{order}/clocks",
    params(("street" = String, Path, description = "12 digits"), ("order" = Uuid, Path)),
    responses((status = 200, body = ClockList), Problem))]
pub(super) async fn read(
    State(room): State<Room>,
    Bearer(who): Bearer,
    Path((street, order_id)): Path<(TenantId, OrderId)>,
) -> Result<Json<ClockList>, Problem> {
    let admitted = room.house.admit(&who, Action::OrderRead, street)?;
    let mut tx = room.house.pool.begin(admitted.scope()).await?;
    let listed = lists::order(&mut tx, &Reach::one(street, &admitted.bodies), order_id).await?;
    tx.commit().await?;
    let case_id = listed.ok_or_else(Problem::not_found)?.order.case_id;
    Ok(Json(unfold::clocks(&room, admitted.scope(), (street, case_id, order_id)).await?))
}
