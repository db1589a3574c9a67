//! What happens to stages by the passing of time or by a calendar, for orders and cases alike.

use ids::BodyRef;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sla::{Calendar, PerMille, SlaError};

use crate::Measure;

use super::{AwaitedCalendar, DueAt, Stage, StageDue, StageState, Verdict};

/// One thing that happened to one stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum StageEvent {
    /// 预警: this part of the allowed time has passed. One event for each fraction.
    Warned {
        /// Which stage.
        stage: Stage,
        /// Which part.
        per_mille: PerMille,
    },
    /// 超期: the due time passed.
    Breached {
        /// Which stage.
        stage: Stage,
    },
    /// 升级: a step of the chain fired.
    Escalated {
        /// The breached stage.
        stage: Stage,
        /// Which step, from 1.
        step: u32,
        /// Who is told; none where that is who is late with a stage of a case ([`Case::late`](crate::Case::late)).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<BodyRef>,
        /// What was done beyond that.
        #[serde(default)]
        measure: Measure,
    },
    /// The due time needs a year that is not published.
    CalendarAwaited {
        /// Which stage.
        stage: Stage,
        /// What it waits for.
        awaited: AwaitedCalendar,
    },
    /// The awaited calendar was published.
    CalendarFilled {
        /// Which stage.
        stage: Stage,
        /// The due time it now has.
        due: DueAt,
    },
}

impl StageEvent {
    /// The word in subjects and journals.
    pub const fn name(&self) -> &'static str {
        match self {
            StageEvent::Warned { .. } => "warned",
            StageEvent::Breached { .. } => "breached",
            StageEvent::Escalated { .. } => "escalated",
            StageEvent::CalendarAwaited { .. } => "calendar_awaited",
            StageEvent::CalendarFilled { .. } => "calendar_filled",
        }
    }

    /// Whether whose stage it is comes under supervision by it.
    pub(crate) const fn supervises(&self) -> bool {
        matches!(self, StageEvent::Escalated { measure, .. } if measure.supervises())
    }

    /// Which stage it happened to.
    pub const fn stage(&self) -> Stage {
        match self {
            StageEvent::Warned { stage, .. }
            | StageEvent::Breached { stage }
            | StageEvent::Escalated { stage, .. }
            | StageEvent::CalendarAwaited { stage, .. }
            | StageEvent::CalendarFilled { stage, .. } => *stage,
        }
    }
}

/// Puts an event into the stage it names. An event of a stage that is not there changes nothing.
pub(crate) fn apply(stages: &mut [StageState], event: &StageEvent, at: Timestamp) {
    let Some(state) = stages.iter_mut().find(|state| state.stage() == event.stage()) else { return };
    match event {
        StageEvent::Warned { .. } => state.warned += 1,
        StageEvent::Breached { .. } => state.decide(Verdict::Breached, at),
        StageEvent::Escalated { .. } => state.escalated += 1,
        StageEvent::CalendarAwaited { awaited, .. } => {
            state.due = StageDue::AwaitingCalendar(awaited.clone());
            state.judge(at);
        }
        StageEvent::CalendarFilled { due, .. } => {
            state.due = StageDue::At(due.clone());
            state.judge(at);
        }
    }
}

/// What a publication changes for stages that await this very calendar: a due time, or a later year.
pub(crate) fn fill_events(stages: &[StageState], calendar: &Calendar) -> Result<Vec<StageEvent>, SlaError> {
    let mut events = Vec::new();
    for state in stages.iter().filter(|state| state.verdict.is_none()) {
        let StageDue::AwaitingCalendar(before) = &state.due else { continue };
        // Of another calendar, or of an older publication than the one it awaits: a replica whose documents are behind fills
        // nothing in.
        let (awaited, here) = (&before.calendar, calendar.reference());
        if awaited.id != here.id || awaited.version > here.version {
            continue;
        }
        let stage = state.stage();
        match state.due_on(calendar)? {
            StageDue::At(due) => events.push(StageEvent::CalendarFilled { stage, due }),
            StageDue::AwaitingCalendar(awaited) if awaited.year != before.year => {
                events.push(StageEvent::CalendarAwaited { stage, awaited });
            }
            StageDue::AwaitingCalendar(_) => {}
        }
    }
    Ok(events)
}

/// The announcements of stages that start out waiting.
pub(crate) fn awaiting_events(stages: &[StageState]) -> Vec<StageEvent> {
    let announce = |state: &StageState| match &state.due {
        StageDue::At(_) => None,
        StageDue::AwaitingCalendar(awaited) => {
            Some(StageEvent::CalendarAwaited { stage: state.stage(), awaited: awaited.clone() })
        }
    };
    stages.iter().filter_map(announce).collect()
}
