//! What a stop-watch says: used, left, and when.

use jiff::{SignedDuration, Timestamp};

use super::{DaysOver, Mark, StopWatch, WatchState};
use crate::due::{self, elapse};
use crate::limit::Span;
use crate::{Calendar, ClockKind, PerMille, Segment, SlaError, to_micros};

impl StopWatch {
    /// Time charged until `now` on the limit's clock.
    pub fn used(&self, calendar: &Calendar, now: Timestamp) -> Result<SignedDuration, SlaError> {
        self.sum(calendar, to_micros(now), |state| state == WatchState::Running)
    }

    /// Time on hold until `now` on the limit's clock.
    pub fn held(&self, calendar: &Calendar, now: Timestamp) -> Result<SignedDuration, SlaError> {
        self.sum(calendar, to_micros(now), |state| state != WatchState::Running)
    }

    /// Limit and extensions as time on the limit's clock: working days are what is worked from the start to the close of
    /// business of the last of them.
    pub fn allowance(&self, calendar: &Calendar) -> Result<SignedDuration, SlaError> {
        let (time, days) = self.granted();
        match self.close_of_days(calendar, days)? {
            None => Ok(time),
            Some(close) => Ok(time + self.sum(calendar, close, |_| true)?),
        }
    }

    /// What is left; negative by as much as it is overdue.
    pub fn remaining(&self, calendar: &Calendar, now: Timestamp) -> Result<SignedDuration, SlaError> {
        Ok(self.allowance(calendar)? - self.used(calendar, now)?)
    }

    /// The last instant that is in time; `None` while it is on hold, when nothing is due.
    pub fn due(&self, calendar: &Calendar) -> Result<Option<Timestamp>, SlaError> {
        if self.state() != WatchState::Running {
            return Ok(None);
        }
        if let (SignedDuration::ZERO, days) = self.granted()
            && self.marks.len() == 1
        {
            // A last frame that the zone's clock skips ends at the jump, where nothing more is worked.
            return self.close_of_days(calendar, days);
        }
        self.reaches(calendar, self.allowance(calendar)?)
    }

    /// The earliest instant at which that part of the allowance is used; `None` while on hold before it came.
    pub fn fraction_at(&self, calendar: &Calendar, part: PerMille) -> Result<Option<Timestamp>, SlaError> {
        let allowed = self.allowance(calendar)?;
        let part_us = allowed.as_micros() * i128::from(part.get()) / 1000;
        let part_us = i64::try_from(part_us).map_err(|_| SlaError::OutOfRange)?;
        self.reaches(calendar, SignedDuration::from_micros(part_us))
    }

    /// Whether it was started on, or has adopted, this very publication. Always on the 24-hour clock.
    pub fn counts_on(&self, calendar: &Calendar) -> bool {
        self.calendar.as_ref().is_none_or(|reference| reference == calendar.reference())
    }

    /// When used time reaches the target, in what is recorded or, running, ahead.
    pub(super) fn reaches(
        &self,
        calendar: &Calendar,
        target: SignedDuration,
    ) -> Result<Option<Timestamp>, SlaError> {
        self.check(calendar)?;
        let mut left = target;
        for (index, mark) in self.marks.iter().enumerate() {
            if mark.state != WatchState::Running {
                continue;
            }
            let end = self.marks.get(index + 1).map(|next| next.at);
            let Some(end) = end else { return self.advance(calendar, mark.at, left).map(Some) };
            let ran = self.measure(calendar, mark, end, end)?;
            if left == ran && mark.worked_us.is_some() {
                return Ok(Some(end));
            }
            if left <= ran {
                // A settled stretch may have been counted on another calendar, perhaps of a year that this one does not have:
                // it is over at its end at the latest.
                return match self.advance(calendar, mark.at, left) {
                    Err(SlaError::CalendarUnpublished { .. }) if mark.worked_us.is_some() => Ok(Some(end)),
                    reached => Ok(Some(reached?.min(end))),
                };
            }
            left -= ran;
        }
        Ok(None)
    }

    fn advance(
        &self,
        calendar: &Calendar,
        from: Timestamp,
        time: SignedDuration,
    ) -> Result<Timestamp, SlaError> {
        match self.limit.clock() {
            ClockKind::Clock => elapse(from, time),
            ClockKind::Work => self.work_off(calendar, from, time),
        }
    }

    fn sum(
        &self,
        calendar: &Calendar,
        until: Timestamp,
        counts: impl Fn(WatchState) -> bool,
    ) -> Result<SignedDuration, SlaError> {
        self.check(calendar)?;
        let ends = self.marks[1..].iter().map(|next| next.at).chain([Timestamp::MAX]);
        let mut sum = SignedDuration::ZERO;
        for (mark, end) in self.marks.iter().zip(ends).filter(|(mark, _)| counts(mark.state)) {
            sum += self.measure(calendar, mark, end, until)?;
        }
        Ok(sum)
    }

    /// The time of a stretch that ends at `end`, as far as it lies before `until`.
    fn measure(
        &self,
        calendar: &Calendar,
        mark: &Mark,
        end: Timestamp,
        until: Timestamp,
    ) -> Result<SignedDuration, SlaError> {
        let settled = mark.worked_us.map(SignedDuration::from_micros);
        match (self.limit.clock(), settled) {
            (ClockKind::Clock, _) => Ok(Segment { from: mark.at, to: end.min(until) }.length()),
            (ClockKind::Work, Some(settled)) if end <= until => Ok(settled),
            (ClockKind::Work, settled) => {
                let worked = self.worked(calendar, mark.at, end.min(until))?;
                // A part of a settled stretch, on another calendar perhaps, is never more than the whole.
                Ok(settled.map_or(worked, |whole| worked.min(whole)))
            }
        }
    }

    /// Time and days granted in all.
    fn granted(&self) -> (SignedDuration, u32) {
        let all = [self.limit].into_iter().chain(self.extensions.iter().map(|extension| extension.limit));
        all.fold((SignedDuration::ZERO, 0), |(time, days), limit| match limit.span() {
            Span::Elapsed(more) => (time + more, days),
            Span::Workdays(more) => (time, days + more),
        })
    }

    /// Close of business of that working day after the start; `None` for no days.
    fn close_of_days(&self, calendar: &Calendar, days: u32) -> Result<Option<Timestamp>, SlaError> {
        self.check(calendar)?;
        match self.days_over {
            _ if days == 0 => Ok(None),
            Some(over) if over.days == days => Ok(Some(over.close)),
            Some(over) if over.days < days => {
                let (date, close) = due::nth_after(calendar, over.date, days - over.days)?;
                Ok(Some(self.or_kept(date, close)))
            }
            _ if self.kept.is_some() => {
                let (date, close) = due::nth_after(calendar, calendar.local_date(self.started_at()), days)?;
                Ok(Some(self.or_kept(date, close)))
            }
            _ => due::close_of_nth(calendar, self.started_at(), days).map(Some),
        }
    }

    /// The working days of the limit that are over by then, on top of those settled before.
    pub(super) fn days_over(
        &self,
        calendar: &Calendar,
        until: Timestamp,
    ) -> Result<Option<DaysOver>, SlaError> {
        let days = self.granted().1;
        let nothing =
            DaysOver { days: 0, date: calendar.local_date(self.started_at()), close: self.started_at() };
        let before = self.days_over.unwrap_or(nothing);
        if before.days >= days {
            return Ok(self.days_over);
        }
        // The dates since were no working days, and stay none; today's may still become one, and the night of a working day
        // that is not over may reach into today.
        let mut reaches_to = calendar.local_date(until).yesterday().map_err(|_| SlaError::OutOfRange)?;
        let mut over = before;
        for more in 1..=days - before.days {
            match due::nth_after(calendar, before.date, more) {
                Ok((date, close)) if self.or_kept(date, close) <= until => {
                    let close = self.or_kept(date, close);
                    over = DaysOver { days: before.days + more, date, close }
                }
                Ok((next, _)) => {
                    reaches_to = reaches_to.min(next.yesterday().map_err(|_| SlaError::OutOfRange)?);
                    break;
                }
                Err(SlaError::CalendarUnpublished { .. }) => break,
                Err(other) => return Err(other),
            }
        }
        if over.days < days {
            over.date = over.date.max(reaches_to);
        }
        Ok(Some(over))
    }

    /// Another version is a publication that may be adopted; another id is a mistake.
    pub(super) fn check(&self, calendar: &Calendar) -> Result<(), SlaError> {
        match &self.calendar {
            Some(reference) if reference.id != calendar.reference().id => Err(SlaError::OtherCalendar),
            _ => Ok(()),
        }
    }
}
