//! Which open case a report of mortal danger may join by itself. Pure.
//!
//! The second lift that is stuck, the next crash at the crossing: same item, near, within the week, and somebody else's life. What
//! joins gets no order of its own, so here it has to be plainly the same call again: nearly the same words with the same numbers
//! in them, on the spot, within minutes. Anything else is a case of its own, beside the one it may belong to, and a person
//! merges the two ([`super::merge`]) if they are one. A device stays where it was put: what it says there in the same words is one
//! matter, whatever it reads; another flat of the same tower is in its words.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::join::{Candidate, WINDOW};
use super::worded::{JOINS_PER_MILLE, Unclear, Worded, likeness};

/// How near to a case a call is the same one again.
#[derive(Debug, Clone, Copy)]
pub struct Nearness {
    /// Longest time since the case was opened.
    pub within: SignedDuration,
    /// Farthest from where it was opened.
    pub radius_mm: u64,
    /// Least likeness of the words.
    pub alike_per_mille: u32,
}

/// Of a person: within minutes, and a telephone's place is some tens of metres wrong.
pub const PERSON: Nearness =
    Nearness { within: SignedDuration::from_mins(30), radius_mm: 100_000, alike_per_mille: JOINS_PER_MILLE };
/// Of a device: whenever that was, and a place is wrong by its rounding only.
pub const DEVICE: Nearness = Nearness { within: WINDOW, radius_mm: 10_000, alike_per_mille: 0 };

/// The case that is the same call, with how alike the words are.
pub fn choose(
    report: Unclear<'_>,
    item: &str,
    numbers: &BTreeSet<String>,
    now: Timestamp,
    cases: &[Worded],
    near: Nearness,
) -> Option<(Candidate, u32)> {
    let earliest = now - near.within;
    let same = likeness(report, now, cases).into_iter().find(|like| {
        like.case.item == item
            && like.case.opened_at >= earliest
            && like.distance_mm <= near.radius_mm
            && like.alike_per_mille >= near.alike_per_mille
            && like.case.numbers == *numbers
    })?;
    let Worded { case_id, point, opened_at, .. } = *same.case;
    Some((Candidate { case_id, point, opened_at }, same.alike_per_mille))
}

/// The numbers and letters of a text without what was measured: of two sentences that differ in nothing else each speaks of another house.
pub fn numbers(text: &str) -> BTreeSet<String> {
    let folded = text.chars().map(|c| match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        _ => c,
    });
    let plain: Vec<char> = folded.map(|c| c.to_ascii_lowercase()).collect();
    let mut found = BTreeSet::new();
    let mut rest = &plain[..];
    while let Some(start) = rest.iter().position(|c| counts(*c)) {
        let of = &rest[start..];
        let point = |at: usize| {
            let digit = |at: usize| of.get(at).is_some_and(char::is_ascii_digit);
            of[at] == '.' && digit(at - 1) && digit(at + 1)
        };
        let length = (1..of.len()).find(|at| !counts(of[*at]) && !point(*at)).unwrap_or(of.len());
        let (number, after) = of.split_at(length);
        if !measured(number, after) {
            found.insert(number.iter().collect());
        }
        rest = after;
    }
    found
}

/// A reading with its unit, which is another one each time: `35%`, `35 ppm`.
fn measured(number: &[char], after: &[char]) -> bool {
    let digits = number.iter().take_while(|c| c.is_ascii_digit() || **c == '.').count();
    let unit = |text: &[char]| {
        let text: String = text.iter().skip_while(|c| **c == ' ').take(4).collect();
        ["%", "‰", "℃", "°", "ppm", "lel", "mg", "kpa", "mpa", "mm", "cm", "db"]
            .iter()
            .any(|unit| text.starts_with(unit))
    };
    digits > 0 && (unit(&number[digits..]) || digits == number.len() && unit(after))
}

fn counts(c: char) -> bool {
    c.is_ascii_alphanumeric() || "〇零一二两三四五六七八九十百千".contains(c)
}

#[cfg(test)]
mod tests {
    use ids::CaseId;
    use uuid::Uuid;

    use super::super::alike::Shingles;
    use super::super::distance::Point;
    use super::*;

    const WORDS: &str = "3号楼二单元电梯停在中间不动，里面困了两个人，快来";

    fn now() -> Timestamp {
        "2026-11-23T02:00:00Z".parse().unwrap()
    }

    fn case(text: &str, lat: f64, minutes_ago: i64) -> Worded {
        Worded {
            tenant: "990102001000".parse().unwrap(),
            case_id: CaseId(Uuid::from_u128(1)),
            case_no: None,
            item: "HOU-05".to_owned(),
            point: Point::from_degrees(106.55, lat).unwrap(),
            datum: "wgs84".to_owned(),
            opened_at: now() - SignedDuration::from_mins(minutes_ago),
            shingles: Shingles::of(text),
            numbers: numbers(text),
        }
    }

    fn joins(text: &str, item: &str, case: Worded) -> bool {
        let shingles = Shingles::of(text);
        let point = Point::from_degrees(106.55, 29.56).unwrap();
        let tenant = "990102001000".parse().unwrap();
        let report = Unclear { tenant, point, datum: "wgs84", shingles: &shingles };
        choose(report, item, &numbers(text), now(), &[case], PERSON).is_some()
    }

    #[test]
    fn the_same_call_again_joins_within_minutes_and_on_the_spot() {
        let again = "３号楼二单元电梯停在中间不动，里面困了两个人，快来啊！";
        assert!(joins(again, "HOU-05", case(WORDS, 29.5608, 30)));
        assert!(!joins(again, "HOU-05", case(WORDS, 29.56, 31)), "later");
        assert!(!joins(again, "HOU-05", case(WORDS, 29.561, 1)), "111 m away");
        assert!(!joins(again, "SAF-01", case(WORDS, 29.56, 1)), "another item");
    }

    #[test]
    fn another_house_or_other_words_are_another_call() {
        let other = WORDS.replace('3', "5");
        let alike = Shingles::of(&other).alike_per_mille(&Shingles::of(WORDS));
        assert!(alike >= JOINS_PER_MILLE, "{alike}: only the number tells them apart");
        assert!(!joins(&other, "HOU-05", case(WORDS, 29.56, 1)));
        assert!(!joins(&WORDS.replace('二', "三"), "HOU-05", case(WORDS, 29.56, 1)));
        assert!(!joins("电梯困人了，快来", "HOU-05", case(WORDS, 29.56, 1)));
        assert!(!joins("", "HOU-05", case("", 29.56, 1)), "what says nothing is like nothing");
    }

    #[test]
    fn numbers_are_read_in_either_writing() {
        let of = |text| Vec::from_iter(numbers(text));
        assert_eq!(of("Ａ栋12楼，十二楼"), ["12", "a", "十二"]);
        assert!(of("电梯停在中间").is_empty());
        assert_eq!(
            of("1502室浓度达22.5% LEL，3 ppm，35ppm"),
            ["1502", "lel", "ppm"],
            "not what was measured"
        );
        assert_eq!(of("第3.5层100%"), ["3.5"]);
    }
}
