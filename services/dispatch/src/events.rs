//! Named metrics and alarms. Labels are stage words only: bounded, and no tenant's.
//!
//! Counted when decided, inside the transaction: a batch that is rolled back and tried again counts twice.

use orders::{Stage, StageEvent};
use telemetry::{Counter, label};
use uuid::Uuid;

const STAGES: [&str; 6] = [
    Stage::See.as_str(),
    Stage::Acknowledge.as_str(),
    Stage::OnSite.as_str(),
    Stage::Resolve.as_str(),
    Stage::Verify.as_str(),
    Stage::Adjudicate.as_str(),
];

/// The instruments of this service. Cloning shares them.
#[derive(Debug, Clone)]
pub struct Metrics {
    calendar_awaited: Counter<1>,
    warned: Counter<1>,
    breached: Counter<1>,
    escalated: Counter<1>,
}

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
        }
    }

    /// Counts what time or a calendar did to a stage, and raises the alarm of an unpublished year (D31).
    pub fn stage(&self, tenant: ids::TenantId, subject_id: Uuid, event: &StageEvent) {
        let stage = event.stage().as_str();
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
