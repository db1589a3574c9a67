//! No tenant's row is read or written from outside its scope, whatever the statement (D2, D6, I9).

use ids::TenantId;
use pg::{Kind, TenantScope};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::trial::{self, Trial, street};

#[tokio::test]
async fn a_scope_sees_its_tenants_and_no_other() {
    let trial = Trial::start(2).await;
    trial.plant(&[street(1), street(2), street(3)]).await;
    let mut tx = trial.begin(&[street(1), street(3)]).await;
    assert_eq!(trial::tenants_seen(&mut tx).await, [street(1).as_i64(), street(3).as_i64()]);
    drop(tx);
    let mut tx = trial.begin(&[]).await;
    assert_eq!(trial::tenants_seen(&mut tx).await, [0i64; 0]);
}

#[tokio::test]
async fn writing_outside_the_scope_is_refused() {
    let trial = Trial::start(2).await;
    trial.plant(&[street(1), street(2)]).await;
    let mut tx = trial.begin(&[street(1)]).await;
    let refused = trial::insert(&mut tx, street(2), 9, "foreign").await.unwrap_err();
    assert_eq!((refused.kind(), pg::scope_refusals()), (Kind::Data, 1));
    drop(tx);
    let mut tx = trial.begin(&[street(1)]).await;
    for statement in ["UPDATE things SET word = 'x'", "DELETE FROM things"] {
        let touched = sqlx::query(statement).execute(&mut *tx).await.unwrap().rows_affected();
        assert_eq!(touched, 1, "{statement}");
        sqlx::query("SAVEPOINT s").execute(&mut *tx).await.unwrap();
    }
    let moved = sqlx::query(AssertSqlSafe(format!("INSERT INTO things VALUES ({}, 5, 'x')", street(1))))
        .execute(&mut *tx);
    moved.await.unwrap();
    let moved =
        sqlx::query(AssertSqlSafe(format!("UPDATE things SET tenant_id = {}", street(2)))).execute(&mut *tx);
    assert!(moved.await.is_err(), "a row cannot be moved to another tenant");
}

/// The mutant of D6: a batch whose tenant ids are rotated against its rows. Row security lets it pass, because all
/// tenants are in scope; the keys refuse it, because they carry the tenant.
#[tokio::test]
async fn rotated_tenants_within_a_batch_are_refused_by_a_key() {
    let trial = Trial::start(2).await;
    let streets: Vec<TenantId> = (1..=4).map(street).collect();
    let mut tx = trial.begin(&streets).await;
    for (n, tenant) in streets.iter().enumerate() {
        trial::insert(&mut tx, *tenant, n as i64, "own").await.unwrap();
    }
    let mut rotated = streets.clone();
    rotated.rotate_left(1);
    let tenants: Vec<i64> = rotated.iter().map(|tenant| tenant.as_i64()).collect();
    let things: Vec<i64> = (0..4).collect();
    let insert = "INSERT INTO parts (tenant_id, id, thing_id)
        SELECT t, n, n FROM UNNEST($1::bigint[], $2::bigint[]) AS r (t, n)";
    let refused = sqlx::query(insert).bind(&tenants).bind(&things).execute(&mut *tx).await.unwrap_err();
    let refused = pg::Error::from(refused);
    assert_eq!(refused.constraint(), Some("parts_tenant_id_thing_id_fkey"));
    // The text names what was violated, by names of ours alone.
    assert_eq!(refused.to_string(), "database refused a value (23503, parts_tenant_id_thing_id_fkey)");
}

#[tokio::test]
async fn a_snapshot_scope_is_read_only() {
    let trial = Trial::start(2).await;
    trial.plant(&[street(1)]).await;
    let mut tx = trial.pool.begin(TenantScope::for_snapshot([street(1)])).await.unwrap();
    assert_eq!(trial::tenants_seen(&mut tx).await.len(), 1);
    assert!(trial::insert(&mut tx, street(1), 2, "no").await.is_err());
}

/// A session without a scope fails loudly instead of seeing nothing or everything.
#[tokio::test]
async fn no_scope_is_an_error_and_the_owner_is_forced_too() {
    let trial = Trial::start(2).await;
    trial.plant(&[street(1)]).await;
    let mut bare = PgConnection::connect(&trial.database.url_for(trial::SERVICE)).await.unwrap();
    assert!(sqlx::query("SELECT * FROM trial.things").fetch_all(&mut bare).await.is_err());
    let forced: bool = sqlx::query_scalar(
        "SELECT relrowsecurity AND relforcerowsecurity FROM pg_class WHERE oid = 'trial.things'::regclass",
    )
    .fetch_one(&mut bare)
    .await
    .unwrap();
    assert!(forced);
    let role = "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user";
    let bypasses: bool = sqlx::query_scalar(role).fetch_one(&mut bare).await.unwrap();
    assert!(!bypasses);
}

/// One SQLSTATE for two things: a foreign row is the input's fault, a privilege our role lacks is not.
#[tokio::test]
async fn a_missing_privilege_is_not_the_inputs_fault() {
    let trial = Trial::start(2).await;
    trial::admin(&trial.database, "REVOKE INSERT ON trial.things FROM trial").await;
    let mut tx = trial.begin(&[street(1)]).await;
    let refused = trial::insert(&mut tx, street(1), 9, "word").await.unwrap_err();
    assert_eq!(refused.kind(), Kind::Broken);
}

/// A statement that runs into its limit is told apart from a database that is away.
#[tokio::test]
async fn a_statement_over_its_limit_is_too_slow() {
    let trial = Trial::start(2).await;
    let mut tx = trial.begin(&[street(1)]).await;
    sqlx::query("SET LOCAL statement_timeout = 10").execute(&mut *tx).await.unwrap();
    let slow = sqlx::query("SELECT pg_sleep(60)").execute(&mut *tx).await.unwrap_err();
    let slow = pg::Error::from(slow);
    assert_eq!((slow.kind(), slow.too_slow()), (Kind::Unavailable, true));
}
