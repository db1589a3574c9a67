//! A contact is sealed at the door (D20, invariant I10).

use ids::{ReportId, TenantId};
use seal::{MasterKey, Sealed};
use serde_json::json;

use crate::desk::{Desk, OTHER_STREET, SEAL_KEY, STREET, key, report};

const CANARY: &str = "canary-13800000000";

#[tokio::test]
async fn a_contact_opens_with_the_tenants_key_only_and_is_readable_nowhere() {
    let desk = Desk::open().await;
    for (street, n) in [(STREET, 1), (STREET, 2), (OTHER_STREET, 3)] {
        let mut body = report("路灯不亮");
        body["reporter"] = json!({ "contact": CANARY });
        assert_eq!(desk.submit("grid-worker", street, key(n), body).await.0.as_u16(), 201);
    }
    assert_eq!(desk.count("tenant_keys").await, 2, "one key a street");
    for (_, said) in desk.said().await {
        assert_eq!(open(&desk, &said.street, &said.report_id, &said.contact_sealed).await, CANARY);
    }
    let readable: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM (
             SELECT r::text || encode(r.contact_sealed, 'escape') AS row FROM intake.reports r
             UNION ALL SELECT j::text || encode(j.payload, 'escape') FROM intake.journal j
         ) AS rows WHERE row LIKE '%' || $1 || '%'",
    )
    .bind(CANARY)
    .fetch_one(desk.rig.admin())
    .await
    .unwrap();
    assert_eq!(readable, 0);
    // The canary would be found: the words of the report are.
    let words: i64 =
        sqlx::query_scalar("SELECT count(*) FROM intake.reports r WHERE r::text LIKE '%路灯不亮%'")
            .fetch_one(desk.rig.admin())
            .await
            .unwrap();
    assert_eq!(words, 3);
}

async fn open(desk: &Desk, street: &str, report_id: &str, sealed: &[u8]) -> String {
    let tenant: TenantId = street.parse().unwrap();
    let wrapped: Vec<u8> = sqlx::query_scalar("SELECT wrapped FROM intake.tenant_keys WHERE tenant_id = $1")
        .bind(tenant.as_i64())
        .fetch_one(desk.rig.admin())
        .await
        .unwrap();
    let master = MasterKey::from_bytes(&SEAL_KEY);
    let data_key = master.unwrap(tenant, &Sealed::from_bytes(wrapped).unwrap()).unwrap();
    let report: ReportId = report_id.parse().unwrap();
    let sealed = Sealed::from_bytes(sealed.to_vec()).unwrap();
    assert!(data_key.open(b"another report", &sealed).is_err());
    String::from_utf8(data_key.open(report.as_uuid().as_bytes(), &sealed).unwrap()).unwrap()
}
