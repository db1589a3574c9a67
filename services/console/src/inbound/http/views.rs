//! What the doors show.

use contract::EventType;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Called;
use crate::core::news::{Detail, Stage};
use crate::core::words;
use crate::store::cases::Case;
use crate::store::lines::Entry;
use crate::store::orders::Order;

/// A case of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CaseView {
    case_id: Uuid,
    /// The number people see; empty until triage was heard.
    case_no: Option<String>,
    /// 12 digits.
    street: String,
    item: Option<String>,
    item_zh: Option<String>,
    item_en: Option<String>,
    /// Reports in it.
    voices: Option<i32>,
    /// reviewing, open, submitted, verifying, closed, cancelled, rejected or merged.
    phase: String,
    round: i32,
    /// Who has it in hand, as the last event of the case says.
    holder: Option<String>,
    /// What that body is called; empty for one the documents do not know, and for no body.
    holder_zh: Option<String>,
    holder_en: Option<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    opened_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    closed_at: Option<Timestamp>,
    /// Its latest verification.
    verification: Vec<Stage>,
    /// A rehearsal (演练).
    drill: bool,
}

impl CaseView {
    pub fn of(names: Called<'_>, case: Case) -> Self {
        let (holder_zh, holder_en) = names.of(case.holder.as_deref());
        Self {
            case_id: case.case_id,
            case_no: case.case_no,
            street: names.1.to_string(),
            item: case.item,
            item_zh: case.item_zh,
            item_en: case.item_en,
            voices: case.voices,
            phase: case.phase,
            round: case.round,
            holder: case.holder,
            holder_zh,
            holder_en,
            opened_at: case.opened_at,
            closed_at: case.closed_at,
            verification: case.stages,
            drill: case.drill,
        }
    }
}

/// Cases, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CasePage {
    pub cases: Vec<CaseView>,
    /// Give it as `before` for the next page; empty on the last.
    pub next: Option<Uuid>,
}

/// The body that has taken another's place: merged, divided or renamed since.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Heir {
    pub body: String,
    /// What it is called; empty for one the documents do not know.
    pub zh: Option<String>,
    pub en: Option<String>,
}

/// An order of a case.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OrderView {
    order_id: Uuid,
    body: String,
    /// What the body is called; empty for one the documents do not know.
    body_zh: Option<String>,
    body_en: Option<String>,
    /// Who has taken its place since, for new cases; absent where nobody has.
    #[serde(skip_serializing_if = "Option::is_none")]
    succeeded_by: Option<Heir>,
    /// lead, assist or inform.
    role: String,
    phase: String,
    round: i32,
    version: i64,
    #[schema(value_type = Option<String>, format = DateTime)]
    dispatched_at: Option<Timestamp>,
    stages: Vec<Stage>,
}

impl OrderView {
    pub fn of(names: Called<'_>, order: Order, item: Option<&str>, now: Timestamp) -> Self {
        let (body_zh, body_en) = names.of(Some(&order.body));
        let succeeded_by = names.successor(&order.body, item, now);
        let Order { order_id, body, role, phase, round, version, stages, dispatched_at } = order;
        Self {
            order_id,
            body,
            body_zh,
            body_en,
            succeeded_by,
            role,
            phase,
            round,
            version,
            dispatched_at,
            stages,
        }
    }
}

/// A case with the orders the caller may read.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CaseWithOrders {
    #[serde(flatten)]
    pub case: CaseView,
    pub orders: Vec<OrderView>,
}

/// A line of a timeline.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EntryView {
    /// The cursor of live readers: 1, 2, 3 … in a street.
    pub position: i64,
    event_id: Uuid,
    case_id: Option<Uuid>,
    report_id: Option<Uuid>,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// `<service>.<entity>.<event>`
    #[serde(rename = "type")]
    kind: String,
    zh: String,
    en: String,
    /// Of orders and deliveries.
    body: Option<String>,
    /// What the body is called; empty for one the documents do not know.
    body_zh: Option<String>,
    body_en: Option<String>,
    /// The same for the body told by an escalation.
    escalated_to_zh: Option<String>,
    escalated_to_en: Option<String>,
    /// The principal's subject; empty when time or a message did it.
    actor: Option<String>,
    /// The stage it is about.
    stage: Option<String>,
    detail: Detail,
    trace_id: Option<String>,
    /// A rehearsal (演练).
    drill: bool,
}

impl EntryView {
    pub fn of(names: Called<'_>, entry: Entry) -> Self {
        let (body_zh, body_en) = names.of(entry.body.as_deref());
        let (escalated_to_zh, escalated_to_en) = names.of(entry.detail.escalated_to.as_deref());
        let (zh, en) = words_of(&entry.event_type);
        Self {
            position: entry.position,
            event_id: entry.event_id,
            case_id: entry.case_id,
            report_id: entry.report_id,
            at: entry.at,
            zh,
            en,
            kind: entry.event_type,
            body: entry.body,
            body_zh,
            body_en,
            escalated_to_zh,
            escalated_to_en,
            actor: entry.actor,
            stage: entry.detail.stage.clone(),
            detail: entry.detail,
            trace_id: entry.trace_id,
            drill: entry.drill,
        }
    }
}

/// The words of a stored type; one that left the catalogue since is shown by its own name.
pub(super) fn words_of(event_type: &str) -> (String, String) {
    match event_type.parse::<EventType>().map(words::of) {
        Ok(words) => (words.zh.to_owned(), words.en.to_owned()),
        Err(_) => (event_type.to_owned(), event_type.to_owned()),
    }
}

/// Lines in the order of their positions.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TimelinePage {
    pub entries: Vec<EntryView>,
    /// Give it as `after` for the next page; empty on the last.
    pub next: Option<i64>,
}
