//! What has a first or a last day counts by the local day of the case, on both sides of midnight.

use contract::document::{Document, DocumentBody, DutyChange, ItemOverride, Validity};
use contract::proto::triage::Role;
use serde_json::Value;

use crate::desk::{Desk, STREET, Said, Sent, report};

/// The last second of 30 November in Shanghai, and the first of 1 December.
const BEFORE: &str = "2026-11-30T15:59:59Z";
const AFTER: &str = "2026-11-30T16:00:00Z";
const DAY: &str = "2026-12-01";

/// The desk, with the demo's documents as they are after a change.
async fn desk(change: impl Fn(&mut DocumentBody)) -> Desk {
    let desk = Desk::open().await;
    let mut documents = testkit::demo::documents(2);
    documents.iter_mut().for_each(|document| change(&mut document.body));
    desk.rig.documents(&documents).await;
    desk
}

fn validity(from: Option<&str>, until: Option<&str>) -> Validity {
    let day = |text: Option<&str>| text.map(|text| text.parse().unwrap());
    Validity { valid_from: day(from), valid_until: day(until) }
}

/// A change of the demo street's own core.
fn of_street(change: impl Fn(&mut contract::document::StreetCore)) -> impl Fn(&mut DocumentBody) {
    move |body| match body {
        DocumentBody::Street(core) if core.code.to_string() == STREET => change(core),
        _ => {}
    }
}

impl Desk {
    /// Lead and assistants of the case of a report that is heard at an instant.
    async fn routed_at(&self, at: &str, report: Sent) -> (String, Vec<String>) {
        self.rig.clock.set(at.parse().unwrap());
        self.hear(&[report]).await;
        let plan = self.routed().await.pop().unwrap().1.plan.unwrap();
        let of = |role| {
            let orders = plan.orders.iter().filter(move |order| order.role() == role);
            orders.map(|order| order.body.clone()).collect::<Vec<_>>()
        };
        (of(Role::Lead).remove(0), of(Role::Assist))
    }
}

fn duty(from: &str, lead: Option<&str>, assists: Option<&[&str]>) -> DutyChange {
    let key = |key: &&str| key.parse().unwrap();
    DutyChange {
        from: from.parse().unwrap(),
        lead: lead.as_ref().map(key),
        assists: assists.map(|keys| keys.iter().map(key).collect()),
        policy: None,
    }
}

#[tokio::test]
async fn who_leads_changes_with_the_local_day() {
    let change = duty(DAY, Some("traffic-police"), Some(&["transport"]));
    let item = ItemOverride { changes: vec![change], ..ItemOverride::default() };
    let desk = desk(of_street(move |core| {
        core.items.insert("TRA-01".to_owned(), item.clone());
    }))
    .await;
    let (lead, assists) = desk.routed_at(BEFORE, report(1, "TRA-01", "")).await;
    assert_eq!(
        (lead.as_str(), assists),
        ("transport", vec!["traffic-police".to_owned(), "bus-company".to_owned()])
    );
    // Too far to join the first.
    let elsewhere = Sent { lat: 29.59, ..report(2, "TRA-01", "") };
    let (lead, assists) = desk.routed_at(AFTER, elsewhere).await;
    assert_eq!((lead.as_str(), assists), ("traffic-police", vec!["transport".to_owned()]));
}

/// The district's list changes; the street's own assistants stand on it.
#[tokio::test]
async fn the_district_changes_for_all_its_streets() {
    let desk = desk(|body| match body {
        DocumentBody::District(core) => {
            let item = core.items.get_mut("TRA-01").unwrap();
            item.changes.push(duty(DAY, Some("traffic-police"), None));
        }
        DocumentBody::Street(core) if core.code.to_string() == STREET => {
            let own = ItemOverride {
                assists: Some(vec!["bus-company".parse().unwrap()]),
                ..ItemOverride::default()
            };
            core.items.insert("TRA-01".to_owned(), own);
        }
        _ => {}
    })
    .await;
    let own = vec!["bus-company".to_owned()];
    assert_eq!(desk.routed_at(BEFORE, report(1, "TRA-01", "")).await, ("transport".to_owned(), own.clone()));
    let elsewhere = Sent { lat: 29.59, ..report(2, "TRA-01", "") };
    assert_eq!(desk.routed_at(AFTER, elsewhere).await, ("traffic-police".to_owned(), own));
}

#[tokio::test]
async fn an_override_ends_with_its_last_day() {
    let item = ItemOverride {
        assists: Some(Vec::new()),
        validity: validity(None, Some("2026-11-30")),
        ..ItemOverride::default()
    };
    let desk = desk(of_street(move |core| {
        core.items.insert("TRA-01".to_owned(), item.clone());
    }))
    .await;
    assert_eq!(desk.routed_at(BEFORE, report(1, "TRA-01", "")).await.1, Vec::<String>::new());
    let elsewhere = Sent { lat: 29.59, ..report(2, "TRA-01", "") };
    assert_eq!(desk.routed_at(AFTER, elsewhere).await.1.len(), 2);
}

/// An item the list does not have yet, or no longer, is as one it never had: named, it goes to a person.
#[tokio::test]
async fn an_item_outside_its_days_is_not_there() {
    let desk = desk(|body| {
        if let DocumentBody::District(core) = body {
            core.items.get_mut("TRA-01").unwrap().validity = validity(Some(DAY), Some(DAY));
        }
    })
    .await;
    desk.rig.clock.set(BEFORE.parse().unwrap());
    desk.hear(&[report(1, "TRA-01", "")]).await;
    let said = desk.said().await;
    let [(_, Said::Review(review))] = &said[..] else { panic!("{said:?}") };
    assert_eq!(review.reason, "item-unknown");
    assert_eq!(desk.judged(&review.report_id, "TRA-01").await, 422);
    assert_eq!(desk.routed_at(AFTER, report(2, "TRA-01", "")).await.0, "transport");
    assert_eq!(desk.judged(&review.report_id, "TRA-01").await, 200);
    desk.rig.clock.set("2026-12-01T16:00:00Z".parse().unwrap());
    desk.hear(&[report(3, "TRA-01", "")]).await;
    let reviews = desk.said().await.into_iter().filter(|(_, said)| matches!(said, Said::Review(_)));
    assert_eq!(reviews.count(), 2);
}

impl Desk {
    /// The status of a person's decision.
    async fn judged(&self, report_id: &str, item: &str) -> u16 {
        let path = format!("/triage/v1/streets/{STREET}/reviews/{report_id}:decide");
        let token = self.rig.token("street-centre");
        let body: Value = serde_json::json!({ "item": item });
        self.rig.http("POST", &path, Some(&token), &[], Some(body)).await.0.as_u16()
    }
}

/// A place in a community that is not there yet has none, and who would lead there cannot be named.
#[tokio::test]
async fn a_community_leads_from_its_first_day_on() {
    let of_community = |body: &mut DocumentBody| {
        if let DocumentBody::Street(core) = body {
            for community in &mut core.communities {
                if community.code.to_string() == crate::place::WEST {
                    community.validity = validity(Some(DAY), None);
                }
            }
        }
    };
    let desk = desk(of_community).await;
    let mut drawn = crate::place::drawn();
    for layer in ["community", "grid"] {
        drawn.layers.get_mut(layer).unwrap().features[0].validity = validity(Some(DAY), None);
    }
    let district = "990102000000".parse().unwrap();
    desk.rig.documents(&[Document::territory(district, 2, drawn)]).await;
    let (lead, _) = desk.routed_at(BEFORE, report(1, "ENV-04", "")).await;
    assert_eq!(lead, format!("street-centre@{STREET}"), "the catch-all body");
    assert_eq!(desk.opened().await[0].case.clone().unwrap().community, "");
    let again = Sent { lat: 29.5690, ..report(2, "ENV-04", "") };
    assert_eq!(desk.routed_at(AFTER, again).await.0, format!("community@{}", crate::place::WEST));
}
