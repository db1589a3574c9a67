//! The HTTP door: `/console/v1/…` (D18, D52), and one page under `/console/`.
//!
//! A row the caller may not see and one that does not exist get the same 404.

mod accept;
mod cases;
mod drills;
mod live;
mod page;
mod readers;
mod timeline;
mod tracking;
mod views;

use access::Action;
use axum::Router;
use bootstrap::door::accept::json_only;
use bootstrap::door::{Fault, Problem};
use bootstrap::{Admitted, Identity};
use contract::document::Name;
use ids::TenantId;
use jiff::Timestamp;
use snapshot::View;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::handle::Room;
use crate::store::lines::Sight;
use crate::tenants::Names;
use views::Heir;

/// Rows of a page at most, and unless told.
const LIMIT_MAX: u32 = 200;
const LIMIT: u32 = 50;

/// The routes and their description.
pub(crate) fn routes(room: Room) -> (Router, OpenApi) {
    let json = OpenApiRouter::new()
        .routes(routes!(cases::list))
        .routes(routes!(cases::read))
        .routes(routes!(readers::read))
        .routes(routes!(timeline::read))
        .routes(routes!(drills::read))
        .routes(routes!(tracking::follow));
    let (json, mut openapi) = json.with_state(room.clone()).split_for_parts();
    let streams = OpenApiRouter::new().routes(routes!(live::watch));
    let (streams, of_streams) = streams.with_state(room).split_for_parts();
    openapi.merge(of_streams);
    openapi.components.get_or_insert_default().schemas.extend(Problem::schemas());
    (json_only(json).merge(streams).merge(page::routes()), openapi)
}

/// A limit within its bounds.
fn limit(asked: Option<u32>) -> Result<i64, Problem> {
    let limit = asked.unwrap_or(LIMIT);
    if (1..=LIMIT_MAX).contains(&limit) {
        return Ok(limit.into());
    }
    let fault = Fault::new("/limit", "out-of-range", "须为 1 至 200 / must be 1 to 200");
    Err(Problem::validation_failed([fault]))
}

/// A cursor within what was given out. Another one is forged, or from before a restore.
fn cursor(asked: i64, last: i64) -> Result<i64, Problem> {
    if (0..=last).contains(&asked) { Ok(asked) } else { Err(Problem::bad_cursor()) }
}

/// Which lines the caller sees: lines about orders and deliveries need the right to read those.
fn sight(room: &Room, who: &Identity, admitted: &Admitted) -> Sight {
    let rows_of = |action| match room.house.admit(who, action, admitted.tenant) {
        Ok(admitted) => admitted.bodies.bodies(),
        Err(_) => Some(Vec::new()),
    };
    Sight {
        cases: admitted.bodies.bodies(),
        orders: rows_of(Action::OrderRead),
        deliveries: rows_of(Action::DeliveryRead),
    }
}

/// What the bodies of a street are called.
#[derive(Clone, Copy)]
struct Called<'a>(&'a View<Names>, TenantId);

impl Called<'_> {
    /// The name of a body in Chinese and English; empty for one the documents do not know.
    fn of(&self, body: Option<&str>) -> (Option<String>, Option<String>) {
        let name = || self.0.street(self.1)?.of.of(body?);
        name().map(|Name { zh, en }| (zh, en)).unzip()
    }

    /// Who has taken a body's place since.
    fn successor(&self, body: &str, item: Option<&str>, now: Timestamp) -> Option<Heir> {
        let body = self.0.street(self.1)?.of.successor(body, item, now)?.to_string();
        let (zh, en) = self.of(Some(&body));
        Some(Heir { body, zh, en })
    }
}
