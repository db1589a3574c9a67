//! Why a case is what it is, for those who see it (D8, D37).

use serde_json::{Value, json};

use crate::desk::{Desk, OTHER_STREET, SECOND_VOICE, STREET, Sent, report};

impl Desk {
    async fn explanation(&self, subject: &str, street: &str, case_id: &str) -> (u16, Value) {
        let path = format!("/triage/v1/streets/{street}/cases/{case_id}/explanation");
        let (status, _, body) = self.rig.http("GET", &path, Some(&self.rig.token(subject)), &[], None).await;
        (status.as_u16(), body)
    }
}

#[tokio::test]
async fn item_plan_and_joins_are_explained_in_both_languages() {
    let desk = Desk::open().await;
    desk.hear(&[report(1, "", SECOND_VOICE), report(2, "TRA-01", "改线")]).await;
    let case_id = desk.opened().await[0].case.as_ref().unwrap().case_id.clone();
    let (status, why) = desk.explanation("grid-worker", STREET, &case_id).await;
    assert_eq!((status, &why["case_no"]), (200, &json!("990102001-261123-0001")), "{why}");
    assert_eq!((&why["item"]["method"], &why["item"]["item"]), (&json!("keyword"), &json!("TRA-01")));
    let words = why["item"]["hits"][0]["words"].as_array().unwrap();
    assert!(words.contains(&json!("绕行")) && words.contains(&json!("取消站点")), "{words:?}");
    assert_eq!(why["plan"]["plan"]["lead"], "transport");
    assert_eq!((&why["joins"][0]["voice"], why["joins"].as_array().unwrap().len()), (&json!(2), 1));
    let told = [&why["item"], &why["plan"]["steps"][0], &why["joins"][0]["explanation"]];
    for told in told {
        let text = |language: &str| told[language].as_str().unwrap_or_default().to_owned();
        assert!(!text("zh").is_ascii() && !text("en").is_empty(), "{told}");
    }
}

#[tokio::test]
async fn a_body_sees_the_cases_it_has_a_part_in() {
    let desk = Desk::open().await;
    desk.hear(&[Sent { street: OTHER_STREET, ..report(1, "TRA-03", "站牌") }]).await;
    let case_id = desk.opened().await[0].case.as_ref().unwrap().case_id.clone();
    let (status, _) = desk.explanation("bus-company", OTHER_STREET, &case_id).await;
    assert_eq!(status, 200, "it leads");
    let (status, no_part) = desk.explanation("traffic-police", OTHER_STREET, &case_id).await;
    assert_eq!((status, &no_part["code"]), (404, &json!("not-found")));
    assert_eq!(
        desk.explanation("grid-worker", STREET, &case_id).await,
        (404, no_part.clone()),
        "another street's"
    );
    assert_eq!(desk.explanation("stranger", OTHER_STREET, &case_id).await, (404, no_part.clone()));
    assert_eq!(desk.explanation("grid-worker", OTHER_STREET, "not-a-case").await, (404, no_part));
    assert_eq!(desk.explanation("resident", OTHER_STREET, &case_id).await.0, 403);
}

#[tokio::test]
async fn the_doors_are_described() {
    let desk = Desk::open().await;
    let (_, _, document) = desk.rig.http("GET", "/openapi.json", None, &[], None).await;
    let mut paths: Vec<_> = document["paths"].as_object().unwrap().keys().cloned().collect();
    paths.sort();
    let expected = [
        "/triage/v1/clock:accept",
        "/triage/v1/export/{code}/{table}",
        "/triage/v1/parked",
        "/triage/v1/parked/{target}",
        "/triage/v1/removals/{code}",
        "/triage/v1/streets/{street}/cases/{case_id}/explanation",
        "/triage/v1/streets/{street}/cases/{case_id}/voices",
        "/triage/v1/streets/{street}/cases/{target}",
        "/triage/v1/streets/{street}/cases:near",
        "/triage/v1/streets/{street}/examples",
        "/triage/v1/streets/{street}/plan-reviews",
        "/triage/v1/streets/{street}/plan-reviews/{target}",
        "/triage/v1/streets/{street}/reviews",
        "/triage/v1/streets/{street}/reviews/{target}",
        "/triage/v1/streets/{street}/rules:backtest",
        "/triage/v1/streets/{street}/territory:redraw",
    ];
    assert_eq!(paths, expected);
}
