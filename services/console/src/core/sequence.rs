//! In which order lines that wait together get their positions: by time; at one instant by cause, which is the
//! publisher further up, then the aggregate's version.

use contract::EventType;
use jiff::Timestamp;
use uuid::Uuid;

/// A line without a position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Waiting {
    pub event_id: Uuid,
    pub event_type: String,
    pub at: Timestamp,
    pub version: i64,
}

/// Sorts them.
pub(crate) fn in_order(lines: &mut [Waiting]) {
    lines.sort_by_key(key);
}

fn key(line: &Waiting) -> (Timestamp, usize, i64, Uuid) {
    (line.at, stream_rank(&line.event_type), line.version, line.event_id)
}

/// Events go forward only: what a publisher says follows from those before it.
fn stream_rank(event_type: &str) -> usize {
    const FLOW: [&str; 4] = ["intake", "triage", "dispatch", "notification"];
    let service = event_type.parse::<EventType>().map_or("", EventType::service);
    FLOW.iter().position(|publisher| *publisher == service).unwrap_or(FLOW.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(id: u128, kind: EventType, at: i64, version: i64) -> Waiting {
        let at = Timestamp::from_second(at).unwrap();
        Waiting { event_id: Uuid::from_u128(id), event_type: kind.to_string(), at, version }
    }

    #[test]
    fn time_then_cause() {
        let mut lines = vec![
            line(1, EventType::DeliveryDelivered, 7, 1),
            line(2, EventType::OrderDispatched, 7, 1),
            line(3, EventType::CaseRouted, 7, 2),
            line(4, EventType::CaseOpened, 7, 1),
            line(5, EventType::ReportAccepted, 7, 1),
            line(6, EventType::CaseClosed, 6, 9),
        ];
        in_order(&mut lines);
        let ids: Vec<u128> = lines.iter().map(|line| line.event_id.as_u128()).collect();
        assert_eq!(ids, [6, 5, 4, 3, 2, 1]);
    }
}
