//! Open cases by their words: which of them a report is about whose item nobody knows. Pure.
//!
//! The words may say that it is the same matter where they do not say what the matter is: the second letter of a neighbour, a
//! message passed on. Near and nearly the same, it joins; less alike, a person is shown which cases it may be about.

use std::collections::BTreeSet;

use ids::{CaseId, TenantId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::alike::Shingles;
use super::distance::Point;
use super::join::{Candidate, WINDOW};

/// From so alike on, in thousandths, it is the same matter.
pub const JOINS_PER_MILLE: u32 = 600;
/// From so alike on a person is shown the case.
pub const SHOWN_PER_MILLE: u32 = 250;
/// How far away a case may be that is shown.
pub const SHOWN_MM: u64 = 2_000_000;
/// Cases shown at most.
const SHOWN_MAX: usize = 3;

/// An open case that shares a band with a report.
#[derive(Debug, Clone)]
pub struct Worded {
    /// Whose.
    pub tenant: TenantId,
    /// Which.
    pub case_id: CaseId,
    /// Its number; nothing as long as it has none.
    pub case_no: Option<String>,
    /// Its item.
    pub item: String,
    /// Where it was opened.
    pub point: Point,
    /// `wgs84`, `gcj02` or `bd09`.
    pub datum: String,
    /// When.
    pub opened_at: Timestamp,
    /// Its words.
    pub shingles: Shingles,
    /// The numbers among them ([`super::pressing::numbers`]).
    pub numbers: BTreeSet<String>,
}

impl Worded {
    /// As it stands on the board.
    pub fn candidate(&self) -> Candidate {
        let Self { case_id, point, opened_at, .. } = *self;
        Candidate { case_id, point, opened_at }
    }
}

/// A report that is compared by its words: one whose item nobody knows, of mortal danger, or about persons.
#[derive(Debug, Clone, Copy)]
pub struct Unclear<'a> {
    /// Whose.
    pub tenant: TenantId,
    /// Where.
    pub point: Point,
    /// The datum of its point.
    pub datum: &'a str,
    /// Its words.
    pub shingles: &'a Shingles,
}

/// A case with how near it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Similar {
    /// Which.
    pub case_id: CaseId,
    /// Its number.
    pub case_no: String,
    /// Its item.
    pub item: String,
    /// How alike the words are.
    pub alike_per_mille: u32,
    /// Between the two places.
    pub distance_mm: u64,
}

/// An open case with how near it is.
pub(super) struct Likeness<'a> {
    pub case: &'a Worded,
    pub alike_per_mille: u32,
    pub distance_mm: u64,
}

/// The cases that may be compared with a report, the most alike first.
pub(super) fn likeness<'a>(report: Unclear<'_>, now: Timestamp, cases: &'a [Worded]) -> Vec<Likeness<'a>> {
    let earliest = now - WINDOW;
    let comparable = |case: &&Worded| {
        case.tenant == report.tenant && case.datum == report.datum && case.opened_at >= earliest
    };
    let bands = report.shingles.bands();
    let meets = |case: &&Worded| case.shingles.bands().iter().zip(&bands).any(|(a, b)| a == b);
    let mut alike: Vec<Likeness<'a>> = cases
        .iter()
        .filter(comparable)
        .filter(meets)
        .map(|case| Likeness {
            case,
            alike_per_mille: case.shingles.alike_per_mille(report.shingles),
            distance_mm: report.point.distance_mm(case.point),
        })
        .collect();
    alike.sort_by_key(|like| {
        (std::cmp::Reverse(like.alike_per_mille), like.distance_mm, like.case.opened_at, like.case.case_id)
    });
    alike
}

/// The case that is the same matter by its words: the most alike within the bounds, then the nearest, the oldest, by id; with how
/// alike it is. `bounds_mm` says how far away a case may be, and nothing of one that may not be joined.
pub fn choose<'a>(
    report: Unclear<'_>,
    now: Timestamp,
    cases: &'a [Worded],
    bounds_mm: impl Fn(&Worded) -> Option<u64>,
) -> Option<(&'a Worded, u32)> {
    let near = |like: &Likeness<'_>| bounds_mm(like.case).is_some_and(|most| like.distance_mm <= most);
    let mut alike = likeness(report, now, cases).into_iter();
    alike
        .find(|like| like.alike_per_mille >= JOINS_PER_MILLE && near(like))
        .map(|like| (like.case, like.alike_per_mille))
}

/// The cases to show to the person who judges, the most alike first.
pub fn similar(report: Unclear<'_>, now: Timestamp, cases: &[Worded]) -> Vec<Similar> {
    let shown = likeness(report, now, cases).into_iter().filter_map(|like| {
        let case_no = like.case.case_no.clone()?;
        let near = like.alike_per_mille >= SHOWN_PER_MILLE && like.distance_mm <= SHOWN_MM;
        near.then(|| Similar {
            case_id: like.case.case_id,
            case_no,
            item: like.case.item.clone(),
            alike_per_mille: like.alike_per_mille,
            distance_mm: like.distance_mm,
        })
    });
    shown.take(SHOWN_MAX).collect()
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::super::join::RADIUS_MM;
    use super::*;

    const WORDS: &str = "楼下那个东西又响了一整夜，大家都睡不着觉";

    fn now() -> Timestamp {
        "2026-11-23T02:00:00Z".parse().unwrap()
    }

    fn point(lat: f64) -> Point {
        Point::from_degrees(106.55, lat).unwrap()
    }

    fn case(n: u128, text: &str, lat: f64, hours_ago: i64) -> Worded {
        Worded {
            tenant: "990102001000".parse().unwrap(),
            case_id: CaseId(Uuid::from_u128(n)),
            case_no: Some(format!("990102001-261123-{n:04}")),
            item: "ENV-01".to_owned(),
            point: point(lat),
            datum: "wgs84".to_owned(),
            opened_at: now() - SignedDuration::from_hours(hours_ago),
            shingles: Shingles::of(text),
            numbers: BTreeSet::new(),
        }
    }

    fn of(text: &str, cases: &[Worded]) -> (Option<u128>, Vec<u128>) {
        let shingles = Shingles::of(text);
        let tenant = "990102001000".parse().unwrap();
        let report = Unclear { tenant, point: point(29.56), datum: "wgs84", shingles: &shingles };
        let number = |id: CaseId| id.as_uuid().as_u128();
        let chosen = choose(report, now(), cases, |_| Some(RADIUS_MM)).map(|(case, _)| number(case.case_id));
        (chosen, similar(report, now(), cases).iter().map(|similar| number(similar.case_id)).collect())
    }

    #[test]
    fn nearly_the_same_words_near_by_are_the_same_matter() {
        let again = format!("{WORDS}！求处理");
        assert_eq!(of(&again, &[case(1, WORDS, 29.563, 1)]), (Some(1), vec![1]));
        assert_eq!(
            of(&again, &[case(1, WORDS, 29.565, 1)]),
            (None, vec![1]),
            "more than 500 m away it is only shown"
        );
        assert_eq!(of(&again, &[case(1, WORDS, 29.59, 1)]), (None, vec![]), "and kilometres away it is not");
        assert_eq!(of(&again, &[case(1, WORDS, 29.56, 7 * 24 + 1)]), (None, vec![]));
        assert_eq!(of(&again, &[case(1, "菜市场门口垃圾没人清理", 29.56, 1)]), (None, vec![]));
        let half = format!("{WORDS}，而且物业说不归他们管，打了三次电话");
        assert_eq!(
            of(&half, &[case(1, WORDS, 29.56, 1)]),
            (None, vec![1]),
            "half the same is for a person to say"
        );
    }

    #[test]
    fn a_case_of_narrower_bounds_is_passed_over() {
        let (shingles, cases) = (Shingles::of(WORDS), [case(1, WORDS, 29.56, 1), case(2, WORDS, 29.561, 1)]);
        let tenant = "990102001000".parse().unwrap();
        let report = Unclear { tenant, point: point(29.56), datum: "wgs84", shingles: &shingles };
        let first = CaseId(Uuid::from_u128(1));
        let chosen = |bounds_mm: fn(&Worded) -> Option<u64>| {
            choose(report, now(), &cases, bounds_mm).map(|(case, _)| case.case_id.as_uuid().as_u128())
        };
        assert_eq!(chosen(|_| Some(RADIUS_MM)), Some(1));
        assert_eq!(chosen(|_| None), None);
        let beside_first = choose(report, now(), &cases, |case| (case.case_id != first).then_some(RADIUS_MM));
        assert_eq!(beside_first.map(|(case, _)| case.case_id.as_uuid().as_u128()), Some(2));
    }

    #[test]
    fn the_most_alike_then_the_nearest() {
        let again = format!("{WORDS}！求处理");
        let cases = [case(1, WORDS, 29.56, 1), case(2, &again, 29.562, 1), case(3, &again, 29.561, 9)];
        assert_eq!(of(&again, &cases), (Some(3), vec![3, 2, 1]));
    }

    #[test]
    fn other_streets_and_datums_are_not_compared() {
        let mut foreign = case(1, WORDS, 29.56, 1);
        foreign.tenant = "990102002000".parse().unwrap();
        let mut beside = case(2, WORDS, 29.56, 1);
        beside.datum = "gcj02".to_owned();
        assert_eq!(of(WORDS, &[foreign, beside]), (None, vec![]));
    }

    proptest! {
        #[test]
        fn what_joins_is_within_the_bounds_and_the_order_does_not_matter(
            cases in prop::collection::vec((0u128..9, 29.55f64..29.57, 0i64..200, 0usize..4), 0..6),
            by in 0usize..6,
        ) {
            let texts = [WORDS, "楼下那个东西又响了一整夜", "又响了", "菜市场门口垃圾没人清理"];
            let mut cases: Vec<_> =
                cases.into_iter().map(|(n, lat, hours, text)| case(n, texts[text], lat, hours)).collect();
            let first = of(WORDS, &cases);
            if let Some(chosen) = first.0 {
                let within = cases.iter().any(|case| {
                    case.case_id.as_uuid().as_u128() == chosen
                        && point(29.56).distance_mm(case.point) <= RADIUS_MM
                        && case.opened_at >= now() - WINDOW
                });
                prop_assert!(within);
            }
            let by = by.min(cases.len());
            cases.rotate_left(by);
            prop_assert_eq!(of(WORDS, &cases).0, first.0);
        }
    }
}
