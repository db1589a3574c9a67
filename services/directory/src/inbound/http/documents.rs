//! `GET /directory/v1/streets/{code}/documents/{part}`. The code may be a district's (D18).

use access::Action;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use bootstrap::door::{Path, Problem};
use bootstrap::{Bearer, Identity};
use contract::document::Part;
use ids::TenantId;
use pg::TenantScope;

use crate::inbound::Desk;
use crate::store;
use crate::store::documents::Stored;

/// The newest document of a tenant, as every service receives it.
#[utoipa::path(
    get,
    path = "/directory/v1/streets/{code}/documents/{part}",
    params(
        ("code" = String, Path, description = "12 位代码 / 12 digits"),
        ("part" = String, Path, description = "core、territory、people 或 classifier / core, territory, people or classifier"),
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
