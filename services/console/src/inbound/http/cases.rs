//! Cases: the list of a street, and one with its orders.

use access::Action;
use axum::Json;
use axum::extract::State;
use bootstrap::Bearer;
use bootstrap::door::{Path, Problem, Query};
use ids::{CaseId, TenantId};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::views::{CasePage, CaseView, CaseWithOrders, OrderView};
use crate::handle::Room;
use crate::store;
use crate::store::cases::Filter;

/// Orders shown with a case at most; a round has fewer than twenty.
const ORDERS_MAX: i64 = 200;

/// Phases of a case.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Phase {
    /// 办理中
    Open,
    /// 待核查
    Submitted,
    /// 核查中
    Verifying,
    /// 已结案
    Closed,
    /// 已取消
    Cancelled,
    /// 方案待审核
    Reviewing,
    /// 不予受理
    Rejected,
    /// 已并入另一案件
    Merged,
}

impl Phase {
    const fn as_str(self) -> &'static str {
        match self {
            Phase::Open => "open",
            Phase::Submitted => "submitted",
            Phase::Verifying => "verifying",
            Phase::Closed => "closed",
            Phase::Cancelled => "cancelled",
            Phase::Reviewing => "reviewing",
            Phase::Rejected => "rejected",
            Phase::Merged => "merged",
        }
    }
}

/// Whose centre gave a matter from above.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Centre {
    /// 街道
    Street,
    /// 区
    District,
}

/// Which cases.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    /// reviewing, open, submitted, verifying, closed, cancelled, rejected or merged.
    #[param(value_type = Option<String>)]
    phase: Option<Phase>,
    /// `next` of the page before.
    before: Option<Uuid>,
    /// 1 to 200, 50 unless told.
    limit: Option<u32>,
    /// Only what a centre gave from above (上级交办): street or district, whose centre.
    #[param(value_type = Option<String>)]
    assigned_by: Option<Centre>,
    /// Drills (演练) instead of what is none.
    drills: Option<bool>,
}

/// 案件列表 / The cases of a street, newest first. A body's user sees those with an order of its body.
#[utoipa::path(get, path = "/console/v1/streets/{street}/cases", tag = "cases",
    params(("street" = String, Path, description = "街道代码 / 12 digits"), ListQuery),
    responses((status = 200, body = CasePage), Problem))]
pub(super) async fn list(
    State(room): State<Room>,
    Bearer(who): Bearer,
    Path(street): Path<TenantId>,
    Query(query): Query<ListQuery>,
) -> Result<Json<CasePage>, Problem> {
    let admitted = room.house.admit(&who, Action::CaseList, street)?;
    let bodies = admitted.bodies.bodies();
    let filter = Filter {
        phase: query.phase.map(Phase::as_str),
        before: query.before,
        bodies: bodies.as_deref(),
        assigned_by: query.assigned_by.map(|centre| match centre {
            Centre::Street => "street",
            Centre::District => "district",
        }),
        drills: query.drills.unwrap_or(false),
        limit: super::limit(query.limit)?,
    };
    let mut tx = room.house.pool.begin(admitted.scope()).await?;
    let cases = store::cases::list(&mut tx, street, &filter).await?;
    tx.commit().await?;
    let full = cases.len() as i64 == filter.limit;
    let next = cases.last().filter(|_| full).map(|last| last.case_id);
    let view = room.house.snapshot.view();
    let names = super::Called(&view, street);
    Ok(Json(CasePage { cases: cases.into_iter().map(|case| CaseView::of(names, case)).collect(), next }))
}

/// 案件 / One case with the orders the caller may read, their limits and verdicts.
#[utoipa::path(get, path = "/console/v1/streets/{street}/cases/{id}", tag = "cases",
    params(("street" = String, Path, description = "街道代码 / 12 digits"), ("id" = Uuid, Path)),
    responses((status = 200, body = CaseWithOrders), Problem))]
pub(super) async fn read(
    State(room): State<Room>,
    Bearer(who): Bearer,
    Path((street, id)): Path<(TenantId, CaseId)>,
) -> Result<Json<CaseWithOrders>, Problem> {
    let admitted = room.house.admit(&who, Action::CaseRead, street)?;
    let order_reader = room.house.admit(&who, Action::OrderRead, street).ok();
    let bodies = admitted.bodies.bodies();
    let mut tx = room.house.pool.begin(admitted.scope()).await?;
    // Shown, nothing is decided by it: a case can be read while the time is in doubt.
    let (reading, _) = room.house.clock.look(&mut tx).await?;
    let case = store::cases::find(&mut tx, street, id, bodies.as_deref()).await?;
    let case = case.ok_or_else(Problem::not_found)?;
    let orders = match order_reader.map(|reader| reader.bodies.bodies()) {
        Some(readable) => {
            store::orders::of_case(&mut tx, street, id, readable.as_deref(), ORDERS_MAX).await?
        }
        None => Vec::new(),
    };
    tx.commit().await?;
    let view = room.house.snapshot.view();
    let names = super::Called(&view, street);
    let item = case.item.as_deref();
    let orders = orders.into_iter().map(|order| OrderView::of(names, order, item, reading.now)).collect();
    Ok(Json(CaseWithOrders { case: CaseView::of(names, case), orders }))
}
