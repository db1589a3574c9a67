//! The auditor on real rows: what a hand or a fault takes from the clocks is told with its subject, before anybody is late.

use rstest::rstest;

use crate::world::{FAST_STREET, STREET, World};

#[rstest]
#[case::wake_up_gone("DELETE FROM dispatch.wakeups WHERE kind = 'order'", "unarmed", 3)]
#[case::wake_up_late(
    "UPDATE dispatch.wakeups SET due_at = due_at + interval '90 days' WHERE kind = 'order'",
    "unarmed",
    3
)]
#[case::due_time_moved(
    "UPDATE dispatch.stages SET due_at = due_at + interval '1 second' WHERE stage = 'acknowledge'",
    "unlike",
    3
)]
#[case::verdict_invented(
    "UPDATE dispatch.stages SET verdict = 'met', verdict_at = started_at, met_at = started_at WHERE stage = 'acknowledge'",
    "unlike",
    3
)]
#[tokio::test(flavor = "multi_thread")]
async fn what_is_taken_from_the_clocks_is_told(
    #[case] harm: &'static str,
    #[case] difference: &str,
    #[case] subjects: usize,
) {
    let world = World::start().await;
    world.opened(&world.routed(STREET, "TRA-01")).await;
    assert_eq!(world.rig.drain().await, 0, "nothing differs");
    sqlx::query(harm).execute(world.rig.admin()).await.unwrap();
    let told = world.rig.try_drain().await.unwrap_err();
    assert_eq!(told.matches(STREET).count(), subjects, "{told}");
    let series = format!("dispatch_auditor_differences_total{{difference=\"{difference}\"}}");
    assert_eq!(world.rig.house.metrics.value(&series), Some(subjects as f64), "{told}");
    let looks = world.rig.house.metrics.value("dispatch_auditor_looks_total");
    assert!(looks.is_some_and(|looks| looks >= 2.0), "the heartbeat: {looks:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_walk_goes_over_every_street_and_every_page() {
    let world = World::start().await;
    for n in 0..120 {
        let street = if n % 2 == 0 { STREET } else { FAST_STREET };
        world.publish(&world.routed(street, "TRA-03")).await;
    }
    world.rig.drain().await;
    let open = world.scalar::<i64>("SELECT count(*) FROM dispatch.cases WHERE phase = 'open'").await;
    assert_eq!(open, 120);
    sqlx::query("DELETE FROM dispatch.wakeups").execute(world.rig.admin()).await.unwrap();
    let told = world.rig.try_drain().await.unwrap_err();
    let armed = "SELECT count(*) FROM dispatch.orders WHERE role <> 'inform'";
    let orders = world.scalar::<i64>(armed).await as usize;
    assert_eq!(told.matches("Unarmed").count(), orders, "each order, and no other");
}
