//! Publications of calendars: an id and a version mean one thing for ever, since clocks that started on it count by it.

use contract::document::{DistrictCore, Document, DocumentBody};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::Compiled;
use super::fault::Fault;

/// Calendars that say something else under a version that does not rise. So for the one that streets stand on, whatever it is
/// called: their own calendars go by its version.
pub(crate) fn not_raised(old: &DistrictCore, new: &DistrictCore) -> Vec<Fault> {
    let same = new.calendars.iter().filter_map(|(id, calendar)| Some((calendar, old.calendars.get(id)?)));
    let standard = |core: &'_ DistrictCore| core.calendars.get(&core.default_calendar).cloned();
    let standards = standard(new).zip(standard(old)).filter(|(now, before)| now.id != before.id);
    let pairs = same.chain(standards.iter().map(|(now, before)| (now, before)));
    let unraised = pairs.filter(|(now, before)| now != before && now.version <= before.version);
    unraised.map(|(now, before)| Fault::calendar_not_raised(&now.id, before.version)).collect()
}

/// Calendars that clocks would stand still on: that are there no more, or do not publish the year any more that it is now. A year
/// to come may be withdrawn, one that has passed be left out, and the default calendar have another in its place.
pub(crate) fn withdrawn(old: &DistrictCore, new: &DistrictCore, now: Timestamp) -> Vec<Fault> {
    let Ok(zone) = TimeZone::get(&old.time_zone) else { return Vec::new() };
    let year = now.to_zoned(zone).year();
    let mut faults = Vec::new();
    for (id, before) in &old.calendars {
        let heir = new
            .calendars
            .get(id)
            .or_else(|| new.calendars.get(&new.default_calendar).filter(|_| *id == old.default_calendar));
        match heir {
            None => faults.push(Fault::calendar_gone(id)),
            Some(heir) if before.years.contains(&year) && !heir.years.contains(&year) => {
                faults.push(Fault::calendar_year_withdrawn(&heir.id, year));
            }
            Some(_) => {}
        }
    }
    faults
}

/// Says since when a street's own calendar is as it is: since this generation, unless the one before had the same.
pub(crate) fn stamp(compiled: &mut Compiled, stored: &[Document], generation: u64) {
    let Compiled::Street(street) = compiled else { return };
    let before = stored.iter().find_map(|document| match &document.body {
        DocumentBody::Street(core) => Some(core),
        _ => None,
    });
    let (calendar, since) = before.map_or((&None, 0), |core| (&core.calendar, core.calendar_since));
    let core = &mut street.made.core;
    core.calendar_since = if core.calendar == *calendar { since } else { generation };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::compiled::tests::{district, street};

    fn changed(version: u64, id: Option<&str>) -> DistrictCore {
        let mut core = district();
        let mut calendar = core.calendars.remove(&core.default_calendar).unwrap();
        calendar.days.pop();
        calendar.version = version;
        calendar.id = id.map_or(calendar.id, str::to_owned);
        core.default_calendar.clone_from(&calendar.id);
        core.calendars = [(calendar.id.clone(), calendar)].into();
        core
    }

    #[test]
    fn other_contents_need_a_version_above() {
        let codes = |new: &DistrictCore, old: &DistrictCore| {
            not_raised(old, new).into_iter().map(|fault| (fault.pointer, fault.code)).collect::<Vec<_>>()
        };
        let refused = [("/spec/pack".to_owned(), "calendar-not-raised")];
        assert!(codes(&district(), &district()).is_empty());
        assert_eq!(codes(&changed(1, None), &district()), refused);
        assert!(codes(&changed(2, None), &district()).is_empty());
        // An older release does not take a publication back.
        assert_eq!(codes(&district(), &changed(2, None)), refused);
        // Nor does another calendar in its place, on which the streets' own stand from then on.
        assert_eq!(codes(&changed(1, Some("other")), &district()), refused);
        assert!(codes(&changed(2, Some("other")), &district()).is_empty());
    }

    #[test]
    fn the_year_that_it_is_stays_published() {
        let at = |text: &str| text.parse().unwrap();
        let mut without = district();
        let calendar = without.calendars.values_mut().next().unwrap();
        calendar.years.retain(|year| *year != 2026);
        let codes = |now: &str| {
            withdrawn(&district(), &without, at(now)).into_iter().map(|fault| fault.code).collect::<Vec<_>>()
        };
        // New Year's Eve in Shanghai is 2027 already.
        assert_eq!(codes("2026-12-31T15:59:59Z"), ["calendar-year-withdrawn"]);
        assert!(codes("2026-12-31T16:00:00Z").is_empty() && codes("2025-12-31T15:59:59Z").is_empty());
        assert!(withdrawn(&without, &district(), at("2026-11-30T00:00:00Z")).is_empty());
        // Another in the default's place must have the year as well; another that orders may count on stays.
        let codes = |old: &DistrictCore, new: &DistrictCore| {
            let faults = withdrawn(old, new, at("2026-11-30T00:00:00Z"));
            faults.into_iter().map(|fault| fault.code).collect::<Vec<_>>()
        };
        let mut other = changed(2, Some("other"));
        assert!(codes(&district(), &other).is_empty());
        other.calendars.values_mut().for_each(|calendar| calendar.years.retain(|year| *year != 2026));
        assert_eq!(codes(&district(), &other), ["calendar-year-withdrawn"]);
        let mut more = district();
        let own = more.calendars.values().next().unwrap().clone();
        more.calendars
            .insert("bus".to_owned(), contract::document::CalendarSpec { id: "bus".to_owned(), ..own });
        assert_eq!(codes(&more, &district()), ["calendar-gone"]);
    }

    #[test]
    fn a_street_s_calendar_is_stamped_when_it_changes_and_only_then() {
        let made = |hours: Option<&str>| {
            let mut made = street(true).unwrap();
            let Compiled::Street(street) = &mut made else { panic!("a street") };
            let frame =
                |end: &str| contract::document::Frame { start: "08:00".to_owned(), end: end.to_owned() };
            street.made.core.calendar = hours
                .map(|end| contract::document::CalendarChange { frames: vec![frame(end)], days: vec![] });
            made
        };
        let mut stored: Vec<Document> = Vec::new();
        let mut since = Vec::new();
        let lives = [None, Some("12:00"), Some("12:00"), Some("13:00"), None, None, Some("12:00")];
        for (hours, generation) in lives.into_iter().zip(1..) {
            let mut compiled = made(hours);
            stamp(&mut compiled, &stored, generation);
            stored = compiled.documents(generation);
            let Compiled::Street(street) = compiled else { panic!("a street") };
            since.push(street.made.core.calendar_since);
        }
        assert_eq!(since, [0, 2, 2, 4, 5, 5, 7]);
    }
}
