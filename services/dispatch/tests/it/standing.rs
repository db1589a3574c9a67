//! One order of a body and role in a round, and one lead, among those that were not left (D27, ADR 071): the table itself
//! refuses another one, whichever release writes it.

use sqlx::postgres::PgQueryResult;

use crate::world::{STREET, World};

/// As a release writes it that knows nothing of `stands`.
const ANOTHER_LEAD: &str = "INSERT INTO dispatch.orders
    (tenant_id, id, case_id, round, body, role, phase, version, dispatched_at, changed_at, state)
    SELECT tenant_id, gen_random_uuid(), case_id, round, body, role, 'dispatched', 1, dispatched_at, changed_at, state
    FROM dispatch.orders WHERE role = 'lead' LIMIT 1";

async fn run(world: &World, sql: &'static str) -> Result<PgQueryResult, sqlx::Error> {
    sqlx::query(sql).execute(world.rig.admin()).await
}

#[tokio::test]
async fn a_second_order_of_a_body_is_refused_until_the_first_was_left() {
    let world = World::start().await;
    world.opened(&world.routed(STREET, "TRA-01")).await;
    let left = [
        "UPDATE dispatch.orders SET phase = 'cancelled' WHERE role = 'lead' AND stands",
        "UPDATE dispatch.orders SET phase = 'returned' WHERE role = 'lead' AND stands",
        "UPDATE dispatch.orders SET phase = 'transferred' WHERE role = 'lead' AND stands",
        "UPDATE dispatch.orders SET phase = 'waived' WHERE role = 'lead' AND stands",
    ];
    for leaves in left {
        for stays in ["acknowledged", "submitted", "done"] {
            let act = sqlx::query("UPDATE dispatch.orders SET phase = $1 WHERE role = 'lead' AND stands")
                .bind(stays);
            assert_eq!(act.execute(world.rig.admin()).await.unwrap().rows_affected(), 1);
            let refused = pg::Error::from(run(&world, ANOTHER_LEAD).await.unwrap_err());
            assert!(
                refused.constraint().is_some_and(|name| name.starts_with("orders_one_standing_")),
                "{refused:?}"
            );
        }
        assert_eq!(run(&world, leaves).await.unwrap().rows_affected(), 1);
        assert_eq!(run(&world, ANOTHER_LEAD).await.unwrap().rows_affected(), 1, "after {leaves}");
    }
}

/// What an act changes stands in no index: the row's next version lies beside it. Leaving the body is entered once.
#[tokio::test]
async fn an_act_enters_no_index() {
    let world = World::start().await;
    world.opened(&world.routed(STREET, "TRA-01")).await;
    // Counted by the transaction itself, whatever the server's statistics know by then.
    const UPDATED: &str = "SELECT pg_stat_get_xact_tuples_updated('dispatch.orders'::regclass),
        pg_stat_get_xact_tuples_hot_updated('dispatch.orders'::regclass)";
    let mut tx = world.rig.admin().begin().await.unwrap();
    for (phase, beside) in [("acknowledged", 1), ("in_progress", 2), ("returned", 2)] {
        let act = "UPDATE dispatch.orders SET phase = $1, version = version + 1 WHERE role = 'lead'";
        sqlx::query(act).bind(phase).execute(&mut *tx).await.unwrap();
        let (_, hot): (i64, i64) = sqlx::query_as(UPDATED).fetch_one(&mut *tx).await.unwrap();
        assert_eq!(hot, beside, "{phase}");
    }
    let (updated, _): (i64, i64) = sqlx::query_as(UPDATED).fetch_one(&mut *tx).await.unwrap();
    assert_eq!(updated, 3);
}
