//! What is claimed is moved and removed where it stands, whatever a service does with it in its transaction.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use pg::{ScopedTx, TenantScope};
use uuid::Uuid;
use wakeups::{Base, Fire, FireError, Runner, RunnerConfig, Wakeup, arm, disarm};

use crate::{World, after, street};

/// Of four subjects in turn one is moved, one removed, one moved and then removed, one removed and then armed anew.
struct Turns;

const KIND: wakeups::Kind = "turn";
const LATER: SignedDuration = SignedDuration::from_secs(60);

impl Fire for Turns {
    const KIND: wakeups::Kind = KIND;

    async fn fire(&self, tx: &mut ScopedTx, now: Timestamp, due: Vec<Wakeup>) -> Result<usize, FireError> {
        let of = |turns: &[u128]| {
            due.iter().filter(|wakeup| turns.contains(&turn(wakeup))).cloned().collect::<Vec<_>>()
        };
        let keys = |turns: &[u128]| of(turns).iter().map(|w| (w.tenant, w.subject_id)).collect::<Vec<_>>();
        let later = |wakeup: Wakeup| Wakeup { due_at: now + LATER, ..wakeup };
        arm(tx, &of(&[0, 2]).into_iter().map(later).collect::<Vec<_>>()).await?;
        disarm(tx, KIND, &keys(&[1, 2, 3])).await?;
        arm(tx, &of(&[3]).into_iter().map(later).collect::<Vec<_>>()).await?;
        Ok(due.len())
    }
}

fn turn(wakeup: &Wakeup) -> u128 {
    wakeup.subject_id.as_u128() % 4
}

fn wakeup(n: u128) -> Wakeup {
    Wakeup { tenant: street(1), kind: KIND, subject_id: Uuid::from_u128(n), due_at: after(0) }
}

fn runner(world: &World) -> Runner<Turns> {
    let (pool, clock, metrics) = (world.pool.clone(), world.guarded.clone(), world.metrics.clone());
    Runner::new(Base { pool, clock, metrics }, Arc::new(Turns), Arc::new(|| ()), RunnerConfig::default())
}

#[tokio::test]
async fn claimed_rows_are_moved_and_removed_where_they_stand() {
    let world = World::start().await;
    world.arm(&(0..40).map(wakeup).collect::<Vec<_>>()).await;
    assert_eq!(runner(&world).once().await.unwrap(), 40);
    let left = "wakeups WHERE due_at = '2026-11-23T02:01:00Z' AND right(subject_id::text, 1) IN";
    assert_eq!(world.count("wakeups").await, 20);
    assert_eq!(world.count(&format!("{left} ('0', '4', '8', 'c')")).await, 10, "moved");
    assert_eq!(world.count(&format!("{left} ('3', '7', 'b', 'f')")).await, 10, "removed and armed anew");
}

/// A place that a transaction has not locked, or has moved itself, is not taken for a row.
#[tokio::test]
async fn a_row_that_is_not_where_it_was_noted_ends_the_transaction() {
    let world = World::start().await;
    world.arm(&[wakeup(1)]).await;
    for removes in [true, false] {
        let mut tx = world.pool.begin(TenantScope::of_principal([street(1)])).await.unwrap();
        tx.places().note(street(1), KIND, Uuid::from_u128(1), "(7,77)".to_owned());
        let outcome = match removes {
            true => disarm(&mut tx, KIND, &[(street(1), Uuid::from_u128(1))]).await,
            false => arm(&mut tx, &[wakeup(1)]).await,
        };
        assert!(outcome.is_err(), "removes: {removes}");
    }
    assert_eq!(world.count("wakeups").await, 1);
}
