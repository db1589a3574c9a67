//! Named metrics and alarms. Labels are stage words only: bounded, and no tenant's.
//!
//! Counted when decided, inside the transaction: a batch that is rolled back and tried again counts twice.

use orders::{Stage, StageEvent};
use prometheus::{IntCounterVec, Opts, Registry};
use uuid::Uuid;

/// The instruments of this service. Cloning shares them.
#[derive(Debug, Clone)]
pub struct Metrics {
    calendar_awaited: IntCounterVec,
    warned: IntCounterVec,
    breached: IntCounterVec,
    escalated: IntCounterVec,
}

impl Metrics {
    /// Makes and registers them; once per registry.
    pub fn register(registry: &Registry) -> Self {
        let counter = |name: &str, help: &str| {
            let counter = IntCounterVec::new(Opts::new(name, help), &["stage"]);
            let counter = counter.expect("names and labels are valid");
            registry.register(Box::new(counter.clone())).expect("a registry belongs to one service");
            for stage in [Stage::See, Stage::Acknowledge, Stage::OnSite, Stage::Resolve, Stage::Verify] {
                // A rate needs a zero to start from.
                counter.with_label_values(&[stage.as_str()]);
            }
            counter
        };
        Self {
            calendar_awaited: counter(
                "dispatch_calendar_awaited_total",
                "Stages whose due time waits for an unpublished calendar year.",
            ),
            warned: counter("dispatch_stages_warned_total", "Warnings before a due time."),
            breached: counter("dispatch_stages_breached_total", "Due times that passed unmet."),
            escalated: counter("dispatch_stages_escalated_total", "Steps of escalation chains."),
        }
    }

    /// Counts what time or a calendar did to a stage, and raises the alarm of an unpublished year (D31).
    pub fn stage(&self, tenant: ids::TenantId, subject_id: Uuid, event: &StageEvent) {
        let stage = event.stage().as_str();
        match event {
            StageEvent::Warned { .. } => self.warned.with_label_values(&[stage]).inc(),
            StageEvent::Breached { .. } => self.breached.with_label_values(&[stage]).inc(),
            StageEvent::Escalated { .. } => self.escalated.with_label_values(&[stage]).inc(),
            StageEvent::CalendarAwaited { awaited, .. } => {
                self.calendar_awaited.with_label_values(&[stage]).inc();
                let (year, calendar) = (awaited.year, awaited.calendar.id.as_str());
                tracing::error!(%tenant, %subject_id, stage, year, calendar, "calendar year is not published");
            }
            StageEvent::CalendarFilled { .. } => {
                tracing::info!(%tenant, %subject_id, stage, "awaited calendar year was published");
            }
        }
    }
}
