//! Metrics of console. No text of a person is ever a label; of tenants their official codes, where that is said (ADR 049).

use contract::{Envelope, EventType};
use ids::TenantId;
use telemetry::{Counter, Gauge, Metrics, TenantCounter, label};

/// What is counted for each street, for the dashboard of a tenant.
const SHOWN: [(EventType, &str); 12] = [
    (EventType::ReportAccepted, "report_accepted"),
    (EventType::CaseOpened, "case_opened"),
    (EventType::CaseClosed, "case_closed"),
    (EventType::OrderDispatched, "order_dispatched"),
    (EventType::OrderReturned, "order_returned"),
    (EventType::OrderWarned, "stage_warned"),
    (EventType::CaseWarned, "stage_warned"),
    (EventType::OrderBreached, "stage_breached"),
    (EventType::CaseBreached, "stage_breached"),
    (EventType::OrderEscalated, "stage_escalated"),
    (EventType::CaseEscalated, "stage_escalated"),
    (EventType::DeliveryDeadLettered, "delivery_dead_lettered"),
];

/// What is counted. A batch that fails and is tried again counts again: these tell of work, not of rows.
#[derive(Debug, Clone)]
pub struct Events {
    heard: Counter<1>,
    sequenced: Counter<0>,
    live_readers: Gauge<0>,
    of_tenant: TenantCounter,
}

impl Events {
    /// Makes them; made twice, they are the same.
    pub fn new(metrics: &Metrics) -> Self {
        let publishers = [label("publisher", contract::topology::PUBLISHERS)];
        let (lines, help) = ("console.lines.sequenced", "Timeline lines given a position.");
        Self {
            heard: metrics.counter(
                "console.events.heard",
                "Events recorded, by publisher.",
                "{event}",
                publishers,
            ),
            sequenced: metrics.counter(lines, help, "{line}", []),
            live_readers: metrics.gauge("console.live.readers", "Live streams open now.", "{reader}", []),
            of_tenant: metrics.tenant_counter(
                "console.tenant.events",
                "What happened in each street, drills excepted.",
                "{event}",
                label("event", SHOWN.map(|(_, word)| word)),
            ),
        }
    }

    pub(crate) fn heard(&self, envelope: &Envelope) {
        self.heard.add([envelope.event_type.service()], 1);
        let shown = SHOWN.iter().find(|(kind, _)| *kind == envelope.event_type);
        if let Some((_, word)) = shown.filter(|_| !envelope.drill) {
            let tenant = envelope.tenant;
            self.of_tenant.add(tenant.as_i64(), || tenant.to_string(), word, 1);
        }
    }

    /// Shows these streets before anything happens there.
    pub(crate) fn know(&self, streets: impl Iterator<Item = TenantId>) {
        streets.for_each(|street| self.of_tenant.know(street.as_i64(), || street.to_string()));
    }

    pub(crate) fn sequenced(&self, lines: usize) {
        self.sequenced.add([], lines as u64);
    }

    pub(crate) fn live_readers(&self, open: usize) {
        self.live_readers.set([], open as i64);
    }
}
