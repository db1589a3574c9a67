//! What the read model keeps, as events say it.

use std::collections::BTreeMap;

use contract::EventType;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// A stage with its clock. Exactly one of `due_at` and `awaiting_year` is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Stage {
    /// see, acknowledge, on_site, resolve, verify or adjudicate, or the name of a pair.
    pub stage: String,
    /// Of a named pair: what people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage_zh: Option<String>,
    /// The same in English.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage_en: Option<String>,
    /// The last instant in time.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub due_at: Option<Timestamp>,
    /// The calendar year that is not published yet (D31).
    pub awaiting_year: Option<u32>,
    /// met, breached or cancelled; empty while open.
    pub verdict: Option<String>,
    /// When it was met, in time or late.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub met_at: Option<Timestamp>,
}

/// What is particular to a line of the timeline. What does not apply is left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Detail {
    /// The order it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_id: Option<Uuid>,
    /// The order's role.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// Round of the case, from the second on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub round: Option<u32>,
    /// The stage that was warned of, breached, escalated or waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
    /// What people call it, of a named pair.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stage_zh: Option<String>,
    /// The same in English.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stage_en: Option<String>,
    /// Until when that stage is in time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub due_at: Option<Timestamp>,
    /// The unpublished calendar year it waits for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub awaiting_year: Option<u32>,
    /// Thousandths of the allowed time that have passed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_mille: Option<u32>,
    /// The body told by the escalation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub escalated_to: Option<String>,
    /// What that step did beyond telling: supervise or raise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub measure: Option<String>,
    /// Why an order was returned: not_our_duty, not_our_area, wrong_item or beyond_powers; why nobody has to act: not-a-matter,
    /// no-competence, unclear, test or abuse; rerouted, where an order ended because the plan of its case was drawn anew.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ground: Option<String>,
    /// The body a returned or transferred order goes to, or, until that is ruled, should go to as its body says; of a matter given
    /// from above, who has to act.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// How much more time was asked for or granted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<u32>,
    /// second, minute, hour or workday.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// The joint visit that was recorded or signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub visit_id: Option<Uuid>,
    /// When they were there, as the lead says.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub visited_at: Option<Timestamp>,
    /// The body that signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signed_by: Option<String>,
    /// The link that was given out, revoked, opened or refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link_id: Option<Uuid>,
    /// Until when time is not charged or a link opens, or from when on time is charged again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub until: Option<Timestamp>,
    /// centre or district: who ruled, or has to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decided_by: Option<String>,
    /// The limits an order was dispatched with or has under the policy it adopted, or those that moved with a new calendar.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = Object)]
    pub due: BTreeMap<String, Option<Timestamp>>,
    /// When those that moved were due before.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = Object)]
    pub due_before: BTreeMap<String, Option<Timestamp>>,
    /// Why they moved: the days and hours on their way that are other ones now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why_zh: Option<String>,
    /// The same in English.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why_en: Option<String>,
    /// Reports in the case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub voices: Option<u32>,
    /// `key@tenant` of the endpoint told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// The case its reports, or a report of it, went to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub other_case_id: Option<Uuid>,
    /// Its number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub other_case_no: Option<String>,
    /// street or district: whose review desk it lies on, or whose centre gave it from above.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub desk: Option<String>,
    /// The type of event that was told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// How often it was tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempts: Option<u32>,
    /// Code of the item of a case that was re-routed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
    /// That of before; left out where only its place was wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item_before: Option<String>,
    /// Stable code of a reason; of a re-route that changed nothing: case-over, submitted, district-decides or asker-may-not-decide; of
    /// a link that showed nothing: link-expired, link-revoked, link-ended or link-forged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What the actor wrote.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Code of the grid, or of the community, the place lay in before the territory was redrawn, or the place corrected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lay_in: Option<String>,
    /// Code of the grid, or of the community, it lies in; left out where it lies in none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lies_in: Option<String>,
    /// The street's generation by which it was planned, or placed anew.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub street_generation: Option<u64>,
    /// Rules that could not be told when it was planned, so that none of their layer was followed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failed_rules: Vec<FailedRule>,
}

/// A rule of which nobody could tell whether it holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FailedRule {
    /// district or street: whose rules were not followed.
    pub layer: String,
    /// Its key.
    pub key: String,
    /// Which it is, why, and what was done instead.
    pub zh: String,
    /// The same in English.
    pub en: String,
}

/// The part of a timeline line that comes from the payload.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Line {
    pub case_id: Option<Uuid>,
    pub report_id: Option<Uuid>,
    pub body: Option<String>,
    pub actor: Option<String>,
    pub detail: Detail,
    pub cause: Option<Cause>,
}

/// The event a line follows from, as far as its payload names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cause {
    pub event_type: EventType,
    pub aggregate_id: Uuid,
    /// The aggregate's version at which it was said, where it can be said of one more than once.
    pub version: Option<u64>,
}

impl Cause {
    /// One that is said of its aggregate once.
    pub fn once(event_type: EventType, aggregate_id: Uuid) -> Self {
        Self { event_type, aggregate_id, version: None }
    }
}

/// A case as triage knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CaseNews {
    pub case_id: Uuid,
    pub version: u64,
    pub case_no: String,
    pub item: String,
    pub item_zh: String,
    pub item_en: String,
    pub voices: u32,
    pub opened_at: Option<Timestamp>,
    pub drill: bool,
    /// As long as dispatch has not been heard: open, reviewing, rejected or merged.
    pub phase: &'static str,
    /// The centre whose desk it lies on.
    pub holder: Option<String>,
    /// When it was over before dispatch had it.
    pub closed_at: Option<Timestamp>,
}

/// A case as dispatch knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CaseProgress {
    pub case_id: Uuid,
    pub version: u64,
    pub case_no: String,
    pub item: String,
    pub phase: String,
    pub round: u32,
    pub holder: Option<String>,
    pub stages: Vec<Stage>,
    pub closed_at: Option<Timestamp>,
    pub drill: bool,
}

/// An order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OrderNews {
    pub order_id: Uuid,
    pub case_id: Uuid,
    pub version: u64,
    pub body: String,
    pub role: String,
    pub phase: String,
    pub round: u32,
    pub stages: Vec<Stage>,
    pub dispatched_at: Option<Timestamp>,
}

/// What is known of a report; each field is said once at most, but for the case it is in: the highest placement is right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReportNews {
    pub report_id: Uuid,
    pub case_id: Option<Uuid>,
    /// How often it was put into a case, with this time; 0 from before it was counted.
    pub placement: u32,
    pub item: Option<String>,
    pub review: bool,
    /// Nobody has to act: a person said so.
    pub rejected: bool,
    pub accepted_at: Option<Timestamp>,
    /// Whose centre gave it from above: street or district.
    pub assigned_by: Option<&'static str>,
    pub tracking_sha256: Option<[u8; 32]>,
}

impl ReportNews {
    /// Adds what another event says; the order does not matter.
    pub fn join(&mut self, other: ReportNews) {
        if other.case_id.is_some() && (self.case_id.is_none() || other.placement > self.placement) {
            (self.case_id, self.placement) = (other.case_id, other.placement);
        }
        self.rejected |= other.rejected;
        self.assigned_by = self.assigned_by.or(other.assigned_by);
        self.item = self.item.take().or(other.item);
        self.review |= other.review;
        self.accepted_at = self.accepted_at.or(other.accepted_at);
    }
}
