//! Named metrics and alarms. Labels are stage words only: bounded, and no tenant's.
//!
//! Counted when decided, inside the transaction: a batch that is rolled back and tried again counts twice.

use std::time::Duration;

use jiff::Timestamp;
use orders::{LinkDenial, Stage, StageEvent};
use telemetry::{Counter, Histogram, label};
use uuid::Uuid;

use crate::core::auditor::{Difference, Subject};

/// The fixed stages, and one word for all named pairs: their names are the manifests'.
const STAGES: [&str; 7] = ["see", "acknowledge", "on_site", "resolve", "verify", "adjudicate", PAIR];
const PAIR: &str = "pair";

fn word(stage: Stage) -> &'static str {
    let fixed = Stage::FIXED.iter().position(|fixed| *fixed == stage);
    fixed.map_or(PAIR, |place| STAGES[place])
}

/// Why links showed nothing; `unknown` is of what names no link of ours.
const LINK_REASONS: [&str; 5] = [
    LinkDenial::Expired.as_str(),
    LinkDenial::Revoked.as_str(),
    LinkDenial::Ended.as_str(),
    LinkDenial::Forged.as_str(),
    UNKNOWN,
];
const UNKNOWN: &str = "unknown";

/// Up to a minute, with the five seconds of `report-to-order` (docs/slo.toml) among them.
const REPORT_TO_ORDER_SECONDS: [f64; 12] =
    [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];

/// The instruments of this service. Cloning shares them.
#[derive(Debug, Clone)]
pub struct Metrics {
    calendar_awaited: Counter<1>,
    warned: Counter<1>,
    breached: Counter<1>,
    escalated: Counter<1>,
    report_to_order: Histogram<0>,
    batches: Histogram<0>,
    turned_away: Counter<0>,
    looks: Counter<0>,
    audited: Counter<0>,
    differences: Counter<1>,
    links_refused: Counter<1>,
}

/// How many commands a writer takes at once, in steps.
const BATCH_COMMANDS: [f64; 5] = [1.0, 4.0, 16.0, 64.0, 128.0];

impl Metrics {
    /// Makes them; made twice, they are the same.
    pub fn register(metrics: &telemetry::Metrics) -> Self {
        let counter = |name, help| metrics.counter(name, help, "{stage}", [label("stage", STAGES)]);
        Self {
            calendar_awaited: counter(
                "dispatch.calendar.awaited",
                "Stages whose due time waits for an unpublished calendar year.",
            ),
            warned: counter("dispatch.stages.warned", "Warnings before a due time."),
            breached: counter("dispatch.stages.breached", "Due times that passed unmet."),
            escalated: counter("dispatch.stages.escalated", "Steps of escalation chains."),
            report_to_order: metrics.histogram(
                "dispatch.report_to_order.duration",
                "From a report's acceptance to the dispatch of the orders it led to without a person in between.",
                "s",
                &REPORT_TO_ORDER_SECONDS,
                [],
            ),
            batches: metrics.histogram(
                "dispatch.batch.commands",
                "Commands of the doors taken by a writer at once.",
                "{command}",
                &BATCH_COMMANDS,
                [],
            ),
            turned_away: metrics.counter(
                "dispatch.commands.turned_away",
                "Commands of the doors refused because too many waited.",
                "{command}",
                [],
            ),
            looks: metrics.counter(
                "dispatch.auditor.looks",
                "Looks of the auditor that ended: its heartbeat.",
                "{look}",
                [],
            ),
            audited: metrics.counter(
                "dispatch.auditor.subjects",
                "Open orders and cases whose due stages were held against the journal.",
                "{subject}",
                [],
            ),
            differences: metrics.counter(
                "dispatch.auditor.differences",
                "Open orders and cases whose clocks differ from the journal, once a walk.",
                "{subject}",
                [label("difference", Difference::WORDS)],
            ),
            links_refused: metrics.counter(
                "dispatch.links.refused",
                "Attempts to open an order, or to act on it, by a link that shows nothing.",
                "{attempt}",
                [label("reason", LINK_REASONS)],
            ),
        }
    }

    /// Somebody tried a link in vain; without a reason: what it was, is no link of ours.
    pub(crate) fn link_refused(&self, why: Option<LinkDenial>) {
        self.links_refused.add([why.map_or(UNKNOWN, LinkDenial::as_str)], 1);
    }

    /// The auditor held so many subjects against the journal.
    pub(crate) fn audited(&self, subjects: usize) {
        self.looks.add([], 1);
        self.audited.add([], subjects as u64);
    }

    /// One of them differs.
    pub(crate) fn differs(&self, subject: &Subject, difference: Difference) {
        let (kind, difference) = (subject.kind.as_str(), difference.as_str());
        self.differences.add([difference], 1);
        tracing::error!(
            tenant = %subject.tenant,
            subject_id = %subject.id,
            kind,
            difference,
            "clocks differ from the journal"
        );
    }

    /// A report's case has its orders.
    pub fn dispatched(&self, accepted_at: Timestamp, now: Timestamp) {
        let after = Duration::try_from(now.duration_since(accepted_at)).unwrap_or_default();
        self.report_to_order.record([], after.as_secs_f64());
    }

    /// A writer took so many commands.
    pub fn batch(&self, commands: usize) {
        self.batches.record([], commands as f64);
    }

    /// A command was refused unheard.
    pub fn turned_away(&self) {
        self.turned_away.add([], 1);
    }

    /// Counts what time or a calendar did to a stage, and raises the alarm of an unpublished year (D31).
    pub fn stage(&self, tenant: ids::TenantId, subject_id: Uuid, event: &StageEvent) {
        let stage = word(event.stage());
        match event {
            StageEvent::Warned { .. } => self.warned.add([stage], 1),
            StageEvent::Breached { .. } => self.breached.add([stage], 1),
            StageEvent::Escalated { .. } => self.escalated.add([stage], 1),
            StageEvent::CalendarAwaited { awaited, .. } => {
                self.calendar_awaited.add([stage], 1);
                let (year, calendar) = (awaited.year, awaited.calendar.id.as_str());
                tracing::error!(%tenant, %subject_id, stage, year, calendar, "calendar year is not published");
            }
            StageEvent::CalendarFilled { .. } => {
                tracing::info!(%tenant, %subject_id, stage, "awaited calendar year was published");
            }
        }
    }
}
