//! A plan is kept, but not for longer than its table stays as it was.

use crate::trial::{self, Trial, street};

/// What a service asks all the time.
const QUESTION: &str = "SELECT word FROM things WHERE id = $1";
/// More beginnings than plans are kept for.
const BEGINNINGS: u32 = 100;

async fn ask(trial: &Trial) {
    let mut tx = trial.begin(&[street(1)]).await;
    let words: Vec<String> = sqlx::query_scalar(QUESTION).bind(1_i64).fetch_all(&mut *tx).await.unwrap();
    assert_eq!(words, ["planted"]);
    tx.commit().await.unwrap();
}

/// The plan of the question as this connection has it, and how often one that is kept was used.
async fn plan(trial: &Trial) -> (String, i64) {
    let mut tx = trial.begin(&[street(1)]).await;
    let prepared = "SELECT name, generic_plans FROM pg_prepared_statements WHERE statement = $1";
    let (name, kept): (String, i64) =
        sqlx::query_as(prepared).bind(QUESTION).fetch_one(&mut *tx).await.unwrap();
    let explain = sqlx::AssertSqlSafe(format!("EXPLAIN (COSTS OFF) EXECUTE {name}(1)"));
    let lines: Vec<String> = sqlx::query_scalar(explain).fetch_all(&mut *tx).await.unwrap();
    (lines.join("\n"), kept)
}

#[tokio::test]
async fn a_plan_of_a_small_table_is_not_kept_once_it_is_large() {
    let trial = Trial::start(1).await;
    // So that nobody but the pool renews what was planned.
    let alone = "SET ROLE trial_owner; CREATE INDEX things_id ON trial.things (id);
        ALTER TABLE trial.things SET (autovacuum_enabled = false)";
    trial::admin(&trial.database, alone).await;
    trial.plant(&[street(1)]).await;
    for _ in 0..20 {
        ask(&trial).await;
    }
    let (small, kept) = plan(&trial).await;
    assert!(small.contains("Seq Scan") && kept > 10, "{kept} of {small}");
    let grown = "SET ROLE trial; SET app.tenants = '{990102001000}';
        INSERT INTO trial.things (tenant_id, id, word) SELECT 990102001000, n, 'more' FROM generate_series(2, 50000) n";
    trial::admin(&trial.database, grown).await;
    for _ in 0..BEGINNINGS {
        ask(&trial).await;
    }
    let (large, _) = plan(&trial).await;
    assert!(large.contains("Index Cond"), "{large}");
}
