//! The clocks of an order, unfolded: by the calendars they count on, also where those were published anew since. Decides
//! nothing and locks nothing.

use ids::{CaseId, OrderId, TenantId};
use orders::StageDue;
use pg::TenantScope;

use super::calendars::Calendars;
use super::{Denied, Room, matters};
use crate::core::unfolded::{ClockList, ClockView};
use crate::store;

/// Of one order that the caller may read.
pub(crate) async fn clocks(
    room: &Room,
    scope: TenantScope,
    (street, case_id, order_id): (TenantId, CaseId, OrderId),
) -> Result<ClockList, Denied> {
    let mut tx = room.house.pool.begin(scope).await?;
    let now = room.house.clock.now(&mut tx).await?;
    let key = (street, case_id.as_uuid());
    let cases = store::cases::read(&mut tx, &[key]).await?;
    let orders = store::orders::read_of_cases(&mut tx, &[key]).await?;
    let matters = matters(cases, orders);
    let calendars = Calendars::of_all(room, &mut tx, now, &matters).await?;
    // Nothing was saved but a publication in the archive, perhaps.
    tx.commit().await?;
    let matter = matters.first().ok_or(Denied::NotFound)?;
    let order = matter.order(order_id).ok_or(Denied::NotFound)?;
    let clocks = calendars.of_matter(matter).ok_or(Denied::NotReady)?;
    let publications = clocks.of_order(order);
    let unfolded = order.stages.iter().map(|stage| {
        // A stage that is decided is told as it was then.
        let decided = stage.met_at.or(stage.verdict_at).map_or(now, |decided| decided.min(now));
        // Into a year that is not published nothing can be counted: it is told up to there.
        let at = match &stage.due {
            StageDue::AwaitingCalendar(awaited) => decided.min(awaited.not_before),
            StageDue::At(_) => decided,
        };
        stage.explain(publications, at).map(|told| ClockView::of(stage, &told))
    });
    let unfolded = unfolded.collect::<Result<_, _>>();
    Ok(ClockList {
        order_id: order_id.as_uuid(),
        case_no: matter.facts.case_no.clone(),
        at: now,
        clocks: unfolded.map_err(|_| Denied::Refused(orders::Refusal::TimeOutOfRange))?,
    })
}
