//! Who is on duty: turns of a rota, computed from what the manifest says. Pure; the instant or the days are arguments.
//!
//! Local times become instants at last, by the rules of the zone: a time that a change of the clocks skips is the one
//! after it, a doubled one the first. A shift that ends when the next begins therefore ends and begins at one instant,
//! on every day of the year.

mod check;
mod ics;

use contract::document::duty::{Post, Rota, Shift};
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Zoned};

pub(super) use check::check;
pub(crate) use ics::{Calendar, calendar};

/// A rota that can be read, with its post.
#[derive(Debug)]
pub(crate) struct Roster<'a> {
    rota: &'a Rota,
    post: &'a Post,
    zone: TimeZone,
    handover: Time,
    shifts: Vec<Hours<'a>>,
}

#[derive(Debug)]
struct Hours<'a> {
    key: &'a str,
    form: &'a Shift,
    start: Time,
    end: Time,
}

/// One crew's stretch of duty.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Turn {
    /// The duty day.
    pub day: Date,
    /// Key of the shift.
    pub shift: String,
    /// The first instant.
    pub starts_at: Zoned,
    /// The first instant it is over.
    pub ends_at: Zoned,
    /// Subjects; of those the rota names, who is on the post that day.
    pub crew: Vec<String>,
}

/// A time as manifests write it.
fn time(text: &str) -> Option<Time> {
    Time::strptime("%H:%M", text).ok().filter(|_| text.len() == "HH:MM".len())
}

impl<'a> Roster<'a> {
    /// `None` for a rota with a time that is none, or without a shift or a crew: apply lets none through.
    pub(crate) fn read(rota: &'a Rota, post: &'a Post, zone: TimeZone) -> Option<Self> {
        let hours = |(key, form): (&'a String, &'a Shift)| {
            let (start, end) = (time(&form.start)?, time(&form.end)?);
            (!form.crews.is_empty()).then_some(Hours { key, form, start, end })
        };
        let shifts: Vec<Hours<'a>> = rota.shifts.iter().map(hours).collect::<Option<_>>()?;
        let sound = rota.period_days > 0 && !shifts.is_empty();
        sound.then_some(Self { rota, post, zone, handover: time(&rota.handover)?, shifts })
    }

    /// Turns of the duty days `from` to `until`, both included, in order of time.
    pub(crate) fn turns(&self, from: Date, until: Date) -> Vec<Turn> {
        let first = from.max(self.rota.starts);
        let last = self.rota.ends.map_or(until, |ends| ends.min(until));
        let days = first.series(1.day()).take_while(|day| *day <= last);
        let mut turns: Vec<Turn> = days.flat_map(|day| self.day(day)).collect();
        turns.sort_by_key(|turn| turn.starts_at.timestamp());
        turns
    }

    /// Who is on duty at an instant: more than one turn where shifts overlap, none where nobody is asked for.
    pub(crate) fn on_duty(&self, at: Timestamp) -> Vec<Turn> {
        let mut turns = self.around(at);
        turns.retain(|turn| turn.starts_at.timestamp() <= at && at < turn.ends_at.timestamp());
        turns
    }

    /// The next turn that begins after an instant, within the days of one rotation.
    pub(crate) fn next(&self, at: Timestamp) -> Option<Turn> {
        let today = at.to_zoned(self.zone.clone()).date();
        let from = today.max(self.rota.starts);
        let until = from.checked_add((self.cycle() + 1).days()).ok()?;
        let from = from.yesterday().unwrap_or(from);
        self.turns(from, until).into_iter().find(|turn| turn.starts_at.timestamp() > at)
    }

    /// Duty days after which all of it begins anew, as far as who is there goes; of the longest shift.
    fn cycle(&self) -> i64 {
        let crews = self.shifts.iter().map(|shift| shift.form.crews.len()).max().unwrap_or_default();
        i64::from(self.rota.period_days).saturating_mul(crews as i64).min(check::CYCLE_DAYS_MAX)
    }

    /// A turn of two dates before may still last.
    fn around(&self, at: Timestamp) -> Vec<Turn> {
        let today = at.to_zoned(self.zone.clone()).date();
        let from = today.saturating_sub(2.days());
        self.turns(from, today.saturating_add(1.day()))
    }

    fn day(&self, day: Date) -> impl Iterator<Item = Turn> {
        self.shifts.iter().filter_map(move |shift| {
            let (starts_at, ends_at) = self.span(day, shift.start, shift.end)?;
            let crew = self.crew(day, shift);
            Some(Turn { day, shift: shift.key.to_owned(), starts_at, ends_at, crew })
        })
    }

    /// The instants of a stretch of a duty day.
    fn span(&self, day: Date, start: Time, end: Time) -> Option<(Zoned, Zoned)> {
        let first = if start < self.handover { day.tomorrow().ok()? } else { day };
        let last = if end <= start { first.tomorrow().ok()? } else { first };
        let at = |date: Date, time| date.to_datetime(time).to_zoned(self.zone.clone()).ok();
        Some((at(first, start)?, at(last, end)?))
    }

    fn crew(&self, day: Date, shift: &Hours<'_>) -> Vec<String> {
        let named = self.named(day, shift).iter();
        named.filter(|subject| self.serves(subject, day)).cloned().collect()
    }

    /// As the rota says: by override, else by swap, else in turn.
    fn named<'s>(&'s self, day: Date, shift: &'s Hours<'_>) -> &'s [String] {
        let mut overrides = self.rota.overrides.iter();
        if let Some(instead) = overrides.find(|o| o.shift == shift.key && (o.from..=o.until).contains(&day)) {
            return &instead.crew;
        }
        let swapped = self.rota.swaps.iter().filter(|swap| swap.shift == shift.key).find_map(|swap| {
            [(swap.day, swap.with), (swap.with, swap.day)].into_iter().find(|(of, _)| *of == day)
        });
        let day = swapped.map_or(day, |(_, other)| other);
        let since = (day - self.rota.starts).get_days().max(0);
        let turn = since as usize / self.rota.period_days.max(1) as usize % shift.form.crews.len();
        &shift.form.crews[turn]
    }

    fn serves(&self, subject: &str, day: Date) -> bool {
        self.post.people.iter().any(|person| person.subject == subject && person.validity.holds(day))
    }
}

#[cfg(test)]
mod tests;
