//! The end of a street: who may, when, what is said, what stays, and how its code comes back.

use rstest::rstest;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::office::{ADMIN, Answer, DISTRICT_CODE, FAST_CODE, Office, STREET, STREET_CODE};

/// System administrator of the demo district, by its manifest.
const SYSTEM: &str = "sre";

fn key(n: u128) -> String {
    Uuid::from_u128(n).to_string()
}

async fn post(office: &Office, subject: &str, path: &str, headers: &[(&str, &str)], body: Value) -> Answer {
    let (path, token) = (format!("/directory/v1/streets/{path}"), office.rig.token(subject));
    let (status, headers, body) = office.rig.http("POST", &path, Some(&token), headers, Some(body)).await;
    Answer { status, headers, body }
}

async fn offboard(office: &Office, subject: &str, code: &str, n: u128) -> Answer {
    let key = key(n);
    let body = json!({ "confirm": code, "reason": "并入邻街 / merged" });
    post(office, subject, &format!("{code}:offboard"), &[("idempotency-key", &key)], body).await
}

async fn rows(office: &Office, statement: &'static str) -> i64 {
    sqlx::query_scalar(statement).fetch_one(office.rig.admin()).await.unwrap()
}

fn report() -> Value {
    let services = ["intake", "triage", "dispatch", "notification", "directory", "console"];
    let told =
        services.map(|service| json!({ "service": service, "rows_removed": 1, "messages_dropped": 0 }));
    json!({ "services": told, "messages_purged": 3 })
}

#[rstest]
#[case::onboarder(ADMIN, STREET_CODE, STREET_CODE, 403, "forbidden")]
#[case::body_user("transport", STREET_CODE, STREET_CODE, 403, "forbidden")]
#[case::nobody("nobody", STREET_CODE, STREET_CODE, 404, "not-found")]
#[case::unknown(SYSTEM, "990102999000", "990102999000", 404, "not-found")]
#[case::unconfirmed(SYSTEM, STREET_CODE, FAST_CODE, 422, "validation-failed")]
#[case::district(SYSTEM, DISTRICT_CODE, DISTRICT_CODE, 422, "not-a-street")]
#[tokio::test]
async fn refused(
    #[case] subject: &str,
    #[case] code: &str,
    #[case] confirm: &str,
    #[case] status: u16,
    #[case] problem: &str,
) {
    let office = Office::settled().await;
    let before = office.rows().await;
    let body = json!({ "confirm": confirm, "reason": "试 / try" });
    let answer =
        post(&office, subject, &format!("{code}:offboard"), &[("idempotency-key", &key(1))], body).await;
    answer.refused(status, problem);
    assert_eq!(office.rows().await, before);
}

#[tokio::test]
async fn a_stale_generation_and_a_missing_key_are_refused() {
    let office = Office::settled().await;
    let body = json!({ "confirm": STREET_CODE, "reason": "试 / try" });
    let path = format!("{STREET_CODE}:offboard");
    post(&office, SYSTEM, &path, &[], body.clone()).await.refused(400, "idempotency-key-missing");
    let headers = [("idempotency-key", &*key(1)), ("if-match", "\"7\"")];
    post(&office, SYSTEM, &path, &headers, body).await.refused(412, "precondition-failed");
}

#[tokio::test]
async fn a_street_goes_whole_and_its_code_comes_back_above_the_tombstone() {
    let office = Office::settled().await;
    let gone = offboard(&office, SYSTEM, STREET_CODE, 1).await;
    assert_eq!(gone.applied(), (2, true));
    assert_eq!(offboard(&office, SYSTEM, STREET_CODE, 1).await.applied(), (2, true), "the same request");
    assert_eq!(offboard(&office, SYSTEM, STREET_CODE, 2).await.applied(), (2, false), "another one");
    let tombstones: Vec<Value> = sqlx::query_scalar(
        "SELECT convert_from(payload, 'UTF8')::jsonb FROM directory.journal
         WHERE tenant_id = 990102001000 AND version = 2 ORDER BY event_type",
    )
    .fetch_all(office.rig.admin())
    .await
    .unwrap();
    assert_eq!(tombstones.len(), 3, "core, people, territory");
    for tombstone in &tombstones {
        assert_eq!((&tombstone["removed"], &tombstone["body"]), (&json!(true), &Value::Null), "{tombstone}");
    }
    office.rig.refresh().await;
    office.apply(STREET).await.refused(409, "removal-under-way");
    // Its rows are still there: nobody reads them any more, whoever it is.
    for what in ["documents/core", "generations/1", "history"] {
        let path = format!("/directory/v1/streets/{STREET_CODE}/{what}");
        for subject in [ADMIN, SYSTEM, "street-centre"] {
            office.get(subject, &path).await.refused(404, "not-found");
        }
    }
    post(&office, SYSTEM, &format!("{STREET_CODE}:settle-removal"), &[], report())
        .await
        .refused(409, "removal-under-way");

    // The relay publishes the tombstones first; only then this service's own rows go.
    office.rig.drain().await;
    for table in
        ["tenants", "manifests", "tenant_documents", "document_heads", "journal", "seals", "outbox_pending"]
    {
        let statement = format!("SELECT count(*) FROM directory.{table} WHERE tenant_id = 990102001000");
        let left: i64 =
            sqlx::query_scalar(sqlx::AssertSqlSafe(statement)).fetch_one(office.rig.admin()).await.unwrap();
        assert_eq!(left, 0, "{table}");
    }
    assert!(rows(&office, "SELECT count(*) FROM directory.journal WHERE tenant_id = 990102002000").await > 0);
    let later = "UPDATE directory.removals SET begun_at = begun_at - interval '11 seconds'";
    sqlx::raw_sql(later).execute(office.rig.admin()).await.unwrap();
    office.rig.drain().await;
    let own = office.get(SYSTEM, &format!("/directory/v1/removals/{STREET_CODE}")).await;
    assert_eq!(own.body["state"], "removed", "{:#}", own.body);

    let incomplete = json!({ "services": [], "messages_purged": 0 });
    post(&office, SYSTEM, &format!("{STREET_CODE}:settle-removal"), &[], incomplete)
        .await
        .refused(422, "validation-failed");
    for _ in 0..2 {
        let settled = post(&office, SYSTEM, &format!("{STREET_CODE}:settle-removal"), &[], report()).await;
        assert_eq!(
            (settled.status.as_u16(), &settled.body["settled_by"]),
            (200, &json!(SYSTEM)),
            "{:#}",
            settled.body
        );
    }
    let log = office.get(SYSTEM, &format!("/directory/v1/streets/{DISTRICT_CODE}/removals")).await;
    let entry = &log.body["removals"][0];
    assert_eq!(
        (&entry["tenant"], &entry["generation"], &entry["reason"]),
        (&json!(STREET_CODE), &json!(2), &json!("并入邻街 / merged")),
        "{:#}",
        log.body
    );
    office
        .get("transport", &format!("/directory/v1/streets/{DISTRICT_CODE}/removals"))
        .await
        .refused(403, "forbidden");

    assert_eq!(office.apply(STREET).await.applied(), (3, true), "above the tombstone");
    office.rig.refresh().await;
    assert_eq!(office.generation(ADMIN, STREET_CODE, "3").await.body, STREET);
    office.generation(ADMIN, STREET_CODE, "1").await.refused(404, "not-found");
}

/// Whoever waited for the removal to commit sees it: the code does not come back under a removal that goes on.
#[tokio::test]
async fn an_apply_that_waited_for_a_removal_is_refused() {
    let office = Office::settled().await;
    let renamed = STREET.replace("zh: 滨江街道", "zh: 滨江新街道");
    let mut held = office.rig.admin().begin().await.unwrap();
    let lock = "SELECT 1 FROM directory.tenants WHERE tenant_id = 990102001000 FOR UPDATE";
    sqlx::raw_sql(lock).execute(&mut *held).await.unwrap();
    let waiting = async |sessions: i64| {
        let query = "SELECT count(*) FROM pg_stat_activity
            WHERE wait_event_type = 'Lock' AND datname = current_database()";
        let there = testkit::wait::until(std::time::Duration::from_secs(10), async || {
            let count: i64 = sqlx::query_scalar(query).fetch_one(office.rig.admin()).await.ok()?;
            (count >= sessions).then_some(())
        });
        there.await.expect("it waits for the lock");
    };
    let (gone, applied, ()) = tokio::join!(
        offboard(&office, SYSTEM, STREET_CODE, 1),
        async {
            waiting(1).await;
            office.apply(&renamed).await
        },
        async {
            waiting(2).await;
            held.commit().await.unwrap();
        }
    );
    assert_eq!(gone.applied(), (2, true));
    applied.refused(409, "removal-under-way");
}
