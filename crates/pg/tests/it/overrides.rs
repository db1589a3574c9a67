//! `begin_with`, `sqlx.toml` and the jiff overrides, proved on one query before anything is built on them.

use futures_util::future::try_join_all;
use jiff::Timestamp;
use pg::DbClock;
use pg::migrate::{self, Schema};
use testkit::postgres::Database;

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
    let fresh = (0..6).map(|_| Database::fresh("pg_twin"));
    let databases = try_join_all(fresh).await.unwrap();
    let migrate = databases.iter().map(async |database| {
        let schema = Schema { service, migrators: vec![migrate::base()] };
        migrate::apply(&database.admin_url(), &schema).await
    });
    try_join_all(migrate).await.unwrap();
}
