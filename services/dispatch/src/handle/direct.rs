//! What is done with a whole case by those who direct: it is called off, and its clocks end (those of a drill, too);
//! or bodies are summoned to it.

use bootstrap::door::Problem;
use ids::{BodyRef, CaseId};
use orders::Actor;
use pg::TenantScope;
use sla::Limit;

use super::answer::{Answer, Request};
use super::save::{By, save};
use super::{Denied, Room, load};
use crate::core::direct::Doing;
use crate::core::view::CaseView;

/// One thing done with a case.
#[derive(Debug, Clone)]
pub(crate) enum CaseDeed {
    /// Called off.
    Cancel,
    /// Summoned: whom, each once and in order, and within what time.
    Whistle { bodies: Vec<BodyRef>, check_in: Limit },
}

/// Which case, what, and why.
#[derive(Debug, Clone)]
pub(crate) struct Command {
    pub request: Request,
    pub case_id: CaseId,
    pub deed: CaseDeed,
    pub note: String,
    pub traceparent: String,
}

/// `may` is the access check for a case that is a drill, or is none.
pub(crate) async fn direct(
    room: &Room,
    command: &Command,
    may: impl Fn(bool) -> Result<(), Problem>,
) -> Result<Result<Answer, Denied>, pg::Error> {
    let Command { request, case_id, deed, note, traceparent } = command;
    let mut tx = room.house.pool.begin(TenantScope::of_principal([request.tenant])).await?;
    let now = room.house.clock.now(&mut tx).await?;
    let Some(mut matter) = load(&mut tx, request.tenant, *case_id).await? else {
        return Ok(Err(Denied::NotFound));
    };
    if let Err(problem) = may(matter.facts.drill) {
        return Ok(Err(Denied::Access(problem)));
    }
    if let Some(given) = request.answered(&mut tx).await? {
        return Ok(given);
    }
    if !request.matches(matter.case.version) {
        return Ok(Err(Denied::Stale));
    }
    let calendar = room.calendar(request.tenant, &matter.facts);
    let Some(calendar) = calendar else { return Ok(Err(Denied::NotReady)) };
    if let Err(refusal) = matter.end_suspensions(&calendar, now) {
        return Ok(Err(refusal.into()));
    }
    let actor = Actor { principal: request.principal.clone(), body: None };
    let doing = Doing { actor: &actor, note, calendar: &calendar, now };
    let done = match deed {
        CaseDeed::Cancel => matter.cancel(&actor, note, now),
        CaseDeed::Whistle { bodies, check_in } => {
            matter.whistle(bodies, *check_in, doing, || room.mint_order(now))
        }
    };
    if let Err(refusal) = done {
        return Ok(Err(refusal.into()));
    }
    let by = By { otherwise: "clock", traceparent: Some(traceparent), note };
    let matter = [matter];
    save(room, &mut tx, now, &matter, by).await?;
    let [matter] = &matter;
    let view = CaseView::whole(&matter.facts, &matter.case, &matter.orders);
    let answer = request.keep(&mut tx, now, matter.case.version, &view).await?;
    tx.commit().await?;
    room.house.committed();
    Ok(Ok(answer))
}
