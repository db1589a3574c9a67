//! Cases that were re-routed, with what stood before.

use ids::{CaseId, ReportId, TenantId};
use jiff::Timestamp;
use pg::ScopedTx;
use uuid::Uuid;

use super::cases::OpenCase;
use super::explanations::CaseExplanation;
use crate::core::desk::Desk;
use crate::core::grid::cell_of;
use crate::handle::memory::NotFollowed;

/// One to be kept.
pub(crate) struct NewReroute<'a> {
    /// The report of the first voice.
    pub report_id: ReportId,
    pub asked_as: &'a str,
    /// The item was corrected, of a matter that is real.
    pub labelled: bool,
    /// The case before, and its explanations.
    pub before: &'a OpenCase,
    pub explained: &'a CaseExplanation,
    pub desk: Desk,
    pub by: &'a str,
    pub note: &'a str,
}

/// The last one of a case.
pub(crate) struct Last {
    pub asked_as: String,
    pub rerouted_at: jiff_sqlx::Timestamp,
    /// Dispatch did not follow it.
    pub refused: bool,
}

/// What stood before one of them.
pub(crate) struct Earlier {
    pub rerouted_at: jiff_sqlx::Timestamp,
    pub note: String,
    pub item_explanation: Vec<u8>,
    pub plan_explanation: Vec<u8>,
    pub plan_review: Option<Vec<u8>>,
}

/// Keeps what an open case is from here on, where it lies, who has it and why. What its first plan was reviewed to be is no more.
pub(crate) async fn amend(
    tx: &mut ScopedTx,
    case: &OpenCase,
    item_explanation: &[u8],
    plan_explanation: &[u8],
) -> Result<(), pg::Error> {
    let kept = sqlx::query!(
        "UPDATE triage.cases
         SET item = $3, lon = $4, lat = $5, datum = $6, address = $7, cell = $8, community = $9, grid = $10,
             placed_by = $11, lane = $12, version = $13, bodies = $14, item_explanation = $15, plan_explanation = $16,
             plan_review = NULL
         WHERE tenant_id = $1 AND case_id = $2 AND standing IN ('open', 'reviewing') AND closed_at IS NULL",
        case.tenant.as_i64(),
        case.case_id.as_uuid(),
        case.item,
        case.place.lon,
        case.place.lat,
        case.datum,
        case.place.address,
        cell_of(case.point),
        case.community.map(TenantId::as_i64),
        case.grid,
        case.placed_by as i64,
        case.lane.rank(),
        case.version as i64,
        &case.bodies,
        item_explanation,
        plan_explanation,
    )
    .execute(&mut **tx)
    .await?;
    pg::rows_affected("re-routing a case", kept.rows_affected(), 1)
}

/// Keeps that a case was re-routed, which is the case as it is now.
pub(crate) async fn insert(
    tx: &mut ScopedTx,
    case: &OpenCase,
    new: &NewReroute<'_>,
    now: Timestamp,
) -> Result<(), pg::Error> {
    let (before, explained) = (new.before, new.explained);
    let kept = sqlx::query!(
        "INSERT INTO triage.reroutes (tenant_id, case_id, version, report_id, asked_as, item, labelled, item_before,
             lon_before, lat_before, datum_before, address_before, bodies_before, item_explanation_before,
             plan_explanation_before, plan_review_before, desk, rerouted_by, rerouted_at, note)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)",
        case.tenant.as_i64(),
        case.case_id.as_uuid(),
        case.version as i64,
        new.report_id.as_uuid(),
        new.asked_as,
        case.item,
        new.labelled,
        before.item,
        before.place.lon,
        before.place.lat,
        before.datum,
        before.place.address,
        &before.bodies,
        explained.item_explanation,
        explained.plan_explanation,
        explained.plan_review.as_deref(),
        new.desk.as_str(),
        new.by,
        jiff_sqlx::Timestamp::from(now) as _,
        new.note,
    )
    .execute(&mut **tx)
    .await?;
    pg::rows_affected("keeping a re-route", kept.rows_affected(), 1)
}

/// The last re-route of a case, if there was one.
pub(crate) async fn last(
    tx: &mut ScopedTx,
    (tenant, case_id): (TenantId, CaseId),
) -> Result<Option<Last>, pg::Error> {
    let last = sqlx::query_as!(
        Last,
        "SELECT asked_as, rerouted_at, refused FROM triage.reroutes
         WHERE tenant_id = $1 AND case_id = $2
         ORDER BY version DESC
         LIMIT 1",
        tenant.as_i64(),
        case_id.as_uuid(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(last)
}

/// The explanation of the plan that bodies have, where dispatch refused what was drawn since; nothing where the last re-route stands.
pub(crate) async fn before_refused(
    tx: &mut ScopedTx,
    (tenant, case_id): (TenantId, CaseId),
) -> Result<Option<Vec<u8>>, pg::Error> {
    let explanation = sqlx::query_scalar!(
        "SELECT r.plan_explanation_before FROM triage.reroutes r
         WHERE r.tenant_id = $1 AND r.case_id = $2
             AND NOT EXISTS (SELECT FROM triage.reroutes f
                 WHERE f.tenant_id = r.tenant_id AND f.case_id = r.case_id AND f.version >= r.version AND NOT f.refused)
         ORDER BY r.version
         LIMIT 1",
        tenant.as_i64(),
        case_id.as_uuid(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(explanation)
}

/// Notes that dispatch did not follow these. A case whose last ones were all refused has the bodies again that it had before the first
/// of them: several may be refused before one of these words is heard, and lanes keep no order.
pub(crate) async fn refused(tx: &mut ScopedTx, refused: &[NotFollowed]) -> Result<(), pg::Error> {
    let tenants: Vec<i64> = refused.iter().map(|of| of.tenant.as_i64()).collect();
    let ids: Vec<Uuid> = refused.iter().map(|of| of.case_id.as_uuid()).collect();
    let versions: Vec<i64> = refused.iter().map(|of| of.version as i64).collect();
    sqlx::query!(
        "UPDATE triage.reroutes r SET refused = true
         FROM UNNEST($1::bigint[], $2::uuid[], $3::bigint[]) AS h (tenant_id, case_id, version)
         WHERE r.tenant_id = h.tenant_id AND r.case_id = h.case_id AND r.version = h.version",
        &tenants,
        &ids,
        &versions,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "UPDATE triage.cases c SET bodies = s.bodies_before
         FROM (SELECT DISTINCT ON (r.tenant_id, r.case_id) r.tenant_id, r.case_id, r.bodies_before
             FROM UNNEST($1::bigint[], $2::uuid[]) AS h (tenant_id, case_id)
             JOIN triage.reroutes r ON r.tenant_id = h.tenant_id AND r.case_id = h.case_id
             WHERE NOT EXISTS (SELECT FROM triage.reroutes f
                 WHERE f.tenant_id = r.tenant_id AND f.case_id = r.case_id AND f.version >= r.version AND NOT f.refused)
             ORDER BY r.tenant_id, r.case_id, r.version) AS s
         WHERE c.tenant_id = s.tenant_id AND c.case_id = s.case_id",
        &tenants,
        &ids,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// What stood before the re-routes of a case, the latest first.
pub(crate) async fn of_case(
    tx: &mut ScopedTx,
    tenant: TenantId,
    case_id: CaseId,
    rows_max: i64,
) -> Result<Vec<Earlier>, pg::Error> {
    let earlier = sqlx::query_as!(
        Earlier,
        "SELECT rerouted_at, note, item_explanation_before AS item_explanation,
             plan_explanation_before AS plan_explanation, plan_review_before AS plan_review
         FROM triage.reroutes
         WHERE tenant_id = $1 AND case_id = $2
         ORDER BY version DESC
         LIMIT $3",
        tenant.as_i64(),
        case_id.as_uuid(),
        rows_max,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(earlier)
}
