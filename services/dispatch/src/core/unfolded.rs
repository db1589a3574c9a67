//! A clock unfolded for people: what counted, what did not, and why.

use jiff::Timestamp;
use orders::StageState;
use serde::Serialize;
use sla::{Counts, Explanation, Outlook, Stretch};
use utoipa::ToSchema;
use uuid::Uuid;

/// The clocks of an order, as they stand, or stood.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct ClockList {
    pub order_id: Uuid,
    pub case_no: String,
    /// The moment they are told for.
    pub at: Timestamp,
    /// One a stage, in the order in which they are to be met; then the named pairs that have begun.
    pub clocks: Vec<ClockView>,
}

/// The case's own clocks, as they stand, or stood.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct CaseClockList {
    pub case_id: Uuid,
    pub case_no: String,
    /// The moment they are told for.
    pub at: Timestamp,
    /// The verification of each round and one of each return, in the order in which they began.
    pub clocks: Vec<ClockView>,
}

/// One clock.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct ClockView {
    /// see, acknowledge, on_site, resolve or the name of a pair; of a case verify or adjudicate.
    pub stage: String,
    /// Of a named pair: what people call it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stage_zh: Option<String>,
    /// The same in English.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stage_en: Option<String>,
    /// The round that it is of; left out of an order's, which is of one round.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub round: Option<u32>,
    /// Of adjudicate: the order that was returned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_id: Option<Uuid>,
    /// met, breached or cancelled; empty while it runs.
    pub verdict: Option<String>,
    /// Id of the calendar its working time is counted on; empty around the clock.
    pub calendar: Option<String>,
    /// The publication of it.
    pub calendar_version: Option<u64>,
    /// Limit and extensions as time on its clock; empty while that needs a year that is not published.
    pub allowed_s: Option<i64>,
    /// What was used of it.
    pub used_s: i64,
    /// The last instant in time; empty while it is on hold or awaits a calendar.
    pub due_at: Option<Timestamp>,
    /// The calendar year that is not published yet.
    pub awaiting_year: Option<i16>,
    /// Its time is not charged now.
    pub on_hold: bool,
    /// From the start to the due time without a gap; what counts of them adds up to what is allowed.
    pub stretches: Vec<StretchView>,
    /// All of it in words, a line a stretch.
    pub zh: String,
    pub en: String,
}

/// One stretch.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct StretchView {
    pub from: Timestamp,
    pub to: Timestamp,
    /// So much of it counts.
    pub counted_s: i64,
    /// Why nothing of it counts, e.g. 周末; empty where it counts.
    pub why_zh: Option<String>,
    pub why_en: Option<String>,
}

impl ClockView {
    /// Of a stage, with what its calendar says.
    pub fn of(stage: &StageState, told: &Explanation) -> Self {
        let (due_at, awaiting_year) = match told.outlook {
            Outlook::Due(due_at) => (Some(due_at), None),
            Outlook::AwaitingCalendar(year) => (None, Some(year)),
            Outlook::OnHold => (None, None),
        };
        let calendar = stage.counted_on();
        Self {
            stage: stage.stage().as_str().to_owned(),
            stage_zh: None,
            stage_en: None,
            round: None,
            order_id: None,
            verdict: stage.verdict.map(|verdict| verdict.as_str().to_owned()),
            calendar: calendar.map(|reference| reference.id.clone()),
            calendar_version: calendar.map(|reference| reference.version),
            allowed_s: told.allowance.map(|allowance| allowance.as_secs()),
            used_s: told.used.as_secs(),
            due_at,
            awaiting_year,
            on_hold: told.outlook == Outlook::OnHold && stage.open(),
            stretches: told.stretches.iter().map(StretchView::of).collect(),
            zh: told.text_zh(),
            en: told.text_en(),
        }
    }
}

impl StretchView {
    fn of(stretch: &Stretch) -> Self {
        let (counted_s, why) = match &stretch.counts {
            Counts::All => (stretch.to.duration_since(stretch.from).as_secs(), None),
            Counts::Settled(us) => (us / 1_000_000, None),
            Counts::Nothing(reason) => (0, Some(reason)),
        };
        Self {
            from: stretch.from,
            to: stretch.to,
            counted_s,
            why_zh: why.map(|reason| reason.text_zh().to_owned()),
            why_en: why.map(|reason| reason.text_en().to_owned()),
        }
    }
}
