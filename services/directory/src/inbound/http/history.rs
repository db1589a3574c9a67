//! `GET /directory/v1/streets/{code}/history`: who applied what, and when.

use access::Action;
use axum::Json;
use axum::extract::State;
use bootstrap::door::{Path, Problem, Query};
use bootstrap::{Bearer, Identity};
use ids::TenantId;
use pg::TenantScope;
use serde::Serialize;
use utoipa::ToSchema;

use super::pages::{Page, next};
use crate::inbound::Desk;
use crate::store;

/// Applied generations, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct History {
    /// The entries.
    pub entries: Vec<HistoryEntry>,
    /// For `before`, to read on; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<i64>,
}

/// One applied manifest.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HistoryEntry {
    /// Its generation.
    pub generation: i64,
    /// Who applied it.
    pub actor: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: jiff::Timestamp,
    /// Hash of its bytes, in hex.
    pub sha256: String,
    /// How many bytes.
    pub bytes: i32,
    /// Of a rollback: the generation whose manifest was applied anew.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub of_generation: Option<i64>,
}

/// Who applied what, and when.
#[utoipa::path(
    get,
    path = "/directory/v1/streets/{code}/history",
    params(("code" = String, Path, description = "12 位代码 / 12 digits"), Page),
    responses((status = 200, body = History), Problem),
)]
pub(crate) async fn history(
    State(desk): State<Desk>,
    Bearer(who): Bearer,
    Path(tenant): Path<TenantId>,
    Query(page): Query<Page>,
) -> Result<Json<History>, Problem> {
    listed(&desk, &who, tenant, page).await.map(Json)
}

/// A page of the history, for either door.
pub(crate) async fn listed(
    desk: &Desk,
    who: &Identity,
    tenant: TenantId,
    page: Page,
) -> Result<History, Problem> {
    desk.admit(who, Action::DocumentRead, tenant, None)?;
    let limit = page.limit()?;
    let mut tx = desk.house.pool.begin(TenantScope::of_principal([tenant])).await?;
    if let Some(before) = page.before
        && !store::manifests::has(&mut tx, tenant, before).await?
    {
        return Err(Problem::bad_cursor());
    }
    let found = store::manifests::history(&mut tx, tenant, page.below(), i64::from(limit)).await?;
    tx.commit().await?;
    let next = next(&found, limit, |entry| entry.generation);
    let entries = found.into_iter().map(|entry| HistoryEntry {
        generation: entry.generation,
        actor: entry.actor,
        at: entry.at.to_jiff(),
        sha256: entry.sha256,
        bytes: entry.manifest_bytes,
        of_generation: entry.of_generation,
    });
    Ok(History { entries: entries.collect(), next })
}
