//! The mutant of D6: a batch whose tenants are rotated against its rows. Row security lets it pass, because every
//! tenant of it is in scope; the rows themselves refuse it.

use ids::TenantId;
use pg::{Kind, TenantScope};
use sqlx::AssertSqlSafe;

use crate::world::{FAST_STREET, STREET, World};

/// Each table of this service with rows of both streets, as a multi-row statement would write them again: under a
/// new id, and under the other street.
async fn refused(world: &World, table: &str, columns: &str, values: &str) -> Option<String> {
    let streets = [STREET, FAST_STREET].map(|street| street.parse::<TenantId>().unwrap());
    let mut tx = world.rig.house.pool.begin(TenantScope::of_subjects(streets)).await.unwrap();
    let [here, there] = streets.map(TenantId::as_i64);
    let rotated = format!("CASE tenant_id WHEN {here} THEN {there} ELSE {here} END");
    let statement = format!(
        "INSERT INTO dispatch.{table} (tenant_id, {columns}) SELECT {rotated}, {values} FROM dispatch.{table}"
    );
    let refused = sqlx::query(AssertSqlSafe(statement)).execute(&mut *tx).await.unwrap_err();
    let refused = pg::Error::from(refused);
    assert_eq!(refused.kind(), Kind::Data, "{refused:?}");
    refused.constraint().map(str::to_owned)
}

#[tokio::test(flavor = "multi_thread")]
async fn rotated_tenants_within_a_batch_are_refused_by_a_constraint() {
    let world = World::start().await;
    world.opened(&world.routed(STREET, "TRA-01")).await;
    world.opened(&world.routed(FAST_STREET, "TRA-03")).await;

    let facts = "case_no, round, phase, version, item, item_zh, item_en, policy, calendar, lane, drill, traceparent, \
                 opened_at, changed_at, state";
    let columns = format!("id, {facts}");
    let cases = refused(&world, "cases", &columns, &format!("gen_random_uuid(), {facts}")).await;
    assert_eq!(cases.as_deref(), Some("cases_numbered_by_their_street"));

    let rest = "case_id, round, body, role, phase, version, dispatched_at, changed_at, state";
    let orders =
        refused(&world, "orders", &format!("id, {rest}"), &format!("gen_random_uuid(), {rest}")).await;
    assert_eq!(orders.as_deref(), Some("orders_tenant_id_case_id_fkey"));

    let rest = "subject_kind, round, stage, case_id, started_at, due_at, calendar, awaiting_year";
    let stages =
        refused(&world, "stages", &format!("subject_id, {rest}"), &format!("gen_random_uuid(), {rest}"))
            .await;
    assert_eq!(stages.as_deref(), Some("stages_tenant_id_case_id_fkey"));
}
