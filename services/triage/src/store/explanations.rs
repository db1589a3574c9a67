//! Explanations as they were stored, byte for byte.

use ids::{CaseId, TenantId};
use pg::ScopedTx;
use uuid::Uuid;

/// Why a case is about what it is about, and why who has to do what.
pub(crate) struct CaseExplanation {
    pub case_no: String,
    pub item_explanation: Vec<u8>,
    pub plan_explanation: Vec<u8>,
    pub plan_review: Option<Vec<u8>>,
}

/// Why a voice is in its case, or why the first is not in another.
pub(crate) struct Join {
    pub report_id: Uuid,
    pub voice: i32,
    pub joined_at: jiff_sqlx::Timestamp,
    pub join_explanation: Vec<u8>,
}

/// One case's, if it is there and one of `bodies` is in its plan; `None` for bodies means every case.
pub(crate) async fn of_case(
    tx: &mut ScopedTx,
    tenant: TenantId,
    case_id: CaseId,
    bodies: Option<&[String]>,
) -> Result<Option<CaseExplanation>, pg::Error> {
    let found = sqlx::query_as!(
        CaseExplanation,
        "SELECT case_no, item_explanation, plan_explanation, plan_review FROM triage.cases
         WHERE tenant_id = $1 AND case_id = $2 AND ($3::text[] IS NULL OR bodies && $3)",
        tenant.as_i64(),
        case_id.as_uuid(),
        bodies as Option<&[String]>,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(found)
}

/// The first joins of a case, and beside which other its first voice opened it.
pub(crate) async fn joins(
    tx: &mut ScopedTx,
    tenant: TenantId,
    case_id: CaseId,
    rows_max: i64,
) -> Result<Vec<Join>, pg::Error> {
    let joins = sqlx::query_as!(
        Join,
        r#"SELECT report_id, voice, joined_at, join_explanation AS "join_explanation!" FROM triage.voices
         WHERE tenant_id = $1 AND case_id = $2 AND join_explanation IS NOT NULL
         ORDER BY voice
         LIMIT $3"#,
        tenant.as_i64(),
        case_id.as_uuid(),
        rows_max,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(joins)
}
