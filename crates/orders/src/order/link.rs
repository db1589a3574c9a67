//! What happens to an order through a link (链接) to it: given out, opened, revoked, refused; and the question a body asks.
//!
//! A link is no act: opening it is a receipt and meets nothing (D22), and the phase stays. Who holds which link, and for
//! how long, is not kept here; the order knows only what happened to it.

use ids::LinkId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::decide::Change;
use super::{OrderEventKind, Role};
use crate::{Actor, Refusal};

/// What is done with a link of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkDeed {
    /// Given out, until then. Whoever gives it out can act by it: while the duty is open it counts as a handler from
    /// here on.
    Issue {
        /// Its end.
        until: Timestamp,
    },
    /// It opens nothing any more.
    Revoke,
    /// Somebody looked at the order by it.
    Open,
    /// Somebody tried to, and was shown nothing.
    Refuse {
        /// Why.
        why: LinkDenial,
    },
}

/// Why a link showed nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum LinkDenial {
    /// Its end has come.
    #[serde(rename = "link-expired")]
    Expired,
    /// Somebody took it back.
    #[serde(rename = "link-revoked")]
    Revoked,
    /// Its order has ended, or is another body's now.
    #[serde(rename = "link-ended")]
    Ended,
    /// What named it was not signed by us, or not for it.
    #[serde(rename = "link-forged")]
    Forged,
}

impl LinkDenial {
    /// All of them.
    pub const ALL: [LinkDenial; 4] =
        [LinkDenial::Expired, LinkDenial::Revoked, LinkDenial::Ended, LinkDenial::Forged];

    /// The code of the reason; of the first three also that of the problem.
    pub const fn as_str(self) -> &'static str {
        match self {
            LinkDenial::Expired => "link-expired",
            LinkDenial::Revoked => "link-revoked",
            LinkDenial::Ended => "link-ended",
            LinkDenial::Forged => "link-forged",
        }
    }
}

impl LinkDeed {
    const fn as_str(self) -> &'static str {
        match self {
            LinkDeed::Issue { .. } => "link",
            LinkDeed::Revoke => "revoke",
            LinkDeed::Open => "open",
            LinkDeed::Refuse { .. } => "refuse",
        }
    }

    const fn event(self, link: LinkId) -> OrderEventKind {
        match self {
            LinkDeed::Issue { until } => OrderEventKind::LinkIssued { link, until },
            LinkDeed::Revoke => OrderEventKind::LinkRevoked { link },
            LinkDeed::Open => OrderEventKind::LinkOpened { link },
            LinkDeed::Refuse { why } => OrderEventKind::LinkRefused { link, why },
        }
    }
}

impl Change {
    /// An order that ended takes its links along: nothing happens to it any more, but that somebody tries one of them is still
    /// noted.
    pub(super) fn link(mut self, actor: Actor, link: LinkId, deed: LinkDeed) -> Result<Self, Refusal> {
        let ended = self.order.phase.ended();
        if ended && !matches!(deed, LinkDeed::Refuse { .. }) {
            return Err(Refusal::InvalidTransition { phase: self.order.phase, command: deed.as_str() });
        }
        if !ended {
            self.record_overdue();
        }
        self.push(deed.event(link), Some(actor));
        Ok(self)
    }

    /// Also what was submitted may raise a question; an order for information raises none.
    pub(super) fn ask(mut self, actor: Actor, note: String) -> Result<Self, Refusal> {
        if self.order.role == Role::Inform {
            return Err(Refusal::InformOnly);
        }
        if self.order.phase.ended() {
            return Err(Refusal::InvalidTransition { phase: self.order.phase, command: "ask" });
        }
        self.record_overdue();
        self.push(OrderEventKind::Asked { note }, Some(actor));
        Ok(self)
    }
}
