//! A manifest becomes documents of one generation, and the same manifest becomes nothing.

use contract::EventType;
use contract::document::{Document, DocumentBody};
use futures_util::StreamExt;

use crate::office::*;

#[tokio::test]
async fn the_demo_district_goes_out_as_documents() {
    let office = Office::settled().await;
    let said = office.rig.said().await;
    // Two parts of the district, three of each street.
    assert_eq!(said.len(), 8);
    for (envelope, payload) in &said {
        let document = Document::decode(payload).unwrap();
        assert_eq!((document.header.tenant, document.header.generation), (envelope.tenant, 1));
        assert_eq!(envelope.version, 1);
        let people = envelope.event_type == EventType::DocumentPeople;
        assert_eq!(matches!(document.body, DocumentBody::People(_)), people);
    }
    let aggregates: std::collections::BTreeSet<_> =
        said.iter().map(|(envelope, _)| envelope.aggregate_id).collect();
    assert_eq!(aggregates.len(), 8);

    let fast =
        said.iter().find(|(e, _)| e.subject() == format!("directory.document.core.{FAST_CODE}")).unwrap();
    let DocumentBody::Street(core) = Document::decode(&fast.1).unwrap().body else {
        panic!("a street's core")
    };
    assert_eq!(core.items["TRA-03"].policy.as_deref(), Some("demo-fast"));
    assert_eq!(core.endpoints["street-centre"].url, "http://127.0.0.1:9400/hooks/street-centre@990102002000");
    assert!(core.bodies.is_empty(), "overrides only, never the merged pack");

    let view = office.rig.house.snapshot.view();
    assert_eq!(view.streets().count(), 2);
    assert_eq!(view.district_of(FAST_CODE.parse().unwrap()), Some(DISTRICT_CODE.parse().unwrap()));
}

#[tokio::test]
async fn the_relay_publishes_them_as_last_values() {
    let office = Office::settled().await;
    office.rig.drain().await;
    assert_eq!(office.rows().await[3], 0);
    let stream =
        async_nats::jetstream::new(office.rig.house.nats.clone()).get_stream("directory").await.unwrap();
    let subjects = stream.info_with_subjects("directory.>").await.unwrap();
    let subjects: Vec<_> = subjects.map(|subject| subject.unwrap()).collect().await;
    assert_eq!(subjects.len(), 8);
    assert!(subjects.iter().all(|(_, messages)| *messages == 1));
}

#[tokio::test]
async fn the_same_again_changes_nothing() {
    let office = Office::settled().await;
    let before = office.rows().await;
    for manifest in [DISTRICT, STREET, FAST] {
        assert_eq!(office.apply(manifest).await.applied(), (1, false));
    }
    let reworded = format!("# a remark\n{STREET}");
    assert_eq!(office.apply(&reworded).await.applied(), (1, false));
    assert_eq!(office.rows().await, before);
}

#[tokio::test]
async fn a_change_moves_one_tenant_by_one() {
    let office = Office::settled().await;
    let renamed = DISTRICT.replace("zh: 示范区", "zh: 示范新区");
    assert_eq!(office.apply(&renamed).await.applied(), (2, true));
    // Streets keep their overrides: the moved pack alone republishes none of them (D21).
    assert_eq!(office.apply(STREET).await.applied(), (1, false));
    let said = office.rig.said().await;
    assert_eq!(said.len(), 10);
    let second = |said: &[(contract::Envelope, bytes::Bytes)]| {
        let second = said.iter().filter(|(envelope, _)| envelope.version == 2);
        second.map(|(envelope, _)| envelope.tenant.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(second(&said), [DISTRICT_CODE, DISTRICT_CODE]);

    // A street that changes later says which pack it was checked against.
    let renamed = STREET.replace("zh: 滨江街道", "zh: 滨江新街道");
    assert_eq!(office.apply(&renamed).await.applied(), (2, true));
    let said = office.rig.said().await;
    let subject = format!("directory.document.core.{STREET_CODE}");
    let (_, core) = said.iter().find(|(e, _)| e.version == 2 && e.subject() == subject).unwrap();
    assert_eq!(Document::decode(core).unwrap().header.pack_generation, Some(2));
}

#[tokio::test]
async fn going_back_is_a_new_generation() {
    let office = Office::settled().await;
    let renamed = STREET.replace("zh: 滨江街道", "zh: 滨江新街道");
    assert_eq!(office.apply(&renamed).await.applied(), (2, true));
    assert_eq!(office.apply(STREET).await.applied(), (3, true));
}

#[tokio::test]
async fn every_event_names_who_and_continues_the_trace() {
    let office = Office::open().await;
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    office.apply_as(ADMIN, &[("traceparent", trace)], DISTRICT).await.applied();
    let actors: Vec<String> = sqlx::query_scalar("SELECT actor FROM directory.journal")
        .fetch_all(office.rig.admin())
        .await
        .unwrap();
    assert_eq!(actors, [ADMIN, ADMIN]);
    for (envelope, _) in office.rig.said().await {
        assert!(envelope.traceparent.starts_with(&trace[..36]), "{}", envelope.traceparent);
    }
}
