//! Open cases around a place, for hints to reporters.

use std::collections::BTreeSet;

use ids::TenantId;
use pg::ScopedTx;

use crate::core::desk::Standing;
use crate::core::distance::Point;
use crate::core::hints::Around;

/// Cases read of one cell: of a place where more than these wait, some of them are hint enough.
const CELL_ROWS_MAX: i64 = 200;

/// Open cases of some cells, of one item or of any but the private ones. No drills.
pub(crate) async fn around(
    tx: &mut ScopedTx,
    (tenant, datum): (TenantId, &str),
    cells: &BTreeSet<i64>,
    item: Option<&str>,
    private: &[&str],
) -> Result<Vec<Around>, pg::Error> {
    let cells: Vec<i64> = cells.iter().copied().collect();
    let rows = sqlx::query!(
        "SELECT c.case_no, c.item, c.lon, c.lat, c.opened_at, c.voices, c.voices_left, c.standing
         FROM UNNEST($3::bigint[]) AS s (cell)
         CROSS JOIN LATERAL (
             SELECT a.case_no, a.item, a.lon, a.lat, a.opened_at, a.voices, a.voices_left, a.standing
             FROM triage.cases a
             WHERE a.tenant_id = $1 AND a.datum = $2 AND a.cell = s.cell AND a.closed_at IS NULL AND NOT a.drill
                 AND ($4::text IS NULL OR a.item = $4) AND a.item <> ALL($5::text[])
             LIMIT $6) c",
        tenant.as_i64(),
        datum,
        &cells,
        item,
        private as &[&str],
        CELL_ROWS_MAX,
    )
    .fetch_all(&mut **tx)
    .await?;
    let impossible = pg::Error::impossible_row;
    let read = rows.into_iter().map(|row| {
        Ok(Around {
            case_no: row.case_no,
            item: row.item,
            point: Point::from_degrees(row.lon, row.lat).ok_or_else(|| impossible("triage.cases.lon"))?,
            opened_at: row.opened_at.to_jiff(),
            voices: u32::try_from(row.voices - row.voices_left)
                .map_err(|_| impossible("triage.cases.voices"))?,
            standing: Standing::of(&row.standing).ok_or_else(|| impossible("triage.cases.standing"))?,
        })
    });
    read.collect()
}
