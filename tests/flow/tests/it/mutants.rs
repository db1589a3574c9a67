//! The checker is checked: each mutant breaks one promise, and the checker must name it.

use std::sync::Arc;
use std::time::Duration;

use harness::cluster::Cluster;
use harness::invariants;
use harness::load::{self, Call, Plan};

/// (what is broken, the invariants that must be named, how).
const MUTANTS: &[(&str, &[&str], &str)] = &[
    (
        "a dropped delivery",
        &["I7"],
        "DELETE FROM notification.attempts WHERE delivery_id = (SELECT id FROM notification.deliveries
             WHERE event_type = 'dispatch.order.dispatched' ORDER BY id LIMIT 1);
         DELETE FROM notification.deliveries WHERE id = (SELECT id FROM notification.deliveries
             WHERE event_type = 'dispatch.order.dispatched' ORDER BY id LIMIT 1);",
    ),
    (
        "a re-routed case of which nobody was told",
        &["I7"],
        "UPDATE dispatch.journal SET event_type = 'dispatch.case.rerouted', at = at + interval '1 second'
             WHERE id = (SELECT id FROM dispatch.journal WHERE event_type = 'dispatch.case.opened' LIMIT 1);",
    ),
    (
        "a doubled order",
        &["I3"],
        "DROP INDEX dispatch.orders_one_standing_of_a_body;
         INSERT INTO dispatch.orders SELECT tenant_id, gen_random_uuid(), case_id, round, body, role, phase, version,
             dispatched_at, changed_at, state FROM dispatch.orders WHERE role = 'assist' LIMIT 1;",
    ),
    (
        "an early wake-up",
        &["I6"],
        "DO $$ DECLARE c text; BEGIN
             FOR c IN SELECT conname FROM pg_constraint WHERE conrelid = 'dispatch.stages'::regclass AND contype = 'c' LOOP
                 EXECUTE format('ALTER TABLE dispatch.stages DROP CONSTRAINT %I', c); END LOOP; END $$;
         UPDATE dispatch.stages SET verdict = 'breached', verdict_at = due_at - interval '1 second'
             WHERE (subject_id, stage) = (SELECT subject_id, stage FROM dispatch.stages
                 WHERE due_at IS NOT NULL AND verdict IS NULL LIMIT 1);",
    ),
    (
        "a breach that is told again",
        &["I5"],
        "UPDATE dispatch.journal j SET event_type = 'dispatch.order.breached', payload = f.payload
             FROM (SELECT tenant_id, payload FROM dispatch.journal
                 WHERE event_type = 'dispatch.order.dispatched' ORDER BY id LIMIT 1) f
             WHERE j.tenant_id = f.tenant_id AND j.event_type = 'dispatch.order.dispatched';",
    ),
    (
        "an order whose clocks stand still while its return waits",
        &["I4"],
        "UPDATE dispatch.orders SET state = state || '{\"returning\": {}, \"suspended\": {}}'
             WHERE id = (SELECT id FROM dispatch.orders ORDER BY id LIMIT 1);",
    ),
    (
        "a leaked row",
        &["I9"],
        "ALTER TABLE notification.deliveries DROP CONSTRAINT deliveries_name_their_street;
         UPDATE notification.deliveries d SET payload = convert_to(jsonb_set(convert_from(payload, 'UTF8')::jsonb,
             '{street}', '\"990102999000\"')::text, 'UTF8')
             WHERE id = (SELECT id FROM notification.deliveries ORDER BY id LIMIT 1);",
    ),
    (
        "a cut seal chain",
        &["I11"],
        "DELETE FROM dispatch.seals WHERE (tenant_id, n) = (SELECT tenant_id, n FROM dispatch.seals ORDER BY n LIMIT 1);",
    ),
    (
        "a changed journal row",
        &["I11"],
        "UPDATE triage.journal SET actor = 'somebody else' WHERE id = (SELECT id FROM triage.journal LIMIT 1);",
    ),
    (
        "a lost report",
        &["I1"],
        "DELETE FROM triage.voices WHERE voice > 1 OR report_id = (SELECT report_id FROM triage.voices LIMIT 1);",
    ),
    (
        "a stale read model",
        &["I14"],
        "UPDATE console.cases SET phase = 'closed' WHERE case_id = (SELECT case_id FROM console.cases LIMIT 1);",
    ),
    (
        "a read model with another due time",
        &["I14"],
        "UPDATE console.case_orders SET stages = '[]' WHERE (tenant_id, order_id) = (SELECT tenant_id, order_id
             FROM console.case_orders WHERE stages <> '[]' LIMIT 1);",
    ),
    (
        "two versions that changed places",
        &["I12"],
        "UPDATE console.sequenced s SET event_id = CASE s.event_id WHEN p.one THEN p.two ELSE p.one END
             FROM (SELECT a.event_id AS one, b.event_id AS two FROM console.timeline a JOIN console.timeline b
                 USING (tenant_id, aggregate_id) WHERE a.event_type = 'triage.case.opened'
                 AND b.event_type = 'triage.case.routed' LIMIT 1) p
             WHERE s.event_id IN (p.one, p.two);",
    ),
    (
        "an effect before its cause",
        &["I12"],
        "UPDATE console.sequenced s SET event_id = CASE s.event_id WHEN p.one THEN p.two ELSE p.one END
             FROM (SELECT a.event_id AS one, b.event_id AS two FROM console.timeline a JOIN console.timeline b
                 ON b.tenant_id = a.tenant_id AND b.report_id = a.aggregate_id
                 WHERE a.event_type = 'intake.report.accepted' AND b.event_type = 'triage.case.opened' LIMIT 1) p
             WHERE s.event_id IN (p.one, p.two);",
    ),
    (
        "a manifest that left half of its documents",
        &["I17"],
        "DELETE FROM directory.manifests WHERE (tenant_id, generation) = (SELECT tenant_id, generation
             FROM directory.manifests ORDER BY generation DESC LIMIT 1);",
    ),
    (
        "a contact in the clear",
        &["I10"],
        "UPDATE intake.reports SET address = 'CANARY13812345678'
             WHERE report_id = (SELECT report_id FROM intake.reports LIMIT 1);",
    ),
    (
        "a skipped version",
        &["I4"],
        "DELETE FROM triage.journal WHERE id = (SELECT a.id FROM triage.journal a JOIN triage.journal b
             USING (tenant_id, aggregate_id) WHERE a.version = 1 AND b.version = 2 LIMIT 1);",
    ),
];

/// One run under load, then every mutant in a copy of its database.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_mutant_is_flagged() {
    let cluster = Arc::new(Cluster::start(2).await.unwrap());
    let plan = Plan { per_s: 20, lasting: Duration::from_secs(3), seed: 1, in_flight_max: 64 };
    let calls: Vec<Call> = load::run(&cluster, &plan).await;
    invariants::quiet(&cluster, Duration::from_secs(60)).await.unwrap();
    assert_eq!(invariants::check(&cluster, &calls).await.unwrap(), [], "sound before any mutant");
    cluster.stop_services().await;
    cluster.admin.close().await;
    let untouched = cluster.copy().await.unwrap();
    assert_eq!(invariants::check_database(&untouched, &calls).await.unwrap(), [], "a copy is as sound");
    untouched.close().await;
    for (what, named, break_it) in MUTANTS {
        let copy = cluster.copy().await.unwrap();
        let broken =
            sqlx::raw_sql(*break_it).execute(&copy).await.unwrap_or_else(|error| panic!("{what}: {error}"));
        assert!(broken.rows_affected() > 0, "{what}: the mutant changed nothing");
        let found = invariants::check_database(&copy, &calls).await.unwrap();
        for invariant in *named {
            assert!(found.iter().any(|violation| violation.invariant == *invariant), "{what}: {found:?}");
        }
        copy.close().await;
    }
}
