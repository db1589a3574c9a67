//! Links as the doors show them: to those who give them out, and to who holds one.

use jiff::Timestamp;
use orders::{Case, Visit};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::link::Link;
use super::view::OrderView;

/// A link, without what opens it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct LinkView {
    pub link_id: Uuid,
    pub order_id: Uuid,
    /// see, acknowledge, ask, arrive, progress, submit, sign.
    pub acts: Vec<String>,
    /// What it is for, or whose desk it goes to.
    pub label: String,
    pub issued_at: Timestamp,
    pub issued_by: String,
    /// From then on it opens nothing.
    pub expires_at: Timestamp,
    pub revoked_at: Option<Timestamp>,
    /// How often it was opened.
    pub opened: u32,
    pub last_opened_at: Option<Timestamp>,
    /// How often somebody tried it and was shown nothing.
    #[serde(default)]
    pub refused: u32,
    /// True to a minute.
    #[serde(default)]
    pub last_refused_at: Option<Timestamp>,
}

impl LinkView {
    pub fn of(link: &Link) -> Self {
        Self {
            link_id: link.id.as_uuid(),
            order_id: link.order_id.as_uuid(),
            acts: words(link),
            label: link.label.clone(),
            issued_at: link.issued_at,
            issued_by: link.issued_by.clone(),
            expires_at: link.expires_at,
            revoked_at: link.revoked_at,
            opened: link.opened,
            last_opened_at: link.last_opened_at,
            refused: link.refused.values().map(|of| of.count).fold(0, u32::saturating_add),
            last_refused_at: link.refused.values().map(|of| of.last_at).max(),
        }
    }
}

fn words(link: &Link) -> Vec<String> {
    link.acts.iter().map(|act| act.as_str().to_owned()).collect()
}

/// The answer to who gives a link out, as it is kept: with the hash by which its token is known again.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct IssuedKept {
    pub link: LinkView,
    pub token_sha256: [u8; 32],
}

/// A link that was given out.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct IssuedView {
    #[serde(flatten)]
    pub link: LinkView,
    /// What opens it stands behind the `#`, which no browser sends. Shown to this request and its repetitions only; empty
    /// once the key it was signed with is gone.
    pub url: Option<String>,
}

/// Links of an order, newest first.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct LinkList {
    pub links: Vec<LinkView>,
}

/// What who holds a link sees: its one order, and what the link allows.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct LinkedOrder {
    pub link_id: Uuid,
    pub expires_at: Timestamp,
    /// see, acknowledge, ask, arrive, progress, submit, sign; whether each is possible now, the order's phase says.
    pub acts: Vec<String>,
    /// As its body sees it.
    pub order: OrderView,
    /// Visits the lead recorded that this body is to sign.
    pub to_sign: Vec<ToSign>,
}

/// A visit that waits for the signature of the link's body.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct ToSign {
    pub visit_id: Uuid,
    /// When they were there, as the lead says.
    pub visited_at: Timestamp,
    pub note: String,
}

impl LinkedOrder {
    pub fn of(link: &Link, order: OrderView, case: &Case) -> Self {
        let unsigned = |visit: &&Visit| {
            let signature = visit.signatures.get(&link.order_id);
            visit.round == case.round && signature.is_some_and(|of| of.signed_at.is_none())
        };
        let to_sign = case.visits.iter().filter(unsigned).map(|visit| ToSign {
            visit_id: visit.id.as_uuid(),
            visited_at: visit.visited_at,
            note: visit.note.clone(),
        });
        let (link_id, expires_at) = (link.id.as_uuid(), link.expires_at);
        Self { link_id, expires_at, acts: words(link), order, to_sign: to_sign.collect() }
    }
}
