//! One connection, many tenants, callers that are cancelled, fail and panic: no foreign row, no transaction left
//! open (reliability §6).

use std::time::Duration;

use pg::TenantScope;
use testkit::wait;

use crate::trial::{self, Trial, street};

const ROUNDS: u64 = 10_000;

/// What the caller of a round does. The order is derived from the round, so a failure can be replayed.
enum Caller {
    Finishes,
    IsCancelled(Duration),
    Fails,
    Panics,
}

fn caller(round: u64) -> Caller {
    let dice = round.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
    match dice % 10 {
        0 => Caller::Fails,
        1 => Caller::Panics,
        2 | 3 => Caller::IsCancelled(Duration::from_micros(dice % 5_000)),
        _ => Caller::Finishes,
    }
}

async fn look(trial: &Trial, tenant: ids::TenantId) -> Vec<i64> {
    let mut tx = trial.pool.begin(TenantScope::of_principal([tenant])).await.unwrap();
    let seen = trial::tenants_seen(&mut tx).await;
    tx.commit().await.unwrap();
    seen
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_rounds_leave_nothing_open_and_see_nothing_foreign() {
    let trial = std::sync::Arc::new(Trial::start(1).await);
    trial.plant(&(1..=5).map(street).collect::<Vec<_>>()).await;
    for round in 0..ROUNDS {
        let tenant = street(1 + (round % 5) as i64);
        match caller(round) {
            Caller::Finishes => assert_eq!(look(&trial, tenant).await, [tenant.as_i64()], "round {round}"),
            Caller::IsCancelled(after) => {
                if let Ok(seen) = tokio::time::timeout(after, look(&trial, tenant)).await {
                    assert_eq!(seen, [tenant.as_i64()], "round {round}");
                }
            }
            Caller::Fails => {
                let mut tx = trial.begin(&[tenant]).await;
                assert!(sqlx::query("SELECT 1 / 0").execute(&mut *tx).await.is_err());
            }
            Caller::Panics => {
                let trial = trial.clone();
                let caller = tokio::spawn(async move {
                    let _tx = trial.begin(&[tenant]).await;
                    panic!("a caller panics in round {round}");
                });
                assert!(caller.await.unwrap_err().is_panic());
            }
        }
    }
    let admin = sqlx::PgPool::connect(&trial.database.admin_url()).await.unwrap();
    let open = "SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND usename = 'trial' AND state LIKE 'idle in transaction%'";
    let none_open = wait::until(Duration::from_secs(10), async || {
        let count: i64 = sqlx::query_scalar(open).fetch_one(&admin).await.unwrap();
        (count == 0).then_some(())
    });
    assert!(none_open.await.is_some(), "a transaction was left open");
}
