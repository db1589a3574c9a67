//! Messages of a removed tenant: acknowledged, counted, neither applied nor parked.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_nats::HeaderMap;
use bytes::Bytes;
use futures_util::future::{BoxFuture, FutureExt};
use ids::TenantId;
use jiff::Timestamp;
use messaging::{Removals, Standing};

use crate::world::{World, street};

/// Street 1 is no more.
#[derive(Default)]
struct Gone {
    dropped: AtomicUsize,
    /// What it said after this instant is of who came after it.
    until: Option<Timestamp>,
    /// Its code is onboarded again.
    back: AtomicBool,
}

impl Removals for Gone {
    fn standing(&self, tenant: TenantId, said_at: Option<Timestamp>) -> Standing {
        let late = said_at.zip(self.until).is_some_and(|(said_at, until)| said_at > until);
        match (tenant == street(1) && !self.back.load(Ordering::SeqCst), late) {
            (false, _) => Standing::Present,
            (true, false) => Standing::Removed,
            (true, true) => Standing::NotYet,
        }
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
async fn what_is_said_after_the_removal_waits_for_who_comes_after() {
    let world = World::start().await;
    let said = world.say(&[street(1)], &["word"; 3]).await;
    world.relay().drain().await.unwrap();
    let gone = Arc::new(Gone { until: Some("2000-01-01T00:00:00Z".parse().unwrap()), ..Gone::default() });
    let consumer = world.consumer("triage", "").without_removed(gone.clone());
    consumer.drain().await.unwrap();
    assert!(world.applied("triage").await.is_empty(), "a removal would take it along");
    assert_eq!(world.count("triage.parked").await, 0);
    assert_eq!(gone.dropped.load(Ordering::SeqCst), 0);
    gone.back.store(true, Ordering::SeqCst);
    let all = testkit::wait::until(std::time::Duration::from_secs(30), async || {
        consumer.drain().await.unwrap();
        (world.applied("triage").await == said).then_some(())
    });
    all.await.expect("they came back");
}
