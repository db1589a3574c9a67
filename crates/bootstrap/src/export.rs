//! `GET /{service}/v1/export/{code}/{table}`: a street's rows, table by table, for taking it out whole. The same in
//! every service; which tables there are says `contract::topology::EXPORTED`, in open formats.
//!
//! Row security holds as everywhere. Sealed fields stay: nobody reads a contact but through its own door, with a purpose.

use std::sync::Arc;

use access::{Action, Resource};
use axum::extract::State;
use axum::{Json, Router};
use contract::topology;
use ids::TenantId;
use pg::Pool;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use snapshot::export;
use utoipa::openapi::OpenApi;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::door::accept::json_only;
use crate::door::{Fault, Path, Problem, Query};
use crate::house::House;
use crate::identity::{Bearer, Identity};

/// Rows of a page at most, and unless told.
const LIMIT_MAX: u16 = 500;
const LIMIT: u16 = 200;

type May = dyn Fn(&Identity, TenantId) -> Result<(), Problem> + Send + Sync;

struct Desk {
    service: &'static str,
    pool: Pool,
    may: Box<May>,
}

/// The route and its description.
pub(crate) fn routes<S: Send + Sync + 'static>(service: &'static str, house: &House<S>) -> (Router, OpenApi) {
    let snapshot = house.snapshot.clone();
    let may = Box::new(move |who: &Identity, tenant: TenantId| {
        let view = snapshot.view();
        let district = view.district_of(tenant).ok_or_else(Problem::not_found)?;
        let principal = view.membership().principal(&who.subject);
        principal.may(Action::TenantExport, &Resource::of(tenant, district))?;
        Ok(())
    });
    let desk = Desk { service, pool: house.pool.clone(), may };
    let doors = OpenApiRouter::new().routes(routes!(page));
    let under = OpenApiRouter::new().nest(&format!("/{service}"), doors);
    let (routes, openapi) = under.with_state(Arc::new(desk)).split_for_parts();
    (json_only(routes), openapi)
}

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ExportQuery {
    /// `next` of the page before, as it was given out.
    after: Option<String>,
    /// 1 to 500, 200 unless told.
    limit: Option<u16>,
}

/// Rows of one table.
#[derive(Debug, Serialize, ToSchema)]
struct ExportPage {
    /// Columns by name; what is sealed is left out.
    #[schema(value_type = Vec<Object>)]
    rows: Vec<Value>,
    /// For `after`, to read on; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// A page of a street's rows (导出), in the order of their keys.
#[utoipa::path(get, path = "/v1/export/{code}/{table}", tag = "export",
    params(
        ("code" = String, Path, description = "街道代码 / 12 digits"),
        ("table" = String, Path, description = "表名 / one of reports, cases, voices, reviews, orders, stages, deliveries, attempts, timeline"),
        ExportQuery,
    ),
    responses((status = 200, body = ExportPage), Problem))]
async fn page(
    State(desk): State<Arc<Desk>>,
    Bearer(who): Bearer,
    Path((tenant, table)): Path<(TenantId, String)>,
    Query(query): Query<ExportQuery>,
) -> Result<Json<ExportPage>, Problem> {
    (desk.may)(&who, tenant)?;
    let table = topology::exported(desk.service, &table).ok_or_else(Problem::not_found)?;
    let limit = query.limit.unwrap_or(LIMIT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        let detail = format!("须为 1 至 {LIMIT_MAX} / must be 1 to {LIMIT_MAX}");
        return Err(Problem::validation_failed([Fault::new("/limit", "out-of-range", detail)]));
    }
    let after = match query.after {
        None => None,
        Some(text) => Some(serde_json::from_str::<Value>(&text).map_err(|_| Problem::bad_cursor())?),
    };
    let page = export::page(&desk.pool, tenant, table.name, after.as_ref(), limit, table.sealed).await;
    let page = page.map_err(|error| match error.kind() {
        pg::Kind::Data if after.is_some() => Problem::bad_cursor(),
        _ => error.into(),
    })?;
    Ok(Json(ExportPage { rows: page.rows, next: page.next.map(|next| next.to_string()) }))
}
