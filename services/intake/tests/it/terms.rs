//! What a street's manifest says counts at the door: its share within the installation's bounds, and whether residents
//! without a contact are heard.

use contract::document::{DocumentBody, Features, Quotas};
use serde_json::json;

use crate::desk::{Desk, OTHER_STREET, STREET, key, report};

impl Desk {
    /// With the street's core changed.
    async fn with(knobs: &[(&str, &str)], change: impl Fn(&mut contract::document::StreetCore)) -> Self {
        let desk = Self::open_with(knobs).await;
        let mut documents = testkit::demo::documents(2);
        for document in &mut documents {
            match &mut document.body {
                DocumentBody::Street(core) if core.code.to_string() == STREET => change(core),
                _ => {}
            }
        }
        desk.rig.documents(&documents).await;
        desk
    }

    /// The status of each of so many reports.
    async fn statuses(&self, street: &str, first: u128, count: u128) -> Vec<u16> {
        let mut statuses = Vec::new();
        for n in first..first + count {
            statuses.push(self.submit("resident", street, key(n), report("路灯不亮")).await.0.as_u16());
        }
        statuses
    }
}

#[tokio::test]
async fn a_street_s_own_quota_goes_before_the_installation_s() {
    let own = |core: &mut contract::document::StreetCore| {
        core.quotas = Some(Quotas { reports_per_minute: 6, burst: Some(2) });
    };
    let desk = Desk::with(&[("STREETWISE_STREET_REPORTS_PER_MINUTE", "4")], own).await;
    assert_eq!(desk.statuses(STREET, 1, 3).await, [201, 201, 429]);
    assert_eq!(desk.statuses(OTHER_STREET, 10, 5).await, [201, 201, 201, 201, 429], "the installation's");
}

/// A street asks for a thousand a minute; the installation gives three.
#[tokio::test]
async fn no_manifest_goes_beyond_the_bounds() {
    let own = |core: &mut contract::document::StreetCore| {
        core.quotas = Some(Quotas { reports_per_minute: 1_000, burst: None });
    };
    let knobs =
        [("STREETWISE_STREET_REPORTS_PER_MINUTE", "2"), ("STREETWISE_STREET_REPORTS_PER_MINUTE_MAX", "3")];
    let desk = Desk::with(&knobs, own).await;
    assert_eq!(desk.statuses(STREET, 1, 4).await, [201, 201, 201, 429]);
}

#[tokio::test]
async fn a_street_may_hear_no_resident_without_a_contact() {
    let desk = Desk::open().await;
    assert_eq!(desk.submit("resident", STREET, key(1), report("路灯不亮")).await.0.as_u16(), 201);
    let mut documents = testkit::demo::documents(2);
    for document in &mut documents {
        if let DocumentBody::Street(core) = &mut document.body {
            core.features = Features { anonymous_reports: core.code.to_string() != STREET, ..core.features };
        }
    }
    desk.rig.documents(&documents).await;
    let (status, refusal) = desk.submit("resident", STREET, key(2), report("路灯不亮")).await;
    assert_eq!((status.as_u16(), &refusal["code"]), (422, &json!("validation-failed")));
    let fault = &refusal["errors"][0];
    assert_eq!(
        (&fault["pointer"], &fault["code"]),
        (&json!("/reporter/contact"), &json!("contact-required"))
    );
    assert_eq!(desk.submit("resident", STREET, key(1), report("路灯不亮")).await.0.as_u16(), 201, "a replay");
    assert_eq!(desk.submit("grid-worker", STREET, key(3), report("路灯不亮")).await.0.as_u16(), 201);
    assert_eq!(desk.submit("resident", OTHER_STREET, key(4), report("路灯不亮")).await.0.as_u16(), 201);
    let mut named = report("路灯不亮");
    named["reporter"] = json!({ "contact": "13800000000" });
    assert_eq!(desk.submit("resident", STREET, key(5), named).await.0.as_u16(), 201);
    assert_eq!(desk.count("reports").await, 4, "what is refused leaves nothing");
}
