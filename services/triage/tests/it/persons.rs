//! Matters of persons: next door somebody else has one of their own, and is not put into the case of the other.

use contract::EventType;
use contract::document::{DocumentBody, JoinedBy};
use rstest::rstest;
use serde_json::{Value, json};

use crate::desk::{Desk, STREET, Sent, report};

const CENTRE: &str = "street-centre";
/// Relief for a family: sensitive.
const RELIEF: &str = "LIV-01";
const SICK: &str = "家里两个病人，没有收入，想申请临时救助";
/// 0.0027° of latitude are 300 m.
const NEXT_BLOCK: f64 = 0.0027;

fn nearby(n: u128, item: &'static str, text: &str) -> Sent {
    let own = report(n, item, text);
    Sent { lat: own.lat + NEXT_BLOCK, ..own }
}

impl Desk {
    /// Why the first voice of a report's case is beside another.
    async fn why_beside(&self, n: u128) -> Value {
        let explanation = format!("cases/{}/explanation", self.case_of(n).await);
        self.reads(CENTRE, &explanation).await["joins"][0]["explanation"].clone()
    }
}

#[rstest]
#[case::relief(RELIEF, SICK, "我是残疾人，低保去年停了，请帮忙恢复")]
#[case::a_family("DIS-02", "两口子天天吵架闹离婚，请社区来调解", "兄弟因为父亲的房子打官司，想请人调解")]
#[case::wages("LAB-01", "在工地干了三个月，包工头一分钱没给", "餐馆欠我两个月工资，老板不接电话")]
#[tokio::test]
async fn two_families_of_one_block_have_two_cases_with_orders_of_their_own(
    #[case] item: &'static str,
    #[case] one: &str,
    #[case] other: &str,
) {
    let desk = Desk::open().await;
    desk.hear(&[report(1, item, one), nearby(2, item, other)]).await;
    assert_eq!(desk.cases(STREET).await, [[1], [2]]);
    assert_eq!(desk.routed().await.len(), 2);
    assert_eq!(desk.why_beside(2).await, Value::Null, "what is said differently is nobody's to compare");
}

/// A form that everybody copies.
#[tokio::test]
async fn the_same_words_elsewhere_are_shown_to_a_person_and_join_nothing() {
    let desk = Desk::open().await;
    desk.hear(&[report(1, RELIEF, SICK), nearby(2, RELIEF, SICK)]).await;
    assert_eq!(desk.cases(STREET).await, [[1], [2]]);
    let why = desk.why_beside(2).await;
    assert_eq!(why["method"], json!("beside"), "{why}");
    assert!(why["zh"].as_str().unwrap().contains("该事项涉及个人"), "{why}");
    let merge = format!("cases/{}:merge", desk.case_of(2).await);
    let (status, merged) = desk.acts(CENTRE, &merge, json!({ "case_id": why["case_id"] })).await;
    assert_eq!(status, 200, "{merged}");
}

#[tokio::test]
async fn the_same_words_of_the_same_spot_are_one_voice_more() {
    let desk = Desk::open().await;
    let first = report(1, RELIEF, SICK);
    let again = Sent { lat: first.lat + 0.0004, ..report(2, RELIEF, &format!("{SICK}！")) };
    let room = Sent { lat: first.lat + 0.0004, ..report(3, RELIEF, &format!("1502室，{SICK}")) };
    desk.hear(&[first, again, room]).await;
    let cases: [&[u128]; 2] = [&[1, 2], &[3]];
    assert_eq!(desk.cases(STREET).await, cases, "another number is another door");
    let [joined] = &desk.joined().await[..] else { panic!("one voice more") };
    let why: Value = serde_json::from_str(&joined.join_explanation_json).unwrap();
    assert_eq!((&why["method"], &why["radius_mm"]), (&json!("same-words"), &json!(100_000)), "{why}");
    assert!(why["alike_per_mille"].as_u64().unwrap() >= 600, "{why}");
}

/// Nobody knows its item, and the case that it is like is somebody's.
#[tokio::test]
async fn likeness_alone_puts_nobody_into_somebody_else_s_case() {
    const WORDS: &str = "龘靐齉爩鱻麤灪龖厵籱爨癵驫麷纞虋讟钃鸜鞻韽韾顟顠";
    let desk = Desk::open().await;
    let far = nearby(2, "", WORDS);
    let spot = report(3, "", WORDS);
    desk.hear(&[report(1, RELIEF, WORDS)]).await;
    desk.hear(&[far]).await;
    let waiting = desk.reads(CENTRE, "reviews").await;
    assert_eq!(waiting["reviews"].as_array().unwrap().len(), 1, "{waiting}");
    desk.hear(&[spot]).await;
    assert_eq!(desk.cases(STREET).await, [[1, 3]]);
    let [joined] = &desk.joined().await[..] else { panic!("one voice more") };
    assert!(joined.join_explanation_json.contains("不超过100米"), "{}", joined.join_explanation_json);
}

#[tokio::test]
async fn what_was_closed_next_door_was_not_closed_falsely() {
    let desk = Desk::open().await;
    desk.hear(&[report(1, RELIEF, SICK)]).await;
    let closed = desk.case_of(1).await;
    desk.dispatch_says(EventType::CaseClosed, &closed, 4).await;
    let other = "我是残疾人，低保去年停了，请帮忙恢复";
    desk.hear(&[nearby(2, RELIEF, other), nearby(3, RELIEF, SICK)]).await;
    desk.hear(&[report(4, RELIEF, &format!("{SICK}！"))]).await;
    let repeats: Vec<_> = desk.routed().await.into_iter().map(|(_, routed)| routed.repeats).collect();
    let [None, None, None, Some(repeat)] = &repeats[..] else { panic!("{repeats:?}") };
    assert_eq!(repeat.case_id, closed);
    let why: Value = serde_json::from_str(&repeat.explanation_json).unwrap();
    assert_eq!(why["method"], json!("item-words-closed"), "{why}");
}

/// Data, not code: a list may say that a whole block speaks of one thing, or that what seems public is not.
#[tokio::test]
async fn a_list_says_of_each_item_what_makes_two_reports_one_matter() {
    let desk = Desk::open().await;
    let mut documents = testkit::demo::documents(2);
    for document in &mut documents {
        if let DocumentBody::District(core) = &mut document.body {
            core.items.get_mut(RELIEF).unwrap().joined_by = Some(JoinedBy::Place);
            core.items.get_mut("TRA-01").unwrap().joined_by = Some(JoinedBy::Words);
        }
    }
    desk.rig.documents(&documents).await;
    desk.hear(&[report(1, RELIEF, SICK), nearby(2, RELIEF, "低保停了")]).await;
    desk.hear(&[report(3, "TRA-01", "改线了，老人要多走两站路"), nearby(4, "TRA-01", "306路绕行")]).await;
    let cases: [&[u128]; 3] = [&[1, 2], &[3], &[4]];
    assert_eq!(desk.cases(STREET).await, cases);
    // The shipped list says so of what a whole block has in common.
    desk.hear(&[
        report(5, "DIS-05", "物业费又要涨，业主们都不同意"),
        nearby(6, "DIS-05", "小区停车费翻了一倍，物业没有问过业主"),
    ])
    .await;
    assert_eq!(desk.cases(STREET).await.last().unwrap(), &[5, 6]);
}
