//! In which order waiting lines get their positions, and which of them wait on.
//!
//! A line follows from others: from the version before its own, and from the event its payload names as its cause.
//! It stands after them. What it follows from and was not heard yet is waited for until the line is overdue; then it
//! goes on without, marked as early. Among lines that do not follow from each other the order is time; at one instant
//! it is the publisher further up, then the event id, which within one transaction is the order of minting.

use std::collections::HashMap;

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
    /// The case, or the report while the line names no case.
    pub subject_id: Option<Uuid>,
    /// It has waited long enough.
    pub overdue: bool,
    /// What it follows from and has no position yet.
    pub needs: Vec<Need>,
}

/// What a line follows from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// Nobody has said it yet.
    Unheard,
    /// This line, which has no position either.
    Line(Uuid),
}

/// A line that gets the next position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Next {
    pub event_id: Uuid,
    pub subject_id: Option<Uuid>,
    /// It goes before something it follows from.
    pub early: bool,
}

/// Where a line would stand if it followed from nothing.
type Place = (Timestamp, usize, Uuid);

/// The lines that need not wait any longer, in the order of their positions.
pub(crate) fn in_order(mut lines: Vec<Waiting>) -> Vec<Next> {
    // Causes come from further up and lower versions from the same publisher: needs stand before who needs them.
    lines.sort_by_key(|line| (stream_rank(&line.event_type), line.version, line.event_id));
    let index: HashMap<Uuid, usize> = lines.iter().enumerate().map(|(n, line)| (line.event_id, n)).collect();
    let needed = |line: &Waiting| -> Vec<Option<usize>> {
        let of = |need: &Need| match need {
            Need::Unheard => None,
            Need::Line(id) => index.get(id).copied(),
        };
        line.needs.iter().map(of).collect()
    };
    let going = going_on(&lines, needed);
    let mut placed: Vec<Option<(Place, bool)>> = Vec::with_capacity(lines.len());
    for (line, forced) in lines.iter().zip(going) {
        let needs: Vec<Option<Place>> =
            needed(line).into_iter().map(|need| placed[need?].map(|(place, _)| place)).collect();
        let early = needs.contains(&None);
        let own = (line.at, stream_rank(&line.event_type), line.event_id);
        let place = needs.into_iter().flatten().fold(own, Place::max);
        placed.push((forced || !early).then_some((place, early)));
    }
    let mut order: Vec<(Place, usize, bool)> =
        placed.iter().enumerate().filter_map(|(n, p)| p.map(|(place, early)| (place, n, early))).collect();
    // Lines that were moved to one place stand as they were sorted: what is needed first.
    order.sort();
    let next = |n: usize, early| Next { event_id: lines[n].event_id, subject_id: lines[n].subject_id, early };
    order.into_iter().map(|(_, n, early)| next(n, early)).collect()
}

/// Which lines go on whatever is missing: those that are overdue, and what those follow from.
fn going_on(lines: &[Waiting], needed: impl Fn(&Waiting) -> Vec<Option<usize>>) -> Vec<bool> {
    let mut going: Vec<bool> = lines.iter().map(|line| line.overdue).collect();
    for n in (0..lines.len()).rev().filter(|n| !lines[*n].needs.is_empty()) {
        if going[n] {
            needed(&lines[n]).into_iter().flatten().for_each(|need| going[need] = true);
        }
    }
    going
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

    fn line(id: u128, kind: EventType, at: i64, version: i64, needs: &[Need]) -> Waiting {
        Waiting {
            event_id: Uuid::from_u128(id),
            event_type: kind.to_string(),
            at: Timestamp::from_second(at).unwrap(),
            version,
            subject_id: None,
            overdue: false,
            needs: needs.to_vec(),
        }
    }

    fn on(id: u128) -> Need {
        Need::Line(Uuid::from_u128(id))
    }

    /// The ids in order; early ones are negative.
    fn order(lines: Vec<Waiting>) -> Vec<i128> {
        let id = |next: Next| next.event_id.as_u128() as i128 * if next.early { -1 } else { 1 };
        in_order(lines).into_iter().map(id).collect()
    }

    #[test]
    fn time_then_cause_then_minting() {
        let lines = vec![
            line(1, EventType::DeliveryDelivered, 7, 1, &[]),
            line(2, EventType::CaseSubmitted, 7, 2, &[]),
            // The order's fourth event, in one transaction with the case's second and minted before it.
            line(0, EventType::OrderSubmitted, 7, 4, &[]),
            line(3, EventType::CaseRouted, 7, 2, &[]),
            line(5, EventType::ReportAccepted, 7, 1, &[]),
            line(6, EventType::CaseClosed, 6, 9, &[]),
        ];
        assert_eq!(order(lines), [6, 5, 3, 0, 2, 1]);
    }

    #[test]
    fn versions_come_before_time() {
        // The second version was written by a transaction that had begun earlier.
        let lines = vec![
            line(8, EventType::OrderSeen, 5, 2, &[on(9)]),
            line(7, EventType::OrderAcknowledged, 6, 3, &[on(8)]),
            line(9, EventType::OrderDispatched, 9, 1, &[]),
            line(1, EventType::OrderWarned, 8, 1, &[]),
        ];
        assert_eq!(order(lines), [1, 9, 8, 7]);
    }

    #[test]
    fn a_line_waits_for_what_it_follows_from_and_goes_on_when_overdue() {
        let mut lines = vec![
            line(1, EventType::CaseRouted, 1, 2, &[Need::Unheard]),
            line(2, EventType::OrderDispatched, 2, 1, &[on(1)]),
            line(3, EventType::OrderSeen, 3, 2, &[on(2)]),
            line(4, EventType::ReportAccepted, 4, 1, &[]),
        ];
        assert_eq!(order(lines.clone()), [4]);
        // A line of another batch is waited for as well.
        lines[0].needs = vec![on(77)];
        assert_eq!(order(lines.clone()), [4]);
        // What the overdue line follows from goes with it, and before it.
        lines[2].overdue = true;
        assert_eq!(order(lines.clone()), [-1, 2, 3, 4]);
        lines[0].needs.clear();
        lines[2].overdue = false;
        assert_eq!(order(lines), [1, 2, 3, 4]);
    }
}
