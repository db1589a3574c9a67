//! What a newly published calendar does to clocks that run: the due times before and after, and why. Nothing is applied
//! here; somebody looks at the list first, and [`StopWatch::move_to`] then does to each what the list says.

use jiff::civil::Date;
use jiff::{SignedDuration, Span, Timestamp};
use serde::{Deserialize, Serialize};

use crate::watch::under_way;
use crate::{Calendar, DayName, Outlook, SlaError, StopWatch};

/// Two publications of a calendar, and from when on the newer counts.
#[derive(Debug)]
pub struct Replan<'a> {
    old: &'a Calendar,
    new: &'a Calendar,
    from: Timestamp,
    changes: Vec<Change>,
}

/// What it does to one stop-watch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Effect {
    /// What was expected on the old calendar.
    pub before: Outlook,
    /// What is expected on the new one.
    pub after: Outlook,
    /// By how much more or less is left of a stop-watch that is on hold, in microseconds; zero of one that runs.
    pub left_more_us: i64,
    /// The differences that lie on the way to the later of the two due times, in order of their dates.
    pub why: Vec<Change>,
}

/// One difference of two publications, from the instant on from which the newer counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// A day is off that was worked, with its name where the new calendar knows it.
    Off(Date, Option<DayName>),
    /// A day is worked that was off.
    Worked(Date),
    /// From the first such date on, days have other hours.
    Hours(Date),
    /// A year's days off are published.
    Published(i16),
    /// A year's days off are published no more.
    Withdrawn(i16),
}

/// The effects on all of these stop-watches; those on which there is none are left out, and so are those that count on
/// another calendar or around the clock. An error when a calendar does not reach back to a start.
pub fn replan<'a, K>(
    old: &Calendar,
    new: &Calendar,
    from: Timestamp,
    watches: impl IntoIterator<Item = (K, &'a StopWatch)>,
) -> Result<Vec<(K, Effect)>, SlaError> {
    let replan = Replan::new(old, new, from)?;
    let mut effects = Vec::new();
    for (key, watch) in watches {
        if let Some(effect) = replan.effect(watch)? {
            effects.push((key, effect));
        }
    }
    Ok(effects)
}

impl<'a> Replan<'a> {
    /// Compares the two from an instant on: what was counted before it stays counted as it was.
    pub fn new(old: &'a Calendar, new: &'a Calendar, from: Timestamp) -> Result<Self, SlaError> {
        // The night of the day before may still be worked.
        let first = under_way(old, from).map_or_else(|| old.local_date(from), |(date, _)| date);
        let changes = changes(old, new, first.min(old.local_date(from)))?;
        Ok(Self { old, new, from, changes })
    }

    /// All differences.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// What moving this stop-watch would do; `None` for nothing.
    pub fn effect(&self, watch: &StopWatch) -> Result<Option<Effect>, SlaError> {
        if watch.calendar().is_none_or(|reference| reference.id != self.old.reference().id) {
            return Ok(None);
        }
        let mut moved = watch.clone();
        moved.move_to(self.old, self.new, self.from)?;
        let (before, after) = (watch.outlook(self.old)?, moved.outlook(self.new)?);
        let left_more_us = match (before, after) {
            (Outlook::OnHold, Outlook::OnHold) => {
                let left = |watch: &StopWatch, calendar| left(watch, calendar, self.from);
                left(&moved, self.new)?.zip(left(watch, self.old)?).map_or(0, |(new, old)| micros(new - old))
            }
            _ => 0,
        };
        if before == after && left_more_us == 0 {
            return Ok(None);
        }
        let why = self.changes.iter().filter(|change| self.matters(change, before, after)).cloned().collect();
        Ok(Some(Effect { before, after, left_more_us, why }))
    }

    /// Whether a difference lies on the way. What is on hold or waits for a calendar has no end to look to.
    fn matters(&self, change: &Change, before: Outlook, after: Outlook) -> bool {
        let (Outlook::Due(before), Outlook::Due(after)) = (before, after) else { return true };
        let last = self.new.local_date(before.max(after));
        match change {
            Change::Off(date, _) | Change::Worked(date) | Change::Hours(date) => *date <= last,
            Change::Published(year) | Change::Withdrawn(year) => *year <= last.year(),
        }
    }
}

impl StopWatch {
    /// Goes over to a newer publication: what was used until `from` stays as the old one counted it, the rest counts on the
    /// new; of the day that is under way the rest counts as it was promised, unless it is off now. Where the old one publishes
    /// nothing it has counted nothing, and all of it counts on the new.
    pub fn move_to(&mut self, old: &Calendar, new: &Calendar, from: Timestamp) -> Result<(), SlaError> {
        let kept = self.kept_of(old, new, from);
        match self.settle(old, from) {
            Ok(()) | Err(SlaError::CalendarUnpublished { .. }) => self.adopt(new),
            Err(other) => return Err(other),
        }
        self.pass_over_today(old, new, from);
        self.keep_day(kept);
        Ok(())
    }
}

fn left(watch: &StopWatch, calendar: &Calendar, from: Timestamp) -> Result<Option<SignedDuration>, SlaError> {
    match watch.remaining(calendar, from.max(watch.since())) {
        Ok(left) => Ok(Some(left)),
        Err(SlaError::CalendarUnpublished { .. }) => Ok(None),
        Err(other) => Err(other),
    }
}

fn micros(time: SignedDuration) -> i64 {
    crate::table::micros(time).unwrap_or(i64::MAX)
}

/// Day by day over every year that one of the two publishes; of hours only the first date that differs.
fn changes(old: &Calendar, new: &Calendar, first: Date) -> Result<Vec<Change>, SlaError> {
    let mut changes = Vec::new();
    let mut other_hours = false;
    let years = old.years().chain(new.years()).collect::<std::collections::BTreeSet<i16>>();
    for year in years.into_iter().filter(|year| *year >= first.year()) {
        match (old.publishes(year), new.publishes(year)) {
            (false, _) => changes.push(Change::Published(year)),
            (_, false) => changes.push(Change::Withdrawn(year)),
            (true, true) => {
                let january = jiff::civil::date(year, 1, 1);
                let days =
                    january.max(first).series(Span::new().days(1)).take_while(|day| day.year() == year);
                changes.extend(days.filter_map(|date| changed(old, new, date, &mut other_hours)));
            }
        }
    }
    Ok(changes)
}

fn changed(old: &Calendar, new: &Calendar, date: Date, other_hours: &mut bool) -> Option<Change> {
    match (old.pattern(date), new.pattern(date)) {
        (Some(_), None) => Some(Change::Off(date, new.name_of(date).cloned())),
        (None, Some(_)) => Some(Change::Worked(date)),
        (Some(before), Some(after)) => {
            let differs = before != after || old.reference().zone != new.reference().zone;
            (differs && !std::mem::replace(other_hours, *other_hours || differs))
                .then_some(Change::Hours(date))
        }
        (None, None) => None,
    }
}

impl Change {
    /// In Chinese.
    pub fn text_zh(&self) -> String {
        match self {
            Change::Off(date, None) => format!("{date} 改为休息"),
            Change::Off(date, Some(name)) => format!("{date} 改为休息（{}）", name.zh),
            Change::Worked(date) => format!("{date} 改为上班"),
            Change::Hours(date) => format!("自 {date} 起工作时段调整"),
            Change::Published(year) => format!("发布{year}年日历"),
            Change::Withdrawn(year) => format!("撤回{year}年日历"),
        }
    }

    /// In English.
    pub fn text_en(&self) -> String {
        match self {
            Change::Off(date, None) => format!("{date} is off now"),
            Change::Off(date, Some(name)) => format!("{date} is off now ({})", name.en),
            Change::Worked(date) => format!("{date} is worked now"),
            Change::Hours(date) => format!("other hours from {date} on"),
            Change::Published(year) => format!("calendar {year} is published"),
            Change::Withdrawn(year) => format!("calendar {year} is withdrawn"),
        }
    }
}
