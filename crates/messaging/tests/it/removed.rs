//! Messages of a removed tenant: acknowledged, counted, neither applied nor parked.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_nats::HeaderMap;
use bytes::Bytes;
use futures_util::future::{BoxFuture, FutureExt};
use ids::TenantId;
use jiff::Timestamp;
use messaging::Removals;

use crate::world::{World, street};

/// Street 1 is no more.
#[derive(Default)]
struct Gone {
    dropped: AtomicUsize,
    /// What it said after this instant is of who came after it.
    until: Option<Timestamp>,
}

impl Removals for Gone {
    fn removed(&self, tenant: TenantId, said_at: Option<Timestamp>) -> bool {
        let late = said_at.zip(self.until).is_some_and(|(said_at, until)| said_at > until);
        tenant == street(1) && !late
    }

    fn dropped(&self, tenant: TenantId, messages: usize) -> BoxFuture<'_, Result<(), pg::Error>> {
        assert_eq!(tenant, street(1));
        self.dropped.fetch_add(messages, Ordering::SeqCst);
        async { Ok(()) }.boxed()
    }
}

#[tokio::test]
async fn messages_of_a_removed_tenant_are_dropped_and_the_others_applied() {
    let world = World::start().await;
    world.say(&[street(1)], &["word"; 7]).await;
    let others = world.say(&[street(2)], &["word"; 5]).await;
    world.relay().drain().await.unwrap();
    let poison = format!("intake.report.accepted.normal.{}", street(1));
    world.publish_raw(poison, HeaderMap::new(), Bytes::from_static(b"\xff")).await;
    let gone = Arc::new(Gone::default());
    let consumer = world.consumer("triage", "").without_removed(gone.clone());
    while consumer.drain().await.unwrap() > 0 {}
    assert_eq!(world.applied("triage").await, others);
    assert_eq!(world.count("triage.parked").await, 0);
    assert_eq!(gone.dropped.load(Ordering::SeqCst), 8, "poison too");
    assert_eq!(world.outstanding("triage-intake-normal").await.0, 0, "all are acknowledged");
}

#[tokio::test]
async fn what_is_said_after_the_removal_is_of_who_came_after() {
    let world = World::start().await;
    let said = world.say(&[street(1)], &["word"; 3]).await;
    world.relay().drain().await.unwrap();
    let gone = Arc::new(Gone { until: Some("2000-01-01T00:00:00Z".parse().unwrap()), ..Gone::default() });
    let consumer = world.consumer("triage", "").without_removed(gone.clone());
    while consumer.drain().await.unwrap() > 0 {}
    assert_eq!(world.applied("triage").await, said);
    assert_eq!(gone.dropped.load(Ordering::SeqCst), 0);
}
