//! Whether a report is the same matter as an open case (D50): same street, same item, near, and not long ago.
//!
//! Only points of equal datum are compared: the obfuscated ones lie up to 600 m beside the true ones, so a mixed
//! comparison would join at random. Converting them is deliberately not here.

use ids::CaseId;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::distance::Point;
use super::pressing;
use super::worded::JOINS_PER_MILLE;

/// Farthest two points of one matter are apart.
pub const RADIUS_MM: u64 = 500_000;
/// Longest time between opening and the next report of one matter.
pub const WINDOW: SignedDuration = SignedDuration::from_hours(7 * 24);

/// An open case of the report's street, item and datum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    /// Which.
    pub case_id: CaseId,
    /// Where it was opened.
    pub point: Point,
    /// When.
    pub opened_at: Timestamp,
}

/// A closed case of the report's street, item and datum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Closed {
    /// Which.
    pub case_id: CaseId,
    /// Where it was opened.
    pub point: Point,
    /// When it was closed.
    pub closed_at: Timestamp,
}

/// The stored explanation of a repeat: integers in, integer out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepeatExplanation {
    /// Method of the decision: `item-place-closed`, or of a matter of persons `item-words-closed`.
    pub method: String,
    /// The closed case.
    pub case_id: CaseId,
    /// The item both have.
    pub item: String,
    /// Between the two places.
    pub distance_mm: u64,
    /// Allowed at most.
    pub radius_mm: u64,
    /// From the close to this report's acceptance.
    pub after_s: i64,
    /// Allowed at most: the district's policy.
    pub within_s: i64,
    /// How alike the words are, in thousandths, where they decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alike_per_mille: Option<u32>,
    /// In Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
}

/// The closed case of which a report is the same matter again: the last closed within the bounds, then the nearest, then
/// by id. `at` is when the report was accepted: one that came before the close says nothing about it. `radius_mm` is how far
/// from it the closed one may be.
pub fn repeated(
    (report, radius_mm): (Point, u64),
    at: Timestamp,
    within: SignedDuration,
    closed: impl IntoIterator<Item = Closed>,
) -> Option<Closed> {
    closed
        .into_iter()
        .filter(|case| case.closed_at <= at && at.duration_since(case.closed_at) <= within)
        .filter(|case| report.distance_mm(case.point) <= radius_mm)
        .min_by_key(|case| (std::cmp::Reverse(case.closed_at), report.distance_mm(case.point), case.case_id))
}

/// Says why a report is the matter of a closed case again.
pub fn explain_repeat(
    chosen: &Closed,
    item: &str,
    report: Point,
    at: Timestamp,
    within: SignedDuration,
) -> RepeatExplanation {
    let distance_mm = report.distance_mm(chosen.point);
    let (metres, days) = (distance_mm.div_ceil(1_000), within.as_hours() / 24);
    RepeatExplanation {
        method: "item-place-closed".to_owned(),
        case_id: chosen.case_id,
        item: item.to_owned(),
        distance_mm,
        radius_mm: RADIUS_MM,
        after_s: at.duration_since(chosen.closed_at).as_secs(),
        within_s: within.as_secs(),
        alike_per_mille: None,
        zh: format!("同一街道、同一事项{item}，相距{metres}米（不超过500米），结案{days}日内再次上报"),
        en: format!(
            "same street, same item {item}, {metres} m apart (at most 500), closed at most {days} days before"
        ),
    }
}

/// The same of a matter of persons, where the words say so, too.
pub fn repeats_words(why: RepeatExplanation, alike_per_mille: u32) -> RepeatExplanation {
    let (percent, metres, needed) =
        (alike_per_mille / 10, why.distance_mm.div_ceil(1_000), JOINS_PER_MILLE / 10);
    let (item, days) = (&why.item, why.within_s / (24 * 3_600));
    RepeatExplanation {
        method: "item-words-closed".to_owned(),
        radius_mm: pressing::MATTER.radius_mm,
        alike_per_mille: Some(alike_per_mille),
        zh: format!(
            "同一街道、同一涉及个人的事项{item}，相距{metres}米（不超过100米），文字{percent}%相同（不低于{needed}%）且所述数字一致，             结案{days}日内再次上报"
        ),
        en: format!(
            "same street, same item {item} about persons, {metres} m apart (at most 100), {percent}% of the words the same (at least              {needed}) and the numbers in them, closed at most {days} days before"
        ),
        ..why
    }
}

/// The stored explanation of a join: integers in, integer out (D37).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinExplanation {
    /// Method of the decision: `item-place-time`, `text-place-time`, of mortal danger `same-call`, of devices `same-device`, of
    /// matters of persons `same-words`; and `beside`, which joined nothing.
    pub method: String,
    /// The case joined.
    pub case_id: CaseId,
    /// The item both have.
    pub item: String,
    /// The datum both points were declared in.
    pub datum: String,
    /// Where the report is.
    pub report: Point,
    /// Where the case is.
    pub case: Point,
    /// Between them.
    pub distance_mm: u64,
    /// Allowed at most.
    pub radius_mm: u64,
    /// From the opening of the case to this report, 0 if it was the other way round.
    pub after_s: i64,
    /// Allowed at most.
    pub window_s: i64,
    /// How alike the words are, in thousandths, where they decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alike_per_mille: Option<u32>,
    /// Needed at least.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alike_min_per_mille: Option<u32>,
    /// Number of the case, where a person is to look at it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case_no: Option<String>,
    /// In Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
}

/// The stored explanation of a join that a person decided; who it was stands in the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ByHandExplanation {
    /// Method of the decision: `by-hand`.
    pub method: String,
    /// The case joined.
    pub case_id: CaseId,
    /// In Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
}

/// Says that a person said so.
pub fn by_hand(case_id: CaseId) -> ByHandExplanation {
    let (zh, en) =
        ("人工认定为同一案件".to_owned(), "a person decided that it is the same matter".to_owned());
    ByHandExplanation { method: "by-hand".to_owned(), case_id, zh, en }
}

/// The candidate that is the same matter: the nearest within the bounds, then the oldest, then by id.
pub fn choose(
    report: Point,
    now: Timestamp,
    candidates: impl IntoIterator<Item = Candidate>,
) -> Option<Candidate> {
    let earliest = now - WINDOW;
    candidates
        .into_iter()
        .filter(|case| case.opened_at >= earliest && report.distance_mm(case.point) <= RADIUS_MM)
        .min_by_key(|case| (report.distance_mm(case.point), case.opened_at, case.case_id))
}

/// Says why these are one matter.
pub fn explain(
    chosen: &Candidate,
    item: &str,
    datum: &str,
    report: Point,
    now: Timestamp,
) -> JoinExplanation {
    let distance_mm = report.distance_mm(chosen.point);
    // Replicas bind their times before they wait for the lock, so the case may be the younger one.
    let after_s = now.duration_since(chosen.opened_at).as_secs().max(0);
    let metres = distance_mm.div_ceil(1_000);
    JoinExplanation {
        method: "item-place-time".to_owned(),
        case_id: chosen.case_id,
        item: item.to_owned(),
        datum: datum.to_owned(),
        report,
        case: chosen.point,
        distance_mm,
        radius_mm: RADIUS_MM,
        after_s,
        window_s: WINDOW.as_secs(),
        alike_per_mille: None,
        alike_min_per_mille: None,
        case_no: None,
        zh: format!("同一街道、同一事项{item}，相距{metres}米（不超过500米），7日内未结案件，并入同一案件"),
        en: format!(
            "same street, same item {item}, {metres} m apart (at most 500), open and at most 7 days old"
        ),
    }
}

/// The same where the words decided, and no item was known; within the bounds of the case's item.
pub fn by_words(why: JoinExplanation, alike_per_mille: u32, radius_mm: u64) -> JoinExplanation {
    let (percent, metres, bounds) =
        (alike_per_mille / 10, why.distance_mm.div_ceil(1_000), radius_mm / 1_000);
    let needed = JOINS_PER_MILLE / 10;
    JoinExplanation {
        method: "text-place-time".to_owned(),
        radius_mm,
        alike_per_mille: Some(alike_per_mille),
        alike_min_per_mille: Some(JOINS_PER_MILLE),
        zh: format!(
            "事项不明，但文字与该案{percent}%相同（不低于{needed}%），相距{metres}米（不超过{bounds}米），7日内未结案件，并入同一案件"
        ),
        en: format!(
            "its item is not known, but {percent}% of the words are those of the case (at least {needed}), {metres} m apart (at most {bounds}), \
             open and at most 7 days old"
        ),
        ..why
    }
}

/// The same call of mortal danger again.
pub fn same_call(why: JoinExplanation, alike_per_mille: u32) -> JoinExplanation {
    let (percent, metres, needed) =
        (alike_per_mille / 10, why.distance_mm.div_ceil(1_000), JOINS_PER_MILLE / 10);
    let (within, item) = (pressing::PERSON.within.as_mins(), &why.item);
    JoinExplanation {
        method: "same-call".to_owned(),
        radius_mm: pressing::PERSON.radius_mm,
        window_s: pressing::PERSON.within.as_secs(),
        alike_per_mille: Some(alike_per_mille),
        alike_min_per_mille: Some(JOINS_PER_MILLE),
        zh: format!(
            "可能危及生命（{item}），{within}分钟内同一地点（相距{metres}米，不超过100米）再次上报，文字{percent}%相同（不低于{needed}%）\
             且所述数字一致，并入同一案件并告知各承办单位"
        ),
        en: format!(
            "this may be mortal danger ({item}): {metres} m apart (at most 100), within {within} minutes, {percent}% of the words are \
             those of the case (at least {needed}) and the numbers in them the same, so it is the same call; the bodies are told"
        ),
        ..why
    }
}

/// The same words about a matter of persons.
pub fn same_words(why: JoinExplanation, alike_per_mille: u32) -> JoinExplanation {
    let (percent, metres, needed) =
        (alike_per_mille / 10, why.distance_mm.div_ceil(1_000), JOINS_PER_MILLE / 10);
    let item = &why.item;
    JoinExplanation {
        method: "same-words".to_owned(),
        radius_mm: pressing::MATTER.radius_mm,
        alike_per_mille: Some(alike_per_mille),
        alike_min_per_mille: Some(JOINS_PER_MILLE),
        zh: format!(
            "事项{item}涉及个人，7日内同一地点（相距{metres}米，不超过100米）未结案件，文字{percent}%相同（不低于{needed}%）且所述数字一致，             并入同一案件"
        ),
        en: format!(
            "item {item} is about persons: {metres} m apart (at most 100), open and at most 7 days old, {percent}% of the words are those of \
             the case (at least {needed}) and the numbers in them the same, so it is the same matter"
        ),
        ..why
    }
}

/// A matter of persons, beside the open case of somebody who said nearly the same: a person says whether the two are one.
pub fn beside_person(why: JoinExplanation, case_no: &str) -> JoinExplanation {
    let (metres, item) = (why.distance_mm.div_ceil(1_000), &why.item);
    JoinExplanation {
        method: "beside".to_owned(),
        zh: format!(
            "相距{metres}米处有同一事项{item}的未结案件{case_no}，文字相近；该事项涉及个人，不自动合并，已另立案派单，如属同一事件请并案"
        ),
        en: format!(
            "{metres} m away there is the open case {case_no} of the same item {item} in words like these. The item is about persons, so \
             this is a case of its own with orders of its own; merge the two if they are one"
        ),
        case_no: Some(case_no.to_owned()),
        ..why
    }
}

/// The same device again; `alarming`: on a matter of mortal danger, of which the bodies are told.
pub fn same_device(why: JoinExplanation, alarming: bool) -> JoinExplanation {
    let (metres, item) = (why.distance_mm.div_ceil(1_000), &why.item);
    let (told_zh, told_en) =
        if alarming { ("并告知各承办单位", "; the bodies are told") } else { ("", "") };
    JoinExplanation {
        method: "same-device".to_owned(),
        radius_mm: pressing::DEVICE.radius_mm,
        zh: format!(
            "设备在原处（相距{metres}米，不超过10米）再次告警，同一事项{item}、同样文字，案件未结，并入同一案件{told_zh}"
        ),
        en: format!(
            "a device gives alarm from where the case was opened ({metres} m apart, at most 10), same item {item}, still open{told_en}"
        ),
        ..why
    }
}

/// Why a report of mortal danger was not put into an open case that it may belong to: a person says whether the two are one.
pub fn beside(why: JoinExplanation, case_no: &str) -> JoinExplanation {
    let (metres, minutes, item) = (why.distance_mm.div_ceil(1_000), why.after_s / 60, &why.item);
    JoinExplanation {
        method: "beside".to_owned(),
        zh: format!(
            "相距{metres}米处有同一事项{item}的未结案件{case_no}（{minutes}分钟前立案），可能是同一事件；可能危及生命，不自动合并，\
             先另立案派单，如属同一事件请并案"
        ),
        en: format!(
            "{metres} m away there is the open case {case_no} of the same item {item}, opened {minutes} minutes before: it may be the same \
             matter. This may be mortal danger, so it is a case of its own with orders of its own; merge the two if they are one"
        ),
        case_no: Some(case_no.to_owned()),
        ..why
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn now() -> Timestamp {
        "2026-11-23T02:00:00Z".parse().unwrap()
    }

    fn case(n: u128, lat: f64, hours_ago: i64) -> Candidate {
        let point = Point::from_degrees(106.55, lat).unwrap();
        let opened_at = now() - SignedDuration::from_hours(hours_ago);
        Candidate { case_id: CaseId(Uuid::from_u128(n)), point, opened_at }
    }

    fn chosen(candidates: &[Candidate]) -> Option<u128> {
        let report = Point::from_degrees(106.55, 29.56).unwrap();
        choose(report, now(), candidates.iter().copied()).map(|case| case.case_id.as_uuid().as_u128())
    }

    #[test]
    fn bounds_of_place_and_time() {
        // 0.0044966° of latitude are 500.0 m.
        assert_eq!(chosen(&[case(1, 29.564_496, 1)]), Some(1));
        assert_eq!(chosen(&[case(1, 29.564_498, 1)]), None);
        assert_eq!(chosen(&[case(1, 29.56, 7 * 24)]), Some(1));
        assert_eq!(chosen(&[case(1, 29.56, 7 * 24 + 1)]), None);
        assert_eq!(chosen(&[]), None);
    }

    #[test]
    fn a_repeat_is_of_the_last_close_near_and_within_the_time() {
        let report = Point::from_degrees(106.55, 29.56).unwrap();
        let closed = |n: u128, lat, hours_ago| Closed {
            case_id: CaseId(Uuid::from_u128(n)),
            point: Point::from_degrees(106.55, lat).unwrap(),
            closed_at: now() - SignedDuration::from_hours(hours_ago),
        };
        let chosen = |cases: &[Closed]| {
            let chosen =
                repeated((report, RADIUS_MM), now(), SignedDuration::from_hours(72), cases.iter().copied());
            chosen.map(|case| case.case_id.as_uuid().as_u128())
        };
        assert_eq!(chosen(&[closed(1, 29.56, 72)]), Some(1));
        assert_eq!(chosen(&[closed(1, 29.56, 73)]), None);
        assert_eq!(chosen(&[closed(1, 29.56, -1)]), None, "it came before the close");
        assert_eq!(chosen(&[closed(1, 29.564_498, 1)]), None);
        assert_eq!(chosen(&[closed(1, 29.56, 9), closed(2, 29.561, 1)]), Some(2));
        assert_eq!(chosen(&[closed(1, 29.561, 1), closed(2, 29.56, 1)]), Some(2));
        assert_eq!(chosen(&[closed(2, 29.56, 1), closed(1, 29.56, 1)]), Some(1));
    }

    #[test]
    fn the_nearest_then_the_oldest_then_the_lowest_id() {
        assert_eq!(chosen(&[case(1, 29.561, 9), case(2, 29.5601, 1)]), Some(2));
        assert_eq!(chosen(&[case(1, 29.561, 1), case(2, 29.561, 9)]), Some(2));
        assert_eq!(chosen(&[case(2, 29.561, 1), case(1, 29.561, 1)]), Some(1));
    }

    proptest! {
        #[test]
        fn the_order_of_candidates_does_not_matter(
            cases in prop::collection::vec((0u128..9, 29.55f64..29.57, 0i64..200), 0..6),
            by in 0usize..6,
        ) {
            let mut cases: Vec<_> = cases.into_iter().map(|(n, lat, hours)| case(n, lat, hours)).collect();
            let first = chosen(&cases);
            let by = by.min(cases.len());
            cases.rotate_left(by);
            prop_assert_eq!(chosen(&cases), first);
        }

        #[test]
        fn an_explanation_says_what_was_decided(lat in 29.55f64..29.57, hours in 0i64..168) {
            let report = Point::from_degrees(106.55, 29.56).unwrap();
            let case = case(1, lat, hours);
            let explanation = explain(&case, "A", "wgs84", report, now());
            let bytes = serde_json::to_vec(&explanation).unwrap();
            let read: JoinExplanation = serde_json::from_slice(&bytes).unwrap();
            prop_assert_eq!(read.report.distance_mm(read.case), read.distance_mm);
            let joins = read.distance_mm <= read.radius_mm && read.after_s <= read.window_s;
            prop_assert_eq!(joins, choose(report, now(), [case]).is_some());
        }
    }
}
