//! A line without a position, and what can be said of it without asking the database.

use std::collections::HashMap;

use contract::EventType;
use jiff::Timestamp;
use uuid::Uuid;

use super::placed::{Fact, Placed, What};
use super::sequence::{Need, Waiting};

/// As it is kept until it has its position.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub tenant_id: i64,
    pub event_id: Uuid,
    pub heard_at: Timestamp,
    /// The event it names as its cause.
    pub cause: Option<Cause>,
    /// Missing of lines that an older version kept: those are asked about.
    pub traits: Option<Traits>,
}

/// The event that a line names as its cause.
#[derive(Debug, Clone)]
pub(crate) struct Cause {
    pub event_type: String,
    pub aggregate_id: Uuid,
    /// Which of several of that type, by the aggregate's version.
    pub version: Option<i64>,
}

/// What a line's place is decided by, and by what others follow from it.
#[derive(Debug, Clone)]
pub(crate) struct Traits {
    pub event_type: String,
    pub at: Timestamp,
    pub version: i64,
    pub aggregate_id: Uuid,
    /// The case, or the report while the line names no case.
    pub subject_id: Option<Uuid>,
}

/// Lines whose needs are known: placed as far as this process remembers, or waiting among these lines; and the others,
/// which have to be asked about. `overdue_at`: what was heard by then waits no longer.
pub(crate) fn sort_out(
    lines: &[Line],
    placed: &Placed,
    overdue_at: Timestamp,
) -> (Vec<(i64, Waiting)>, Vec<Line>) {
    let beside: HashMap<Fact, Uuid> =
        lines.iter().flat_map(|line| line.facts().map(|fact| (fact, line.event_id))).collect();
    let (mut known, mut asked) = (Vec::new(), Vec::new());
    for line in lines {
        match line.waiting(placed, &beside, overdue_at) {
            Some(waiting) => known.push((line.tenant_id, waiting)),
            None => asked.push(line.clone()),
        }
    }
    (known, asked)
}

impl Line {
    /// What is true once it has its position; nothing of a type this version does not know.
    pub(crate) fn facts(&self) -> impl Iterator<Item = Fact> {
        let facts = self.traits.as_ref().and_then(|traits| {
            let event: EventType = traits.event_type.parse().ok()?;
            let of = |what| Fact { tenant_id: self.tenant_id, aggregate_id: traits.aggregate_id, what };
            Some([of(What::Version(event.service(), traits.version)), of(What::Event(event))])
        });
        facts.into_iter().flatten()
    }

    fn waiting(
        &self,
        placed: &Placed,
        beside: &HashMap<Fact, Uuid>,
        overdue_at: Timestamp,
    ) -> Option<Waiting> {
        let traits = self.traits.as_ref()?;
        let needs = self.follows_from(traits)?.into_iter().filter(|fact| !placed.holds(fact));
        let needs = needs.map(|fact| Some(Need::Line(*beside.get(&fact)?))).collect::<Option<Vec<_>>>()?;
        Some(Waiting {
            event_id: self.event_id,
            event_type: traits.event_type.clone(),
            at: traits.at,
            version: traits.version,
            subject_id: traits.subject_id,
            overdue: self.heard_at <= overdue_at,
            needs,
        })
    }

    fn follows_from(&self, traits: &Traits) -> Option<Vec<Fact>> {
        let event: EventType = traits.event_type.parse().ok()?;
        let fact = |aggregate_id, what| Fact { tenant_id: self.tenant_id, aggregate_id, what };
        let mut facts = Vec::new();
        if traits.version > 1 {
            facts.push(fact(traits.aggregate_id, What::Version(event.service(), traits.version - 1)));
        }
        if let Some(Cause { event_type, aggregate_id, version }) = &self.cause {
            let cause: EventType = event_type.parse().ok()?;
            let what = version.map_or(What::Event(cause), |version| What::Version(cause.service(), version));
            facts.push(fact(*aggregate_id, what));
        }
        Some(facts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn line(id: u128, kind: EventType, aggregate: u128, version: i64) -> Line {
        let traits = Traits {
            event_type: kind.to_string(),
            at: NOW,
            version,
            aggregate_id: Uuid::from_u128(aggregate),
            subject_id: None,
        };
        let event_id = Uuid::from_u128(id);
        Line { tenant_id: 1, event_id, heard_at: NOW, cause: None, traits: Some(traits) }
    }

    fn caused(line: Line, kind: EventType, aggregate: u128) -> Line {
        let (event_type, aggregate_id) = (kind.to_string(), Uuid::from_u128(aggregate));
        Line { cause: Some(Cause { event_type, aggregate_id, version: None }), ..line }
    }

    /// The same by the word of a version of the aggregate.
    fn caused_at(line: Line, kind: EventType, aggregate: u128, version: i64) -> Line {
        let line = caused(line, kind, aggregate);
        Line { cause: line.cause.map(|cause| Cause { version: Some(version), ..cause }), ..line }
    }

    /// Ids of known lines with the number of their needs, and ids of those to be asked about.
    fn sorted(lines: &[Line], placed: &Placed) -> (Vec<(u128, usize)>, Vec<u128>) {
        let (known, asked) = sort_out(lines, placed, NOW);
        let known = known.iter().map(|(_, line)| (line.event_id.as_u128(), line.needs.len()));
        (known.collect(), asked.iter().map(|line| line.event_id.as_u128()).collect())
    }

    #[test]
    fn what_is_remembered_or_beside_needs_no_question() {
        let opened = line(1, EventType::CaseOpened, 9, 1);
        let routed = line(2, EventType::CaseRouted, 9, 2);
        let dispatched = caused(line(3, EventType::OrderDispatched, 5, 1), EventType::CaseRouted, 9);
        let mut placed = Placed::default();
        let lines = [opened.clone(), routed.clone(), dispatched.clone()];
        assert_eq!(sorted(&lines, &placed), (vec![(1, 0), (2, 1), (3, 1)], vec![]));
        // Neither beside nor remembered.
        assert_eq!(sorted(&lines[1..], &placed), (vec![(3, 1)], vec![2]));
        placed.remember(opened.facts().chain(routed.facts()));
        assert_eq!(sorted(&lines[1..], &placed), (vec![(2, 0), (3, 0)], vec![]));
    }

    #[test]
    fn a_word_of_another_version_is_no_cause() {
        let first = line(1, EventType::CaseRerouted, 9, 3);
        let again = line(2, EventType::CaseRerouted, 9, 4);
        let followed = line(3, EventType::DispatchCaseRerouted, 8, 1);
        let followed = caused_at(followed, EventType::CaseRerouted, 9, 4);
        let mut placed = Placed::default();
        placed.remember(first.facts());
        assert_eq!(sorted(std::slice::from_ref(&followed), &placed), (vec![], vec![3]));
        // It stands beside it, and is what it waits for.
        assert_eq!(sorted(&[again.clone(), followed.clone()], &placed), (vec![(2, 0), (3, 1)], vec![]));
        placed.remember(again.facts());
        assert_eq!(sorted(&[followed], &placed), (vec![(3, 0)], vec![]));
    }

    #[test]
    fn another_tenants_or_publishers_fact_is_no_answer() {
        let mut placed = Placed::default();
        placed.remember(line(1, EventType::CaseOpened, 9, 1).facts());
        let elsewhere = Line { tenant_id: 2, ..line(2, EventType::CaseRouted, 9, 2) };
        let of_dispatch = line(3, EventType::CaseReopened, 9, 2);
        assert_eq!(sorted(&[elsewhere, of_dispatch], &placed), (vec![], vec![2, 3]));
    }

    #[test]
    fn lines_without_traits_and_of_unknown_types_are_asked_about() {
        let old = Line { traits: None, ..line(1, EventType::CaseOpened, 9, 1) };
        let mut newer = line(2, EventType::CaseOpened, 8, 1);
        newer.traits.as_mut().unwrap().event_type = "triage.case.unheard-of".to_owned();
        assert_eq!(sorted(&[old, newer], &Placed::default()), (vec![], vec![1, 2]));
    }
}
