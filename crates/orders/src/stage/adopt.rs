//! Another policy under a running clock (采用现行时限方案): what was used, held and granted stays, the limit is another one.
//!
//! Only clocks that are neither decided nor done are touched: an adoption undoes no breach, and makes none. A limit of which more was
//! used up already than it allows is refused instead.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sla::WatchRefusal;

use super::hold::due_by;
use super::{StageClock, StageDue, StageEvent, StagePlan, StageState, Verdict};
use crate::{ChainStep, Publications, Refusal};

/// One clock under its new limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Relimited {
    /// Limit and warnings from then on.
    pub plan: StagePlan,
    /// The clock from then on.
    pub clock: StageClock,
    /// When it was due before.
    pub before: StageDue,
}

/// What a policy changes of these stages; those it does not name stay as they are.
pub(crate) fn relimited(
    stages: &[StageState],
    plans: &[StagePlan],
    calendars: Publications<'_>,
    at: Timestamp,
) -> Result<Vec<Relimited>, Refusal> {
    let renewed = stages.iter().filter(|stage| stage.open()).filter_map(|stage| {
        let plan = plans.iter().find(|plan| plan.stage == stage.stage() && **plan != stage.plan)?;
        Some(stage.relimited(plan, calendars, at))
    });
    renewed.collect()
}

/// The announcements of clocks that await a year under their new limit.
pub(crate) fn awaited_under(relimited: &[Relimited]) -> Vec<StageEvent> {
    let announce = |renewed: &Relimited| match (&renewed.clock.due, &renewed.before) {
        (StageDue::AwaitingCalendar(awaited), StageDue::At(_)) => {
            Some(StageEvent::CalendarAwaited { stage: renewed.clock.stage, awaited: awaited.clone() })
        }
        _ => None,
    };
    relimited.iter().filter_map(announce).collect()
}

impl StageState {
    fn relimited(
        &self,
        plan: &StagePlan,
        calendars: Publications<'_>,
        at: Timestamp,
    ) -> Result<Relimited, Refusal> {
        let mut watch = self.watch_so_far(calendars);
        let calendar = calendars.of(self.counted_on());
        watch.change_limit(plan.limit, calendar).map_err(|refusal| match refusal {
            WatchRefusal::OtherClock => Refusal::OtherClock,
            _ => Refusal::TimeOutOfRange,
        })?;
        let under = Self { plan: plan.clone(), ..self.clone() };
        // While it is held, its due time is what it was before; the new limit shows when time is charged again.
        let due = if self.held() {
            self.due.clone()
        } else {
            due_by(&watch, &under, calendar).map_err(|_| Refusal::TimeOutOfRange)?
        };
        let used_up = match &due {
            // What is left is known where the calendar is; an awaited year is still to come.
            _ if self.held() => watch.remaining(calendar, at).is_ok_and(|left| left.is_negative()),
            StageDue::At(due) => due.due_at < at,
            StageDue::AwaitingCalendar(_) => false,
        };
        if used_up {
            return Err(Refusal::LimitUsedUp);
        }
        let clock = StageClock { stage: self.stage(), watch, due };
        Ok(Relimited { plan: plan.clone(), clock, before: self.due.clone() })
    }

    /// Takes the clock of an adoption.
    pub(crate) fn renew(&mut self, renewed: &Relimited, at: Timestamp) {
        self.plan = renewed.plan.clone();
        self.set(&renewed.clock, at);
    }

    /// Goes on along another chain: of a breach, steps whose time has passed are not taken any more.
    pub(crate) fn goes_on_along(&mut self, chain: &[ChainStep], at: Timestamp) {
        let (Some(Verdict::Breached), Some(due_at)) = (self.verdict, self.due_at()) else { return };
        let passed = chain.iter().filter(|step| step.fires_at(due_at) <= at).count();
        self.escalated = u32::try_from(passed).expect("a chain has few steps");
    }
}
