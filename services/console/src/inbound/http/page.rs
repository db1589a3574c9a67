//! One page: a case with its orders, limits and timeline. A static shell (D55): it holds no data and no secret; its
//! script asks the doors with the reader's token, so it is served to anybody, for any case.

use axum::Router;
use axum::routing::get;
use bootstrap::door::page::{Served, html, script, style};
use bootstrap::door::{Path, Problem};
use ids::{CaseId, TenantId};

const HTML: &str = include_str!("../page/case.html");
const SCRIPT: &str = include_str!("../page/app.js");
const STYLE: &str = include_str!("../page/app.css");

/// The page and what it loads.
pub(super) fn routes() -> Router {
    Router::new()
        .route("/console/cases/{street}/{id}", get(case))
        .route("/console/app.js", get(async || script(SCRIPT)))
        .route("/console/app.css", get(async || style(STYLE)))
}

async fn case(Path(_): Path<(TenantId, CaseId)>) -> Result<Served, Problem> {
    Ok(html(HTML))
}
