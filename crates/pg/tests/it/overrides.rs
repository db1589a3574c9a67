//! `begin_with`, `sqlx.toml` and the jiff overrides, proved on one query before anything is built on them.

use std::time::Duration;

use jiff::Timestamp;
use pg::DbClock;
use pg::migrate::{self, Schema};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use testkit::postgres::Database;
use testkit::wait;

use crate::trial::{Trial, street};

#[tokio::test]
async fn instants_are_jiffs_in_macros_and_survive_to_the_microsecond() {
    let trial = Trial::start(2).await;
    let mut tx = trial.begin(&[street(1)]).await;
    let instant: Timestamp = "2026-11-23T02:00:00.123456Z".parse().unwrap();
    let one = jiff_sqlx::Timestamp::from(instant);
    let list = vec![one, jiff_sqlx::Timestamp::from(Timestamp::UNIX_EPOCH)];
    let row = sqlx::query!(
        r#"SELECT $1::timestamptz AS "one!", $2::timestamptz[] AS "list!", current_setting('app.tenants') AS "tenants!""#,
        one as jiff_sqlx::Timestamp,
        &list,
    )
    .fetch_one(&mut *tx)
    .await
    .unwrap();
    assert_eq!(row.one.to_jiff(), instant);
    assert_eq!(row.list.len(), 2);
    assert_eq!(row.list[0].to_jiff(), instant);
    assert_eq!(row.tenants, "{990102001000}");
}

#[tokio::test]
async fn the_clock_is_the_servers_and_moves_inside_a_transaction() {
    let trial = Trial::start(2).await;
    let mut tx = trial.begin(&[]).await;
    let first = pg::ServerClock.now(&mut tx).await.unwrap();
    let second = pg::ServerClock.now(&mut tx).await.unwrap();
    assert!(first < second, "clock_timestamp, not now(): {first} {second}");
    assert_eq!(first, pg::micros(first));
}

#[tokio::test]
async fn each_crate_tracks_its_migrations_in_the_services_schema() {
    let trial = Trial::start(2).await;
    let admin = sqlx::PgPool::connect(&trial.database.admin_url()).await.unwrap();
    let schema: String =
        sqlx::query_scalar("SELECT schemaname::text FROM pg_tables WHERE tablename = 'migrations_pg'")
            .fetch_one(&admin)
            .await
            .unwrap();
    assert_eq!(schema, "trial");
}

/// Roles are the server's and locks are a database's: who migrates a second database meets who migrates the first.
#[tokio::test]
async fn databases_of_one_server_may_be_migrated_at_the_same_time() {
    // A service nobody has made roles for yet.
    let service: &'static str = format!("twin{}", std::process::id()).leak();
    let (first, second) =
        (Database::fresh("pg_twin").await.unwrap(), Database::fresh("pg_twin").await.unwrap());
    let mut making = PgConnection::connect(&first.admin_url()).await.unwrap();
    let make = format!("BEGIN; CREATE ROLE {service}_owner NOLOGIN NOINHERIT");
    sqlx::raw_sql(AssertSqlSafe(make)).execute(&mut making).await.unwrap();
    let schema = Schema { service, migrators: vec![migrate::base()] };
    let url = second.admin_url();
    let migrating = migrate::apply(&url, &schema);
    // A transaction sees the activity of its beginning: another connection watches.
    let mut watching = PgConnection::connect(&url).await.unwrap();
    let committing = async {
        // It has looked for the role, found none, and waits for who is making it.
        let waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE $1";
        let waiting = wait::until(Duration::from_secs(30), async || {
            let asked = sqlx::query_scalar::<_, i64>(waits).bind(format!("%CREATE ROLE {service}_owner%"));
            (asked.fetch_one(&mut watching).await.ok()? == 1).then_some(())
        });
        assert!(waiting.await.is_some(), "nobody waits");
        sqlx::raw_sql("COMMIT").execute(&mut making).await.unwrap();
    };
    let (migrated, ()) = tokio::join!(migrating, committing);
    migrated.unwrap();
}
