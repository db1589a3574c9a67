//! The plan of the case waits for a person (D33), and is drawn anew before it went out: it goes on waiting at its desk until the same
//! instant. No body has had an order, so none is told of one.

use contract::EventType;
use contract::proto::{to_wire, triage as wire};
use ids::Lane;
use messaging::NewEvent;
use pg::ScopedTx;

use super::{Redrawing, Redrawn};
use crate::core::desk::{Claim, Standing};
use crate::handle::docket::{item_name, state};
use crate::handle::plans;
use crate::store;
use crate::store::cases::OpenCase;
use crate::store::plans::{PlanReview, Redrawn as RedrawnPlan};
use crate::tenants::drawn::Drawn;

/// The plan that waits; nothing of a case that is not reviewed.
pub(super) async fn plan_of(tx: &mut ScopedTx, case: &OpenCase) -> Result<Option<PlanReview>, pg::Error> {
    if case.standing != Standing::Reviewing {
        return Ok(None);
    }
    let entry = store::plans::load(tx, &[(case.tenant, case.case_id.as_uuid())]).await?.pop();
    Ok(entry.filter(|entry| entry.decided.is_none()))
}

/// The bodies of a plan that waits, the lead first.
pub(super) fn bodies(entry: &PlanReview) -> Vec<String> {
    entry.plan.orders.iter().map(|order| order.body.clone()).collect()
}

/// Whether item and point are those by which a closed case was found to be the same matter. An address is words for
/// people.
fn same_matter(before: &OpenCase, case: &OpenCase) -> bool {
    (&before.item, before.point, &before.datum) == (&case.item, case.point, &case.datum)
}

impl Redrawing<'_> {
    /// Nobody is told: whoever corrects it has it before them.
    pub(super) fn said_of_waiting(&self, entry: &PlanReview, redrawn: &Redrawn) -> NewEvent {
        let (command, before, case) = (self.command, &self.known.case, &redrawn.case);
        let message = wire::PlanReviewRequested {
            case: Some(state(case, &item_name(&self.view, case.tenant, &case.item))),
            plan: Some(redrawn.drawn.plan.clone()),
            desk: entry.desk.as_str().to_owned(),
            due_at: Some(to_wire(entry.due_at)),
            told_bodies: Vec::new(),
            note: command.note.clone(),
            item_before: before.item.clone(),
            place_before: (case.place != before.place).then(|| before.place.clone()),
            community_before: before.community.map_or_else(String::new, |code| code.to_string()),
            grid_before: before.grid.clone().unwrap_or_default(),
            by: command.subject.clone(),
        };
        self.event(EventType::CasePlanReviewRequested, case, &message)
    }

    /// Whoever reads it at the desk reads the new one, and who drew it decides first: others have read the one before.
    /// What turns out to be mortal danger waits no more (D15).
    pub(super) async fn goes_on_waiting(
        &self,
        tx: &mut ScopedTx,
        case: &OpenCase,
        drawn: &Drawn,
    ) -> Result<(), pg::Error> {
        let claim = Claim::begun(&self.command.subject, self.now);
        let repeats_still = same_matter(&self.known.case, case);
        let redrawn = RedrawnPlan { plan: &drawn.plan, repeats_still, claim: &claim };
        store::plans::redraw(tx, case, &redrawn).await?;
        if case.lane == Lane::Urgent && !case.drill {
            plans::press(self.room, tx, self.now, &[(case.tenant, case.case_id.as_uuid())]).await?;
        }
        Ok(())
    }
}
