//! The HTTP door under `/directory/v1/…`.

mod apply;
mod documents;

use axum::Router;
use bootstrap::door::Problem;
use bootstrap::door::accept::json_only;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Desk;

pub(crate) use apply::applied;
pub(crate) use documents::newest;

/// The routes and their description.
pub(crate) fn door(desk: Desk) -> (Router, utoipa::openapi::OpenApi) {
    let (routes, mut openapi) = OpenApiRouter::new()
        .routes(routes!(apply::apply))
        .routes(routes!(documents::document))
        .routes(routes!(documents::history))
        .split_for_parts();
    openapi.components.get_or_insert_default().schemas.extend(Problem::schemas());
    (json_only(routes).with_state(desk), openapi)
}
