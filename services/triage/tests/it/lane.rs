//! The lane is raised for P1 and never lowered (D15, D51).

use ids::Lane;
use rstest::rstest;

use crate::desk::{Desk, Sent, report};

#[rstest]
#[case::p1_is_raised("SAF-02", Lane::Normal, Lane::Urgent)]
#[case::p1_from_bulk("SAF-02", Lane::Bulk, Lane::Urgent)]
#[case::ordinary_stays("TRA-01", Lane::Normal, Lane::Normal)]
#[case::urgent_stays("TRA-01", Lane::Urgent, Lane::Urgent)]
#[case::bulk_stays("TRA-01", Lane::Bulk, Lane::Bulk)]
#[tokio::test]
async fn lanes(#[case] item: &'static str, #[case] came: Lane, #[case] goes: Lane) {
    let desk = Desk::open().await;
    desk.hear(&[Sent { lane: came, ..report(1, item, "") }]).await;
    let lanes: Vec<Lane> = desk.said().await.iter().map(|(envelope, _)| envelope.lane).collect();
    assert_eq!(lanes, [goes, goes], "opened and routed");
}

#[tokio::test]
async fn an_urgent_voice_raises_its_case_for_good() {
    let desk = Desk::open().await;
    let first = report(1, "TRA-01", "改线");
    desk.hear(std::slice::from_ref(&first)).await;
    desk.hear(&[Sent { n: 2, lane: Lane::Urgent, ..first.clone() }]).await;
    desk.hear(&[Sent { n: 3, ..first }]).await;
    let lanes: Vec<Lane> = desk.said().await.iter().map(|(envelope, _)| envelope.lane).collect();
    assert_eq!(lanes, [Lane::Normal, Lane::Normal, Lane::Urgent, Lane::Urgent]);
}

/// Whoever let it in: a door with an older list of words, or an import that knows none. Who names an ordinary item and speaks of
/// mortal danger is heard at the review desk first (`danger`): orders of days for a gas leak would help nobody.
#[rstest]
#[case::no_item_found("楼下煤气泄漏", "", Lane::Bulk, Lane::Urgent)]
#[case::ordinary_item("煤气泄漏，公交站也停了", "TRA-01", Lane::Normal, Lane::Urgent)]
#[case::near_to_danger_without_a_keyword(
    "对面楼三层烧起来了，烟往上窜，快来人",
    "",
    Lane::Bulk,
    Lane::Urgent
)]
#[case::near_to_something_else("等车的棚子顶掉了一块，下雨淋得透湿", "", Lane::Bulk, Lane::Bulk)]
#[case::no_danger("楼下有人唱歌", "", Lane::Bulk, Lane::Bulk)]
#[tokio::test]
async fn words_of_mortal_danger_go_on_in_the_urgent_lane(
    #[case] text: &str,
    #[case] item: &'static str,
    #[case] came: Lane,
    #[case] goes: Lane,
) {
    let desk = Desk::open().await;
    desk.hear(&[Sent { lane: came, ..report(1, item, text) }]).await;
    let lanes: Vec<Lane> = desk.said().await.iter().map(|(envelope, _)| envelope.lane).collect();
    assert!(!lanes.is_empty() && lanes.iter().all(|lane| *lane == goes), "{lanes:?}");
}
