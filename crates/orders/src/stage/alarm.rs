//! What falls due next. The wake-up is armed at the least of these instants, and a wake-up does what has
//! come, so the two can never disagree.

use ids::BodyRef;
use jiff::Timestamp;

use super::{StageEvent, StageState, Verdict};
use crate::ChainStep;

/// The least next warning, due or chain instant.
pub(crate) fn next_alarm(
    stages: &[StageState],
    chain: &[ChainStep],
    holder: Option<&BodyRef>,
) -> Option<Timestamp> {
    stages.iter().filter_map(|stage| stage.next(chain, holder)).map(|(at, _)| at).min()
}

/// The next thing a wake-up at `now` does; asked again until there is none. A warning whose due time has
/// come too is skipped: nobody is warned of what has happened. `holder` is the body whose the stages are; a case's are of none.
pub(crate) fn due_event(
    stages: &[StageState],
    chain: &[ChainStep],
    holder: Option<&BodyRef>,
    now: Timestamp,
) -> Option<StageEvent> {
    let come = stages.iter().filter_map(|stage| stage.breach_by(now).or_else(|| stage.next(chain, holder)));
    come.filter(|(at, _)| *at <= now).min_by_key(|(at, _)| *at).map(|(_, event)| event)
}

/// The next breach an act at `now` finds unrecorded: a due time strictly before it.
pub(crate) fn overdue_event(stages: &[StageState], now: Timestamp) -> Option<StageEvent> {
    let overdue = stages.iter().filter_map(|stage| stage.breach_by(now)).filter(|(at, _)| *at < now);
    overdue.min_by_key(|(at, _)| *at).map(|(_, event)| event)
}

impl StageState {
    fn next(&self, chain: &[ChainStep], holder: Option<&BodyRef>) -> Option<(Timestamp, StageEvent)> {
        let due = self.known()?;
        let stage = self.stage();
        match (self.verdict, self.met_at) {
            (None, None) => match due.warns.get(self.warned as usize) {
                Some(warn) => Some((warn.at, StageEvent::Warned { stage, per_mille: warn.per_mille })),
                None => Some((due.due_at, StageEvent::Breached { stage })),
            },
            (Some(Verdict::Breached), None) => {
                let step = chain.get(self.escalated as usize)?;
                let event = StageEvent::Escalated {
                    stage,
                    // They count from 1, as people do.
                    step: self.escalated + 1,
                    to: step.tells(holder).cloned(),
                    measure: step.measure(),
                };
                Some((step.fires_at(due.due_at), event))
            }
            _ => None,
        }
    }

    fn breach_by(&self, now: Timestamp) -> Option<(Timestamp, StageEvent)> {
        let due = self.known().filter(|due| self.open() && due.due_at <= now)?;
        Some((due.due_at, StageEvent::Breached { stage: self.stage() }))
    }
}
