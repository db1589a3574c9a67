//! How often a matter has come before: earlier cases of its item within [`RADIUS_MM`] of its place, of so many days. What was called
//! off is none, and rehearsals neither count nor are counted for. Pure.

use ids::CaseId;
use jiff::{SignedDuration, Timestamp};
use routing::rules::{REPEATS_MAX, Repetition};

use super::distance::Point;
use super::join::RADIUS_MM;

/// A case of the report's street, item and datum, open or closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Earlier {
    /// Which.
    pub case_id: CaseId,
    /// Where it was opened.
    pub point: Point,
    /// When.
    pub opened_at: Timestamp,
    /// Reports in it.
    pub voices: u32,
}

/// From when on cases count, for one that opens now.
pub fn since(now: Timestamp, days: u16) -> Timestamp {
    now - SignedDuration::from_hours(i64::from(days) * 24)
}

/// What has come before a case that opens at a place and time: of more than [`REPEATS_MAX`] cases the newest are counted.
pub fn count(at: Point, now: Timestamp, days: u16, earlier: impl IntoIterator<Item = Earlier>) -> Repetition {
    let since = since(now, days);
    let mut near: Vec<Earlier> = earlier
        .into_iter()
        .filter(|case| case.opened_at >= since && at.distance_mm(case.point) <= RADIUS_MM)
        .collect();
    near.sort_by_key(|case| std::cmp::Reverse((case.opened_at, case.case_id)));
    near.truncate(REPEATS_MAX as usize);
    let before = near.iter().fold(0_u32, |sum, case| sum.saturating_add(case.voices));
    Repetition { cases: near.len() as u32, voices: before.saturating_add(1), days }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn now() -> Timestamp {
        "2026-11-23T02:00:00Z".parse().unwrap()
    }

    fn point(lat: f64) -> Point {
        Point::from_degrees(106.55, lat).unwrap()
    }

    fn case(n: u128, lat: f64, hours_ago: i64, voices: u32) -> Earlier {
        let opened_at = now() - SignedDuration::from_hours(hours_ago);
        Earlier { case_id: CaseId(Uuid::from_u128(n)), point: point(lat), opened_at, voices }
    }

    fn counted(cases: &[Earlier]) -> (u32, u32) {
        let Repetition { cases, voices, days } = count(point(29.56), now(), 30, cases.iter().copied());
        assert_eq!(days, 30);
        (cases, voices)
    }

    #[test]
    fn bounds_of_place_and_time() {
        assert_eq!(counted(&[]), (0, 1));
        assert_eq!(counted(&[case(1, 29.564_496, 1, 2)]), (1, 3));
        assert_eq!(counted(&[case(1, 29.564_498, 1, 2)]), (0, 1), "farther than 500 m");
        assert_eq!(counted(&[case(1, 29.56, 30 * 24, 1), case(2, 29.56, 30 * 24 + 1, 9)]), (1, 2));
        assert_eq!(counted(&[case(1, 29.56, -1, 1)]), (1, 2), "of a replica that read its time later");
    }

    #[test]
    fn a_hundred_are_counted_the_newest() {
        let many: Vec<Earlier> =
            (0..150).map(|n| case(n, 29.56, n as i64, if n < 100 { 1 } else { 50 })).collect();
        assert_eq!(counted(&many), (100, 101));
        assert_eq!(counted(&[case(1, 29.56, 1, u32::MAX), case(2, 29.56, 1, 1)]), (2, u32::MAX));
    }

    proptest! {
        #[test]
        fn the_order_does_not_matter_and_each_case_has_a_reporter(
            cases in prop::collection::vec((0u128..400, 29.55f64..29.57, 0i64..900, 1u32..5), 0..140),
            by in 0usize..140,
        ) {
            let mut cases: Vec<Earlier> =
                cases.into_iter().map(|(n, lat, hours, voices)| case(n, lat, hours, voices)).collect();
            cases.sort_by_key(|case| case.case_id);
            cases.dedup_by_key(|case| case.case_id);
            let first = counted(&cases);
            prop_assert!(first.1 > first.0 && first.0 <= REPEATS_MAX);
            let by = by.min(cases.len());
            cases.rotate_left(by);
            prop_assert_eq!(counted(&cases), first);
        }
    }
}
