//! The keyword screen at the door (D15): a hint for scheduling.

use ids::Lane;
use rstest::rstest;
use serde_json::json;

use crate::desk::{Desk, STREET, key, report};

#[rstest]
#[case::alarm_word("楼下煤气泄漏，快来人", None, Lane::Urgent)]
#[case::item_of_priority_p1("有人不舒服", Some("LIV-02"), Lane::Urgent)]
#[case::ordinary("公交306路改道", Some("TRA-01"), Lane::Normal)]
#[case::unknown_item_is_triages_matter("公交306路改道", Some("XXX-99"), Lane::Normal)]
#[tokio::test]
async fn lanes(#[case] text: &str, #[case] item: Option<&str>, #[case] expected: Lane) {
    let desk = Desk::open().await;
    let mut body = report(text);
    if let Some(item) = item {
        body["item"] = json!(item);
    }
    assert_eq!(desk.submit("resident", STREET, key(1), body).await.0.as_u16(), 201);
    let [(envelope, _)] = &desk.said().await[..] else { panic!("one event") };
    assert_eq!(envelope.lane, expected);
    let kept: i16 =
        sqlx::query_scalar("SELECT lane FROM intake.reports").fetch_one(desk.rig.admin()).await.unwrap();
    assert_eq!(kept, expected.rank());
}
