//! What is wrong with working calendars: a district's, those of its bodies, and what a street changes. Pure; a part of
//! [`super::check`].

use super::check::{Faults, Problem};
use super::core::DistrictCore;
use super::effective::EffectivePack;
use super::own_calendar::DISTRICT_VERSIONS;
use super::policy::{CalendarSpec, Frame};

/// Years a calendar may publish, as crate `sla` takes them.
const YEARS: std::ops::Range<i16> = 2000..2200;

/// The calendars of a district, and which bodies are on them.
pub(super) fn check(faults: &mut Faults, core: &DistrictCore) {
    for (id, calendar) in &core.calendars {
        let path = format!("calendars.{id}");
        // Behind the district's own number, in the last four digits, a body's calendar has its own before them.
        let number = match *id == core.default_calendar {
            true => calendar.version,
            false => calendar.version / DISTRICT_VERSIONS,
        };
        let version = (1..DISTRICT_VERSIONS).contains(&number);
        faults.unless(version, format!("{path}.version"), || Problem::BadVersion);
        faults.unless(calendar_id(id), &path, || Problem::BadCalendarId);
        check_one(faults, &path, calendar);
    }
    for (key, body) in &core.bodies {
        if let Some(id) = body.calendar.as_ref().filter(|id| !core.calendars.contains_key(*id)) {
            faults.add(format!("body_calendars.{key}"), Problem::UnknownCalendar(id.clone()));
        }
    }
}

/// What a street changes is checked as the calendar it would be; its days for themselves, where their order is seen.
pub(super) fn check_own(faults: &mut Faults, pack: EffectivePack<'_>) {
    let Some(change) = &pack.street.calendar else { return };
    let Some(calendar) = pack.calendar() else { return };
    check_one(faults, "calendar", &CalendarSpec { days: change.days.clone(), ..calendar });
}

fn check_one(faults: &mut Faults, path: &str, calendar: &CalendarSpec) {
    faults.unless(sound_frames(&calendar.frames), format!("{path}.frames"), || Problem::BadFrames);
    let mut week: Vec<_> = calendar.week.iter().map(|worked| worked.day).collect();
    week.sort();
    let once = week.windows(2).all(|pair| pair[0] != pair[1]);
    faults.unless(once, format!("{path}.weekdays"), || Problem::RepeatedWeekday);
    let possible = calendar.years.iter().all(|year| YEARS.contains(year));
    faults.unless(possible, format!("{path}.years"), || Problem::BadYear);
    let published = calendar.days.iter().all(|day| calendar.years.contains(&day.date.year()));
    let sorted = calendar.days.is_sorted_by(|a, b| a.date < b.date);
    faults.unless(published && sorted, format!("{path}.days"), || Problem::BadDay);
}

/// As crate `sla` takes it; what begins like a street's own would be taken for it.
fn calendar_id(id: &str) -> bool {
    let slug = id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    slug && (1..=64).contains(&id.len()) && !id.starts_with("street-")
}

/// One after the other; only the last may end after midnight, before the first begins.
fn sound_frames(frames: &[Frame]) -> bool {
    let clock_time = |text: &str| text.len() == 5 && text.parse::<jiff::civil::Time>().is_ok();
    let end = |text: &str| text == "24:00" || clock_time(text);
    let (Some(first), Some((last, others))) = (frames.first(), frames.split_last()) else { return false };
    let written = frames.iter().all(|frame| clock_time(&frame.start) && end(&frame.end));
    let ascending = frames.windows(2).all(|pair| pair[0].end < pair[1].start);
    let forward = others.iter().all(|frame| frame.start < frame.end);
    let over_midnight = last.end <= last.start && last.end <= first.start;
    written && ascending && forward && (last.start < last.end || over_midnight)
}
