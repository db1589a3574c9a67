//! The rest of a working day in the middle of which another publication was adopted: it ends as it was promised that morning.
//!
//! A publication that shortens the hours of a day is known when it is adopted, not before. Were the day counted on it at once,
//! its close of business could lie before the move, and with it a due time that nobody could have met. So what was left of
//! the day's frames counts as it did, and everything behind them on the new publication. A day that is off now is off at once.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::StopWatch;
use crate::due::{self, frames_between, nth_after};
use crate::{Calendar, ClockKind, Segment, SlaError, to_micros, worked_between};

/// What was left of a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeptDay {
    /// Which day.
    pub(super) date: Date,
    /// When the other publication was adopted.
    pub(super) from: Timestamp,
    /// The frames that were left of it, in order and not empty; the last ends at its close of business.
    pub(super) frames: Vec<Segment>,
}

impl KeptDay {
    /// Its close of business.
    pub(super) fn close(&self) -> Timestamp {
        self.frames.last().map_or(self.from, |last| last.to)
    }

    /// Whether its parts follow one another.
    pub(super) fn sound(&self) -> bool {
        let ordered = self.frames.windows(2).all(|pair| pair[0].to <= pair[1].from);
        let forward = self.frames.iter().all(|frame| self.from <= frame.from && frame.from < frame.to);
        ordered && forward && !self.frames.is_empty()
    }

    fn within(&self, window: Segment) -> impl Iterator<Item = Segment> + '_ {
        self.frames.iter().filter_map(move |frame| frame.within(window))
    }
}

impl StopWatch {
    /// What has to be kept of the day that is under way on the old publication; nothing where the new one says the same of it,
    /// or where the day is off now.
    pub(crate) fn kept_of(&self, old: &Calendar, new: &Calendar, at: Timestamp) -> Option<KeptDay> {
        if self.limit.clock() == ClockKind::Clock {
            return None;
        }
        let from = to_micros(at);
        let (date, close) = day_under_way(old, at, |date| self.close_on(old, date))?;
        let published = close_on(new, date)?;
        let frames = self.frames(old, Segment { from, to: close }).ok()?;
        let same = published == close && frames_between(new, from, close).is_ok_and(|other| other == frames);
        (!same && !frames.is_empty()).then_some(KeptDay { date, from, frames })
    }

    /// A day that was none and is worked now, but is over already by its new hours, is no day of the limit: nobody could have
    /// worked it.
    pub(crate) fn pass_over_today(&mut self, old: &Calendar, new: &Calendar, at: Timestamp) {
        let today = old.local_date(at);
        let over = close_on(new, today).is_some_and(|close| close <= to_micros(at));
        if let Some(days_over) = self.days_over.as_mut().filter(|_| over && close_on(old, today).is_none()) {
            days_over.date = days_over.date.max(today);
        }
    }

    /// Keeps it; what was kept of an earlier day is settled by now.
    pub(crate) fn keep_day(&mut self, kept: Option<KeptDay>) {
        self.kept = kept;
    }

    /// Close of business of a day, if it is worked.
    fn close_on(&self, calendar: &Calendar, date: Date) -> Option<Timestamp> {
        close_on(calendar, date).map(|close| self.or_kept(date, close))
    }

    /// The close of business of a day on the calendar, or the later one that was kept.
    pub(super) fn or_kept(&self, date: Date, close: Timestamp) -> Timestamp {
        let kept = self.kept.as_ref().filter(|kept| kept.date == date);
        kept.map_or(close, |kept| kept.close().max(close))
    }

    /// Working time in `from..to`.
    pub(super) fn worked(
        &self,
        calendar: &Calendar,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<SignedDuration, SlaError> {
        let Some(kept) = &self.kept else { return worked_between(calendar, from, to) };
        let before = worked_between(calendar, from, to.min(kept.from))?;
        let of_day = kept.within(Segment { from, to }).map(Segment::length);
        let after = worked_between(calendar, from.max(kept.close()), to)?;
        Ok(of_day.fold(before + after, |sum, length| sum + length))
    }

    /// The earliest instant with so much working time since `from`.
    pub(super) fn work_off(
        &self,
        calendar: &Calendar,
        from: Timestamp,
        time: SignedDuration,
    ) -> Result<Timestamp, SlaError> {
        let Some(kept) = self.kept.as_ref().filter(|kept| from < kept.close()) else {
            return due::work_off(calendar, from, time);
        };
        let before = worked_between(calendar, from, kept.from)?;
        if time <= before {
            return due::work_off(calendar, from, time);
        }
        let mut left = time - before;
        for frame in kept.within(Segment { from, to: kept.close() }) {
            if left <= frame.length() {
                return due::elapse(frame.from, left);
            }
            left -= frame.length();
        }
        due::work_off(calendar, kept.close(), left)
    }

    /// Whether a gap lies between two frames that were kept.
    pub(crate) fn keeps(&self, gap: Segment) -> bool {
        let within = |kept: &KeptDay| {
            kept.frames.windows(2).any(|pair| pair[0].to <= gap.from && gap.to <= pair[1].from)
        };
        gap.from < gap.to && self.kept.as_ref().is_some_and(within)
    }

    /// The frames of a window, cut to it.
    pub(crate) fn frames(&self, calendar: &Calendar, window: Segment) -> Result<Vec<Segment>, SlaError> {
        let Segment { from, to } = window;
        let Some(kept) = &self.kept else { return frames_between(calendar, from, to) };
        let mut frames = frames_between(calendar, from, to.min(kept.from))?;
        frames.extend(kept.within(window));
        frames.extend(frames_between(calendar, from.max(kept.close()), to)?);
        Ok(frames)
    }
}

/// The day whose working hours are not over at an instant, with its close; the night of the day before may reach into today.
fn day_under_way(
    calendar: &Calendar,
    at: Timestamp,
    close_on: impl Fn(Date) -> Option<Timestamp>,
) -> Option<(Date, Timestamp)> {
    let today = calendar.local_date(at);
    let days = [today.yesterday().ok()?, today].into_iter();
    days.filter_map(|date| Some((date, close_on(date)?))).find(|(_, close)| *close > to_micros(at))
}

/// The same by the calendar alone.
pub(crate) fn under_way(calendar: &Calendar, at: Timestamp) -> Option<(Date, Timestamp)> {
    day_under_way(calendar, at, |date| close_on(calendar, date))
}

/// Close of business of a day, if it is published as worked.
fn close_on(calendar: &Calendar, date: Date) -> Option<Timestamp> {
    let (worked, close) = nth_after(calendar, date.yesterday().ok()?, 1).ok()?;
    (worked == date).then_some(close)
}
