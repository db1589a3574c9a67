//! The clocks of an order or of a case, unfolded: by the calendars they count on, also where those were published anew since; for
//! now, or as they were known at a moment that has passed. Decides nothing and locks nothing.

use ids::{CaseId, OrderId, TenantId};
use jiff::Timestamp;
use orders::{Order, Publications, StageDue, StageState};
use pg::{ScopedTx, TenantScope};
use sla::to_micros;

use super::calendars::Calendars;
use super::{Denied, Room, matters};
use crate::core::case_clocks::{CaseClock, clocks_at, of_case, put_back};
use crate::core::clocks::Clocks;
use crate::core::matter::Matter;
use crate::core::past::{NoMoment, known_at};
use crate::core::unfolded::{CaseClockList, ClockList, ClockView};
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
        clocks: of_order(order, clocks, at)?,
    })
}

/// Of one case that the caller may read: its verifications and rulings; without a moment as they stand.
pub(crate) async fn case_clocks(
    room: &Room,
    scope: TenantScope,
    (street, case_id): (TenantId, CaseId),
    moment: Option<Timestamp>,
) -> Result<CaseClockList, Denied> {
    let mut tx = room.house.pool.begin(scope).await?;
    let now = room.house.clock.now(&mut tx).await?;
    let at = moment.map_or(now, to_micros);
    let cases = store::cases::read(&mut tx, &[(street, case_id.as_uuid())]).await?;
    let mut matter = matters(cases, Vec::new()).pop().ok_or(Denied::NotFound)?;
    let mut clocks = of_case(&matter.case);
    if moment.is_some() {
        happened_by(at, now, (matter.case.opened_at, NoMoment::BeforeCase))?;
        let before = store::past_case_clocks::standing_at(&mut tx, street, case_id, at).await?;
        clocks = clocks_at(before.unwrap_or(clocks), at).map_err(Denied::NoMoment)?;
        // What they counted on then is loaded by what stands in the case.
        put_back(&mut matter.case, &clocks);
    }
    let calendars = Calendars::of_all(room, &mut tx, now, [&matter]).await?;
    tx.commit().await?;
    let known = calendars.of_matter(&matter).ok_or(Denied::NotReady)?;
    let view = |CaseClock { round, order_id, stage }: &CaseClock| {
        let told = unfolded(stage, known.of_clock(stage), at)?;
        Ok(ClockView { round: Some(*round), order_id: order_id.map(OrderId::as_uuid), ..told })
    };
    let clocks = clocks.iter().map(view).collect::<Result<_, Denied>>()?;
    let (case_id, case_no) = (case_id.as_uuid(), matter.facts.case_no.clone());
    Ok(CaseClockList { case_id, case_no, at, clocks })
}

/// Whether a moment lies between a beginning and now.
fn happened_by(
    at: Timestamp,
    now: Timestamp,
    (began_at, before): (Timestamp, NoMoment),
) -> Result<(), Denied> {
    match at {
        at if at > now => Err(Denied::NoMoment(NoMoment::ToCome)),
        at if at < began_at => Err(Denied::NoMoment(before)),
        _ => Ok(()),
    }
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
    happened_by(at, now, (order.dispatched_at, NoMoment::BeforeOrder))?;
    let before = store::past_clocks::standing_at(tx, tenant, order_id, at).await?;
    let stages = before.unwrap_or_else(|| std::mem::take(&mut order.stages));
    order.stages = known_at(stages, at).map_err(Denied::NoMoment)?;
    Ok(())
}

fn of_order(order: &Order, clocks: Clocks<'_>, at: Timestamp) -> Result<Vec<ClockView>, Denied> {
    let publications = clocks.of_order(order);
    let view = |stage: &StageState| {
        let (told, pair) = (unfolded(stage, publications, at)?, order.pair(stage.stage()));
        let (stage_zh, stage_en) = (pair.map(|pair| pair.zh.clone()), pair.map(|pair| pair.en.clone()));
        Ok(ClockView { stage_zh, stage_en, ..told })
    };
    order.stages.iter().map(view).collect()
}

fn unfolded(stage: &StageState, publications: Publications<'_>, at: Timestamp) -> Result<ClockView, Denied> {
    // A stage that is decided is told as it was then.
    let decided = stage.met_at.or(stage.verdict_at).map_or(at, |decided| decided.min(at));
    // Into a year that is not published nothing can be counted: it is told up to there.
    let at = match &stage.due {
        StageDue::AwaitingCalendar(awaited) => decided.min(awaited.not_before),
        StageDue::At(_) => decided,
    };
    let told = stage.explain(publications, at);
    let told = told.map_err(|_| Denied::Refused(orders::Refusal::TimeOutOfRange))?;
    Ok(ClockView::of(stage, &told))
}
