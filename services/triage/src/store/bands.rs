//! Open cases by their words: bands as rows (D35).

use ids::{CaseId, TenantId};
use jiff::Timestamp;
use pg::ScopedTx;
use uuid::Uuid;

use crate::core::alike::Shingles;
use crate::core::distance::Point;
use crate::core::pressing::numbers;
use crate::core::worded::Worded;

/// Cases of one band at most, the newest: a form that everybody copies is no sign of a matter.
const FOUND_MAX: i64 = 50;

/// A text whose case is found by it.
pub(crate) struct Text<'a> {
    pub tenant: TenantId,
    pub case_id: CaseId,
    pub text: &'a str,
}

/// Keys of the bands of texts: whose, which, of which case.
fn rows(texts: &[Text<'_>]) -> (Vec<i64>, Vec<i64>, Vec<Uuid>) {
    let (mut tenants, mut bands, mut cases) = (Vec::new(), Vec::new(), Vec::new());
    for text in texts {
        for band in Shingles::of(text.text).bands() {
            tenants.push(text.tenant.as_i64());
            bands.push(band);
            cases.push(text.case_id.as_uuid());
        }
    }
    (tenants, bands, cases)
}

/// Lets cases be found by their words; those that are found already stay.
pub(crate) async fn keep(tx: &mut ScopedTx, texts: &[Text<'_>]) -> Result<(), pg::Error> {
    let (tenants, bands, cases) = rows(texts);
    if bands.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "INSERT INTO triage.case_bands (tenant_id, band, case_id)
         SELECT tenant_id, band, case_id FROM UNNEST($1::bigint[], $2::bigint[], $3::uuid[]) AS b (tenant_id, band, case_id)
         ON CONFLICT DO NOTHING",
        &tenants,
        &bands,
        &cases,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Cases that are over are found no more.
pub(crate) async fn forget(tx: &mut ScopedTx, texts: &[Text<'_>]) -> Result<(), pg::Error> {
    let (tenants, bands, cases) = rows(texts);
    if bands.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "DELETE FROM triage.case_bands b
         USING UNNEST($1::bigint[], $2::bigint[], $3::uuid[]) AS k (tenant_id, band, case_id)
         WHERE b.tenant_id = k.tenant_id AND b.band = k.band AND b.case_id = k.case_id",
        &tenants,
        &bands,
        &cases,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Open cases that share a band with one of these texts, opened since. No drills.
pub(crate) async fn meeting(
    tx: &mut ScopedTx,
    wanted: &[(TenantId, i64)],
    earliest: Timestamp,
) -> Result<Vec<Worded>, pg::Error> {
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let tenants: Vec<i64> = wanted.iter().map(|(tenant, _)| tenant.as_i64()).collect();
    let bands: Vec<i64> = wanted.iter().map(|(_, band)| *band).collect();
    let rows = sqlx::query!(
        "SELECT c.tenant_id, c.case_id, c.case_no, c.item, c.lon, c.lat, c.datum, c.opened_at, c.text
         FROM triage.cases c
         JOIN (SELECT DISTINCT w.tenant_id, b.case_id
             FROM UNNEST($1::bigint[], $2::bigint[]) AS w (tenant_id, band)
             CROSS JOIN LATERAL (SELECT b.case_id FROM triage.case_bands b
                 WHERE b.tenant_id = w.tenant_id AND b.band = w.band
                 ORDER BY b.case_id DESC
                 LIMIT $4) b) m
             ON m.tenant_id = c.tenant_id AND m.case_id = c.case_id
         WHERE c.closed_at IS NULL AND NOT c.drill AND c.opened_at >= $3
         ORDER BY c.tenant_id, c.case_id",
        &tenants,
        &bands,
        jiff_sqlx::Timestamp::from(earliest) as _,
        FOUND_MAX,
    )
    .fetch_all(&mut **tx)
    .await?;
    let impossible = pg::Error::impossible_row;
    let read = rows.into_iter().map(|row| {
        Ok(Worded {
            tenant: TenantId::from_i64(row.tenant_id).map_err(|_| impossible("triage.cases.tenant_id"))?,
            case_id: row.case_id.into(),
            case_no: Some(row.case_no),
            item: row.item,
            point: Point::from_degrees(row.lon, row.lat).ok_or_else(|| impossible("triage.cases.lon"))?,
            datum: row.datum,
            opened_at: row.opened_at.to_jiff(),
            shingles: Shingles::of(&row.text),
            numbers: numbers(&row.text),
        })
    });
    read.collect()
}

/// The words of these cases, with whether each is open.
pub(crate) async fn texts(
    tx: &mut ScopedTx,
    cases: &[(TenantId, CaseId)],
) -> Result<Vec<(TenantId, CaseId, String, bool)>, pg::Error> {
    let tenants: Vec<i64> = cases.iter().map(|(tenant, _)| tenant.as_i64()).collect();
    let ids: Vec<Uuid> = cases.iter().map(|(_, case_id)| case_id.as_uuid()).collect();
    let rows = sqlx::query!(
        r#"SELECT c.tenant_id, c.case_id, c.text, c.closed_at IS NULL AS "open!"
         FROM UNNEST($1::bigint[], $2::uuid[]) AS k (tenant_id, case_id)
         JOIN triage.cases c ON c.tenant_id = k.tenant_id AND c.case_id = k.case_id
         WHERE NOT c.drill"#,
        &tenants,
        &ids,
    )
    .fetch_all(&mut **tx)
    .await?;
    let read = rows.into_iter().map(|row| {
        let tenant = TenantId::from_i64(row.tenant_id);
        let tenant = tenant.map_err(|_| pg::Error::impossible_row("triage.cases.tenant_id"))?;
        Ok((tenant, row.case_id.into(), row.text, row.open))
    });
    read.collect()
}
