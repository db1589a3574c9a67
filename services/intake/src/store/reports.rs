//! Reports. The row also remembers the request that made it (D19): its id is derived from the request's scope and
//! key, and the hash of the body tells a repetition from another request under the same key.

use ids::{Lane, ReportId, TenantId};
use jiff::Timestamp;
use pg::ScopedTx;
use uuid::Uuid;

/// One report to be kept.
pub(crate) struct NewReport<'a> {
    pub tenant: TenantId,
    pub report_id: ReportId,
    pub body_sha256: &'a [u8; 32],
    pub source: &'a str,
    pub item: Option<&'a str>,
    pub text: &'a str,
    pub lon: f64,
    pub lat: f64,
    pub datum: &'static str,
    pub address: Option<&'a str>,
    pub contact_sealed: Option<&'a [u8]>,
    pub lane: Lane,
    pub drill: bool,
}

/// A request that was accepted.
pub(crate) struct Accepted {
    pub report_id: ReportId,
    pub body_sha256: Vec<u8>,
    pub accepted_at: Timestamp,
}

/// Keeps reports; returns those nobody kept before. One that another transaction is keeping is waited for, so the
/// answer is final. In order of ids, so that two batches cannot wait for each other.
pub(crate) async fn insert(
    tx: &mut ScopedTx,
    reports: &[NewReport<'_>],
    now: Timestamp,
) -> Result<Vec<ReportId>, pg::Error> {
    let tenants: Vec<i64> = reports.iter().map(|r| r.tenant.as_i64()).collect();
    let ids: Vec<Uuid> = reports.iter().map(|r| r.report_id.as_uuid()).collect();
    let bodies: Vec<&[u8]> = reports.iter().map(|r| &r.body_sha256[..]).collect();
    let sources: Vec<&str> = reports.iter().map(|r| r.source).collect();
    let items: Vec<Option<&str>> = reports.iter().map(|r| r.item).collect();
    let texts: Vec<&str> = reports.iter().map(|r| r.text).collect();
    let lons: Vec<f64> = reports.iter().map(|r| r.lon).collect();
    let lats: Vec<f64> = reports.iter().map(|r| r.lat).collect();
    let datums: Vec<&str> = reports.iter().map(|r| r.datum).collect();
    let addresses: Vec<Option<&str>> = reports.iter().map(|r| r.address).collect();
    let contacts: Vec<Option<&[u8]>> = reports.iter().map(|r| r.contact_sealed).collect();
    let lanes: Vec<i16> = reports.iter().map(|r| r.lane.rank()).collect();
    let drills: Vec<bool> = reports.iter().map(|r| r.drill).collect();
    let fresh = sqlx::query_scalar!(
        "INSERT INTO intake.reports (tenant_id, report_id, body_sha256, source, item, text, lon, lat, datum, address,
             contact_sealed, lane, drill, accepted_at)
         SELECT tenant_id, report_id, body_sha256, source, item, text, lon, lat, datum, address, contact_sealed, lane,
             drill, $14
         FROM UNNEST($1::bigint[], $2::uuid[], $3::bytea[], $4::text[], $5::text[], $6::text[],
             $7::double precision[], $8::double precision[], $9::text[], $10::text[], $11::bytea[], $12::smallint[],
             $13::boolean[])
         AS r (tenant_id, report_id, body_sha256, source, item, text, lon, lat, datum, address, contact_sealed, lane,
             drill)
         ORDER BY tenant_id, report_id
         ON CONFLICT (tenant_id, report_id) DO NOTHING
         RETURNING report_id",
        &tenants,
        &ids,
        &bodies as &[&[u8]],
        &sources as &[&str],
        &items as &[Option<&str>],
        &texts as &[&str],
        &lons,
        &lats,
        &datums as &[&str],
        &addresses as &[Option<&str>],
        &contacts as &[Option<&[u8]>],
        &lanes,
        &drills,
        jiff_sqlx::Timestamp::from(now) as _,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(fresh.into_iter().map(ReportId).collect())
}

/// Those of the requests that were accepted before.
pub(crate) async fn accepted_before(
    tx: &mut ScopedTx,
    requests: &[(TenantId, ReportId)],
) -> Result<Vec<Accepted>, pg::Error> {
    let tenants: Vec<i64> = requests.iter().map(|(tenant, _)| tenant.as_i64()).collect();
    let reports: Vec<Uuid> = requests.iter().map(|(_, report_id)| report_id.as_uuid()).collect();
    let rows = sqlx::query!(
        "SELECT k.report_id, k.body_sha256, k.accepted_at
         FROM UNNEST($1::bigint[], $2::uuid[]) AS r (tenant_id, report_id)
         JOIN intake.reports k ON k.tenant_id = r.tenant_id AND k.report_id = r.report_id",
        &tenants,
        &reports,
    )
    .fetch_all(&mut **tx)
    .await?;
    let accepted = rows.into_iter().map(|row| Accepted {
        report_id: row.report_id.into(),
        body_sha256: row.body_sha256,
        accepted_at: row.accepted_at.to_jiff(),
    });
    Ok(accepted.collect())
}
