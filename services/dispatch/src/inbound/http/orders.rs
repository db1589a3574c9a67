//! Orders: lists, one order, what is done with it.

use std::collections::BTreeMap;

use access::{Action, BodyScope};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::Response;
use bootstrap::door::{ActPath, Fault, IdVerb, Path, Problem, Query, ReadPath, StrictJson};
use bootstrap::{Bearer, Identity};
use ids::{CaseId, OrderId, TenantId};
use orders::Phase;
use pg::{ScopedTx, TenantScope};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use super::change::{Change, answered, etag};
use super::deeds::ActBody;
use crate::core::number::CaseNumber;
use crate::core::view::{OrderPage, OrderView};
use crate::handle::Room;
use crate::inbound::asked::{self, Asked, Asking};
use crate::store;
use crate::store::lists::{self, Filter, Reach};

/// Orders on a page at most.
const LIMIT_MAX: u32 = 200;
const LIMIT: u32 = 50;

/// Which orders.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// dispatched, seen, acknowledged, on_site, in_progress, submitted, done, cancelled, returned, transferred or waived.
    #[param(value_type = Option<String>)]
    pub phase: Option<Phase>,
    /// Of one case.
    pub case_id: Option<Uuid>,
    /// Of the case with this number, e.g. 990102001-261123-0042.
    #[param(value_type = Option<String>)]
    pub case_no: Option<CaseNumber>,
    /// `next` of the page before.
    pub before: Option<Uuid>,
    /// 1 to 200, 50 unless told.
    pub limit: Option<u32>,
    /// Drills (演练) instead of what is none; of one case both are shown.
    pub drills: Option<bool>,
}

impl ListQuery {
    fn filter(&self) -> Result<Filter, Problem> {
        let limit = self.limit.unwrap_or(LIMIT);
        if !(1..=LIMIT_MAX).contains(&limit) {
            let fault = Fault::new("/limit", "out-of-range", "须为 1 至 200 / must be 1 to 200");
            return Err(Problem::validation_failed([fault]));
        }
        let of_one_case = self.case_id.is_some() || self.case_no.is_some();
        Ok(Filter {
            phase: self.phase,
            case_id: self.case_id.map(CaseId),
            before: self.before.map(OrderId),
            drills: self.drills.or((!of_one_case).then_some(false)),
            limit: limit.into(),
        })
    }
}

/// The orders a caller may see in any street.
#[utoipa::path(get, path = "/dispatch/v1/orders", params(ListQuery),
    responses((status = 200, body = OrderPage), Problem))]
pub(super) async fn list_everywhere(
    State(room): State<Room>,
    Bearer(who): Bearer,
    Query(query): Query<ListQuery>,
) -> Result<Json<OrderPage>, Problem> {
    page(&room, &everywhere(&room, &who), &query).await.map(Json)
}

/// Every street in which a caller sees orders, with whose it sees there.
pub(crate) fn everywhere(room: &Room, who: &Identity) -> BTreeMap<TenantId, BodyScope> {
    let view = room.house.snapshot.view();
    let principal = view.membership().principal(&who.subject);
    let territory = view.streets().map(|street| (street.code, street.district));
    principal.reach(Action::OrderList, territory)
}

/// The orders of a street.
#[utoipa::path(get, path = "/dispatch/v1/streets/{street}/orders",
    params(("street" = String, Path, description = "12 digits"), ListQuery),
    responses((status = 200, body = OrderPage), Problem))]
pub(super) async fn list(
    State(room): State<Room>,
    Bearer(who): Bearer,
    Path(street): Path<TenantId>,
    Query(query): Query<ListQuery>,
) -> Result<Json<OrderPage>, Problem> {
    let admitted = room.house.admit(&who, Action::OrderList, street)?;
    page(&room, &[(street, admitted.bodies)].into(), &query).await.map(Json)
}

/// A page of the orders within reach, for either door.
pub(crate) async fn page(
    room: &Room,
    reach: &BTreeMap<TenantId, BodyScope>,
    query: &ListQuery,
) -> Result<OrderPage, Problem> {
    let filter = query.filter()?;
    let streets: Vec<TenantId> = reach.keys().copied().collect();
    let mut tx = room.house.pool.begin(TenantScope::of_principal(streets.iter().copied())).await?;
    let reach = Reach::of(reach);
    // A cursor is an order the caller has been shown; any other would tell where somebody else's stands.
    if let Some(before) = filter.before
        && lists::order(&mut tx, &reach, before).await?.is_none()
    {
        return Err(Problem::bad_cursor());
    }
    let listed = match numbered(&mut tx, &streets, query, filter).await? {
        Some(filter) => lists::orders(&mut tx, &reach, &filter).await?,
        None => Vec::new(),
    };
    tx.commit().await?;
    let full = listed.len() as i64 == filter.limit;
    let next = listed.last().filter(|_| full).map(|last| last.order.id.as_uuid());
    Ok(OrderPage { orders: listed.iter().map(OrderView::of).collect(), next })
}

/// The filter with the case of a number; none where no case has it, or another one than was asked for. Whether the caller
/// has an order of that case, the list tells.
async fn numbered(
    tx: &mut ScopedTx,
    streets: &[TenantId],
    query: &ListQuery,
    filter: Filter,
) -> Result<Option<Filter>, pg::Error> {
    let Some(number) = &query.case_no else { return Ok(Some(filter)) };
    let id = store::cases::of_number(tx, streets, number).await?;
    let id = id.filter(|id| filter.case_id.is_none_or(|asked| asked == *id));
    Ok(id.map(|id| Filter { case_id: Some(id), ..filter }))
}

/// One order with its clocks.
#[utoipa::path(get, path = "/dispatch/v1/streets/{street}/orders/{id}",
    params(("street" = String, Path, description = "12 digits"), ("id" = Uuid, Path)),
    responses((status = 200, body = OrderView), Problem))]
pub(super) async fn read(
    State(room): State<Room>,
    Bearer(who): Bearer,
    ReadPath((street, id)): ReadPath<(TenantId, OrderId)>,
) -> Result<([(HeaderName, HeaderValue); 1], Json<OrderView>), Problem> {
    let admitted = room.house.admit(&who, Action::OrderRead, street)?;
    let mut tx = room.house.pool.begin(admitted.scope()).await?;
    let listed = lists::order(&mut tx, &Reach::one(street, &admitted.bodies), id).await?;
    tx.commit().await?;
    let listed = listed.ok_or_else(Problem::not_found)?;
    Ok(([(header::ETAG, etag(listed.order.version))], Json(OrderView::of(&listed))))
}

/// What is done with an order. Its body: see, acknowledge, arrive, progress, submit, return, extend, suspend, resume.
/// The centres: urge, supervise, adopt (the policy in force), waive, cancel (an assistant's or an information), transfer,
/// adjudicate a return, grant or deny time.
#[utoipa::path(post, path = "/dispatch/v1/streets/{street}/orders/{id}:{verb}",
    params(("street" = String, Path, description = "12 digits"), ("id" = Uuid, Path),
        ("verb" = String, Path, description = "see, acknowledge, arrive, progress, submit, return, extend, suspend, \
            resume, urge, supervise, adopt, waive, cancel, transfer, adjudicate, grant, deny"),
        ("Idempotency-Key" = Uuid, Header), ("If-Match" = Option<String>, Header)),
    request_body = ActBody,
    responses((status = 200, body = OrderView), (status = 412, description = "已被更新 / changed since"), Problem))]
pub(super) async fn act(
    State(room): State<Room>,
    ActPath((street, target)): ActPath<(TenantId, IdVerb<OrderId>)>,
    change: Change,
    StrictJson(body): StrictJson<ActBody>,
) -> Result<Response, Problem> {
    let asking = Asking { who: &change.who, street, key: change.key, traceparent: &change.traceparent };
    let asked = Asked { order_id: target.id, verb: target.verb, if_match: change.if_match, body };
    answered(asked::act(&room, asking, asked).await?)
}
