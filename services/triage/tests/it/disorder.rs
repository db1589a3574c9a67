//! Twice, in any order, too early, or not at all ours: the state is the same (D9, D17, F15, F17).

use std::time::Duration;

use contract::Envelope;
use ids::{EventId, Lane};
use testkit::rig::Rig;
use testkit::wait;
use triage::Triage;
use uuid::Uuid;

use crate::desk::{Desk, OTHER_STREET, STREET, Sent, report};

#[tokio::test]
async fn the_same_event_twice_has_one_effect() {
    let desk = Desk::open().await;
    let sent = report(1, "TRA-01", "改线");
    desk.hear(&[sent.clone(), sent.clone()]).await;
    let said = desk.said().await;
    desk.hear(&[sent]).await;
    assert_eq!(desk.said().await, said);
    assert_eq!(desk.cases(STREET).await, [[1]]);
}

/// One street hears a shuffled crowd at once and over all lanes, the other one by one: the same cases come out.
#[tokio::test]
async fn batches_and_lanes_make_no_difference() {
    let desk = Desk::open().await;
    let crowd: Vec<Sent> = (1..=40u128)
        .map(|n| {
            // Five places, 2 km apart, two items; numbers of one place and item are the reports of one case.
            let place = (n * 7 % 5) as f64;
            let item = if n % 2 == 0 { "TRA-01" } else { "TRA-03" };
            Sent { lat: 29.5 + place * 0.018, ..report(n, item, "站牌") }
        })
        .collect();
    let at_once: Vec<Sent> =
        (0..40).map(|n| Sent { lane: Lane::ALL[n % 3], ..crowd[n * 27 % 40].clone() }).collect();
    desk.hear(&at_once).await;
    for sent in &crowd {
        let sent = Sent { n: sent.n + 100, street: OTHER_STREET, ..sent.clone() };
        desk.hear(&[sent]).await;
    }
    let shuffled = desk.cases(STREET).await;
    let mut one_by_one = desk.cases(OTHER_STREET).await;
    one_by_one.iter_mut().flatten().for_each(|n| *n -= 100);
    assert_eq!(shuffled.len(), 10);
    assert_eq!(shuffled, one_by_one);
}

#[tokio::test]
async fn a_report_before_its_streets_documents_comes_back() {
    let rig = Rig::<Triage>::start(&[]).await;
    let sent = report(1, "TRA-01", "改线");
    rig.publish(&sent.envelope(), sent.bytes()).await;
    assert_eq!(rig.drain().await, 0);
    rig.demo_documents().await;
    let desk = Desk { rig };
    let applied = wait::until(Duration::from_secs(20), async || {
        let applied = desk.rig.drain().await;
        (applied > 0).then_some(applied)
    });
    assert!(applied.await.is_some());
    assert_eq!(desk.cases(STREET).await, [[1]]);
    assert_eq!(desk.count("parked").await, 0);
}

#[tokio::test]
async fn poison_is_parked_and_the_others_go_through() {
    let desk = Desk::open().await;
    let lying = |n: u128, change: fn(&mut Envelope)| {
        let sent = report(n, "TRA-01", "改线");
        let mut envelope = sent.envelope();
        envelope.id = EventId(Uuid::from_u128(2_000_000 + n));
        change(&mut envelope);
        (envelope, sent)
    };
    let other_tenant = lying(2, |envelope| envelope.tenant = OTHER_STREET.parse().unwrap());
    let other_report = lying(3, |envelope| envelope.aggregate_id = Uuid::from_u128(77));
    // The same report under another event id: its voice is there already, which only the database can tell.
    let again = lying(1, |_| ());
    let good = [report(1, "TRA-01", "改线"), report(4, "TRA-01", "改线")];
    desk.rig.publish(&good[0].envelope(), good[0].bytes()).await;
    for (envelope, sent) in [other_tenant, other_report, again] {
        desk.rig.publish(&envelope, sent.bytes()).await;
    }
    desk.rig.publish(&report(5, "", "").envelope(), bytes::Bytes::from_static(b"\xff\xff")).await;
    desk.rig.publish(&good[1].envelope(), good[1].bytes()).await;
    desk.rig.drain().await;
    assert_eq!(desk.cases(STREET).await, [[1, 4]]);
    assert_eq!(desk.cases(OTHER_STREET).await.len(), 0);
    let mut reasons: Vec<String> =
        sqlx::query_scalar("SELECT reason FROM triage.parked").fetch_all(desk.rig.admin()).await.unwrap();
    reasons.sort();
    assert_eq!(reasons.len(), 4, "{reasons:?}");
    assert!(reasons.iter().any(|reason| reason == "tenant in payload differs from subject"));
    assert!(reasons.iter().any(|reason| reason.starts_with("undecodable payload")));
}
