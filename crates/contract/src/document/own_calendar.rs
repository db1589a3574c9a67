//! A street's own working calendar: the district's with other hours, or other days. Pure.
//!
//! It always has an id of its own, also where a street changes nothing: a case carries the id of its calendar, and a
//! street that takes its changes back must not leave open cases without one.
//!
//! Its version says both what it stands on and since when it is as it is: the district's version counts the last four
//! digits, the generation of the street's last change stands before them. So whichever of the two moves, the version rises,
//! and none ever means two things, in whatever order a reader hears of them.

use std::collections::BTreeMap;

use ids::TenantId;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::core::StreetCore;
use super::policy::{CalendarSpec, DayException, Frame};

/// Versions of a district's calendar lie below this and above 0, which is held when it is published. So do the own numbers of
/// calendars of bodies, which stand before it.
pub const DISTRICT_VERSIONS: u64 = 10_000;

/// What a street changes about its district's calendar.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CalendarChange {
    /// Its working hours; empty: the district's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub frames: Vec<Frame>,
    /// Its exceptional days, before those of the district.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub days: Vec<DayException>,
}

/// The id of a street's own calendar.
pub fn id_of(street: TenantId) -> String {
    format!("street-{street}")
}

/// The calendar of a street on its district's.
pub fn of(street: &StreetCore, base: &CalendarSpec) -> CalendarSpec {
    let version = version(base.version, street.calendar_since);
    let mut calendar = CalendarSpec { id: id_of(street.code), version, ..base.clone() };
    let Some(change) = &street.calendar else { return calendar };
    if !change.frames.is_empty() {
        calendar.frames.clone_from(&change.frames);
    }
    let days = base.days.iter().chain(&change.days).map(|day| (day.date, day.clone()));
    calendar.days = days.collect::<BTreeMap<Date, DayException>>().into_values().collect();
    calendar
}

/// One number of two that only rise: it rises with either, and no two pairs have the same. A street that never changed
/// anything has its district's.
pub(super) const fn version(district: u64, since: u64) -> u64 {
    since.saturating_mul(DISTRICT_VERSIONS).saturating_add(district)
}

#[cfg(test)]
mod tests {
    use super::super::core::RoutingMode;
    use super::super::policy::DayKind;
    use super::*;

    fn street(calendar: Option<CalendarChange>, calendar_since: u64) -> StreetCore {
        StreetCore {
            code: "990102001000".parse().unwrap(),
            name: Default::default(),
            district: "990102000000".parse().unwrap(),
            pack_generation: 1,
            communities: vec![],
            routing_mode: RoutingMode::Auto,
            plan_review_minutes: 30,
            report_review_minutes: 30,
            urgent_review_minutes: 5,
            repeat_days: 30,
            bodies: BTreeMap::new(),
            items: BTreeMap::new(),
            policies: BTreeMap::new(),
            chains: BTreeMap::new(),
            endpoints: BTreeMap::new(),
            rules: BTreeMap::new(),
            calendar,
            calendar_since,
            quotas: None,
            features: Default::default(),
        }
    }

    #[test]
    fn a_version_rises_with_either_and_never_comes_twice() {
        let mut seen = BTreeMap::new();
        for district in 1..60 {
            for since in 0..60 {
                let now = version(district, since);
                assert!(version(district + 1, since) > now && version(district, since + 1) > now);
                assert_eq!(seen.insert(now, (district, since)), None);
            }
        }
        let edge = version(DISTRICT_VERSIONS - 1, 7);
        assert!(edge < version(1, 8) && version(3, 0) == 3);
    }

    fn day(date: &str, kind: DayKind) -> DayException {
        DayException { date: date.parse().unwrap(), kind }
    }

    #[test]
    fn own_hours_and_days_go_before_the_district_s() {
        let frame = |start: &str, end: &str| Frame { start: start.to_owned(), end: end.to_owned() };
        let base = CalendarSpec {
            id: "cn".to_owned(),
            version: 3,
            zone: "Asia/Shanghai".to_owned(),
            frames: vec![frame("09:00", "17:00")],
            week: vec![],
            years: vec![2026],
            days: vec![day("2026-10-01", DayKind::Holiday), day("2026-10-10", DayKind::MakeupWorkday)],
        };
        let change = CalendarChange {
            frames: vec![frame("08:00", "12:00"), frame("13:00", "20:00")],
            days: vec![day("2026-06-18", DayKind::Holiday), day("2026-10-10", DayKind::Holiday)],
        };
        let own = of(&street(Some(change.clone()), 17), &base);
        assert_eq!(
            (own.id.as_str(), own.version, own.frames),
            ("street-990102001000", 170_003, change.frames.clone())
        );
        assert_eq!(
            own.days,
            [
                day("2026-06-18", DayKind::Holiday),
                day("2026-10-01", DayKind::Holiday),
                day("2026-10-10", DayKind::Holiday)
            ]
        );
        let plain = street(None, 0);
        assert_eq!(of(&plain, &base), CalendarSpec { id: id_of(plain.code), ..base.clone() });
        assert_eq!(of(&street(Some(CalendarChange::default()), 1), &base).frames, base.frames);
        // Taken back: the district's again, and no publication that was there before.
        let back = of(&street(None, 18), &base);
        assert_eq!((back.frames, back.days, back.version), (base.frames, base.days, 180_003));
    }
}
