//! Stages whose time was held or extended: from then on a stop-watch says what was used, and when it is due (D32).
//!
//! A stage starts without one, since most are never touched: its due time is that of its plan. The watch is made
//! when it is needed, from the same start, so what had run before is charged: on the publication of the calendar that the
//! stage counted on until then. From that instant on it counts on the one in force.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sla::{Calendar, CalendarRef, Limit, SlaError, StopWatch, WatchRefusal, WatchState};

use super::{AwaitedCalendar, DueAt, Stage, StageDue, StageState, Warn};
use crate::{Publications, Refusal};

/// A stage's clock as it is from an event on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageClock {
    /// Which stage.
    pub stage: Stage,
    /// What was charged, held and granted.
    pub watch: StopWatch,
    /// When it is due; while it is held, when it would have been.
    pub due: StageDue,
}

/// What is done to the clocks of a round's open stages.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Turn {
    /// Nothing is charged from here on.
    Hold(Timestamp),
    /// It goes on from here.
    Release(Timestamp),
}

/// Holds or releases every stage that is neither decided nor done.
pub(crate) fn turn(
    stages: &[StageState],
    turn: Turn,
    calendars: Publications<'_>,
) -> Result<Vec<StageClock>, Refusal> {
    stages.iter().filter(|stage| stage.open()).map(|stage| stage.turned(turn, calendars)).collect()
}

/// Grants a stage more time, on the clock of its limit.
pub(crate) fn extend(
    stage: &StageState,
    more: Limit,
    calendars: Publications<'_>,
    at: Timestamp,
) -> Result<StageClock, Refusal> {
    let mut watch = stage.watch_so_far(calendars);
    let calendar = stage.go_over(&mut watch, calendars, at).map_err(|_| Refusal::TimeOutOfRange)?;
    watch.extend(more, at).map_err(|_| Refusal::TimeOutOfRange)?;
    let due = due_by(&watch, stage, calendar).map_err(|_| Refusal::TimeOutOfRange)?;
    Ok(StageClock { stage: stage.stage(), watch, due })
}

impl StageState {
    /// Whether its time is not charged now.
    pub fn held(&self) -> bool {
        self.watch.as_ref().is_some_and(|watch| watch.state() == WatchState::Paused)
    }

    /// Since when its time is not charged.
    pub(super) fn held_since(&self) -> Option<Timestamp> {
        self.watch.as_ref().filter(|_| self.held()).map(StopWatch::since)
    }

    /// Its due time on a calendar that was published; one that is held is told as if it were not.
    pub(super) fn due_on(&self, calendar: &Calendar) -> Result<StageDue, SlaError> {
        let Some(watch) = &self.watch else {
            return StageDue::compute(&self.plan, calendar, self.started_at);
        };
        let mut watch = watch.clone();
        if let Some(since) = self.held_since() {
            watch.resume(since).map_err(|_| SlaError::TooMany)?;
        }
        watch.adopt(calendar);
        due_by(&watch, self, calendar)
    }

    /// Takes the clock of an event. Warnings whose time has passed do not come again.
    pub(crate) fn set(&mut self, clock: &StageClock, at: Timestamp) {
        self.watch = Some(clock.watch.clone());
        self.due = clock.due.clone();
        let passed = self.known_warns().iter().filter(|warn| warn.at <= at).count();
        self.warned = u32::try_from(passed).expect("a policy has few warnings");
    }

    fn known_warns(&self) -> &[Warn] {
        match &self.due {
            StageDue::At(due) => &due.warns,
            StageDue::AwaitingCalendar(_) => &[],
        }
    }

    /// The publication it counts on; none around the clock. A stage that was filled in or went over while it was held says
    /// so in one of two places.
    pub fn counted_on(&self) -> Option<&CalendarRef> {
        let due = match &self.due {
            StageDue::At(due) => due.calendar.as_ref(),
            StageDue::AwaitingCalendar(awaited) => Some(&awaited.calendar),
        };
        let watch = self.watch.as_ref().and_then(StopWatch::calendar);
        due.into_iter().chain(watch).max_by_key(|reference| reference.version)
    }

    /// Unfolds it as of `at`: every stretch from its start to its due time, counted or not, and why. An error where the calendar
    /// does not reach back to its start.
    pub fn explain(&self, calendars: Publications<'_>, at: Timestamp) -> Result<sla::Explanation, SlaError> {
        self.watch_so_far(calendars).explain(calendars.of(self.counted_on()), at)
    }

    /// Its stop-watch, on the publication it counted on until now.
    pub(super) fn watch_so_far(&self, calendars: Publications<'_>) -> StopWatch {
        let calendar = calendars.of(self.counted_on());
        let started = || StopWatch::start(self.plan.limit, calendar, self.started_at);
        let mut watch = self.watch.clone().unwrap_or_else(started);
        watch.adopt(calendar);
        watch
    }

    /// From `at` on it counts on the publication in force, which is the answer; what ran before stays as it was counted.
    fn go_over<'a>(
        &self,
        watch: &mut StopWatch,
        calendars: Publications<'a>,
        at: Timestamp,
    ) -> Result<&'a Calendar, SlaError> {
        let old = calendars.of(self.counted_on());
        let new = calendars.after(old);
        if !watch.counts_on(new) {
            watch.move_to(old, new, at)?;
        }
        Ok(new)
    }

    fn turned(&self, turn: Turn, calendars: Publications<'_>) -> Result<StageClock, Refusal> {
        let mut watch = self.watch_so_far(calendars);
        let marked = match turn {
            Turn::Hold(at) => watch.pause(at),
            Turn::Release(at) => watch.resume(at),
        };
        marked.map_err(|refusal| match refusal {
            WatchRefusal::NotPaused | WatchRefusal::NotRunning => {
                unreachable!("holds and releases alternate")
            }
            _ => Refusal::TimeOutOfRange,
        })?;
        let due = match turn {
            Turn::Hold(at) => {
                // What was used so far stays as it was counted. A year that is not published is counted later.
                let _unpublished = watch.settle(calendars.of(self.counted_on()), at);
                self.due.clone()
            }
            Turn::Release(at) => {
                let due = self.go_over(&mut watch, calendars, at);
                let due = due.and_then(|calendar| due_by(&watch, self, calendar));
                due.map_err(|_| Refusal::TimeOutOfRange)?
            }
        };
        Ok(StageClock { stage: self.stage(), watch, due })
    }
}

/// The due time of a watch that runs.
pub(super) fn due_by(
    watch: &StopWatch,
    stage: &StageState,
    calendar: &Calendar,
) -> Result<StageDue, SlaError> {
    let due_at = match watch.due(calendar) {
        Ok(due_at) => due_at.ok_or(SlaError::OutOfRange)?,
        Err(SlaError::CalendarUnpublished { year }) => {
            let not_before = calendar.year_start(year)?.max(stage.started_at);
            let calendar = calendar.reference().clone();
            return Ok(StageDue::AwaitingCalendar(AwaitedCalendar { year, not_before, calendar }));
        }
        Err(other) => return Err(other),
    };
    let mut warns = Vec::with_capacity(stage.plan.warn.len());
    for &per_mille in &stage.plan.warn {
        if let Some(at) = watch.fraction_at(calendar, per_mille)?.filter(|at| *at < due_at) {
            warns.push(Warn { per_mille, at });
        }
    }
    warns.sort_by_key(|warn| warn.per_mille);
    warns.dedup();
    Ok(StageDue::At(DueAt { due_at, warns, calendar: watch.calendar().cloned() }))
}
