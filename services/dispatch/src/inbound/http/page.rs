//! The page a link opens: a static shell (D55), served to anybody. What opens the order stands behind the `#`, which no
//! browser sends; the page's script puts it into the body of a POST.
//!
//! It is served here and not by the console because it asks the doors of this service: one origin wherever it runs.

use axum::Router;
use axum::routing::get;
use bootstrap::door::page::{html, script, style};

const HTML: &str = include_str!("../page/link.html");
const SCRIPT: &str = include_str!("../page/link.js");
const STYLE: &str = include_str!("../page/link.css");

/// The page and what it loads.
pub(super) fn routes() -> Router {
    Router::new()
        .route("/dispatch/link", get(async || html(HTML)))
        .route("/dispatch/link.js", get(async || script(SCRIPT)))
        .route("/dispatch/link.css", get(async || style(STYLE)))
}
