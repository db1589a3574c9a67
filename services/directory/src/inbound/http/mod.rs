//! The HTTP door under `/directory/v1/…`.

mod apply;
mod classifier;
mod documents;
mod generations;
mod history;
mod offboard;
mod pages;
mod plan;
mod publish;
mod removals;
mod rollback;
mod rotas;
mod schemas;
mod verbs;

use axum::Router;
use axum::routing::{get, post};
use bootstrap::door::Problem;
use bootstrap::door::accept::{json_only, yaml_only};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Desk;

pub(crate) use apply::applied;
pub(crate) use documents::newest;
pub(crate) use generations::manifest;
pub(crate) use history::{HistoryEntry, listed};
pub(crate) use offboard::{OffboardBody, offboarded};
pub(crate) use pages::Page;
pub(crate) use plan::{ChangeBody, FindingBody, TextBody, planned};
pub(crate) use rollback::rolled_back;

/// The router knows no patterns inside a segment, so the address of a verb is described apart from its route (D18).
#[derive(OpenApi)]
#[openapi(paths(
    rollback::rollback,
    offboard::offboard,
    offboard::settle_removal,
    publish::publish_classifier,
    publish::withdraw_classifier,
    rotas::on_duty,
    rotas::exported
))]
struct Verbs;

/// The routes and their description.
pub(crate) fn door(desk: Desk) -> (Router, utoipa::openapi::OpenApi) {
    let (routes, mut openapi) = OpenApiRouter::new()
        .routes(routes!(apply::apply))
        .routes(routes!(plan::plan))
        .routes(routes!(documents::document))
        .routes(routes!(history::history))
        .routes(routes!(removals::removals))
        .routes(routes!(classifier::classifier))
        .routes(routes!(classifier::classifier_history))
        .routes(routes!(schemas::schema))
        .split_for_parts();
    let routes = routes.route("/directory/v1/streets/{target}", post(verbs::act));
    let (manifests, described) =
        OpenApiRouter::new().routes(routes!(generations::generation)).split_for_parts();
    // A person takes JSON, a calendar `text/calendar`: each address answers one type, whatever is asked for.
    let rotas = Router::new().route("/directory/v1/streets/{code}/rotas/{target}", get(rotas::read));
    openapi.merge(Verbs::openapi());
    openapi.merge(described);
    openapi.components.get_or_insert_default().schemas.extend(Problem::schemas());
    (json_only(routes).merge(yaml_only(manifests)).merge(rotas).with_state(desk), openapi)
}
