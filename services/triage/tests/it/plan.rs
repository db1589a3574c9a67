//! No orphan: whatever the item, exactly one body leads and the centres are informed (D33).

use std::collections::BTreeSet;

use contract::proto::triage::Role;
use testkit::demo;

use crate::desk::{Desk, Sent, report};

#[tokio::test]
async fn every_item_of_the_pack_gets_one_lead_and_no_body_twice() {
    let desk = Desk::open().await;
    let documents = demo::documents(1);
    let items: Vec<String> = documents
        .iter()
        .filter_map(|document| match &document.body {
            contract::document::DocumentBody::District(core) => Some(core.items.keys().cloned()),
            _ => None,
        })
        .flatten()
        .collect();
    assert_eq!(items.len(), 132);
    let reports: Vec<Sent> =
        items.iter().zip(1u128..).map(|(item, n)| report(n, String::leak(item.clone()), "x")).collect();
    desk.hear(&reports).await;
    let routed = desk.routed().await;
    assert_eq!(routed.len(), 132);
    for (_, routed) in routed {
        let item = routed.case.unwrap().item;
        let plan = routed.plan.unwrap();
        let with = |role| plan.orders.iter().filter(|order| order.role() == role).count();
        assert_eq!(with(Role::Lead), 1, "{item}");
        let bodies: BTreeSet<_> = plan.orders.iter().map(|order| &order.body).collect();
        assert_eq!(bodies.len(), plan.orders.len(), "{item}: nobody twice");
        for centre in ["street-centre@990102001000", "governance-centre"] {
            assert!(bodies.contains(&centre.to_owned()), "{item}: {centre} knows");
        }
        assert!(!plan.policy.unwrap().stages.is_empty(), "{item}");
    }
}
