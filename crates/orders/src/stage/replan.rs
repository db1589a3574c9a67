//! A newly published calendar and a clock that runs (重排): what was used stays as it was counted, the rest counts on the new
//! one, and the move says by how much and why.
//!
//! Only clocks for which it makes a difference move. One that awaits a year is filled in instead, when that year is
//! published.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sla::{Change, Replan, SlaError};

use super::hold::due_by;
use super::{StageClock, StageDue, StageEvent, StageState};
use crate::Publications;

/// One clock that went over to a newer publication.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageMove {
    /// The clock from then on.
    pub clock: StageClock,
    /// When it was due before.
    pub before: StageDue,
    /// By how much more, or less, is left of a clock that is held, in microseconds; 0 of one that runs.
    #[serde(default)]
    pub left_more_us: i64,
    /// The differences that lie on its way, in order of their dates.
    pub why: Vec<Change>,
}

impl StageState {
    /// What going over does to it; nothing where that makes no difference.
    pub(crate) fn replanned(
        &self,
        calendars: Publications<'_>,
        at: Timestamp,
    ) -> Result<Option<StageMove>, SlaError> {
        let (StageDue::At(_), true, Some(reference)) = (&self.due, self.open(), self.counted_on()) else {
            return Ok(None);
        };
        let (old, new) = (calendars.of(Some(reference)), calendars.present());
        let newer = new.reference().id == reference.id && new.reference().version > reference.version;
        if !newer {
            return Ok(None);
        }
        let mut watch = self.watch_so_far(calendars);
        let Some(effect) = Replan::new(old, new, at)?.effect(&watch)? else { return Ok(None) };
        watch.move_to(old, new, at)?;
        // While it is held, its due time is what it was before.
        let due = if self.held() { self.due.clone() } else { due_by(&watch, self, new)? };
        let clock = StageClock { stage: self.stage(), watch, due };
        let (before, left_more_us) = (self.due.clone(), effect.left_more_us);
        Ok(Some(StageMove { clock, before, left_more_us, why: effect.why }))
    }

    /// Takes the clock of a move. What was warned of is not warned of again, unless that part of the time comes anew; what has
    /// passed on the new calendar and was not told comes with the next wake-up.
    pub(crate) fn moved(&mut self, moved: &StageMove, at: Timestamp) {
        let told = self.warned;
        self.set(&moved.clock, at);
        self.warned = self.warned.min(told);
    }
}

/// The moves of all stages.
pub(crate) fn moves(
    stages: &[StageState],
    calendars: Publications<'_>,
    at: Timestamp,
) -> Result<Vec<StageMove>, SlaError> {
    let moves = stages.iter().map(|stage| stage.replanned(calendars, at));
    moves.filter_map(Result::transpose).collect()
}

/// The announcements of clocks that await a year since they moved: one that is published no more.
pub(crate) fn awaited_since(moves: &[StageMove]) -> Vec<StageEvent> {
    let announce = |moved: &StageMove| match &moved.clock.due {
        StageDue::At(_) => None,
        StageDue::AwaitingCalendar(awaited) => {
            Some(StageEvent::CalendarAwaited { stage: moved.clock.stage, awaited: awaited.clone() })
        }
    };
    moves.iter().filter_map(announce).collect()
}
