//! Earlier cases at a place, for counting how often a matter has come before.

use jiff::Timestamp;
use pg::ScopedTx;
use routing::rules::REPEATS_MAX;

use crate::core::board::Spot;
use crate::core::distance::Point;
use crate::core::repeats::Earlier;

/// Rows read of one spot, open and closed ones each: as many as are counted. With at most nine spots a case, and both indexes asked
/// for each, the work does not grow with the history of a street.
const SPOT_ROWS_MAX: i64 = REPEATS_MAX as i64;

/// Where, and of which time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Sought {
    pub spot: Spot,
    /// The earliest opening that counts.
    pub since: Timestamp,
    /// The first that does not any more.
    pub until: Timestamp,
}

/// Cases of these spots, each with the position of what it was sought for. No drills, and none that was called off.
pub(crate) async fn earlier(
    tx: &mut ScopedTx,
    sought: &[Sought],
) -> Result<Vec<(usize, Earlier)>, pg::Error> {
    if sought.is_empty() {
        return Ok(Vec::new());
    }
    let tenants: Vec<i64> = sought.iter().map(|sought| sought.spot.tenant.as_i64()).collect();
    let items: Vec<&str> = sought.iter().map(|sought| sought.spot.item.as_str()).collect();
    let datums: Vec<&str> = sought.iter().map(|sought| sought.spot.datum).collect();
    let cells: Vec<i64> = sought.iter().map(|sought| sought.spot.cell).collect();
    let sinces: Vec<jiff_sqlx::Timestamp> = sought.iter().map(|sought| sought.since.into()).collect();
    let untils: Vec<jiff_sqlx::Timestamp> = sought.iter().map(|sought| sought.until.into()).collect();
    let rows = sqlx::query!(
        r#"SELECT s.n AS "n!", c.case_id AS "case_id!", c.lon AS "lon!", c.lat AS "lat!", c.opened_at AS "opened_at!",
             c.voices AS "voices!"
         FROM UNNEST($1::bigint[], $2::text[], $3::text[], $4::bigint[], $5::timestamptz[], $6::timestamptz[])
             WITH ORDINALITY AS s (tenant_id, item, datum, cell, since, until, n)
         CROSS JOIN LATERAL (
             (SELECT o.case_id, o.lon, o.lat, o.opened_at, o.voices - o.voices_left AS voices
              FROM triage.cases o
              WHERE o.tenant_id = s.tenant_id AND o.item = s.item AND o.datum = s.datum AND o.cell = s.cell
                  AND o.closed_at IS NULL AND NOT o.drill AND o.opened_at >= s.since AND o.opened_at < s.until
              LIMIT $7)
             UNION ALL
             -- What opened since then closed since then: the index of closed cases begins there.
             (SELECT e.case_id, e.lon, e.lat, e.opened_at, e.voices - e.voices_left AS voices
              FROM triage.cases e
              WHERE e.tenant_id = s.tenant_id AND e.item = s.item AND e.datum = s.datum AND e.cell = s.cell
                  AND e.closed_at >= s.since AND NOT e.called_off AND NOT e.drill
                  AND e.opened_at >= s.since AND e.opened_at < s.until
              LIMIT $7)
         ) c"#,
        &tenants,
        &items as &[&str],
        &datums as &[&str],
        &cells,
        &sinces,
        &untils,
        SPOT_ROWS_MAX,
    )
    .fetch_all(&mut **tx)
    .await?;
    let impossible = pg::Error::impossible_row;
    let read = rows.into_iter().map(|row| {
        let position = usize::try_from(row.n - 1).map_err(|_| impossible("triage.cases.n"))?;
        let point = Point::from_degrees(row.lon, row.lat).ok_or_else(|| impossible("triage.cases.lon"))?;
        let voices = u32::try_from(row.voices).map_err(|_| impossible("triage.cases.voices"))?;
        let (case_id, opened_at) = (row.case_id.into(), row.opened_at.to_jiff());
        Ok((position, Earlier { case_id, point, opened_at, voices }))
    });
    read.collect()
}
