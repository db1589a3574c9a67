//! All that was said of a case, for whoever proves it: as the owner of the schema, on a connection of its own.

use sqlx::PgConnection;
use uuid::Uuid;

/// A case by its id or its number.
pub(crate) async fn find(
    connection: &mut PgConnection,
    tenant: i64,
    id: Option<Uuid>,
    case_no: Option<&str>,
) -> Result<Option<(Uuid, Option<String>)>, sqlx::Error> {
    let found = sqlx::query!(
        "SELECT case_id, case_no FROM console.cases WHERE tenant_id = $1 AND (case_id = $2 OR case_no = $3)",
        tenant,
        id,
        case_no,
    )
    .fetch_optional(connection)
    .await?;
    Ok(found.map(|row| (row.case_id, row.case_no)))
}

/// Ids of the events of a case, those of its reports among them.
pub(crate) async fn events(
    connection: &mut PgConnection,
    tenant: i64,
    case_id: Uuid,
) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT event_id AS "event_id!" FROM console.timeline WHERE tenant_id = $1 AND case_id = $2
           UNION
           SELECT t.event_id FROM console.reports r
           JOIN console.timeline t ON t.tenant_id = r.tenant_id AND t.report_id = r.report_id
           WHERE r.tenant_id = $1 AND r.case_id = $2"#,
        tenant,
        case_id,
    )
    .fetch_all(connection)
    .await
}
