//! A matter given from above (上级交办): who may give what to whom, and that a refusal says what to do instead.

use contract::document::{DocumentBody, Validity};
use serde_json::{Value, json};

use crate::desk::{Desk, STREET, key, report};

const SAFETY: &str = "street-safety@990102001000";

/// SAF-10 is the street's own: fire risk in small premises.
fn given(item: &str, lead: &str, assists: &[&str]) -> Value {
    let mut body = report("请对辖区小场所用火用电开展一次排查");
    body["item"] = json!(item);
    body["assigned"] = json!({ "lead": lead, "assists": assists });
    body
}

/// Pointer and code of the one fault.
fn fault(answer: &Value) -> (&str, &str) {
    let fault = &answer["errors"][0];
    (fault["pointer"].as_str().unwrap(), fault["code"].as_str().unwrap())
}

#[tokio::test]
async fn a_centre_gives_and_what_it_gave_is_said_with_its_level() {
    let desk = Desk::open().await;
    for (n, (person, by)) in
        [("street-centre", "street"), ("governance-centre", "district")].iter().enumerate()
    {
        let body = given("SAF-10", SAFETY, &["community@990102001005"]);
        let (status, receipt) = desk.submit(person, STREET, key(n as u128), body.clone()).await;
        assert_eq!(status.as_u16(), 201, "{receipt:#}");
        assert_eq!(
            desk.submit(person, STREET, key(n as u128), body).await.1,
            receipt,
            "the same answer again"
        );
        let said = desk.said().await;
        assert_eq!(said.len(), n + 1);
        let found = said.iter().find(|(_, said)| said.report_id == receipt["report_id"].as_str().unwrap());
        let (_, said) = found.unwrap();
        let assigned = said.assigned.clone().unwrap();
        assert_eq!((said.source.as_str(), assigned.by.as_str()), ("assignment", *by));
        assert_eq!(
            (assigned.lead.as_str(), assigned.assists),
            (SAFETY, vec!["community@990102001005".to_owned()])
        );
    }
}

#[tokio::test]
async fn nobody_else_gives_and_no_rehearsal_does() {
    let desk = Desk::open().await;
    for person in ["resident", "grid-worker"] {
        let (status, answer) = desk.submit(person, STREET, key(1), given("SAF-10", SAFETY, &[])).await;
        assert_eq!((status.as_u16(), &answer["code"]), (403, &json!("forbidden")), "{person}");
    }
    let (status, answer) =
        desk.submit("street-centre", "990102999000", key(1), given("SAF-10", SAFETY, &[])).await;
    assert_eq!((status.as_u16(), &answer["code"]), (404, &json!("not-found")), "{answer}");
    let (status, answer) = desk.drill("sre", STREET, key(1), given("SAF-10", SAFETY, &[])).await;
    assert_eq!((status.as_u16(), fault(&answer)), (422, ("/assigned", "not-for-drills")));
    assert_eq!(desk.count("reports").await, 0);
}

#[tokio::test]
async fn a_duty_goes_down_with_its_powers_only() {
    let desk = Desk::open().await;
    let mut without_item = given("SAF-10", SAFETY, &[]);
    without_item.as_object_mut().unwrap().remove("item");
    let refused = [
        ("governance-centre", without_item, ("/item", "item-required")),
        ("governance-centre", given("ZZZ-99", SAFETY, &[]), ("/item", "unknown-item")),
        ("governance-centre", given("SAF-10", "not a body", &[]), ("/assigned/lead", "malformed-body")),
        ("governance-centre", given("SAF-10", "nobody", &[]), ("/assigned/lead", "unknown-body")),
        (
            "governance-centre",
            given("SAF-10", "street-safety@990102002000", &[]),
            ("/assigned/lead", "unknown-body"),
        ),
        ("governance-centre", given("SAF-10", SAFETY, &["nobody"]), ("/assigned/assists/0", "unknown-body")),
        // The list has the transport commission do this; nobody pushes it down, not even the district.
        ("governance-centre", given("TRA-01", SAFETY, &[]), ("/assigned/lead", "reserved-above")),
        ("street-centre", given("SAF-10", "transport", &[]), ("/assigned/lead", "not-below")),
        ("street-centre", given("SAF-10", SAFETY, &["fire-rescue"]), ("/assigned/assists/0", "not-below")),
    ];
    for (n, (person, body, expected)) in refused.into_iter().enumerate() {
        let (status, answer) = desk.submit(person, STREET, key(n as u128), body).await;
        assert_eq!((status.as_u16(), fault(&answer)), (422, expected), "{answer:#}");
    }
    assert_eq!(desk.count("reports").await, 0, "what is refused leaves nothing");
}

/// What was accepted is answered the same, though the list does not have its item any more.
#[tokio::test]
async fn a_replay_is_answered_whatever_the_list_has_become() {
    let desk = Desk::open().await;
    let body = given("SAF-10", SAFETY, &[]);
    let first = desk.submit("governance-centre", STREET, key(1), body.clone()).await;
    assert_eq!(first.0.as_u16(), 201, "{}", first.1);
    let mut documents = testkit::demo::documents(2);
    for document in &mut documents {
        if let DocumentBody::District(core) = &mut document.body {
            let valid_until = Some("2020-01-01".parse().unwrap());
            core.items.get_mut("SAF-10").unwrap().validity = Validity { valid_until, ..Validity::default() };
        }
    }
    desk.rig.documents(&documents).await;
    assert_eq!(desk.submit("governance-centre", STREET, key(1), body.clone()).await, first);
    let (status, answer) = desk.submit("governance-centre", STREET, key(2), body).await;
    assert_eq!((status.as_u16(), fault(&answer)), (422, ("/item", "unknown-item")));
}
