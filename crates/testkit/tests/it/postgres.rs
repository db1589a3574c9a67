use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use sqlx::{Connection, PgConnection};
use testkit::Error;
use testkit::postgres::{Cluster, Database};
use testkit::wait::{eventually, until};

const SOON: Duration = Duration::from_secs(30);

async fn connect(url: &str) -> PgConnection {
    PgConnection::connect(url).await.unwrap()
}

async fn count_notes(url: &str) -> Option<i64> {
    let mut connection = PgConnection::connect(url).await.ok()?;
    sqlx::query_scalar("SELECT count(*) FROM notes").fetch_one(&mut connection).await.ok()
}

async fn make_notes(url: String) -> Result<(), sqlx::Error> {
    let mut connection = PgConnection::connect(&url).await?;
    sqlx::raw_sql("CREATE TABLE notes (text text); INSERT INTO notes VALUES ('公交306路')")
        .execute(&mut connection)
        .await?;
    connection.close().await
}

#[tokio::test]
async fn a_fresh_database_is_ones_own_and_goes_with_its_owner() {
    let (first, second) = (Database::fresh("own").await.unwrap(), Database::fresh("own").await.unwrap());
    make_notes(first.admin_url()).await.unwrap();
    assert_eq!(count_notes(&second.admin_url()).await, None, "the second sees the first's table");
    // An open connection must not keep it alive.
    let _open = connect(&first.admin_url()).await;
    let url = first.admin_url();
    drop(first);
    assert!(PgConnection::connect(&url).await.is_err(), "dropped and still there");
}

#[tokio::test]
async fn a_template_is_migrated_once_however_many_ask() {
    let migrations = AtomicUsize::new(0);
    let clone = async || {
        let migrate = async |url| {
            migrations.fetch_add(1, Ordering::SeqCst);
            make_notes(url).await
        };
        Database::fresh_from_template("migrated_once", migrate).await.unwrap()
    };
    let (first, second, third) = tokio::join!(clone(), clone(), clone());
    for database in [&first, &second, &third] {
        assert_eq!(count_notes(&database.admin_url()).await, Some(1));
    }
    assert_eq!(migrations.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_failed_migration_is_told_and_tried_again() {
    let failed = Database::fresh_from_template("failed_once", async |_| Err(sqlx::Error::RowNotFound)).await;
    assert!(matches!(failed, Err(Error::Migrate { .. })), "{failed:?}");
    let database = Database::fresh_from_template("failed_once", make_notes).await.unwrap();
    assert_eq!(count_notes(&database.admin_url()).await, Some(1));
}

#[tokio::test]
async fn names_that_could_be_more_than_names_are_refused() {
    for name in ["", "x; DROP TABLE notes", "Upper", "1st", "a\"b", &"x".repeat(41)] {
        assert!(matches!(Database::fresh(name).await, Err(Error::Name { .. })), "accepted {name:?}");
    }
}

#[tokio::test]
async fn a_role_has_its_own_url() {
    let database = Database::fresh("roles").await.unwrap();
    let role = format!("role_of_{}", database.name());
    let mut admin = connect(&database.admin_url()).await;
    sqlx::raw_sql(sqlx::AssertSqlSafe(format!("CREATE ROLE {role} LOGIN")))
        .execute(&mut admin)
        .await
        .unwrap();
    let mut connection = connect(&database.url_for(&role)).await;
    let user: String =
        sqlx::query_scalar("SELECT current_user::text").fetch_one(&mut connection).await.unwrap();
    assert_eq!(user, role);
    sqlx::raw_sql(sqlx::AssertSqlSafe(format!("DROP ROLE {role}"))).execute(&mut admin).await.unwrap();
}

#[tokio::test]
async fn kill_and_restart_keep_what_was_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let durable = Cluster::start_durable(folder.path()).await.unwrap();
    let url = durable.cluster().admin_url("postgres");
    make_notes(url.clone()).await.unwrap();
    for round in 1..=3 {
        let mut connection = connect(&url).await;
        durable.kill().await;
        assert!(
            sqlx::query("SELECT 1").execute(&mut connection).await.is_err(),
            "answered after kill {round}"
        );
        assert!(PgConnection::connect(&url).await.is_err(), "took a connection after kill {round}");
        durable.restart().await.unwrap();
        assert_eq!(count_notes(&url).await, Some(1), "after kill {round}");
    }
}

#[tokio::test]
async fn kill_tests_can_freeze_the_backends_too() {
    let folder = tempfile::tempdir().unwrap();
    let durable = Cluster::start_durable(folder.path()).await.unwrap();
    let mut connection = connect(&durable.cluster().admin_url("postgres")).await;
    durable.pause().await;
    {
        let mut asked = Box::pin(sqlx::query_scalar::<_, i32>("SELECT 306").fetch_one(&mut connection));
        let answer = until(Duration::from_millis(500), async || Some((&mut asked).await)).await;
        assert!(answer.is_none(), "a frozen server answered");
        durable.resume();
        let answer = eventually(SOON, "the thawed server's answer", async || Some((&mut asked).await)).await;
        assert_eq!(answer.unwrap(), 306);
    }
    connection.close().await.unwrap();
}
