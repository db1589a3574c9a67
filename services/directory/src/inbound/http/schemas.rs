//! `GET /directory/v1/schemas/{kind}`: what a manifest may say, for editors and for whoever writes one by program.

use axum::Json;
use bootstrap::Bearer;
use bootstrap::door::{Path, Problem};
use contract::document::Kind;
use contract::document::schema;
use serde_json::Value;

/// The JSON Schema of a kind of manifest. It is the same for everybody who has a token.
#[utoipa::path(
    get,
    path = "/directory/v1/schemas/{kind}",
    params(("kind" = String, Path, description = "district 或 street / district or street")),
    responses((status = 200, content_type = "application/json", body = Object), Problem),
)]
pub(crate) async fn schema(_: Bearer, Path(kind): Path<Kind>) -> Result<Json<Value>, Problem> {
    Ok(Json(schema::of(kind)))
}
