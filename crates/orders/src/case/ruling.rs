//! Rulings (裁定): whose a duty is, after a return or by the centre's own hand.
//!
//! At most two returns of one duty, whoever has it by then: the first is ruled on by the street's centre or the district, the
//! second by the district alone, and then that duty is not returned any more. What others return takes nothing from it. A later
//! round begins to count anew, but what the district ruled on a return holds for the body that got the duty. Each return runs
//! against a clock of its own.
//! Every ruling is kept whole, so that it can be offered as a change of the rules.

use ids::{BodyRef, OrderId};
use serde::{Deserialize, Serialize};
use sla::Calendar;

use super::decide::Change;
use super::{CaseEventKind, CasePhase};
use crate::stage::awaiting_events;
use crate::{Actor, ChainStep, Order, Refusal, ReturnGround, Role, StageState};

/// Returns of one duty in a round at most.
const RETURNS_MAX: u32 = 2;

/// Who rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deciding {
    /// The street's centre.
    Centre,
    /// The district's.
    District,
}

impl Deciding {
    /// The word in columns and messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Deciding::Centre => "centre",
            Deciding::District => "district",
        }
    }
}

/// A return that waits for its ruling.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RulingAsked {
    /// The order.
    pub order_id: OrderId,
    /// Whose it is until then.
    pub body: BodyRef,
    /// As what.
    pub role: Role,
    /// The first or second return of the duty.
    pub nth: u32,
    /// Why.
    pub ground: ReturnGround,
    /// Whose it is, as the body says.
    pub proposed: BodyRef,
    /// Who asked.
    pub by: String,
    /// Who rules at least.
    pub deciding: Deciding,
}

/// The clock of one return.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adjudication {
    /// The round in which it was returned.
    pub round: u32,
    /// Until the ruling.
    pub clock: StageState,
    /// What follows when the ruling is late, frozen when the clock started.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub chain: Vec<ChainStep>,
}

/// Whose a duty is. With the item of its case it says what the responsibility list would have to say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ruling {
    /// The order it was about.
    pub order_id: OrderId,
    /// Who held it.
    pub from: BodyRef,
    /// Whose the duty is; who held it, when a return was refused.
    pub to: BodyRef,
    /// As what.
    pub role: Role,
    /// Who ruled.
    pub decided: Deciding,
    /// Why the body returned it; nothing when nobody did.
    pub ground: Option<ReturnGround>,
    /// Whose it is, as that body said.
    pub proposed: Option<BodyRef>,
}

impl Change {
    pub(super) fn ask_ruling(
        mut self,
        actor: Actor,
        (order, orders): (&Order, &[Order]),
        calendar: &Calendar,
    ) -> Result<Self, Refusal> {
        self.require(&[CasePhase::Open], "return")?;
        if self.case.asked.is_some() {
            return Err(Refusal::ReturnPending);
        }
        let nth = self.returns_in_line(order, orders) + 1;
        if nth > RETURNS_MAX || self.settled_before(order, orders) {
            return Err(Refusal::ReturnsExhausted);
        }
        let Some(returning) = order.returning.clone() else { return Err(Refusal::NoReturn) };
        let asked = RulingAsked {
            order_id: order.id,
            body: order.body.clone(),
            role: order.role,
            nth,
            ground: returning.ground,
            proposed: returning.proposed,
            by: returning.by,
            deciding: if nth < RETURNS_MAX { Deciding::Centre } else { Deciding::District },
        };
        let plan = self.case.adjudication_plan().map_err(|_| Refusal::TimeOutOfRange)?;
        let adjudicate = StageState::start(plan, calendar, self.at).map_err(|_| Refusal::TimeOutOfRange)?;
        self.push(CaseEventKind::RulingAsked { asked, adjudicate: Box::new(adjudicate) }, Some(actor));
        for event in awaiting_events(self.case.active_slice()) {
            self.push(CaseEventKind::Stage(event), None);
        }
        Ok(self)
    }

    /// Returns of a duty so far: of the order it is now, and of those it was before.
    fn returns_in_line(&self, order: &Order, orders: &[Order]) -> u32 {
        let before = |of: &&Order| orders.iter().find(|order| Some(order.id) == of.follows);
        let line = std::iter::successors(Some(order), before);
        let returned = line.filter(|of| self.case.adjudications.contains_key(&of.id)).count();
        u32::try_from(returned).unwrap_or(u32::MAX)
    }

    /// Whether the district gave this duty to this body, or left it there, over a return in an earlier round: that holds for the case.
    fn settled_before(&self, order: &Order, orders: &[Order]) -> bool {
        let earlier = |id| orders.iter().any(|of| of.id == id && of.round < order.round);
        self.case.rulings.iter().any(|ruling| {
            (ruling.decided, ruling.role) == (Deciding::District, order.role)
                && ruling.ground.is_some()
                && ruling.to == order.body
                && earlier(ruling.order_id)
        })
    }

    /// Without a return of this order it is a transfer; another order's return goes on waiting.
    pub(super) fn rule(
        mut self,
        actor: Actor,
        decided: Deciding,
        order: &Order,
        to: BodyRef,
        note: String,
    ) -> Result<Self, Refusal> {
        self.require(&[CasePhase::Open], "adjudicate")?;
        let asked = self.case.asked.clone().filter(|asked| asked.order_id == order.id);
        if let Some(asked) = &asked {
            if decided < asked.deciding {
                return Err(Refusal::DistrictDecides);
            }
            if asked.by == actor.principal {
                return Err(Refusal::AskerMayNotDecide);
            }
        }
        self.record_overdue();
        let ruling = Ruling {
            order_id: order.id,
            from: order.body.clone(),
            to,
            role: order.role,
            decided,
            ground: asked.as_ref().map(|asked| asked.ground),
            proposed: asked.map(|asked| asked.proposed),
        };
        self.push(CaseEventKind::Ruled { ruling, note }, Some(actor));
        Ok(self)
    }
}
