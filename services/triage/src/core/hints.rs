//! Hints to somebody who is about to report: open cases near by, which may be the same matter. Pure.
//!
//! Only what anybody on the spot may know: number, item, how far, how many have reported, since when. Never anybody's words.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::desk::Standing;
use super::distance::Point;
use super::join::RADIUS_MM;

/// Hints of one answer at most.
pub const HINTS_MAX: usize = 5;

/// An open case around.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Around {
    /// The number people see.
    pub case_no: String,
    /// Code of its item.
    pub item: String,
    /// Where it was opened, in the datum of the place asked for.
    pub point: Point,
    /// When.
    pub opened_at: Timestamp,
    /// Reports in it.
    pub voices: u32,
    /// How it stands with triage.
    pub standing: Standing,
}

/// A case with how far away it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    /// The case.
    pub case: Around,
    /// Between the two places.
    pub distance_mm: u64,
    /// It is of the item the reporter names, or of one that the words suggest.
    pub suggested: bool,
}

/// What the reporter is known to speak of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// This item, and nothing else.
    Item(String),
    /// Rather these items, which the words suggest; others too. None: whatever is near.
    Rather(BTreeSet<String>),
}

/// The hints: cases within the distance of joining, of the suggested items first, then the nearest, the oldest, by number.
pub fn hints(at: Point, wanted: &Wanted, around: impl IntoIterator<Item = Around>) -> Vec<Hint> {
    let suggested = |item: &String| match wanted {
        Wanted::Item(wanted) => item == wanted,
        Wanted::Rather(items) => items.contains(item),
    };
    let with_distance = |case: Around| Hint {
        distance_mm: at.distance_mm(case.point),
        suggested: suggested(&case.item),
        case,
    };
    let mut near: Vec<Hint> = around
        .into_iter()
        .map(with_distance)
        .filter(|hint| hint.suggested || matches!(wanted, Wanted::Rather(_)))
        .filter(|hint| hint.distance_mm <= RADIUS_MM)
        .collect();
    near.sort_by(|one, other| {
        let key = |hint: &Hint| (!hint.suggested, hint.distance_mm, hint.case.opened_at);
        key(one).cmp(&key(other)).then_with(|| one.case.case_no.cmp(&other.case.case_no))
    });
    near.truncate(HINTS_MAX);
    near
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn case(number: u32, item: &str, lat: f64) -> Around {
        Around {
            case_no: format!("990102001-261123-{number:04}"),
            item: item.to_owned(),
            point: Point::from_degrees(106.55, lat).unwrap(),
            opened_at: "2026-11-23T02:00:00Z".parse().unwrap(),
            voices: 1,
            standing: Standing::Open,
        }
    }

    #[test]
    fn what_only_lies_near_is_not_suggested() {
        let at = Point::from_degrees(106.55, 29.56).unwrap();
        let cases = [case(1, "TRA-01", 29.56), case(2, "TRA-03", 29.56)];
        let suggested = |wanted: &Wanted| -> Vec<(String, bool)> {
            let hints = hints(at, wanted, cases.to_vec()).into_iter();
            hints.map(|hint| (hint.case.item, hint.suggested)).collect()
        };
        let said = |item: &str, suggested| (item.to_owned(), suggested);
        assert_eq!(suggested(&rather(&["TRA-03"])), [said("TRA-03", true), said("TRA-01", false)]);
        assert_eq!(suggested(&rather(&[])), [said("TRA-01", false), said("TRA-03", false)]);
        assert_eq!(suggested(&Wanted::Item("TRA-01".to_owned())), [said("TRA-01", true)]);
    }

    fn shown(wanted: &Wanted, cases: &[Around]) -> Vec<String> {
        let at = Point::from_degrees(106.55, 29.56).unwrap();
        let hints = hints(at, wanted, cases.to_vec());
        hints.into_iter().map(|hint| hint.case.case_no[20..].to_owned()).collect()
    }

    fn rather(items: &[&str]) -> Wanted {
        Wanted::Rather(items.iter().map(|item| (*item).to_owned()).collect())
    }

    #[test]
    fn the_nearest_come_first_and_the_suggested_before_them() {
        let cases = [case(1, "TRA-01", 29.563), case(2, "TRA-03", 29.561), case(3, "TRA-01", 29.562)];
        assert_eq!(shown(&rather(&[]), &cases), ["2", "3", "1"]);
        assert_eq!(shown(&rather(&["TRA-01"]), &cases), ["3", "1", "2"]);
        assert_eq!(shown(&Wanted::Item("TRA-03".to_owned()), &cases), ["2"]);
        assert_eq!(shown(&rather(&[]), &[case(1, "TRA-01", 29.564_498)]), Vec::<String>::new());
    }

    proptest! {
        #[test]
        fn at_most_five_in_whatever_order_they_come(
            lats in prop::collection::vec(29.55f64..29.57, 0..12),
            by in 0usize..12,
        ) {
            let mut cases: Vec<Around> =
                (1_u32..).zip(&lats).map(|(number, lat)| case(number, "TRA-01", *lat)).collect();
            let first = shown(&rather(&[]), &cases);
            prop_assert!(first.len() <= HINTS_MAX);
            let by = by.min(cases.len());
            cases.rotate_left(by);
            prop_assert_eq!(shown(&rather(&[]), &cases), first);
        }
    }
}
