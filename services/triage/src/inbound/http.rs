//! `/triage/v1/…`.

use std::sync::Arc;

use axum::Router;
use bootstrap::door::Problem;
use bootstrap::door::accept::json_only;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{backtest, cases, examples, explanation, hints, plans, reviews, territory, voices};
use crate::handle::Room;

/// The routes and their description.
pub fn routes(room: Arc<Room>) -> (Router, OpenApi) {
    let router = OpenApiRouter::new()
        .routes(routes!(reviews::list))
        .routes(routes!(reviews::act))
        .routes(routes!(examples::list))
        .routes(routes!(plans::list))
        .routes(routes!(plans::act))
        .routes(routes!(cases::act))
        .routes(routes!(explanation::explain))
        .routes(routes!(voices::list))
        .routes(routes!(hints::near))
        .routes(routes!(territory::redraw))
        .routes(routes!(backtest::backtest));
    let (routes, mut openapi) = router.with_state(room).split_for_parts();
    openapi.components.get_or_insert_default().schemas.extend(Problem::schemas());
    (json_only(routes), openapi)
}
