//! Deliveries for people: read them, replay one. Endpoints are beside it (`endpoints.rs`).

use std::collections::BTreeMap;
use std::sync::Arc;

use access::Action;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use bootstrap::Bearer;
use bootstrap::door::accept::json_only;
use bootstrap::door::{Fault, IdVerb, IdempotencyKeyHeader, Path, Problem, Query, TraceContext};
use ids::TenantId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::endpoints;
use crate::handle::Room;
use crate::handle::replay::{Command, Denied, Replayed, replay};
use crate::store::attempts::{self, Attempt};
use crate::store::list::{self, Filter, Shown};

const APPLICATION_JSON: HeaderValue = HeaderValue::from_static("application/json");

/// The routes and their description.
pub fn routes(room: Arc<Room>) -> (Router, utoipa::openapi::OpenApi) {
    let (endpoints, described) = endpoints::routes(room.clone());
    let router = OpenApiRouter::new().routes(routes!(list_deliveries)).routes(routes!(act_on_delivery));
    let (router, mut openapi) = router.with_state(room).split_for_parts();
    openapi.merge(described);
    openapi.components.get_or_insert_default().schemas.extend(Problem::schemas());
    (json_only(router.merge(endpoints)), openapi)
}

/// What to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct ListQuery {
    /// pending, sending, delivered, dead_lettered or suppressed.
    #[param(inline)]
    state: Option<DeliveryState>,
    /// Deliveries of this case only; what was told of its reports before it was opened is asked for by `report_id`.
    case_id: Option<Uuid>,
    /// Deliveries only that tell of this report while it waits for a person.
    report_id: Option<Uuid>,
    /// Those before this delivery: `next` of the answer before.
    before: Option<Uuid>,
    /// At most this many: 1 to 200, 50 if absent.
    limit: Option<i64>,
}

/// State of a delivery.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// Waits for its next attempt.
    Pending,
    /// An attempt is under way.
    Sending,
    /// The endpoint took it.
    Delivered,
    /// Given up; may be replayed.
    DeadLettered,
    /// Not sent on purpose.
    Suppressed,
}

impl DeliveryState {
    const fn as_str(self) -> &'static str {
        match self {
            DeliveryState::Pending => "pending",
            DeliveryState::Sending => "sending",
            DeliveryState::Delivered => "delivered",
            DeliveryState::DeadLettered => "dead_lettered",
            DeliveryState::Suppressed => "suppressed",
        }
    }
}

/// Deliveries, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeliveryList {
    deliveries: Vec<DeliveryView>,
    /// Give it as `before` for the next page; null on the last.
    next: Option<Uuid>,
}

/// One message to one endpoint.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeliveryView {
    /// Also the `webhook-id` of every attempt.
    delivery_id: Uuid,
    /// Type of the event that is told.
    about: String,
    event_id: Uuid,
    /// Null where it is about a report that has no case.
    case_id: Option<Uuid>,
    /// The report, where it is about one that has no case.
    report_id: Option<Uuid>,
    order_id: Option<Uuid>,
    body: String,
    /// Who owns the endpoint: the street or its district.
    endpoint_tenant: Option<String>,
    endpoint_key: Option<String>,
    channel: &'static str,
    state: String,
    /// Stable code, for dead_lettered and suppressed.
    reason: Option<String>,
    drill: bool,
    created_at: Timestamp,
    next_attempt_at: Option<Timestamp>,
    decided_at: Option<Timestamp>,
    attempts: Vec<AttemptView>,
}

/// One try.
#[derive(Debug, Serialize, ToSchema)]
pub struct AttemptView {
    n: i32,
    started_at: Timestamp,
    /// ok, status, timeout, unreachable, address-refused, endpoint-not-allowed, not-sent or lost. One that is under
    /// way is not listed yet: the delivery's state says so.
    outcome: Option<String>,
    /// The HTTP status that came.
    status: Option<i16>,
    duration_ms: Option<i32>,
}

/// A street's deliveries with their attempts: all, or those of the caller's bodies.
#[utoipa::path(get, path = "/notification/v1/streets/{street}/deliveries",
    params(("street" = String, Path, description = "12 digits"), ListQuery),
    responses((status = 200, body = DeliveryList), Problem))]
async fn list_deliveries(
    State(room): State<Arc<Room>>,
    Bearer(who): Bearer,
    Path(street): Path<TenantId>,
    Query(query): Query<ListQuery>,
) -> Result<Json<DeliveryList>, Problem> {
    let admitted = room.house.admit(&who, Action::DeliveryRead, street)?;
    let limit = query.limit.unwrap_or(50);
    if !(1..=200).contains(&limit) {
        let fault = Fault::new("", "limit-out-of-range", "limit 须为 1 到 200 / limit must be 1 to 200");
        return Err(Problem::validation_failed([fault]));
    }
    let bodies = admitted.bodies.bodies();
    let mut tx = room.house.pool.begin(admitted.scope()).await?;
    if let Some(before) = query.before
        && !list::visible(&mut tx, street, bodies.as_deref(), before).await?
    {
        return Err(Problem::bad_cursor());
    }
    let (state, case_id, before) = (query.state.map(DeliveryState::as_str), query.case_id, query.before);
    let (report_id, bodies) = (query.report_id, bodies.as_deref());
    let filter = Filter { tenant: street, bodies, state, case_id, report_id, before, limit };
    let shown = list::newest(&mut tx, &filter).await?;
    let ids: Vec<Uuid> = shown.iter().map(|delivery| delivery.id).collect();
    let attempts = attempts::of(&mut tx, street, &ids).await?;
    tx.commit().await?;
    let next = if ids.len() as i64 == limit { ids.last().copied() } else { None };
    Ok(Json(DeliveryList { deliveries: views(shown, attempts), next }))
}

/// Replays a delivery: `{id}:replay`. A dead letter with the same id and bytes; one whose body had no endpoint to
/// those it has by now.
#[utoipa::path(post, path = "/notification/v1/streets/{street}/deliveries/{target}",
    params(("street" = String, Path, description = "12 digits"),
        ("target" = String, Path, description = "`{id}:replay`"),
        ("Idempotency-Key" = Uuid, Header)),
    responses((status = 202, body = Replayed, description = "tried now"), Problem))]
async fn act_on_delivery(
    State(room): State<Arc<Room>>,
    Bearer(who): Bearer,
    Path((street, target)): Path<(TenantId, IdVerb<Uuid>)>,
    IdempotencyKeyHeader(key): IdempotencyKeyHeader,
    TraceContext { traceparent, .. }: TraceContext,
) -> Result<Response, Problem> {
    if target.verb != "replay" {
        return Err(Problem::not_found());
    }
    let admitted = room.house.admit(&who, Action::ParkManage, street)?;
    let command = Command { admitted, id: target.id, key, traceparent };
    match pg::retrying(|| replay(&room, &command)).await? {
        Ok(body) => Ok((StatusCode::ACCEPTED, [(CONTENT_TYPE, APPLICATION_JSON)], body).into_response()),
        Err(Denied::Unknown) => Err(Problem::not_found()),
        Err(Denied::Nothing) => Err(Problem::invalid_transition()),
    }
}

fn views(shown: Vec<Shown>, attempts: Vec<Attempt>) -> Vec<DeliveryView> {
    let mut by_delivery: BTreeMap<Uuid, Vec<AttemptView>> = BTreeMap::new();
    for attempt in attempts {
        by_delivery.entry(attempt.delivery_id).or_default().push(AttemptView {
            n: attempt.n,
            started_at: attempt.started_at.to_jiff(),
            outcome: attempt.outcome,
            status: attempt.status,
            duration_ms: attempt.duration_ms,
        });
    }
    let view = |delivery: Shown| DeliveryView {
        attempts: by_delivery.remove(&delivery.id).unwrap_or_default(),
        delivery_id: delivery.id,
        about: delivery.event_type,
        event_id: delivery.source_event_id,
        case_id: Some(delivery.case_id).filter(|_| delivery.report_id.is_none()),
        report_id: delivery.report_id,
        order_id: delivery.order_id,
        body: delivery.body,
        endpoint_tenant: delivery.endpoint_tenant_id.map(|owner| owner.to_string()),
        endpoint_key: delivery.endpoint_key,
        channel: "webhook",
        state: delivery.state,
        reason: delivery.reason,
        drill: delivery.drill,
        created_at: delivery.created_at.to_jiff(),
        next_attempt_at: delivery.next_attempt_at.map(jiff_sqlx::Timestamp::to_jiff),
        decided_at: delivery.decided_at.map(jiff_sqlx::Timestamp::to_jiff),
    };
    shown.into_iter().map(view).collect()
}
