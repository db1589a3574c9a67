//! `POST /{service}/v1/clock:accept`: a person has looked and says that the database's time is right although it
//! jumped (D29). Every service has this door, because each has a schema of its own; one call reaches all replicas,
//! since they read the acceptance with the time.

use std::sync::Arc;

use access::{Action, Resource};
use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use pg::TenantScope;
use serde::Serialize;
use utoipa::OpenApi;

use crate::door::Problem;
use crate::door::accept::json_only;
use crate::house::House;
use crate::identity::{Bearer, Identity};

/// What was accepted.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct AcceptedClock {
    /// Which acceptance of this service this is, from 1.
    pub acceptance: i64,
    /// The database's time.
    pub now: String,
    /// By how much it was ahead for the replica that answers, in microseconds; empty if that one held nothing.
    pub held_ahead_us: Option<i64>,
}

struct Door<S> {
    service: &'static str,
    house: House<S>,
}

/// The route, under the service's name.
pub(crate) fn routes<S: Send + Sync + 'static>(service: &'static str, house: House<S>) -> Router {
    let door = Arc::new(Door { service, house });
    let path = format!("/{service}/v1/clock:accept");
    json_only(Router::new().route(&path, post(accept::<S>)).with_state(door))
}

/// Its description, to be nested under the service's own.
#[derive(OpenApi)]
#[openapi(paths(describe))]
struct Description;

/// The door's part of a service's description.
pub(crate) fn described(service: &str, openapi: utoipa::openapi::OpenApi) -> utoipa::openapi::OpenApi {
    openapi.nest(format!("/{service}/v1"), Description::openapi())
}

/// Accepts the database's time after it jumped; acts, events and wake-ups of this service go on.
#[utoipa::path(
    post,
    path = "/clock:accept",
    responses((status = 200, body = AcceptedClock), Problem),
)]
#[expect(dead_code, reason = "carries the description; a generic handler cannot")]
fn describe() {}

async fn accept<S: Send + Sync + 'static>(
    State(door): State<Arc<Door<S>>>,
    Bearer(who): Bearer,
) -> Result<Json<AcceptedClock>, Problem> {
    let house = &door.house;
    if !may(house, &who) {
        return Err(Problem::forbidden());
    }
    let mut tx = house.pool.begin(TenantScope::of_claim()).await?;
    let (reading, held) = house.clock.look(&mut tx).await?;
    let acceptance = house.clock.accept(&mut tx, &who.subject).await?;
    tx.commit().await?;
    let held_ahead_us = held.map(|held| held.ahead_us);
    tracing::warn!(
        service = door.service,
        actor = who.subject,
        acceptance,
        held_ahead_us,
        "the clock was accepted"
    );
    Ok(Json(AcceptedClock { acceptance, now: reading.now.to_string(), held_ahead_us }))
}

/// The clock is the same for all: whoever may accept it in one district may.
fn may<S: Send + Sync + 'static>(house: &House<S>, who: &Identity) -> bool {
    let view = house.snapshot.view();
    let principal = view.membership().principal(&who.subject);
    let of = |district| Resource::of(district, district);
    view.districts().any(|(district, _)| principal.may(Action::ClockAccept, &of(district)).is_ok())
}
