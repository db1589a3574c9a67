//! The clocks of an order, unfolded: by the calendars they count on, also where those were published anew since; for now, or as
//! they were known at a moment that has passed. Decides nothing and locks nothing.

use ids::{CaseId, OrderId, TenantId};
use jiff::Timestamp;
use orders::{Order, StageDue};
use pg::{ScopedTx, TenantScope};
use sla::to_micros;

use super::calendars::Calendars;
use super::{Denied, Room, matters};
use crate::core::clocks::Clocks;
use crate::core::matter::Matter;
use crate::core::past::{NoMoment, known_at};
use crate::core::unfolded::{ClockList, ClockView};
use crate::store;

/// Of one order that the caller may read; without a moment as they stand.
pub(crate) async fn clocks(
    room: &Room,
    scope: TenantScope,
    (street, case_id, order_id): (TenantId, CaseId, OrderId),
    moment: Option<Timestamp>,
) -> Result<ClockList, Denied> {
    let mut tx = room.house.pool.begin(scope).await?;
    let now = room.house.clock.now(&mut tx).await?;
    let at = moment.map_or(now, to_micros);
    let key = (street, case_id.as_uuid());
    let cases = store::cases::read(&mut tx, &[key]).await?;
    let orders = store::orders::read_of_cases(&mut tx, &[key]).await?;
    let mut matter = matters(cases, orders).pop().ok_or(Denied::NotFound)?;
    if moment.is_some() {
        as_known(&mut tx, &mut matter, order_id, at, now).await?;
    }
    let calendars = Calendars::of_all(room, &mut tx, now, [&matter]).await?;
    // Nothing was saved but a publication in the archive, perhaps.
    tx.commit().await?;
    let order = matter.order(order_id).ok_or(Denied::NotFound)?;
    let clocks = calendars.of_matter(&matter).ok_or(Denied::NotReady)?;
    Ok(ClockList {
        order_id: order_id.as_uuid(),
        case_no: matter.facts.case_no.clone(),
        at,
        clocks: unfolded(order, clocks, at)?,
    })
}

/// Puts the stages of an order back to what was known of them at a moment.
async fn as_known(
    tx: &mut ScopedTx,
    matter: &mut Matter,
    order_id: OrderId,
    at: Timestamp,
    now: Timestamp,
) -> Result<(), Denied> {
    let tenant = matter.tenant();
    let order = matter.orders.iter_mut().find(|order| order.id == order_id).ok_or(Denied::NotFound)?;
    if at > now {
        return Err(Denied::NoMoment(NoMoment::ToCome));
    }
    if at < order.dispatched_at {
        return Err(Denied::NoMoment(NoMoment::BeforeOrder));
    }
    let before = store::past_clocks::standing_at(tx, tenant, order_id, at).await?;
    let stages = before.unwrap_or_else(|| std::mem::take(&mut order.stages));
    order.stages = known_at(stages, at).map_err(Denied::NoMoment)?;
    Ok(())
}

fn unfolded(order: &Order, clocks: Clocks<'_>, at: Timestamp) -> Result<Vec<ClockView>, Denied> {
    let publications = clocks.of_order(order);
    let unfolded = order.stages.iter().map(|stage| {
        // A stage that is decided is told as it was then.
        let decided = stage.met_at.or(stage.verdict_at).map_or(at, |decided| decided.min(at));
        // Into a year that is not published nothing can be counted: it is told up to there.
        let at = match &stage.due {
            StageDue::AwaitingCalendar(awaited) => decided.min(awaited.not_before),
            StageDue::At(_) => decided,
        };
        stage.explain(publications, at).map(|told| ClockView::of(stage, &told))
    });
    let unfolded = unfolded.collect::<Result<_, _>>();
    unfolded.map_err(|_| Denied::Refused(orders::Refusal::TimeOutOfRange))
}
