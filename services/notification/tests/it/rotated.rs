//! The mutant of D6: a batch whose tenants are rotated against its rows. Row security lets it pass, because every
//! tenant of it is in scope; the rows themselves refuse it.

use bytes::Bytes;
use contract::EventType;
use ids::{Lane, TenantId};
use jiff::Timestamp;
use notification::store::Key;
use notification::store::attempts::{self, Ended};
use notification::store::deliveries::{self, NewDelivery, Settled};
use pg::{Kind, ScopedTx, TenantScope};
use uuid::Uuid;

use crate::world::{OTHER_STREET, STREET, World};

fn now() -> Timestamp {
    "2026-11-23T02:00:00Z".parse().unwrap()
}

/// A delivery of each street, whose bytes name it.
fn batch() -> Vec<NewDelivery> {
    let delivery = |(n, street): (u128, &str)| NewDelivery {
        key: (street.parse().unwrap(), Uuid::from_u128(n)),
        source_event_id: Uuid::from_u128(100 + n),
        event_type: EventType::OrderDispatched.to_string(),
        lane: Lane::Normal,
        drill: false,
        case_id: Uuid::from_u128(200),
        report_id: None,
        order_id: None,
        body: "police".parse().unwrap(),
        endpoint: None,
        payload: Bytes::from(format!("{{\"street\":\"{street}\"}}")),
        traceparent: String::new(),
        suppressed: Some("no-endpoint"),
        lease_until: None,
    };
    (1..).zip([STREET, OTHER_STREET]).map(delivery).collect()
}

/// Each row under the tenant of the other.
fn rotated<T>(rows: &mut [T], key: impl Fn(&mut T) -> &mut Key) {
    let mut tenants: Vec<TenantId> = rows.iter_mut().map(|row| key(row).0).collect();
    tenants.rotate_left(1);
    rows.iter_mut().zip(tenants).for_each(|(row, tenant)| key(row).0 = tenant);
}

async fn begin(world: &World) -> ScopedTx {
    let streets = [STREET, OTHER_STREET].map(|street| street.parse::<TenantId>().unwrap());
    world.rig.house.pool.begin(TenantScope::of_subjects(streets)).await.unwrap()
}

#[tokio::test]
async fn rotated_tenants_within_a_batch_are_refused() {
    let world = World::start().await;
    let mut tx = begin(&world).await;
    let mut mutant = batch();
    rotated(&mut mutant, |delivery| &mut delivery.key);
    let refused = deliveries::insert(&mut tx, now(), &mutant).await.unwrap_err();
    assert_eq!(refused.constraint(), Some("deliveries_name_their_street"));
    drop(tx);

    let mut tx = begin(&world).await;
    assert_eq!(deliveries::insert(&mut tx, now(), &batch()).await.unwrap().len(), 2);
    tx.commit().await.unwrap();

    let ended = |delivery: &NewDelivery| Ended {
        key: delivery.key,
        n: 1,
        started_at: now(),
        outcome: "ok",
        status: Some(204),
        duration_ms: Some(1),
    };
    let mut mutant: Vec<Ended> = batch().iter().map(ended).collect();
    rotated(&mut mutant, |attempt| &mut attempt.key);
    let refused = attempts::enter(&mut begin(&world).await, &mutant).await.unwrap_err();
    assert_eq!(refused.constraint(), Some("attempts_tenant_id_delivery_id_fkey"));

    // An update finds no row of that tenant and id, which is no less an error.
    let settled = |delivery: &NewDelivery| Settled {
        key: delivery.key,
        state: "suppressed",
        reason: Some("no-endpoint".to_owned()),
        uncounted: 0,
        verdicts: 2,
        next_attempt_at: None,
        decided_at: Some(now()),
    };
    let mut mutant: Vec<Settled> = batch().iter().map(settled).collect();
    rotated(&mut mutant, |settled| &mut settled.key);
    let refused = deliveries::settle(&mut begin(&world).await, &mutant).await.unwrap_err();
    assert_eq!(refused.kind(), Kind::Broken);
}
