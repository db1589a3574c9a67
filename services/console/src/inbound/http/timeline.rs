//! The timeline of a case: what happened, by whom, when, in the order of positions.

use access::Action;
use axum::Json;
use axum::extract::State;
use bootstrap::Bearer;
use bootstrap::door::{Path, Problem, Query};
use ids::{CaseId, TenantId};
use serde::Deserialize;
use utoipa::IntoParams;

use super::views::{EntryView, TimelinePage};
use crate::handle::Room;
use crate::store;

/// Which lines.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct PageQuery {
    /// Only lines after this position.
    after: Option<i64>,
    /// 1 to 200, 50 unless told.
    limit: Option<u32>,
}

/// 事件全程 / What happened in a case. A body's user sees the case's lines and those of its body;
/// lines of orders and of notices need the right to read those.
#[utoipa::path(get, path = "/console/v1/streets/{street}/cases/{id}/timeline", tag = "cases",
    params(("street" = String, Path, description = "街道代码 / 12 digits"), ("id" = Uuid, Path), PageQuery),
    responses((status = 200, body = TimelinePage), Problem))]
pub(super) async fn read(
    State(room): State<Room>,
    Bearer(who): Bearer,
    Path((street, id)): Path<(TenantId, CaseId)>,
    Query(query): Query<PageQuery>,
) -> Result<Json<TimelinePage>, Problem> {
    let admitted = room.house.admit(&who, Action::CaseRead, street)?;
    let (sight, limit) = (super::sight(&room, &who, &admitted), super::limit(query.limit)?);
    let mut tx = room.house.pool.begin(admitted.scope()).await?;
    let case = store::cases::find(&mut tx, street, id, sight.cases.as_deref()).await?;
    case.ok_or_else(Problem::not_found)?;
    let after = super::cursor(query.after.unwrap_or(0), store::positions::last(&mut tx, street).await?)?;
    let entries = store::lines::of_case(&mut tx, street, id, &sight, (after, i64::MAX), limit).await?;
    tx.commit().await?;
    let full = entries.len() as i64 == limit;
    let next = entries.last().filter(|_| full).map(|last| last.position);
    let view = room.house.snapshot.view();
    let names = super::Called(&view, street);
    Ok(Json(TimelinePage {
        entries: entries.into_iter().map(|entry| EntryView::of(names, entry)).collect(),
        next,
    }))
}
