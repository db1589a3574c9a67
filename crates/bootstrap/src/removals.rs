//! A tenant was removed: this service deletes all it has of it, and says how far it is.

use std::sync::Arc;
use std::time::Duration;

use access::{Action, Resource, Scope, rights};
use axum::extract::State;
use axum::{Json, Router};
use futures_util::future::{BoxFuture, FutureExt};
use ids::TenantId;
use jiff::Timestamp;
use pg::{Pool, TenantScope};
use serde::Serialize;
use snapshot::Snapshot;
use snapshot::removal::{self, Removal};
use utoipa::ToSchema;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::catch_up::CatchUp;
use crate::door::accept::json_only;
use crate::door::{Path, Problem};
use crate::house::House;
use crate::identity::{Bearer, Identity};

/// Rows of one table in one transaction at most.
const ROWS_MAX: i32 = 5_000;
/// How often it is tried while the relay still has something to publish, and how long apart.
const TRIES: u32 = 40;
const TRY_EVERY: Duration = Duration::from_millis(250);

/// Deletes what is left of removed tenants.
pub(crate) struct Removing(pub Pool);

impl CatchUp for Removing {
    const TASK: &'static str = "removed-tenants";

    fn catch_up(&self) -> BoxFuture<'_, Result<usize, pg::Error>> {
        remove_all(&self.0).boxed()
    }
}

async fn remove_all(pool: &Pool) -> Result<usize, pg::Error> {
    let mut tx = pool.begin(TenantScope::of_claim()).await?;
    let removals = removal::all(&mut tx).await?;
    tx.commit().await?;
    let mut rows = 0;
    for removal in removals {
        rows += remove(pool, removal.tenant).await?;
    }
    Ok(rows)
}

/// A batch of every table at a time. What the relay still holds is waited for a while; the next look goes on.
async fn remove(pool: &Pool, tenant: TenantId) -> Result<usize, pg::Error> {
    let (mut rows, mut tries) = (0, 0);
    while tries < TRIES {
        let mut tx = pool.begin(TenantScope::of_subjects([tenant])).await?;
        let (removed, left) = removal::step(&mut tx, tenant, ROWS_MAX).await?;
        pg::crash::point("removal.before_commit");
        tx.commit().await?;
        rows += removed as usize;
        if !left {
            break;
        }
        if removed == 0 {
            tries += 1;
            tokio::time::sleep(TRY_EVERY).await;
        }
    }
    if rows > 0 {
        tracing::info!(%tenant, rows, "rows of a removed tenant are deleted");
    }
    Ok(rows)
}

type May = dyn Fn(&Identity, TenantId) -> Result<(), Problem> + Send + Sync;

struct Desk {
    pool: Pool,
    may: Box<May>,
    /// Whether documents of a tenant are here.
    knows: Box<dyn Fn(TenantId) -> bool + Send + Sync>,
}

/// The route `/{service}/v1/removals/{code}` and its description.
pub(crate) fn routes<S: Send + Sync + 'static>(service: &'static str, house: &House<S>) -> (Router, OpenApi) {
    let snapshot = house.snapshot.clone();
    let known = house.snapshot.clone();
    let desk = Desk {
        pool: house.pool.clone(),
        may: Box::new(move |who, tenant| may(&snapshot, who, tenant)),
        knows: Box::new(move |tenant| known.view().street(tenant).is_some()),
    };
    let under =
        OpenApiRouter::new().nest(&format!("/{service}"), OpenApiRouter::new().routes(routes!(read_removal)));
    let (routes, openapi) = under.with_state(Arc::new(desk)).split_for_parts();
    (json_only(routes), openapi)
}

/// A tenant that is gone is its district's by its code.
fn may<S>(snapshot: &Snapshot<S>, who: &Identity, tenant: TenantId) -> Result<(), Problem> {
    let principal = snapshot.view().membership().principal(&who.subject);
    let everywhere = principal.grants().iter().any(|grant| {
        matches!(grant.scope(), Scope::Installation) && rights(grant.role()).contains(&Action::TenantOffboard)
    });
    if everywhere {
        return Ok(());
    }
    let district =
        TenantId::from_i64(tenant.as_i64() / 1_000_000 * 1_000_000).map_err(|_| Problem::not_found())?;
    // Whoever may not learns nothing of what was there.
    principal
        .may(Action::TenantOffboard, &Resource::of(tenant, district))
        .map_err(|_| Problem::not_found())?;
    Ok(())
}

/// Whether something of a tenant is here, and how far its removal is.
#[derive(Debug, Serialize, ToSchema)]
struct RemovalView {
    /// The tenant's code.
    tenant: String,
    /// `present`, `removing` or `removed`.
    state: &'static str,
    /// The generation that removed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    generation: Option<u64>,
    /// When this service heard of it.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    heard_at: Option<Timestamp>,
    /// When nothing of it was left.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    removed_at: Option<Timestamp>,
    /// Rows deleted so far.
    rows_removed: u64,
}

impl RemovalView {
    fn present(tenant: TenantId) -> Self {
        Self {
            tenant: tenant.to_string(),
            state: "present",
            generation: None,
            heard_at: None,
            removed_at: None,
            rows_removed: 0,
        }
    }
}

impl From<Removal> for RemovalView {
    fn from(removal: Removal) -> Self {
        Self {
            tenant: removal.tenant.to_string(),
            state: if removal.removed_at.is_some() { "removed" } else { "removing" },
            generation: Some(removal.generation),
            heard_at: Some(removal.heard_at),
            removed_at: removal.removed_at,
            rows_removed: removal.rows_removed,
        }
    }
}

/// How far this service is with the removal of a tenant (注销进度). A tenant nobody knows, or ever knew, is not found.
#[utoipa::path(get, path = "/v1/removals/{code}", tag = "removals",
    params(("code" = String, Path, description = "12 位代码 / 12 digits")),
    responses((status = 200, body = RemovalView), Problem))]
async fn read_removal(
    State(desk): State<Arc<Desk>>,
    Bearer(who): Bearer,
    Path(tenant): Path<TenantId>,
) -> Result<Json<RemovalView>, Problem> {
    (desk.may)(&who, tenant)?;
    let mut tx = desk.pool.begin(TenantScope::of_claim()).await?;
    let removal = removal::of(&mut tx, tenant).await?;
    tx.commit().await?;
    match removal {
        Some(removal) => Ok(Json(removal.into())),
        None if (desk.knows)(tenant) => Ok(Json(RemovalView::present(tenant))),
        None => Err(Problem::not_found()),
    }
}
