//! First and last days, and a responsibility list that changes: in the documents, in the plan, and refused with places.

use serde_json::json;

use crate::office::*;

const ITEM: &str = "    TRA-03: { assists: [], policy: demo-fast }\n";

fn with_items(lines: &str) -> String {
    assert!(FAST.contains(ITEM));
    FAST.replace(ITEM, &format!("{ITEM}{lines}"))
}

#[tokio::test]
async fn days_are_part_of_the_document_and_told_by_the_plan() {
    let office = Office::settled().await;
    let dated = with_items(
        "    TRA-01:\n      valid_until: 2027-12-31\n      changes:\n        - { from: 2027-01-01, lead: traffic-police, assists: [transport] }\n",
    )
    .replace("name: { zh: 云岭社区, en: Cloud Ridge Community } }", "name: { zh: 云岭社区, en: Cloud Ridge Community }, valid_until: 2026-12-31 }");
    let planned = office.plan(&dated).await;
    let labels: Vec<_> =
        planned.body["changes"].as_array().unwrap().iter().map(|c| c["label"]["zh"].clone()).collect();
    assert!(
        labels[0].as_str().unwrap().contains("失效日") || labels[0].as_str().unwrap().contains("社区"),
        "{labels:?}"
    );
    let told = planned.body.to_string();
    assert!(told.contains("责任变更") && told.contains("失效日：2027-12-31"), "{told}");
    assert_eq!(office.apply(&dated).await.applied(), (2, true));
    assert_eq!(office.apply(&dated).await.applied(), (2, false));
    let [core, _] = office.documents(FAST_CODE).await;
    assert_eq!(core["communities"][0]["valid_until"], "2026-12-31");
    let change = json!({ "from": "2027-01-01", "lead": "traffic-police", "assists": ["transport"] });
    assert_eq!(core["items"]["TRA-01"]["changes"], json!([change]));
    let retired =
        DISTRICT.replace("  time_zone:", "  items:\n    TRA-03: { valid_until: 2027-06-30 }\n  time_zone:");
    assert_eq!(office.apply(&retired).await.applied(), (2, true));
    assert_eq!(office.documents("990102000000").await[0]["items"]["TRA-03"]["valid_until"], "2027-06-30");
}

#[tokio::test]
async fn every_fault_of_a_day_has_its_place() {
    let office = Office::settled().await;
    let before = office.rows().await;
    let broken = with_items(
        "    TRA-01:\n      valid_from: 2027-02-01\n      valid_until: 2027-01-31\n      changes:\n        - { from: 2027-01-01, lead: nobody }\n        - { from: 2027-01-01, lead: women-federation, assists: [women-federation], policy: none }\n",
    );
    let answer = office.apply(&broken).await;
    answer.refused(422, "manifest-invalid");
    assert_eq!(
        answer.placed(),
        [
            "24:20 /spec/items/TRA-01/valid_until empty-validity",
            "26:9 /spec/items/TRA-01/changes days-out-of-order",
            "26:37 /spec/items/TRA-01/changes/0/lead unknown-body",
            "27:37 /spec/items/TRA-01/changes/1/lead cannot-lead",
            "27:65 /spec/items/TRA-01/changes/1/assists/0 lead-assists",
            "27:92 /spec/items/TRA-01/changes/1/policy unknown-policy",
        ]
    );
    let impossible = with_items("    TRA-01: { valid_from: 2027-02-30 }\n");
    assert_eq!(office.apply(&impossible).await.refused(422, "manifest-invalid").len(), 1);
    let unlike = office.apply(&with_items("    TRA-01: { valid_from: tomorrow }\n")).await;
    unlike.refused(422, "manifest-invalid");
    assert_eq!(unlike.placed(), ["22:27 /spec/items/TRA-01/valid_from identifier-invalid"]);
    assert_eq!(office.rows().await, before);
}
