//! Partitions come in time and go in time, and take nobody with them.

use messaging::housekeeping;
use sqlx::AssertSqlSafe;

use crate::world::{World, street};

async fn run_sql(world: &World, statement: String) {
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(&world.admin).await.unwrap();
}

/// Days from today of the partitions there are, the rest left out.
async fn days(world: &World, table: &str) -> Vec<i32> {
    let statement = format!(
        "SELECT to_date(right(c.relname, 8), 'YYYYMMDD') - (now() AT TIME ZONE 'UTC')::date
         FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid
         WHERE inhparent = 'triage.{table}'::regclass AND c.relname !~ 'rest' ORDER BY 1"
    );
    sqlx::query_scalar(AssertSqlSafe(statement)).fetch_all(&world.admin).await.unwrap()
}

/// A message id from the future strayed into the rest: its day's partition is made all the same and takes it in.
#[tokio::test]
async fn a_stray_row_stops_no_partition() {
    let world = World::start().await;
    for table in ["inbox", "journal"] {
        run_sql(
            &world,
            format!(
                "DO $$ BEGIN EXECUTE format('DROP TABLE triage.%I',
                '{table}_' || to_char((now() AT TIME ZONE 'UTC')::date + 5, 'YYYYMMDD')); END $$"
            ),
        )
        .await;
    }
    run_sql(
        &world,
        "INSERT INTO triage.inbox SELECT 'c', triage.uuid_of_day((now() AT TIME ZONE 'UTC')::date + 5)"
            .to_owned(),
    )
    .await;
    assert_eq!(world.count("triage.inbox_rest").await, 1);
    let pool = world.pool_of("triage");
    housekeeping::ensure_partitions(&pool).await.unwrap();
    for table in ["inbox", "journal"] {
        assert_eq!(days(&world, table).await, (0..14).collect::<Vec<_>>(), "{table}");
    }
    assert_eq!((world.count("triage.inbox_rest").await, world.count("triage.inbox").await), (0, 1));
    let guarded = "pg_class WHERE relname ~ '^(inbox|journal)_' AND relkind = 'r'
        AND NOT (relrowsecurity AND relforcerowsecurity)";
    assert_eq!(world.count(guarded).await, 0, "a partition without row security");
}

/// One table that cannot be locked keeps the other from nothing, and nobody waits for ever.
#[tokio::test]
async fn a_table_in_use_fails_alone() {
    let world = World::start().await;
    for table in ["inbox", "journal"] {
        run_sql(
            &world,
            format!(
                "DO $$ BEGIN EXECUTE format('DROP TABLE triage.%I',
                '{table}_' || to_char((now() AT TIME ZONE 'UTC')::date + 13, 'YYYYMMDD')); END $$"
            ),
        )
        .await;
    }
    let mut busy = world.admin.begin().await.unwrap();
    sqlx::query("LOCK TABLE triage.inbox_rest IN ACCESS SHARE MODE").execute(&mut *busy).await.unwrap();
    let pool = world.pool_of("triage");
    housekeeping::ensure_partitions(&pool).await.unwrap_err();
    assert_eq!(days(&world, "journal").await.len(), 14);
    assert_eq!(days(&world, "inbox").await.len(), 13);
    busy.rollback().await.unwrap();
    housekeeping::ensure_partitions(&pool).await.unwrap();
    assert_eq!(days(&world, "inbox").await.len(), 14);
}

/// Old days go: the inbox's after thirty, the journal's after its own number, and none with events to be published.
#[tokio::test]
async fn old_partitions_go_unless_something_is_pending() {
    let world = World::start().await;
    for (table, ago) in [("inbox", 40), ("inbox", 20), ("journal", 40), ("journal", 70), ("journal", 80)] {
        run_sql(
            &world,
            format!(
                "SET ROLE triage_owner; SET search_path = triage; SET app.tenants = '{{}}';
             SELECT make_day_partition('{table}', (now() AT TIME ZONE 'UTC')::date - {ago}); RESET ROLE"
            ),
        )
        .await;
    }
    run_sql(
        &world,
        format!(
            "INSERT INTO triage.outbox_pending (journal_id, tenant_id, shard, lane)
         SELECT triage.uuid_of_day((now() AT TIME ZONE 'UTC')::date - 70), {}, 0, 1",
            street(1).as_i64()
        ),
    )
    .await;
    let pool = world.pool_of("triage");
    housekeeping::clear(&pool, 60).await.unwrap_err();
    assert_eq!(days(&world, "inbox").await[0], -20);
    assert_eq!(days(&world, "journal").await[..2], [-70, -40]);
    run_sql(&world, "DELETE FROM triage.outbox_pending".to_owned()).await;
    housekeeping::clear(&pool, 60).await.unwrap();
    assert_eq!(days(&world, "journal").await[0], -40);
    // Fewer days than the least are not taken at their word.
    housekeeping::clear(&pool, 0).await.unwrap();
    assert_eq!(days(&world, "journal").await[0], 0, "forty days are more than the least of thirty");
}
