//! `GET /directory/v1/streets/{code}/documents/{part}` and `…/history`. The code may be a district's (D18).

use access::Action;
use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use bootstrap::door::{Fault, Path, Problem, Query};
use bootstrap::{Bearer, Identity};
use contract::document::Part;
use ids::TenantId;
use pg::TenantScope;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::inbound::Desk;
use crate::store;
use crate::store::documents::Stored;

/// Most entries of one page.
const LIMIT_MAX: u32 = 200;
const LIMIT_DEFAULT: u32 = 50;

/// The newest document of a tenant, as every service receives it.
#[utoipa::path(
    get,
    path = "/directory/v1/streets/{code}/documents/{part}",
    params(
        ("code" = String, Path, description = "12 位代码 / 12 digits"),
        ("part" = String, Path, description = "core 或 people / core or people"),
    ),
    responses((status = 200, content_type = "application/json", body = Object), Problem),
)]
pub(crate) async fn document(
    State(desk): State<Desk>,
    Bearer(who): Bearer,
    Path((tenant, part)): Path<(TenantId, Part)>,
) -> Result<Response, Problem> {
    let stored = newest(&desk, &who, tenant, part).await?;
    let headers = [
        (header::CONTENT_TYPE, "application/json".to_owned()),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (header::ETAG, format!("\"{}\"", stored.generation)),
    ];
    Ok((headers, stored.body).into_response())
}

/// The newest document of a tenant, for either door.
pub(crate) async fn newest(
    desk: &Desk,
    who: &Identity,
    tenant: TenantId,
    part: Part,
) -> Result<Stored, Problem> {
    desk.admit(who, Action::DocumentRead, tenant, None)?;
    let mut tx = desk.house.pool.begin(TenantScope::of_principal([tenant])).await?;
    let found = store::documents::one(&mut tx, tenant, part).await?;
    tx.commit().await?;
    found.ok_or_else(Problem::not_found)
}

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Page {
    /// `next` of the page before: only generations below it.
    before: Option<i64>,
    /// 1 to 200; 50 unless told.
    limit: Option<u32>,
}

/// Applied generations, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct History {
    /// The entries.
    entries: Vec<HistoryEntry>,
    /// For `before`, to read on; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<i64>,
}

/// One applied manifest.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HistoryEntry {
    /// Its generation.
    generation: i64,
    /// Who applied it.
    actor: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    at: jiff::Timestamp,
    /// Hash of its bytes, in hex.
    sha256: String,
    /// How many bytes.
    bytes: i32,
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
    desk.admit(&who, Action::DocumentRead, tenant, None)?;
    let limit = page.limit.unwrap_or(LIMIT_DEFAULT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        let detail = format!("limit 须为 1 至 {LIMIT_MAX} / limit must be 1 to {LIMIT_MAX}");
        return Err(Problem::validation_failed([Fault::new("", "limit-out-of-range", detail)]));
    }
    let mut tx = desk.house.pool.begin(TenantScope::of_principal([tenant])).await?;
    if let Some(before) = page.before
        && !store::manifests::has(&mut tx, tenant, before).await?
    {
        return Err(Problem::bad_cursor());
    }
    let before = page.before.unwrap_or(i64::MAX);
    let found = store::manifests::history(&mut tx, tenant, before, i64::from(limit)).await?;
    tx.commit().await?;
    let next = found.last().map(|entry| entry.generation).filter(|_| found.len() == limit as usize);
    let entries = found.into_iter().map(|entry| HistoryEntry {
        generation: entry.generation,
        actor: entry.actor,
        at: entry.at.to_jiff(),
        sha256: entry.sha256,
        bytes: entry.manifest_bytes,
    });
    Ok(Json(History { entries: entries.collect(), next }))
}
