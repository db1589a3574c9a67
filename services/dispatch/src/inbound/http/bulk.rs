//! Many acts on orders in one request.

use axum::Json;
use axum::extract::State;
use bootstrap::door::{ActPath, Fault, IfMatch, Problem, ProblemDocument, StrictJson};
use ids::{OrderId, TenantId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::change::Change;
use super::deeds::ActBody;
use crate::core::view::OrderView;
use crate::handle::Room;
use crate::inbound::asked::{self, Asked, Asking};

/// What is done with many orders of one street.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ActsBody {
    /// 1 to 100; no act on an order twice.
    acts: Vec<ActItem>,
}

/// One act.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ActItem {
    order_id: Uuid,
    /// As behind the order's address: see, acknowledge, …
    verb: String,
    /// Refuse unless the order is of this version; from 1.
    #[serde(default)]
    #[schema(value_type = Option<i64>, minimum = 1)]
    if_version: Option<u64>,
    /// What the act by itself would have as its body.
    #[serde(default)]
    body: ActBody,
}

/// What became of each, in order.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ActsResult {
    results: Vec<ActResult>,
}

/// The answer that the act by itself would have got.
#[derive(Debug, Serialize, ToSchema)]
struct ActResult {
    order_id: Uuid,
    /// 200, or the refusal's.
    status: u16,
    /// The order after the act.
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<OrderView>,
    /// Why nothing was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<ProblemDocument>,
}

impl ActResult {
    fn of(order_id: Uuid, outcome: Result<OrderView, Problem>) -> Self {
        match outcome {
            Ok(order) => Self { order_id, status: 200, order: Some(order), problem: None },
            Err(problem) => {
                let status = problem.status().as_u16();
                Self { order_id, status, order: None, problem: Some(problem.into_document()) }
            }
        }
    }
}

/// One version cannot be that of many orders: who sent it relies on a precondition that nothing here would look at.
fn no_version_of_all(change: &Change) -> Result<(), Problem> {
    let said = "每项操作各写 if_version，不用 If-Match / give if_version with each act instead of If-Match";
    match change.if_match {
        Some(_) => Err(Problem::validation_failed([Fault::new("/acts", "if-version-per-act", said)])),
        None => Ok(()),
    }
}

/// Acts on many orders, each decided by itself: one that is refused takes no other along. Those on one order are decided in
/// their order, those on different orders in any. The key counts for each act by
/// itself, so a request that was cut off may be sent again as it was, or with what is left of it. `If-Match` is refused: the
/// version of each order is its act's `if_version`.
#[utoipa::path(post, path = "/dispatch/v1/streets/{street}/orders:act",
    params(("street" = String, Path, description = "12 digits"), ("Idempotency-Key" = Uuid, Header)),
    request_body = ActsBody,
    responses((status = 200, body = ActsResult), Problem))]
pub(super) async fn act(
    State(room): State<Room>,
    ActPath(street): ActPath<TenantId>,
    change: Change,
    StrictJson(body): StrictJson<ActsBody>,
) -> Result<Json<ActsResult>, Problem> {
    asked::admitted(&room, &change.who, street)?;
    no_version_of_all(&change)?;
    let ids: Vec<Uuid> = body.acts.iter().map(|item| item.order_id).collect();
    let asked = body.acts.into_iter().map(|ActItem { order_id, verb, if_version, body }| Asked {
        order_id: OrderId(order_id),
        verb,
        if_match: if_version.map(IfMatch::version),
        body,
    });
    let asking = Asking { who: &change.who, street, key: change.key, traceparent: &change.traceparent };
    let outcomes = asked::acts(&room, asking, asked.collect()).await?;
    let results = ids.into_iter().zip(outcomes).map(|(id, outcome)| ActResult::of(id, outcome));
    Ok(Json(ActsResult { results: results.collect() }))
}
