//! Who could see a case: what the door says is what the other doors do.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::StatusCode;
use contract::document::DocumentBody;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::world::{OTHER_STREET, STREET, Story, World, cases};

fn path(street: &str, case: Uuid) -> String {
    format!("{}/{case}/readers", cases(street))
}

/// Everybody the documents of the district name, and somebody they do not.
fn everybody() -> BTreeSet<String> {
    let documents = testkit::demo::documents(1);
    let people = documents.into_iter().filter_map(|document| match document.body {
        DocumentBody::People(people) => Some(people.members.into_keys().collect::<Vec<_>>()),
        _ => None,
    });
    people.flatten().chain(["desk".to_owned(), "stranger".to_owned()]).collect()
}

fn listed(answer: &Value) -> BTreeMap<String, Vec<&Value>> {
    let mut readers: BTreeMap<String, Vec<&Value>> = BTreeMap::new();
    for reader in answer["readers"].as_array().unwrap() {
        readers.entry(reader["subject"].as_str().unwrap().to_owned()).or_default().push(reader);
    }
    readers
}

/// Of all members exactly those are listed who get the case from its own door, and those are listed with the body alone
/// who get the orders of that body alone.
#[tokio::test(flavor = "multi_thread")]
async fn exactly_those_are_listed_who_can_read_the_case() {
    let world = World::start().await;
    let (mut one, mut two) = (Story::new(STREET, 1), Story::new(STREET, 2));
    world.hear(&one.whole()).await;
    world.hear(&[two.opened(17), two.dispatched("bus-company", "lead")]).await;
    let (mut can, mut cannot) = (0, 0);
    for case in [one.case_id, two.case_id] {
        let (status, answer) = world.get("auditor", &path(STREET, case)).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        assert_eq!((&answer["street"], &answer["district"]), (&json!(STREET), &json!("990102000000")));
        assert_eq!(answer["more"], json!(0));
        let readers = listed(&answer);
        for subject in everybody() {
            let (status, read) = world.get(&subject, &format!("{}/{case}", cases(STREET))).await;
            assert_eq!(
                status == StatusCode::OK,
                readers.contains_key(&subject),
                "{subject}: {status} {answer}"
            );
            if status != StatusCode::OK {
                cannot += 1;
                continue;
            }
            can += 1;
            let own: BTreeSet<&str> = readers[&subject]
                .iter()
                .filter(|reader| reader["sees"] == "body")
                .filter_map(|reader| reader["scope"]["body"].as_str())
                .collect();
            if own.len() == readers[&subject].len() {
                let shown: BTreeSet<&str> = read["orders"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .filter_map(|order| order["body"].as_str())
                    .collect();
                assert_eq!(shown, own, "{subject}");
            }
        }
    }
    println!("{can} can, {cannot} cannot");
    assert!(can > 8 && cannot > 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reason_names_role_scope_and_body() {
    let world = World::start().await;
    let mut one = Story::new(STREET, 1);
    world.hear(&one.whole()).await;
    let (_, answer) = world.get("auditor", &path(STREET, one.case_id)).await;
    assert_eq!(answer["bodies"], json!(["traffic-police", "transport"]));
    let readers = listed(&answer);
    let police = readers["traffic-police"][0];
    assert_eq!(
        (&police["role"], &police["scope"], &police["sees"]),
        (
            &json!("body-user"),
            &json!({ "kind": "body", "tenant": "990102000000", "body": "traffic-police" }),
            &json!("body")
        )
    );
    let why = (police["why_zh"].as_str().unwrap(), police["why_en"].as_str().unwrap());
    assert!(why.0.contains("承办单位人员") && why.1.contains("traffic-police of 990102000000"), "{why:?}");
    let worker = readers["grid-worker"][0];
    assert_eq!((&worker["scope"]["kind"], &worker["sees"]), (&json!("street"), &json!("case")));
    // Nothing of what the case says.
    let keys: BTreeSet<&str> = answer.as_object().unwrap().keys().map(String::as_str).collect();
    let told =
        ["besides_en", "besides_zh", "bodies", "case_id", "case_no", "district", "more", "readers", "street"];
    assert_eq!(keys, told.into());
}

/// Only who administers rights or audits may ask; the street of another looks unknown to everybody else.
#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_ask_is_not_answered() {
    let world = World::start().await;
    let (mut here, mut there) = (Story::new(STREET, 1), Story::new(OTHER_STREET, 2));
    world.hear(&[here.opened(1), there.opened(9)]).await;
    for subject in everybody().into_iter().filter(|subject| subject != "auditor") {
        let expected = if subject == "stranger" { StatusCode::NOT_FOUND } else { StatusCode::FORBIDDEN };
        assert_eq!(world.get(&subject, &path(STREET, here.case_id)).await.0, expected, "{subject}");
    }
    let nowhere = world.get("auditor", &cases("990102009000")).await;
    for path in [
        path(STREET, there.case_id),
        path(STREET, Uuid::from_u128(1)),
        path("990102009000", here.case_id),
        path("990103001000", here.case_id),
    ] {
        assert_eq!(world.get("auditor", &path).await, nowhere, "{path}");
    }
    assert_eq!(world.get("auditor", &path(OTHER_STREET, there.case_id)).await.0, StatusCode::OK);
}

/// People know the number, not the id.
#[tokio::test(flavor = "multi_thread")]
async fn a_case_is_found_by_its_number() {
    let world = World::start().await;
    let (mut one, mut two) = (Story::new(STREET, 1), Story::new(STREET, 2));
    // As triage mints them: of the instant that the number's day is of.
    one.case_id = "01a20621-ad00-7000-8000-000000010000".parse().unwrap();
    two.case_id = Uuid::from_u128(one.case_id.as_u128() + 0x1_0000);
    world.hear(&[one.opened(1), two.opened(9)]).await;
    for case in [one.case_id, two.case_id] {
        let (_, by_id) = world.get("auditor", &path(STREET, case)).await;
        let number = by_id["case_no"].as_str().unwrap();
        assert_eq!(by_id["case_id"], json!(case));
        let (status, by_number) = world.get("auditor", &format!("{}/{number}/readers", cases(STREET))).await;
        assert_eq!((status, &by_number), (StatusCode::OK, &by_id));
        // The same number under another street is nobody's.
        let elsewhere = world.get("auditor", &format!("{}/{number}/readers", cases(OTHER_STREET))).await;
        assert_eq!(elsewhere.0, StatusCode::NOT_FOUND);
    }
}
