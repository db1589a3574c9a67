//! A link to one order (链接): what it allows, until when, and why it opens nothing. Pure; who keeps it is `store::links`.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use ids::{LinkId, OrderId, TenantId};
use jiff::{SignedDuration, Timestamp};
use orders::{Act, Actor, LinkDeed, LinkDenial, Order, OrderCommand, Refusal};
use serde::{Deserialize, Serialize};

use super::direct::Doing;
use super::matter::Matter;
use super::token::Token;

/// Links given out to one order at most, whatever became of them.
pub(crate) const LINKS_MAX: usize = 50;

/// Openings within this time of a receipt are counted with it: a page that is loaded again and again must not fill a timeline.
pub(crate) const RECEIPT_EVERY: SignedDuration = SignedDuration::from_mins(1);

/// Receipts of refusals that the links of one order leave in its life, all of them together: who goes on trying is
/// counted, and fills no journal.
pub(crate) const REFUSALS_MAX: u32 = 200;

/// What may be done by a link. Never a return, a question for time, a ruling or a verification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum LinkAct {
    /// An act of the order's body.
    Do(Act),
    /// A question to those who direct.
    Ask,
    /// The signature under a joint visit, which names it.
    Sign,
}

impl LinkAct {
    /// All of them, in the order in which they happen.
    pub const ALL: [LinkAct; 7] = [
        LinkAct::Do(Act::See),
        LinkAct::Do(Act::Acknowledge),
        LinkAct::Ask,
        LinkAct::Do(Act::Arrive),
        LinkAct::Do(Act::Progress),
        LinkAct::Do(Act::Submit),
        LinkAct::Sign,
    ];

    /// The word at the door and in the table.
    pub const fn as_str(self) -> &'static str {
        match self {
            LinkAct::Do(act) => act.as_str(),
            LinkAct::Ask => "ask",
            LinkAct::Sign => "sign",
        }
    }
}

/// A text that is no act of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct UnknownAct;

impl FromStr for LinkAct {
    type Err = UnknownAct;
    fn from_str(text: &str) -> Result<Self, UnknownAct> {
        Self::ALL.into_iter().find(|act| act.as_str() == text).ok_or(UnknownAct)
    }
}

/// A link that is to be given out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NewLink {
    pub acts: BTreeSet<LinkAct>,
    pub label: String,
    /// Until its end, from when it is given out.
    pub hours: u16,
}

impl NewLink {
    /// What it is for and what it allows, as the journal keeps it.
    pub fn said(&self) -> String {
        let acts: Vec<&str> =
            LinkAct::ALL.iter().filter(|act| self.acts.contains(act)).map(|act| act.as_str()).collect();
        format!("{}: {}", self.label, acts.join(" "))
    }
}

/// A link as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link {
    pub tenant: TenantId,
    pub id: LinkId,
    pub order_id: OrderId,
    pub acts: BTreeSet<LinkAct>,
    pub label: String,
    pub token_sha256: [u8; 32],
    pub issued_at: Timestamp,
    pub issued_by: String,
    pub expires_at: Timestamp,
    pub revoked_at: Option<Timestamp>,
    /// How often it was opened.
    pub opened: u32,
    pub last_opened_at: Option<Timestamp>,
    /// Who was shown nothing, by why.
    pub refused: BTreeMap<LinkDenial, Refused>,
}

/// Attempts of one link that were refused for one reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Refused {
    /// How often.
    pub count: u32,
    /// When the last one was.
    pub last_at: Timestamp,
    /// How many of them left a receipt.
    pub said: u32,
    /// When the last of those did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said_at: Option<Timestamp>,
}

/// Why a true link does nothing. What to do is the same each time: ask the centre.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LinkRefusal {
    /// Its end has come.
    Expired,
    /// Somebody took it back.
    Revoked,
    /// Its order has ended, or is another body's now.
    Ended,
    /// It was given out without this act.
    NotAllowed,
    /// The order has had as many links as it may.
    TooMany,
}

impl LinkRefusal {
    /// The code of its problem.
    pub const fn code(self) -> &'static str {
        match self {
            LinkRefusal::Expired => "link-expired",
            LinkRefusal::Revoked => "link-revoked",
            LinkRefusal::Ended => "link-ended",
            LinkRefusal::NotAllowed => "link-act-not-allowed",
            LinkRefusal::TooMany => "too-many-links",
        }
    }

    /// Why the link showed nothing, where that is what was refused.
    pub const fn denial(self) -> Option<LinkDenial> {
        match self {
            LinkRefusal::Expired => Some(LinkDenial::Expired),
            LinkRefusal::Revoked => Some(LinkDenial::Revoked),
            LinkRefusal::Ended => Some(LinkDenial::Ended),
            LinkRefusal::NotAllowed | LinkRefusal::TooMany => None,
        }
    }
}

impl Link {
    /// Whether this token is the link's own. Its signature holds already; compared without telling where they differ.
    pub fn is_of(&self, token: &Token) -> bool {
        let pairs = self.token_sha256.iter().zip(&token.sha256);
        pairs.fold(0, |differ, (a, b)| differ | (a ^ b)) == 0
    }

    /// Whether it opens its order at `now`.
    pub fn opens(&self, order: &Order, now: Timestamp) -> Result<(), LinkRefusal> {
        if self.revoked_at.is_some() {
            return Err(LinkRefusal::Revoked);
        }
        if order.phase.ended() {
            return Err(LinkRefusal::Ended);
        }
        if now >= self.expires_at { Err(LinkRefusal::Expired) } else { Ok(()) }
    }

    /// Whether the act may be done by it.
    pub fn allows(&self, act: LinkAct) -> Result<(), LinkRefusal> {
        if self.acts.contains(&act) { Ok(()) } else { Err(LinkRefusal::NotAllowed) }
    }

    /// Whether the receipt of a moment ago stands for this opening, too: it is counted, and says nothing new.
    pub fn just_opened(&self, now: Timestamp) -> bool {
        self.last_opened_at.is_some_and(|receipt| now.duration_since(receipt) < RECEIPT_EVERY)
    }

    /// After one more opening. Its time is that of the last receipt, so that reading for hours gives one a minute.
    pub fn after_opening(&self, now: Timestamp) -> Self {
        let last_opened_at = if self.just_opened(now) { self.last_opened_at } else { Some(now) };
        Self { opened: self.opened.saturating_add(1), last_opened_at, ..self.clone() }
    }

    /// After somebody was shown nothing, with a receipt or without.
    pub fn after_refusing(&self, why: LinkDenial, tells: bool, now: Timestamp) -> Self {
        let mut after = self.clone();
        let first = Refused { count: 0, last_at: now, said: 0, said_at: None };
        let of = after.refused.entry(why).or_insert(first);
        (of.count, of.last_at) = (of.count.saturating_add(1), now);
        if tells {
            (of.said, of.said_at) = (of.said.saturating_add(1), Some(now));
        }
        after
    }

    /// After it was taken back; the first time counts.
    pub fn after_revoking(&self, now: Timestamp) -> Self {
        Self { revoked_at: self.revoked_at.or(Some(now)), ..self.clone() }
    }
}

/// Whether one more refusal leaves a receipt on the order of these links, which are all it has: one a minute, and not for
/// ever. Each raises the order's version, which whoever works on it insists on.
pub(crate) fn tells_refusal<'a>(links: impl Iterator<Item = &'a Link>, now: Timestamp) -> bool {
    let of: Vec<&Refused> = links.flat_map(|link| link.refused.values()).collect();
    let said = of.iter().fold(0_u32, |said, of| said.saturating_add(of.said));
    let just_said = |at: Timestamp| now.duration_since(at) < RECEIPT_EVERY;
    said < REFUSALS_MAX && !of.iter().filter_map(|of| of.said_at).any(just_said)
}

impl Matter {
    /// What is done with a link of an order.
    pub fn link(
        &mut self,
        id: OrderId,
        link: LinkId,
        deed: LinkDeed,
        doing: Doing<'_>,
    ) -> Result<(), Refusal> {
        self.decide_order(id, OrderCommand::Link { actor: doing.actor.clone(), link, deed }, doing.now)
    }

    /// Somebody tried a link of an order, which may have ended, and was shown nothing.
    pub fn link_refused(
        &mut self,
        id: OrderId,
        link: LinkId,
        why: LinkDenial,
        actor: Actor,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        self.decide_order(id, OrderCommand::Link { actor, link, deed: LinkDeed::Refuse { why } }, now)
    }

    /// What is done by a link.
    pub fn by_link(&mut self, id: OrderId, act: LinkAct, doing: Doing<'_>) -> Result<(), Refusal> {
        match act {
            LinkAct::Do(act) => self.act(id, act, doing.actor, doing.note, doing.clocks, doing.now),
            LinkAct::Ask => {
                let (actor, note) = (doing.actor.clone(), doing.note.to_owned());
                self.decide_order(id, OrderCommand::Ask { actor, note }, doing.now)
            }
            // Which visit is meant, the word alone does not say.
            LinkAct::Sign => Err(Refusal::NotOfVisit),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_act_has_a_word_of_its_own() {
        for act in LinkAct::ALL {
            assert_eq!(act.as_str().parse(), Ok(act));
        }
        for never in ["verify", "grant", "return", "extend", "cancel", "urge", ""] {
            assert_eq!(never.parse::<LinkAct>(), Err(UnknownAct), "{never}");
        }
    }
}
