//! What can be done to a stop-watch. None of it needs a calendar but settling and adopting one.

use jiff::Timestamp;

use super::{Extension, MARKS_MAX, Mark, StopWatch, WatchRefusal, WatchState};
use crate::limit::{SECONDS_MAX, Span, WORKDAYS_MAX};
use crate::table::micros;
use crate::{Calendar, ClockKind, Limit, SlaError, to_micros};

impl StopWatch {
    /// 挂起: from `at` on nothing is charged and nothing is due.
    pub fn pause(&mut self, at: Timestamp) -> Result<(), WatchRefusal> {
        match self.state() {
            WatchState::Running => self.mark(WatchState::Paused, at),
            WatchState::Paused | WatchState::Closed => Err(WatchRefusal::NotRunning),
        }
    }

    /// 恢复: goes on with what was left.
    pub fn resume(&mut self, at: Timestamp) -> Result<(), WatchRefusal> {
        match self.state() {
            WatchState::Paused => self.mark(WatchState::Running, at),
            WatchState::Running | WatchState::Closed => Err(WatchRefusal::NotPaused),
        }
    }

    /// 结案: stops, running or paused.
    pub fn close(&mut self, at: Timestamp) -> Result<(), WatchRefusal> {
        match self.state() {
            WatchState::Running | WatchState::Paused => self.mark(WatchState::Closed, at),
            WatchState::Closed => Err(WatchRefusal::Closed),
        }
    }

    /// 重开: goes on with what was left when it was closed; the time between is nobody's.
    pub fn reopen(&mut self, at: Timestamp) -> Result<(), WatchRefusal> {
        match self.state() {
            WatchState::Closed => self.mark(WatchState::Running, at),
            WatchState::Running | WatchState::Paused => Err(WatchRefusal::NotClosed),
        }
    }

    /// 延期: more time, whatever the state.
    pub fn extend(&mut self, limit: Limit, at: Timestamp) -> Result<(), WatchRefusal> {
        if self.extensions.len() >= MARKS_MAX {
            return Err(WatchRefusal::TooMany);
        }
        let mut extensions = self.extensions.clone();
        extensions.push(Extension { limit, at: to_micros(at) });
        check_grants(self.limit, &extensions)?;
        self.extensions = extensions;
        Ok(())
    }

    /// Another limit under a changed policy. What was used, granted on top and held stays, and so does a pause. On the
    /// working clock the calendar is remembered as at a start.
    pub fn change_limit(&mut self, limit: Limit, calendar: &Calendar) -> Result<(), WatchRefusal> {
        check_grants(limit, &self.extensions)?;
        self.calendar = match limit.clock() {
            ClockKind::Clock => None,
            ClockKind::Work => self.calendar.take().or_else(|| Some(calendar.reference().clone())),
        };
        self.kept = self.kept.take().filter(|_| limit.clock() == ClockKind::Work);
        self.limit = limit;
        Ok(())
    }

    /// Writes down what was counted until `until` on the calendar of that time, so that no later publication
    /// changes what was used. What was settled before stays as it is; later stretches are left open. Does nothing on
    /// the 24-hour clock. An error when that calendar does not publish a date in between, or with
    /// [`MARKS_MAX`] stretches settled apart; nothing is settled then.
    pub fn settle(&mut self, calendar: &Calendar, until: Timestamp) -> Result<(), SlaError> {
        if self.limit.clock() == ClockKind::Clock {
            return Ok(());
        }
        self.check(calendar)?;
        let mut settled = self.clone();
        // What is over stays where it was, whatever the next calendar makes of those days: the due time, and the close of
        // the last of the limit's days. Neither is known yet where the calendar awaits a year.
        let used_up = self.allowance(calendar).and_then(|allowance| self.reaches(calendar, allowance));
        if let Ok(Some(due_at)) = used_up
            && due_at < until
        {
            settled.cut(due_at)?;
        }
        if let Some(over) = self.days_over(calendar, until)? {
            settled.cut(over.close)?;
            settled.days_over = Some(over);
        }
        settled.cut(to_micros(until))?;
        for index in 0..settled.marks.len() - 1 {
            let (mark, end) = (settled.marks[index], settled.marks[index + 1].at);
            if mark.worked_us.is_none() && end <= until {
                let worked = settled.worked(calendar, mark.at, end)?;
                settled.marks[index].worked_us = Some(micros(worked).ok_or(SlaError::OutOfRange)?);
            }
        }
        *self = settled;
        Ok(())
    }

    /// From now on counted on this calendar, but for what is settled. Does nothing on the 24-hour clock.
    pub fn adopt(&mut self, calendar: &Calendar) {
        if self.calendar.is_some() {
            self.calendar = Some(calendar.reference().clone());
        }
    }

    /// Splits the stretch that `at` lies in, so that its two parts can be counted apart.
    fn cut(&mut self, at: Timestamp) -> Result<(), SlaError> {
        let after = self.marks.partition_point(|mark| mark.at <= at);
        if let Some(before) = after.checked_sub(1).map(|index| self.marks[index]) {
            let wanted = before.worked_us.is_none() && before.at < at;
            if wanted && self.marks.len() >= 2 * MARKS_MAX {
                return Err(SlaError::TooMany);
            }
            if wanted {
                self.marks.insert(after, Mark { at, ..before });
            }
        }
        Ok(())
    }

    fn mark(&mut self, state: WatchState, at: Timestamp) -> Result<(), WatchRefusal> {
        let at = to_micros(at);
        if at < self.since() {
            return Err(WatchRefusal::Backwards);
        }
        if self.marks.len() >= MARKS_MAX {
            return Err(WatchRefusal::TooMany);
        }
        self.marks.push(Mark { at, state, worked_us: None });
        Ok(())
    }
}

/// One clock for all, and together no more than one limit may be.
pub(super) fn check_grants(limit: Limit, extensions: &[Extension]) -> Result<(), WatchRefusal> {
    let (mut seconds, mut days) = (0_i64, 0_u32);
    for granted in [limit].into_iter().chain(extensions.iter().map(|extension| extension.limit)) {
        if granted.clock() != limit.clock() {
            return Err(WatchRefusal::OtherClock);
        }
        match granted.span() {
            Span::Elapsed(time) => seconds += time.as_secs(),
            Span::Workdays(count) => days += count,
        }
    }
    if seconds > SECONDS_MAX || days > WORKDAYS_MAX { Err(WatchRefusal::TooLong) } else { Ok(()) }
}
