//! Which open case a report may join by itself where item and place do not make it the same matter: mortal danger, devices, and
//! matters of persons. Pure.
//!
//! The second lift that is stuck, the next crash at the crossing: same item, near, within the week, and somebody else's life. What
//! joins gets no order of its own, so here it has to be plainly the same call again: nearly the same words with the same numbers
//! in them, on the spot, within minutes. Anything else is a case of its own, beside the one it may belong to, and a person
//! merges the two ([`super::merge`]) if they are one. A device stays where it was put: what it says there in the same words is one
//! matter, whatever it reads; another flat of the same tower is in its words.
//!
//! What is about persons ([`JoinedBy::Words`]) is theirs alone: two families of one block that ask for relief are two matters, and
//! whoever were put into the case of the other would get no order. Only nearly the same words of the same spot are one.

use std::collections::BTreeSet;

use contract::document::JoinedBy;
use jiff::{SignedDuration, Timestamp};

use super::alike::Shingles;
use super::join::{Candidate, RADIUS_MM, WINDOW};
use super::worded::{JOINS_PER_MILLE, SHOWN_PER_MILLE, Unclear, Worded, likeness};

/// What makes a report the matter of an open case of its item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sameness {
    /// That it is near: many speak of one thing.
    Place,
    /// Mortal danger: the same call again.
    Call,
    /// A device gives alarm from where it stands.
    Device,
    /// A matter of persons: the same words of the same spot.
    Words,
}

impl Sameness {
    /// Of a report whose item is joined by `by`; nothing of one whose item nobody knows.
    pub fn of(by_device: bool, pressing: bool, by: Option<JoinedBy>) -> Self {
        match (by_device, pressing, by == Some(JoinedBy::Words)) {
            (_, false, false) => Self::Place,
            (true, ..) => Self::Device,
            (false, true, _) => Self::Call,
            (false, false, true) => Self::Words,
        }
    }

    /// How near and alike the two have to be; nothing where item and place say it.
    pub fn nearness(self) -> Option<Nearness> {
        match self {
            Self::Place => None,
            Self::Call => Some(PERSON),
            Self::Device => Some(DEVICE),
            Self::Words => Some(MATTER),
        }
    }
}

/// How near to a case a call is the same one again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

/// Of a matter of persons: nobody is in a hurry, and the place is as wrong as that of a call.
pub const MATTER: Nearness =
    Nearness { within: WINDOW, radius_mm: PERSON.radius_mm, alike_per_mille: JOINS_PER_MILLE };

/// The words of a matter of persons, for comparing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    shingles: Shingles,
    numbers: BTreeSet<String>,
}

impl Words {
    /// Of a text.
    pub fn of(text: &str) -> Self {
        Self { shingles: Shingles::of(text), numbers: numbers(text) }
    }

    /// How alike two texts are, in thousandths, if they plainly say the same, of the same numbers.
    pub fn same_per_mille(&self, other: &Self) -> Option<u32> {
        let alike_per_mille = self.shingles.alike_per_mille(&other.shingles);
        (alike_per_mille >= JOINS_PER_MILLE && self.numbers == other.numbers).then_some(alike_per_mille)
    }
}

/// The open case that a matter of persons may belong to, though its words are not plainly the same: for a person to say.
pub fn maybe(report: Unclear<'_>, item: &str, now: Timestamp, cases: &[Worded]) -> Option<Candidate> {
    let like = likeness(report, now, cases).into_iter().find(|like| {
        like.case.item == item && like.distance_mm <= RADIUS_MM && like.alike_per_mille >= SHOWN_PER_MILLE
    })?;
    Some(like.case.candidate())
}

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
    Some((same.case.candidate(), same.alike_per_mille))
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
    fn a_matter_of_persons_is_the_same_of_the_same_spot_and_else_for_a_person_to_say() {
        let said = "家里两个病人，没有收入，想申请临时救助";
        let of = |text: &str, case: Worded| {
            let shingles = Shingles::of(text);
            let point = Point::from_degrees(106.55, 29.56).unwrap();
            let tenant = "990102001000".parse().unwrap();
            let report = Unclear { tenant, point, datum: "wgs84", shingles: &shingles };
            let cases = [case];
            let same = choose(report, "HOU-05", &numbers(text), now(), &cases, MATTER).is_some();
            (same, maybe(report, "HOU-05", now(), &cases).is_some())
        };
        let days = 6 * 24 * 60;
        assert_eq!(of(said, case(said, 29.5608, days)), (true, true), "days later, 89 m away");
        assert_eq!(of(said, case(said, 29.5628, days)), (false, true), "the family next door has copied it");
        let other = "家里两个病人，没有收入，想申请低保，孩子还在上学";
        assert_eq!(of(other, case(said, 29.56, days)), (false, true));
        assert_eq!(of("想申请公租房", case(said, 29.56, days)), (false, false));
        let in_room = |room: &str| format!("{room}室，{said}");
        assert_eq!(of(&in_room("1201"), case(&in_room("1202"), 29.56, 1)), (false, true));
    }

    #[test]
    fn what_is_the_same_goes_by_who_says_it_and_of_what() {
        use JoinedBy::{Place, Words};
        let of = Sameness::of;
        assert_eq!(
            (of(false, false, Some(Place)), of(true, false, None)),
            (Sameness::Place, Sameness::Place)
        );
        assert_eq!((of(false, true, Some(Words)), of(false, true, None)), (Sameness::Call, Sameness::Call));
        assert_eq!(
            (of(true, true, None), of(true, false, Some(Words))),
            (Sameness::Device, Sameness::Device)
        );
        assert_eq!(of(false, false, Some(Words)), Sameness::Words);
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
