//! What became of a drill: for whoever holds drills and otherwise reads no cases.

use access::Action;
use axum::Json;
use axum::extract::State;
use bootstrap::Bearer;
use bootstrap::door::{Path, Problem};
use ids::{ReportId, TenantId};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::core::news::Detail;
use crate::handle::Room;
use crate::store;
use crate::store::lines::DrillLine;

/// Lines of one drill at most; a plan has fewer than twenty orders, each with a handful.
const LINES_MAX: i64 = 500;

/// A drill's report and what followed, as far as it was heard.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DrillDocument {
    report_id: Uuid,
    /// The case it opened; absent while there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    case_id: Option<Uuid>,
    /// In the order of their times.
    lines: Vec<DrillLineView>,
}

/// One event.
#[derive(Debug, Serialize, ToSchema)]
struct DrillLineView {
    /// `<service>.<entity>.<event>`
    #[serde(rename = "type")]
    kind: String,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// Of orders and deliveries.
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    detail: Detail,
}

/// 演练结果 / What became of a drill. A report that is none, and one that is not heard of yet, are not found.
#[utoipa::path(get, path = "/console/v1/streets/{street}/drills/{report_id}", tag = "drills",
    params(("street" = String, Path, description = "街道代码 / 12 digits"), ("report_id" = Uuid, Path)),
    responses((status = 200, body = DrillDocument), Problem))]
pub(super) async fn read(
    State(room): State<Room>,
    Bearer(who): Bearer,
    Path((street, report_id)): Path<(TenantId, ReportId)>,
) -> Result<Json<DrillDocument>, Problem> {
    let admitted = room.house.admit(&who, Action::ReportDrill, street)?;
    let report_id = report_id.as_uuid();
    let mut tx = room.house.pool.begin(admitted.scope()).await?;
    let lines = store::lines::of_drill(&mut tx, street, report_id, LINES_MAX).await?;
    tx.commit().await?;
    if lines.is_empty() {
        return Err(Problem::not_found());
    }
    let case_id = lines.iter().find_map(|line| line.case_id);
    let view =
        |DrillLine { event_type, at, body, detail, .. }| DrillLineView { kind: event_type, at, body, detail };
    Ok(Json(DrillDocument { report_id, case_id, lines: lines.into_iter().map(view).collect() }))
}
