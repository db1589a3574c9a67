//! One page: a case with its orders, limits and timeline. A static shell (D55): it holds no data and no secret; its
//! script asks the doors with the reader's token, so it is served to anybody, for any case.

use axum::Router;
use axum::http::{HeaderName, HeaderValue, header};
use axum::routing::get;
use bootstrap::door::{Path, Problem};
use ids::{CaseId, TenantId};

const HTML: &str = include_str!("../page/case.html");
const SCRIPT: &str = include_str!("../page/app.js");
const STYLE: &str = include_str!("../page/app.css");

/// Only our own script, style and doors; no frames, no forms, nothing from elsewhere, nothing inline.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

type Served = ([(HeaderName, HeaderValue); 5], &'static str);

/// The page and what it loads.
pub(super) fn routes() -> Router {
    Router::new()
        .route("/console/cases/{street}/{id}", get(case))
        .route("/console/app.js", get(async || served("text/javascript; charset=utf-8", SCRIPT)))
        .route("/console/app.css", get(async || served("text/css; charset=utf-8", STYLE)))
}

async fn case(Path(_): Path<(TenantId, CaseId)>) -> Result<Served, Problem> {
    Ok(served("text/html; charset=utf-8", HTML))
}

fn served(content_type: &'static str, text: &'static str) -> Served {
    let headers = [
        (header::CONTENT_TYPE, content_type),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers.map(|(name, value)| (name, HeaderValue::from_static(value))), text)
}
