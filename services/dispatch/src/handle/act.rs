//! What is done with one order: an act of its body, or of those who direct the work.

use bootstrap::door::Problem;
use ids::{BodyRef, OrderId};
use orders::Actor;
use pg::TenantScope;

use super::answer::{Answer, Request};
use super::save::{By, save};
use super::{Denied, Room, load};
use crate::core::deed::Deed;
use crate::core::direct::Doing;
use crate::core::view::{Listed, OrderView};
use crate::store;

/// What was done.
#[derive(Debug, Clone)]
pub(crate) struct Command {
    pub request: Request,
    pub order_id: OrderId,
    pub deed: Deed,
    pub note: String,
    pub traceparent: String,
}

/// `may` is the access check for a row of that body; it knows the caller.
pub(crate) async fn act(
    room: &Room,
    command: &Command,
    may: impl Fn(BodyRef) -> Result<(), Problem>,
) -> Result<Result<Answer, Denied>, pg::Error> {
    let Command { request, order_id, deed, note, traceparent } = command;
    let mut tx = room.house.pool.begin(TenantScope::of_principal([request.tenant])).await?;
    let now = room.house.clock.now(&mut tx).await?;
    let belongs = store::orders::belongs(&mut tx, request.tenant, *order_id).await?;
    let Some((case_id, body)) = belongs else { return Ok(Err(Denied::NotFound)) };
    if let Err(problem) = may(body.clone()) {
        return Ok(Err(Denied::Access(problem)));
    }
    let Some(mut matter) = load(&mut tx, request.tenant, case_id).await? else {
        return Ok(Err(Denied::NotFound));
    };
    if let Some(given) = request.answered(&mut tx).await? {
        return Ok(given);
    }
    if !matter.order(*order_id).is_some_and(|order| request.matches(order.version)) {
        return Ok(Err(Denied::Stale));
    }
    let calendar = room.calendar(request.tenant, &matter.facts);
    let Some(calendar) = calendar else { return Ok(Err(Denied::NotReady)) };
    if let Err(refusal) = matter.end_suspensions(&calendar, now) {
        return Ok(Err(refusal.into()));
    }
    let actor = Actor { principal: request.principal.clone(), body: deed.by_body().then_some(body) };
    let doing = Doing { actor: &actor, note, calendar: &calendar, now };
    if let Err(refusal) = matter.does(*order_id, deed, doing, || room.mint_order(now)) {
        return Ok(Err(refusal.into()));
    }
    let by = By { otherwise: "clock", traceparent: Some(traceparent), note };
    let matter = [matter];
    save(room, &mut tx, now, &matter, by).await?;
    let [matter] = &matter;
    let Some(order) = matter.order(*order_id) else { return Ok(Err(Denied::NotFound)) };
    let view = OrderView::of(&Listed::of(order, &matter.facts));
    let answer = request.keep(&mut tx, now, order.version, &view).await?;
    tx.commit().await?;
    room.house.committed();
    Ok(Ok(answer))
}
