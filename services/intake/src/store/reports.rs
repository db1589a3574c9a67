//! Reports.

use ids::{Lane, ReportId, TenantId};
use jiff::Timestamp;
use pg::ScopedTx;
use uuid::Uuid;

/// One report to be kept.
pub(crate) struct NewReport<'a> {
    pub tenant: TenantId,
    pub report_id: ReportId,
    pub source: &'a str,
    pub item: Option<&'a str>,
    pub text: &'a str,
    pub lon: f64,
    pub lat: f64,
    pub datum: &'static str,
    pub address: Option<&'a str>,
    pub contact_sealed: Option<&'a [u8]>,
    pub lane: Lane,
}

/// Keeps reports.
pub(crate) async fn insert(
    tx: &mut ScopedTx,
    reports: &[NewReport<'_>],
    now: Timestamp,
) -> Result<(), pg::Error> {
    let tenants: Vec<i64> = reports.iter().map(|r| r.tenant.as_i64()).collect();
    let ids: Vec<Uuid> = reports.iter().map(|r| r.report_id.as_uuid()).collect();
    let sources: Vec<&str> = reports.iter().map(|r| r.source).collect();
    let items: Vec<Option<&str>> = reports.iter().map(|r| r.item).collect();
    let texts: Vec<&str> = reports.iter().map(|r| r.text).collect();
    let lons: Vec<f64> = reports.iter().map(|r| r.lon).collect();
    let lats: Vec<f64> = reports.iter().map(|r| r.lat).collect();
    let datums: Vec<&str> = reports.iter().map(|r| r.datum).collect();
    let addresses: Vec<Option<&str>> = reports.iter().map(|r| r.address).collect();
    let contacts: Vec<Option<&[u8]>> = reports.iter().map(|r| r.contact_sealed).collect();
    let lanes: Vec<i16> = reports.iter().map(|r| r.lane.rank()).collect();
    let kept = sqlx::query!(
        "INSERT INTO intake.reports (tenant_id, report_id, source, item, text, lon, lat, datum, address,
             contact_sealed, lane, accepted_at)
         SELECT tenant_id, report_id, source, item, text, lon, lat, datum, address, contact_sealed, lane, $12
         FROM UNNEST($1::bigint[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::double precision[],
             $7::double precision[], $8::text[], $9::text[], $10::bytea[], $11::smallint[])
         AS r (tenant_id, report_id, source, item, text, lon, lat, datum, address, contact_sealed, lane)",
        &tenants,
        &ids,
        &sources as &[&str],
        &items as &[Option<&str>],
        &texts as &[&str],
        &lons,
        &lats,
        &datums as &[&str],
        &addresses as &[Option<&str>],
        &contacts as &[Option<&[u8]>],
        &lanes,
        jiff_sqlx::Timestamp::from(now) as _,
    )
    .execute(&mut **tx)
    .await?;
    pg::rows_affected("keeping reports", kept.rows_affected(), reports.len())
}
