//! What a redrawn territory would do to open cases, before it is applied. Whoever may read the street's documents may ask:
//! the answer names numbers of cases and codes of places, nothing of what a case says.

use std::sync::Arc;

use access::Action;
use axum::Json;
use axum::extract::State;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bootstrap::Bearer;
use bootstrap::door::{Fault, Path, Problem, StrictJson};
use contract::document::{Document, DocumentBody, Territory};
use ids::TenantId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::handle::Room;
use crate::handle::rehome::{self, Move, Simulated, Unsimulated};
use crate::tenants::Placed;

/// A territory that is not applied yet.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RedrawForm {
    /// `territory_document` of the directory's plan, as it came: the document, in base64.
    territory_document: String,
}

/// What it would do to the street's open cases. Orders stay with who holds them.
#[derive(Serialize, ToSchema)]
pub(super) struct RedrawDocument {
    /// Open cases.
    open: usize,
    /// How many of them would lie in another community or grid.
    moved: usize,
    /// How many of these would lie outside of the street.
    outside: usize,
    /// Those that would move; at most 500, `moved` counts all.
    cases: Vec<MoveDocument>,
}

/// One case that would move.
#[derive(Serialize, ToSchema)]
struct MoveDocument {
    case_id: Uuid,
    /// The number people see.
    #[schema(example = "990102001-261123-0042")]
    case_no: String,
    /// Where it lies now.
    from: PlacedDocument,
    /// Where it would lie; absent outside of the street.
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<PlacedDocument>,
}

/// Community and grid by code; absent where none is drawn.
#[derive(Serialize, ToSchema)]
struct PlacedDocument {
    #[serde(skip_serializing_if = "Option::is_none")]
    community: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    grid: Option<String>,
}

/// 辖区调整预演 / What a redrawn territory would do to the open cases. Changes nothing.
#[utoipa::path(
    post,
    path = "/triage/v1/streets/{street}/territory:redraw",
    tag = "territory",
    params(("street" = String, Path, description = "街道代码 / the street's code, 12 digits")),
    request_body = RedrawForm,
    responses((status = 200, body = RedrawDocument), Problem),
)]
pub(super) async fn redraw(
    State(room): State<Arc<Room>>,
    Bearer(who): Bearer,
    Path(street): Path<TenantId>,
    StrictJson(form): StrictJson<RedrawForm>,
) -> Result<Json<RedrawDocument>, Problem> {
    let admitted = room.house.admit(&who, Action::DocumentRead, street)?;
    let territory = read(&form.territory_document, street)?;
    match rehome::simulate(&room, admitted.scope(), street, &territory).await {
        Ok(simulated) => Ok(Json(document(simulated))),
        Err(Unsimulated::Faulty(what)) => Err(faulty(&what)),
        Err(Unsimulated::Failed(error)) => Err(error.into()),
    }
}

fn read(text: &str, street: TenantId) -> Result<Territory, Problem> {
    let bytes = STANDARD.decode(text).map_err(|_| faulty("no base64"))?;
    let document = Document::decode(&bytes).map_err(|_| faulty("no tenant document"))?;
    match document.body {
        DocumentBody::Territory(territory)
            if document.header.tenant == street && territory.code == street =>
        {
            Ok(*territory)
        }
        _ => Err(faulty("not this street's territory")),
    }
}

fn faulty(what: &str) -> Problem {
    let detail = format!("不是该街道的辖区文件 / not a territory of this street: {what}");
    Problem::validation_failed([Fault::new("/territory_document", "geometry-invalid", detail)])
}

fn document(simulated: Simulated) -> RedrawDocument {
    let Simulated { open, moved, outside, named } = simulated;
    let case = |Move { case_no, case_id, from, to }| MoveDocument {
        case_id,
        case_no,
        from: placed(from),
        to: to.map(placed),
    };
    RedrawDocument { open, moved, outside, cases: named.into_iter().map(case).collect() }
}

fn placed(placed: Placed) -> PlacedDocument {
    PlacedDocument { community: placed.community.map(|code| code.to_string()), grid: placed.grid }
}
