//! Returns (退单) and where a duty is placed by a ruling (裁定) or a transfer (改派).
//!
//! A body does not push a duty away: it asks, and goes on holding the order with its clocks running until
//! somebody rules. So a return never leaves a duty without an owner, and gains no time: a suspension ends with it, and
//! none begins before the ruling.

use ids::BodyRef;
use serde::{Deserialize, Serialize};

use super::OrderEventKind;
use super::decide::Change;
use crate::{Actor, Publications, Refusal};

/// Why a body says that an order is not theirs: one of a list, so that returns can be counted and compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReturnGround {
    /// 非本单位职责.
    NotOurDuty,
    /// 不在本单位辖区.
    NotOurArea,
    /// 事项判定有误.
    WrongItem,
    /// 超出本单位权限.
    BeyondPowers,
}

impl ReturnGround {
    /// The whole list.
    pub const ALL: [ReturnGround; 4] = [
        ReturnGround::NotOurDuty,
        ReturnGround::NotOurArea,
        ReturnGround::WrongItem,
        ReturnGround::BeyondPowers,
    ];

    /// The word in columns and messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            ReturnGround::NotOurDuty => "not_our_duty",
            ReturnGround::NotOurArea => "not_our_area",
            ReturnGround::WrongItem => "wrong_item",
            ReturnGround::BeyondPowers => "beyond_powers",
        }
    }
}

/// A return that waits for its ruling.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnAsked {
    /// Why.
    pub ground: ReturnGround,
    /// Whose it is, as the body says.
    pub proposed: BodyRef,
    /// Who asked, and so does not rule.
    pub by: String,
}

impl Change {
    pub(super) fn give_back(
        mut self,
        actor: Actor,
        (ground, proposed): (ReturnGround, BodyRef),
        calendars: Publications<'_>,
        note: String,
    ) -> Result<Self, Refusal> {
        self.open_duty("return")?;
        self.no_return_pending()?;
        if self.order.return_refused {
            return Err(Refusal::ReturnsExhausted);
        }
        if proposed == self.order.body {
            return Err(Refusal::OwnBody);
        }
        // Whose duty it is not waits for nothing: its clocks run from here on.
        self = self.resume(Some(actor.clone()), calendars, String::new())?;
        self.record_overdue();
        let asked = ReturnAsked { ground, proposed, by: actor.principal.clone() };
        self.push(OrderEventKind::ReturnAsked { asked, note }, Some(actor));
        Ok(self)
    }

    pub(super) fn place(mut self, actor: Actor, to: BodyRef, note: String) -> Result<Self, Refusal> {
        let asked = self.order.returning.is_some();
        let stays = to == self.order.body;
        self.open_duty(if asked { "adjudicate" } else { "transfer" })?;
        self.record_overdue();
        match (asked, stays) {
            (false, true) => return Err(Refusal::OwnBody),
            (true, true) => self.push(OrderEventKind::ReturnRefused { note }, Some(actor)),
            (true, false) => self.push(OrderEventKind::Returned { to, note, rerouted: false }, Some(actor)),
            (false, false) => {
                self.push(OrderEventKind::Transferred { to, note, rerouted: false }, Some(actor));
            }
        }
        Ok(self)
    }
}
