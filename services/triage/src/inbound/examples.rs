//! What people have decided, as labelled examples (标注样本): what a model of the street can learn from. At the review desk, or by
//! re-routing a case to another item.

use std::sync::Arc;

use access::Action;
use axum::Json;
use axum::extract::State;
use bootstrap::Bearer;
use bootstrap::door::{Path, Problem, Query};
use bytes::Bytes;
use ids::TenantId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::desk::limit;
use crate::core::report::Report;
use crate::handle::Room;
use crate::store;
use crate::store::examples::Decided;

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct ListQuery {
    /// 1 to 200; 50 unless told.
    limit: Option<u32>,
    /// `next` of the page before.
    after: Option<Uuid>,
}

/// Decided reports, the first decided first.
#[derive(Serialize, ToSchema)]
pub(super) struct ExampleList {
    examples: Vec<ExampleDocument>,
    /// For `after`, to read on; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<Uuid>,
}

/// One text with what a person found it to be about.
#[derive(Serialize, ToSchema)]
struct ExampleDocument {
    report_id: Uuid,
    /// The reporter's words, byte for byte.
    text: String,
    /// Code of the item.
    #[schema(example = "TRA-01")]
    label: String,
    #[schema(value_type = String, format = DateTime)]
    decided_at: Timestamp,
}

/// 标注样本 / Reports whose item a person has decided, for training a classifier. No drills; no place, no contact.
#[utoipa::path(
    get,
    path = "/triage/v1/streets/{street}/examples",
    tag = "reviews",
    params(("street" = String, Path, description = "街道代码 / the street's code, 12 digits"), ListQuery),
    responses((status = 200, body = ExampleList), Problem),
)]
pub(super) async fn list(
    State(room): State<Arc<Room>>,
    Bearer(who): Bearer,
    Path(street): Path<TenantId>,
    Query(query): Query<ListQuery>,
) -> Result<Json<ExampleList>, Problem> {
    // Whoever decides about the texts may learn from them, and whoever trains for the street.
    let admitted = room.house.admit(&who, Action::ExampleRead, street)?;
    let limit = limit(query.limit)?;
    let mut tx = room.house.pool.begin(admitted.scope()).await?;
    let after = match query.after {
        None => None,
        Some(shown) => {
            let at = store::examples::decided_at(&mut tx, street, shown).await?;
            Some((at.ok_or_else(Problem::bad_cursor)?, shown))
        }
    };
    let decided = store::examples::decided(&mut tx, street, after, i64::from(limit)).await?;
    tx.commit().await?;
    let last = decided.last().map(|example| example.report_id);
    let next = last.filter(|_| decided.len() == limit as usize);
    let examples: Result<_, Problem> = decided.into_iter().map(|decided| document(street, decided)).collect();
    Ok(Json(ExampleList { examples: examples?, next }))
}

fn document(street: TenantId, decided: Decided) -> Result<ExampleDocument, Problem> {
    let report = Report::read(&Bytes::from(decided.report), street);
    let report = report.map_err(|_| Problem::from(pg::Error::impossible_row("triage.reviews.report")))?;
    let Decided { report_id, item: label, decided_at, .. } = decided;
    Ok(ExampleDocument { report_id, text: report.text, label, decided_at: decided_at.to_jiff() })
}
