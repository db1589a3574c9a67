//! Past cases, for trying rules upon them. Drills are none.

use ids::TenantId;
use jiff::Timestamp;
use pg::ScopedTx;
use uuid::Uuid;

/// One case as it was decided.
pub(crate) struct PastCase {
    pub case_id: Uuid,
    pub case_no: String,
    pub item: String,
    pub text: String,
    pub lon: f64,
    pub lat: f64,
    pub datum: String,
    pub grid: Option<String>,
    /// Nothing of a case older than the column.
    pub reporter: Option<String>,
    pub households: u32,
    pub reading_milli: Option<i64>,
    pub opened_at: Timestamp,
    /// Nothing while it is open.
    pub closed_at: Option<Timestamp>,
    pub plan_explanation: Vec<u8>,
    /// What its review made of the plan; nothing of one nobody had to look at.
    pub plan_review: Option<Vec<u8>>,
}

struct Row {
    case_id: Uuid,
    case_no: String,
    item: String,
    text: String,
    lon: f64,
    lat: f64,
    datum: String,
    grid: Option<String>,
    reporter: Option<String>,
    households: i32,
    reading_milli: Option<i64>,
    opened_at: jiff_sqlx::Timestamp,
    closed_at: Option<jiff_sqlx::Timestamp>,
    plan_explanation: Vec<u8>,
    plan_review: Option<Vec<u8>>,
}

impl Row {
    fn read(self) -> PastCase {
        PastCase {
            case_id: self.case_id,
            case_no: self.case_no,
            item: self.item,
            text: self.text,
            lon: self.lon,
            lat: self.lat,
            datum: self.datum,
            grid: self.grid,
            reporter: self.reporter,
            households: self.households.unsigned_abs(),
            reading_milli: self.reading_milli,
            opened_at: self.opened_at.to_jiff(),
            closed_at: self.closed_at.map(|at| at.to_jiff()),
            plan_explanation: self.plan_explanation,
            plan_review: self.plan_review,
        }
    }
}

/// The least id a case opened at an instant can have: ids begin with the milliseconds they were made at (UUIDv7, RFC 9562).
fn first_of(since: Timestamp) -> Uuid {
    let ms = u64::try_from(since.as_millisecond()).unwrap_or_default();
    Uuid::from_u128(u128::from(ms) << 80)
}

/// Cases of a street opened at or after an instant, in the order of their ids, after one of them.
pub(crate) async fn page(
    tx: &mut ScopedTx,
    street: TenantId,
    since: Timestamp,
    after: Uuid,
    rows_max: i64,
) -> Result<Vec<PastCase>, pg::Error> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT case_id, case_no, item, text, lon, lat, datum, grid, reporter, households, reading_milli, opened_at, closed_at, plan_explanation, plan_review
         FROM triage.cases
         WHERE tenant_id = $1 AND case_id > $2 AND opened_at >= $3 AND NOT drill
         ORDER BY case_id
         LIMIT $4",
        street.as_i64(),
        after.max(first_of(since)),
        jiff_sqlx::Timestamp::from(since) as _,
        rows_max,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(Row::read).collect())
}
