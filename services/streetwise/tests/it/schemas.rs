//! `streetwise migrate` against a fresh database.

use sqlx::Row;
use streetwise::cli::Migrate;
use testkit::postgres::Database;

const SERVICES: [&str; 6] = ["console", "directory", "dispatch", "intake", "notification", "triage"];

#[tokio::test]
async fn every_service_gets_its_schema_and_a_second_run_changes_nothing() {
    let database = Database::fresh("migrate").await.expect("a database");
    let arguments = Migrate { admin_url: database.admin_url() };
    streetwise::migrate::run(&arguments).await.expect("migrated");
    let before = tables(&database).await;
    streetwise::migrate::run(&arguments).await.expect("migrated again");
    assert_eq!(tables(&database).await, before);
    for service in SERVICES {
        let journal = (service.to_owned(), "journal".to_owned());
        assert!(before.contains(&journal), "{service} has its tables");
    }
}

async fn tables(database: &Database) -> Vec<(String, String)> {
    let admin = sqlx::PgPool::connect(&database.admin_url()).await.expect("connected");
    let rows = sqlx::query(
        "SELECT schemaname, tablename FROM pg_tables WHERE schemaname = ANY ($1) ORDER BY schemaname, tablename",
    );
    let rows = rows.bind(&SERVICES[..]).fetch_all(&admin).await.expect("a catalogue");
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}
