//! `GET /directory/v1/streets/{code}/removals`: the deletion log of a district.

use access::Action;
use axum::Json;
use axum::extract::State;
use bootstrap::door::{Fault, Path, Problem, Query};
use bootstrap::{Bearer, Identity};
use ids::TenantId;
use pg::TenantScope;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::inbound::Desk;
use crate::store;
use crate::store::removals::Entry;

/// Most entries of one page.
const LIMIT_MAX: u32 = 200;
const LIMIT_DEFAULT: u32 = 50;

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RemovalsPage {
    /// `next` of the page before.
    pub before: Option<i64>,
    /// 1 to 200; 50 unless told.
    pub limit: Option<u32>,
}

/// Removed streets, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Removals {
    /// The entries.
    pub removals: Vec<RemovalEntry>,
    /// For `before`, to read on; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<i64>,
}

/// One removed street.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RemovalEntry {
    /// Its code.
    pub tenant: String,
    /// Of the tombstone.
    pub generation: i64,
    /// Who removed it.
    pub actor: String,
    /// Why.
    pub reason: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: jiff::Timestamp,
    /// When every service had said that nothing is left; absent until then.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settled_at: Option<jiff::Timestamp>,
    /// Who reported that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settled_by: Option<String>,
    /// What each service removed.
    #[schema(value_type = Option<Object>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub report: Option<serde_json::Value>,
}

impl RemovalEntry {
    pub(super) fn of(entry: Entry) -> Result<Self, Problem> {
        let tenant = TenantId::from_i64(entry.removed_id)
            .map_err(|_| pg::Error::impossible_row("directory.removal_log.removed_id"))?;
        Ok(Self {
            tenant: tenant.to_string(),
            generation: entry.generation,
            actor: entry.actor,
            reason: entry.reason,
            at: entry.at.to_jiff(),
            settled_at: entry.settled_at.map(|at| at.to_jiff()),
            settled_by: entry.settled_by,
            report: entry.report,
        })
    }
}

/// Streets of a district that were removed (注销记录): who, when, why and how much.
#[utoipa::path(
    get,
    path = "/directory/v1/streets/{code}/removals",
    params(("code" = String, Path, description = "区的 12 位代码 / 12 digits of a district"), RemovalsPage),
    responses((status = 200, body = Removals), Problem),
)]
pub(crate) async fn removals(
    State(desk): State<Desk>,
    Bearer(who): Bearer,
    Path(district): Path<TenantId>,
    Query(page): Query<RemovalsPage>,
) -> Result<Json<Removals>, Problem> {
    listed(&desk, &who, district, page).await.map(Json)
}

async fn listed(
    desk: &Desk,
    who: &Identity,
    district: TenantId,
    page: RemovalsPage,
) -> Result<Removals, Problem> {
    desk.admit(who, Action::RemovalRead, district, None)?;
    let limit = page.limit.unwrap_or(LIMIT_DEFAULT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        let detail = format!("limit 须为 1 至 {LIMIT_MAX} / limit must be 1 to {LIMIT_MAX}");
        return Err(Problem::validation_failed([Fault::new("", "limit-out-of-range", detail)]));
    }
    let mut tx = desk.house.pool.begin(TenantScope::of_principal([district])).await?;
    let before = page.before.unwrap_or(i64::MAX);
    let found = store::removals::listed(&mut tx, district, before, i64::from(limit)).await?;
    tx.commit().await?;
    let next = found.last().map(|entry| entry.n).filter(|_| found.len() == limit as usize);
    let removals = found.into_iter().map(RemovalEntry::of).collect::<Result<_, _>>()?;
    Ok(Removals { removals, next })
}
