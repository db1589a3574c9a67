//! The HTTP door: `/dispatch/v1/…` (D18, D52), and the page of links.
//!
//! Reading: a row the caller may not see and one that does not exist get the same 404. Changing: one
//! `Idempotency-Key` a change, `If-Match` with a version for those who insist on what they saw.

mod bearer;
mod bulk;
mod calendars;
mod cases;
mod change;
mod clocks;
mod deeds;
mod links;
mod orders;
mod page;
mod refusals;
mod rulings;
mod visits;

use axum::Router;
use axum::routing::{get, post};
use bootstrap::door::Problem;
use bootstrap::door::accept::json_only;
use utoipa::OpenApi;

use crate::handle::Room;

pub(crate) use bearer::{Knock, LinkActBody, acted, admitted as knocked, opened};
pub(crate) use calendars::{CalendarView, ReplanBody, ReplanQuery, looked_at, moved, published};
pub(crate) use cases::{CaseBody, VerifyResult, act as act_on_case, shown as show_case};
pub(crate) use change::Change;
pub(crate) use clocks::{unfolded, unfolded_case};
pub(crate) use deeds::{ActBody, admitted, deed};
pub(crate) use links::{LinkBody, give_out, listed as list_links, take_back};
pub(crate) use orders::{ListQuery, everywhere, page as list_page};
pub(crate) use rulings::{RulingsQuery, looked_up as list_rulings};
pub(crate) use visits::{SignBody, VisitBody, put_down as record_visit, put_hand_to as sign_visit};

/// The routes. Custom verbs share a segment with the id, so reading and acting meet in `{target}`.
pub(crate) fn routes(room: Room) -> Router {
    let routes = Router::new()
        .route("/dispatch/v1/orders", get(orders::list_everywhere))
        .route("/dispatch/v1/streets/{street}/orders", get(orders::list))
        .route("/dispatch/v1/streets/{street}/orders:act", post(bulk::act))
        .route("/dispatch/v1/streets/{street}/orders/{target}", get(orders::read).post(orders::act))
        .route("/dispatch/v1/streets/{street}/cases/{target}", get(cases::read).post(cases::change))
        .route("/dispatch/v1/streets/{street}/orders/{target}/links", get(links::list).post(links::issue))
        .route("/dispatch/v1/streets/{street}/orders/{target}/clocks", get(clocks::read))
        .route("/dispatch/v1/streets/{street}/cases/{target}/clocks", get(clocks::read_case))
        .route("/dispatch/v1/streets/{street}/links/{target}", post(links::revoke))
        .route("/dispatch/v1/streets/{street}/orders/{target}/visits/{visit}", post(visits::sign))
        .route("/dispatch/v1/streets/{street}/cases/{target}/visits", post(visits::record))
        .route("/dispatch/v1/links:open", post(bearer::open))
        .route("/dispatch/v1/links:act", post(bearer::act))
        .route("/dispatch/v1/streets/{street}/rulings", get(rulings::list))
        .route("/dispatch/v1/streets/{street}/calendars", get(calendars::list))
        .route("/dispatch/v1/streets/{street}/calendars:replan", get(calendars::look).post(calendars::apply))
        .with_state(room);
    json_only(routes).merge(page::routes())
}

#[derive(OpenApi)]
#[openapi(paths(
    orders::list_everywhere,
    orders::list,
    orders::read,
    orders::act,
    bulk::act,
    clocks::read,
    clocks::read_case,
    links::issue,
    links::list,
    links::revoke,
    bearer::open,
    bearer::act,
    visits::record,
    visits::sign,
    rulings::list,
    calendars::list,
    calendars::look,
    calendars::apply,
    cases::read,
    cases::verify,
    cases::cancel,
    cases::whistle
))]
struct Description;

/// The description of [`routes`].
pub(crate) fn openapi() -> utoipa::openapi::OpenApi {
    let mut description = Description::openapi();
    let components = description.components.get_or_insert_default();
    components.schemas.extend(Problem::schemas());
    description
}
