//! A street's own working calendar: the district's with other hours, or other days. Pure.
//!
//! It always has an id of its own, also where a street changes nothing: a case carries the id of its calendar, and a
//! street that takes its changes back must not leave open cases without one.

use std::collections::BTreeMap;

use ids::TenantId;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::policy::{CalendarSpec, DayException, Frame};

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
pub fn of(street: TenantId, base: &CalendarSpec, change: Option<&CalendarChange>) -> CalendarSpec {
    let mut calendar = CalendarSpec { id: id_of(street), ..base.clone() };
    let Some(change) = change else { return calendar };
    if !change.frames.is_empty() {
        calendar.frames.clone_from(&change.frames);
    }
    let days = base.days.iter().chain(&change.days).map(|day| (day.date, day.clone()));
    calendar.days = days.collect::<BTreeMap<Date, DayException>>().into_values().collect();
    calendar
}

#[cfg(test)]
mod tests {
    use super::super::policy::DayKind;
    use super::*;

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
            years: vec![2026],
            days: vec![day("2026-10-01", DayKind::Holiday), day("2026-10-10", DayKind::MakeupWorkday)],
        };
        let street: TenantId = "990102001000".parse().unwrap();
        let change = CalendarChange {
            frames: vec![frame("08:00", "12:00"), frame("13:00", "20:00")],
            days: vec![day("2026-06-18", DayKind::Holiday), day("2026-10-10", DayKind::Holiday)],
        };
        let own = of(street, &base, Some(&change));
        assert_eq!(
            (own.id.as_str(), own.version, own.frames),
            ("street-990102001000", 3, change.frames.clone())
        );
        assert_eq!(
            own.days,
            [
                day("2026-06-18", DayKind::Holiday),
                day("2026-10-01", DayKind::Holiday),
                day("2026-10-10", DayKind::Holiday)
            ]
        );
        assert_eq!(of(street, &base, None), CalendarSpec { id: id_of(street), ..base.clone() });
        assert_eq!(of(street, &base, Some(&CalendarChange::default())).frames, base.frames);
    }
}
