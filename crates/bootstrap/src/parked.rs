//! The door to parked messages, the same in every service: list, replay, discard (ADR 016).
//!
//! A message is shown with its reason, never with headers or payload. Who may: [`Action::ParkManage`] in the tenant of
//! the message's subject; a message that names no tenant is the installation's.
//! Not here: applying it again, which its consumer does within a second or so after a replay was asked for.

use std::sync::Arc;
use std::time::Duration;

use access::{Action, Resource, Scope, rights};
use axum::extract::State;
use axum::http::StatusCode;
use axum::{Json, Router};
use ids::TenantId;
use messaging::parking::{self, Act, ActRefused, Decision, Listed};
use pg::{DbClock, Minter, Pool};
use serde::{Deserialize, Serialize};
use snapshot::Snapshot;
use telemetry::messaging::Parked;
use tokio_util::sync::CancellationToken;
use utoipa::openapi::OpenApi;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::door::accept::json_only;
use crate::door::{FreeText, IdVerb, Path, Problem, Query, StrictJson, TraceContext};
use crate::house::House;
use crate::identity::{Bearer, Identity};

/// Rows looked at for one list; those of other tenants are left out of it.
const LOOKED_AT_MAX: i64 = 1_000;
/// Rows of one answer, unless the caller wants fewer.
const SHOWN_MAX: usize = 200;
/// How often the gauge is set.
const COUNTED_EVERY: Duration = Duration::from_secs(15);

type May = dyn Fn(&Identity, Option<TenantId>) -> Result<(), Problem> + Send + Sync;

/// What the door needs; it does not depend on what a service makes of its documents.
struct Desk {
    service: &'static str,
    pool: Pool,
    clock: Arc<dyn DbClock>,
    minter: Minter,
    committed: Box<dyn Fn() + Send + Sync>,
    may: Box<May>,
}

/// The routes `/{service}/v1/parked…` and their description.
pub(crate) fn routes<S: Send + Sync + 'static>(service: &'static str, house: &House<S>) -> (Router, OpenApi) {
    let (snapshot, outbox) = (house.snapshot.clone(), house.outbox.clone());
    let desk = Desk {
        service,
        pool: house.pool.clone(),
        clock: house.clock.clone(),
        minter: house.minter.clone(),
        committed: Box::new(move || outbox.wake()),
        may: Box::new(move |who, tenant| may(&snapshot, who, tenant)),
    };
    let doors = OpenApiRouter::new().routes(routes!(list_parked)).routes(routes!(act_on_parked));
    let under = OpenApiRouter::new().nest(&format!("/{service}"), doors);
    let (routes, openapi) = under.with_state(Arc::new(desk)).split_for_parts();
    (json_only(routes), openapi)
}

/// A tenant whose documents are not here is its district's by its code: that is often why something is parked.
fn may<S>(snapshot: &Snapshot<S>, who: &Identity, tenant: Option<TenantId>) -> Result<(), Problem> {
    let view = snapshot.view();
    let principal = view.membership().principal(&who.subject);
    let everywhere = principal.grants().iter().any(|grant| {
        matches!(grant.scope(), Scope::Installation) && rights(grant.role()).contains(&Action::ParkManage)
    });
    if everywhere {
        return Ok(());
    }
    let tenant = tenant.ok_or_else(Problem::not_found)?;
    let by_code = TenantId::from_i64(tenant.as_i64() / 1_000_000 * 1_000_000).ok();
    let district = view.district_of(tenant).or(by_code).ok_or_else(Problem::not_found)?;
    match principal.may(Action::ParkManage, &Resource::of(tenant, district)) {
        Ok(_) => Ok(()),
        Err(access::Denied::Forbidden) => Err(Problem::forbidden()),
        Err(access::Denied::NotFound) => Err(Problem::not_found()),
    }
}

/// Which messages.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct ListQuery {
    /// Of one tenant only, 12 digits.
    #[param(value_type = Option<String>)]
    tenant: Option<TenantId>,
}

/// A parked message.
#[derive(Debug, Serialize, ToSchema)]
struct ParkedView {
    /// Its id.
    id: Uuid,
    /// Whose, by its subject.
    tenant: Option<String>,
    /// The consumer that could not apply it.
    consumer: String,
    /// Its subject.
    subject: String,
    /// Why.
    reason: String,
    /// Since how many seconds.
    age_s: i64,
    /// How often it was tried again since.
    attempts: i32,
    /// `person` or `retry`: what it waits for.
    waits_for: &'static str,
}

impl From<Listed> for ParkedView {
    fn from(row: Listed) -> Self {
        let tenant = row.tenant_id.and_then(|tenant| TenantId::from_i64(tenant).ok());
        Self {
            id: row.id,
            tenant: tenant.map(|tenant| tenant.to_string()),
            consumer: row.consumer,
            subject: row.subject,
            reason: row.reason,
            age_s: row.age_s,
            attempts: row.attempts,
            waits_for: if row.retried { "retry" } else { "person" },
        }
    }
}

/// Parked messages, oldest first.
#[derive(Debug, Serialize, ToSchema)]
struct ParkedList {
    /// At most 200.
    parked: Vec<ParkedView>,
}

/// Why a person decides so.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Why {
    /// In a person's words, for the journal; no personal data.
    why: String,
}

/// Lists the messages this service could not apply (搁置的消息).
#[utoipa::path(get, path = "/v1/parked", tag = "parked", params(ListQuery),
    responses((status = 200, body = ParkedList), Problem))]
async fn list_parked(
    State(desk): State<Arc<Desk>>,
    Bearer(who): Bearer,
    Query(query): Query<ListQuery>,
) -> Result<Json<ParkedList>, Problem> {
    if let Some(tenant) = query.tenant {
        (desk.may)(&who, Some(tenant))?;
    }
    let rows = parking::list(&desk.pool, query.tenant, LOOKED_AT_MAX).await?;
    let tenant_of = |row: &Listed| row.tenant_id.and_then(|tenant| TenantId::from_i64(tenant).ok());
    let mine = rows.into_iter().filter(|row| (desk.may)(&who, tenant_of(row)).is_ok());
    Ok(Json(ParkedList { parked: mine.take(SHOWN_MAX).map(Into::into).collect() }))
}

/// Replays or discards one: `{id}:replay`, `{id}:discard`.
#[utoipa::path(post, path = "/v1/parked/{target}", tag = "parked",
    params(("target" = String, Path, description = "`{id}:replay` or `{id}:discard`")), request_body = Why,
    responses((status = 202, description = "已登记 / on the record"), Problem))]
async fn act_on_parked(
    State(desk): State<Arc<Desk>>,
    Bearer(who): Bearer,
    Path(target): Path<IdVerb<Uuid>>,
    trace: TraceContext,
    StrictJson(body): StrictJson<Why>,
) -> Result<StatusCode, Problem> {
    let act = match target.verb.as_str() {
        "replay" => Act::Replay,
        "discard" => Act::Discard,
        _ => return Err(Problem::not_found()),
    };
    let tenant = parking::tenant_of(&desk.pool, target.id).await?.ok_or_else(Problem::not_found)?;
    (desk.may)(&who, tenant)?;
    let why = FreeText::parse("/why", body.why)?;
    let decision = Decision { actor: who.subject, why: why.into_string(), traceparent: trace.traceparent };
    let done =
        parking::act(desk.service, &desk.pool, &*desk.clock, &desk.minter, target.id, act, &decision).await;
    match done {
        Ok(()) => {
            (desk.committed)();
            Ok(StatusCode::ACCEPTED)
        }
        Err(ActRefused::Unknown) => Err(Problem::not_found()),
        Err(ActRefused::Database(error)) => Err(error.into()),
    }
}

/// Sets the gauge `parked_messages` until shutdown.
pub(crate) async fn count(pool: Pool, gauge: Parked, shutdown: CancellationToken) {
    while !shutdown.is_cancelled() {
        // A database that is away says so elsewhere; the last count stands until it is back.
        if let Ok(counts) = parking::counts(&pool).await {
            gauge.counted(counts.person, counts.retried);
        }
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = tokio::time::sleep(COUNTED_EVERY) => {}
        }
    }
}
