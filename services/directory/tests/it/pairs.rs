//! Stages that a policy defines itself, as people write them: taken, told by the plan, and refused where they stand.

use serde_json::json;

use crate::office::{FAST_CODE, Office};

const EXAMPLE: &str = include_str!("../../../../docs/examples/street-with-a-pair.yaml");

/// The example with one thing written otherwise.
fn with(good: &str, bad: &str) -> String {
    assert!(EXAMPLE.contains(good), "{good}");
    EXAMPLE.replacen(good, bad, 1)
}

#[tokio::test]
async fn the_example_goes_out_as_a_document() {
    let office = Office::settled().await;
    office.apply(EXAMPLE).await.applied();
    let [core, _] = office.documents(FAST_CODE).await;
    let pair = &core["policies"]["burst-pipe"]["pairs"]["repair-time"];
    let limit = json!({ "amount": 4, "unit": "hour", "clock": "clock" });
    let name = json!({ "zh": "抢修时长", "en": "repair time" });
    assert_eq!(*pair, json!({ "name": name, "from": "arrived", "to": "submitted", "limit": limit }));
    // The same again changes nothing, and a plan says in words what would change.
    assert!(!office.apply(EXAMPLE).await.applied().1);
    let told = office.plan(&with("from: arrived", "from: acknowledged")).await.body.to_string();
    assert!(told.contains("自定环节 repair-time · 起点") && told.contains("acknowledged 签收"), "{told}");
}

#[tokio::test]
async fn every_fault_of_a_pair_is_told_where_it_stands() {
    let office = Office::settled().await;
    let before = office.rows().await;
    let pair = "/spec/policies/burst-pipe/pairs/repair-time";
    let renamed = |name: &str| pair.replace("repair-time", name);
    let limit = "          limit: { amount: 4, unit: hour, clock: clock }\n";
    let cases = [
        ("from: arrived", "from: repaired", format!("24:17 {pair}/from unknown-word")),
        ("to: submitted", "to: returned", format!("25:15 {pair}/to unknown-word")),
        ("to: submitted", "to: arrived", format!("25:15 {pair}/to pair-of-one")),
        ("to: submitted", "to: seen", format!("25:15 {pair}/to backward-pair")),
        ("from: arrived", "from: submitted", format!("25:15 {pair}/to pair-of-one")),
        (limit, "", format!("23:11 {pair}/limit missing-field")),
        ("amount: 4,", "amount: 0,", format!("26:18 {pair}/limit zero-limit")),
        ("amount: 4, unit: hour", "amount: 4, unit: workday", format!("26:18 {pair}/limit workday-on-clock")),
        ("amount: 4, unit: hour", "amount: 4, unit: second", format!("26:18 {pair}/limit seconds-not-demo")),
        ("repair-time:", "resolve:", format!("23:11 {} fixed-stage", renamed("resolve"))),
        ("repair-time:", "on-site:", format!("23:11 {} fixed-stage", renamed("on-site"))),
        ("repair-time:", "Repair:", format!("23:11 {} bad-pair-name", renamed("Repair"))),
        ("repair-time:", "first-word:", format!("27:9 {} duplicate-key", renamed("first-word"))),
        ("en: repair time", "en: ' '", format!("23:17 {pair}/name empty-word")),
        ("from: arrived", "since: arrived", String::new()),
    ];
    for (good, bad, expected) in cases {
        let answer = office.apply(&with(good, bad)).await;
        answer.refused(422, "manifest-invalid");
        if expected.is_empty() {
            let told =
                [format!("23:11 {pair}/from missing-field"), format!("24:11 {pair}/since unknown-field")];
            assert_eq!(answer.placed(), told);
        } else {
            assert_eq!(answer.placed(), [expected], "{bad}");
        }
    }
    assert_eq!(office.rows().await, before, "nothing of it was taken");
}
