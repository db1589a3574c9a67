//! `GET /directory/v1/streets/{code}/generations/{generation}`: what was applied, byte for byte.

use access::Action;
use axum::extract::State;
use axum::http::{HeaderName, header};
use bootstrap::door::{Path, Problem};
use bootstrap::{Bearer, Identity};
use ids::TenantId;
use pg::TenantScope;

use crate::inbound::Desk;
use crate::store;

/// The manifest of a generation as it was handed in.
#[utoipa::path(
    get,
    path = "/directory/v1/streets/{code}/generations/{generation}",
    params(
        ("code" = String, Path, description = "12 位代码 / 12 digits"),
        ("generation" = u64, Path, description = "代次 / generation"),
    ),
    responses((status = 200, content_type = "application/yaml", body = Object), Problem),
)]
pub(crate) async fn generation(
    State(desk): State<Desk>,
    Bearer(who): Bearer,
    Path((tenant, generation)): Path<(TenantId, u64)>,
) -> Result<([(HeaderName, String); 3], Vec<u8>), Problem> {
    let manifest = manifest(&desk, &who, tenant, generation).await?;
    let headers = [
        (header::CONTENT_TYPE, "application/yaml".to_owned()),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (header::ETAG, format!("\"{generation}\"")),
    ];
    Ok((headers, manifest))
}

/// The manifest of a generation, for either door.
pub(crate) async fn manifest(
    desk: &Desk,
    who: &Identity,
    tenant: TenantId,
    generation: u64,
) -> Result<Vec<u8>, Problem> {
    desk.admit(who, Action::DocumentRead, tenant, None)?;
    kept(desk, tenant, generation).await
}

/// The same for a caller who has been admitted. What is kept never changes, so a transaction of its own is enough.
pub(super) async fn kept(desk: &Desk, tenant: TenantId, generation: u64) -> Result<Vec<u8>, Problem> {
    let generation = i64::try_from(generation).map_err(|_| Problem::not_found())?;
    let mut tx = desk.house.pool.begin(TenantScope::of_principal([tenant])).await?;
    let found = store::manifests::one(&mut tx, tenant, generation).await?;
    tx.commit().await?;
    found.ok_or_else(Problem::not_found)
}
