//! Cases.

use std::collections::BTreeSet;

use contract::proto::intake::Place;
use ids::{CaseId, Lane, TenantId};
use jiff::Timestamp;
use pg::ScopedTx;
use uuid::Uuid;

use super::bands::Text;
use crate::core::board::Spot;
use crate::core::desk::Standing;
use crate::core::distance::Point;
use crate::core::grid::cell_of;
use crate::core::join::{Candidate, Closed};
use crate::core::report::{datum_of, datum_word};
use crate::handle::memory::Heard;

/// An open case: what joining and the events need of it.
#[derive(Debug, Clone)]
pub(crate) struct OpenCase {
    pub tenant: TenantId,
    pub case_id: CaseId,
    pub case_no: String,
    pub item: String,
    pub text: String,
    pub place: Place,
    pub point: Point,
    pub datum: String,
    pub drill: bool,
    pub lane: Lane,
    pub voices: u32,
    pub version: u64,
    pub opened_at: Timestamp,
    pub bodies: Vec<String>,
    pub community: Option<TenantId>,
    pub grid: Option<String>,
    /// The street's generation by whose territory these are.
    pub placed_by: u64,
    /// How it stands with triage.
    pub standing: Standing,
    /// The centre on whose desk it lies while it is reviewed.
    pub held_by: Option<String>,
    /// When it was rejected or merged.
    pub ended_at: Option<Timestamp>,
    /// How many of its voices have left it; `voices` is the number of the last.
    pub voices_left: u32,
}

impl OpenCase {
    /// Whether its plan waits for a person: no body has it yet.
    pub fn waits(&self) -> bool {
        self.standing == Standing::Reviewing
    }

    /// Reports in it.
    pub fn voices_in(&self) -> u32 {
        self.voices - self.voices_left
    }

    /// What it is found by.
    pub fn words(&self) -> Text<'_> {
        Text { tenant: self.tenant, case_id: self.case_id, text: &self.text }
    }
}

/// What a new case has beside that.
pub(crate) struct NewCase {
    pub item_explanation: String,
    pub plan_explanation: String,
    /// In which role it was reported.
    pub reporter: String,
    pub households: u32,
    pub reading_milli: Option<i64>,
}

/// Open cases of these spots since the earliest opening that counts: only what the decision needs.
pub(crate) async fn near(
    tx: &mut ScopedTx,
    spots: &BTreeSet<Spot>,
    earliest: Timestamp,
) -> Result<Vec<(Spot, Candidate)>, pg::Error> {
    if spots.is_empty() {
        return Ok(Vec::new());
    }
    let tenants: Vec<i64> = spots.iter().map(|spot| spot.tenant.as_i64()).collect();
    let items: Vec<&str> = spots.iter().map(|spot| spot.item.as_str()).collect();
    let datums: Vec<&str> = spots.iter().map(|spot| spot.datum).collect();
    let drills: Vec<bool> = spots.iter().map(|spot| spot.drill).collect();
    let cells: Vec<i64> = spots.iter().map(|spot| spot.cell).collect();
    let rows = sqlx::query!(
        "SELECT c.tenant_id, c.item, c.datum, c.drill, c.cell, c.case_id, c.lon, c.lat, c.opened_at
         FROM UNNEST($1::bigint[], $2::text[], $3::text[], $4::boolean[], $5::bigint[])
             AS s (tenant_id, item, datum, drill, cell)
         JOIN triage.cases c
             ON c.tenant_id = s.tenant_id AND c.item = s.item AND c.datum = s.datum AND c.drill = s.drill
             AND c.cell = s.cell
         WHERE c.closed_at IS NULL AND c.opened_at >= $6",
        &tenants,
        &items as &[&str],
        &datums as &[&str],
        &drills,
        &cells,
        jiff_sqlx::Timestamp::from(earliest) as _,
    )
    .fetch_all(&mut **tx)
    .await?;
    let impossible = pg::Error::impossible_row;
    rows.into_iter()
        .map(|row| {
            let tenant = TenantId::from_i64(row.tenant_id);
            let tenant = tenant.map_err(|_| impossible("triage.cases.tenant_id"))?;
            let datum = datum_of(&row.datum).and_then(datum_word);
            let datum = datum.ok_or_else(|| impossible("triage.cases.datum"))?;
            let point = Point::from_degrees(row.lon, row.lat);
            let point = point.ok_or_else(|| impossible("triage.cases.lon"))?;
            let spot = Spot { tenant, item: row.item, datum, drill: row.drill, cell: row.cell };
            let (case_id, opened_at) = (row.case_id.into(), row.opened_at.to_jiff());
            Ok((spot, Candidate { case_id, point, opened_at }))
        })
        .collect()
}

/// Cases of these spots that closed since, the earliest close that counts.
pub(crate) async fn closed_near(
    tx: &mut ScopedTx,
    spots: &BTreeSet<Spot>,
    earliest: Timestamp,
) -> Result<Vec<(Spot, Closed)>, pg::Error> {
    if spots.is_empty() {
        return Ok(Vec::new());
    }
    let tenants: Vec<i64> = spots.iter().map(|spot| spot.tenant.as_i64()).collect();
    let items: Vec<&str> = spots.iter().map(|spot| spot.item.as_str()).collect();
    let datums: Vec<&str> = spots.iter().map(|spot| spot.datum).collect();
    let cells: Vec<i64> = spots.iter().map(|spot| spot.cell).collect();
    let rows = sqlx::query!(
        r#"SELECT c.tenant_id, c.item, c.datum, c.cell, c.case_id, c.lon, c.lat, c.closed_at AS "closed_at!"
         FROM UNNEST($1::bigint[], $2::text[], $3::text[], $4::bigint[]) AS s (tenant_id, item, datum, cell)
         JOIN triage.cases c
             ON c.tenant_id = s.tenant_id AND c.item = s.item AND c.datum = s.datum AND c.cell = s.cell
         WHERE c.closed_at >= $5 AND NOT c.called_off AND NOT c.drill"#,
        &tenants,
        &items as &[&str],
        &datums as &[&str],
        &cells,
        jiff_sqlx::Timestamp::from(earliest) as _,
    )
    .fetch_all(&mut **tx)
    .await?;
    let impossible = pg::Error::impossible_row;
    let read = rows.into_iter().map(|row| {
        let tenant = TenantId::from_i64(row.tenant_id);
        let tenant = tenant.map_err(|_| impossible("triage.cases.tenant_id"))?;
        let datum = datum_of(&row.datum).and_then(datum_word);
        let datum = datum.ok_or_else(|| impossible("triage.cases.datum"))?;
        let point = Point::from_degrees(row.lon, row.lat).ok_or_else(|| impossible("triage.cases.lon"))?;
        let spot = Spot { tenant, item: row.item, datum, drill: false, cell: row.cell };
        Ok((spot, Closed { case_id: row.case_id.into(), point, closed_at: row.closed_at.to_jiff() }))
    });
    read.collect()
}

/// All of these cases.
pub(crate) async fn load(
    tx: &mut ScopedTx,
    cases: &BTreeSet<(TenantId, CaseId)>,
) -> Result<Vec<OpenCase>, pg::Error> {
    if cases.is_empty() {
        return Ok(Vec::new());
    }
    let tenants: Vec<i64> = cases.iter().map(|(tenant, _)| tenant.as_i64()).collect();
    let ids: Vec<Uuid> = cases.iter().map(|(_, case_id)| case_id.as_uuid()).collect();
    let rows = sqlx::query_as!(
        Row,
        "SELECT c.tenant_id, c.case_id, c.case_no, c.item, c.text, c.lon, c.lat, c.datum, c.address, c.drill, c.lane,
             c.voices, c.version, c.opened_at, c.bodies, c.community, c.grid, c.placed_by,
             c.standing, c.held_by, c.closed_at, c.voices_left
         FROM UNNEST($1::bigint[], $2::uuid[]) AS w (tenant_id, case_id)
         JOIN triage.cases c ON c.tenant_id = w.tenant_id AND c.case_id = w.case_id",
        &tenants,
        &ids,
    )
    .fetch_all(&mut **tx)
    .await?;
    pg::rows_affected("loading chosen cases", rows.len() as u64, cases.len())?;
    rows.into_iter().map(Row::read).collect()
}

/// One case, if it is there.
pub(crate) async fn find(
    tx: &mut ScopedTx,
    (tenant, case_id): (TenantId, CaseId),
) -> Result<Option<OpenCase>, pg::Error> {
    let row = sqlx::query_as!(
        Row,
        "SELECT c.tenant_id, c.case_id, c.case_no, c.item, c.text, c.lon, c.lat, c.datum, c.address, c.drill, c.lane,
             c.voices, c.version, c.opened_at, c.bodies, c.community, c.grid, c.placed_by,
             c.standing, c.held_by, c.closed_at, c.voices_left
         FROM triage.cases c
         WHERE c.tenant_id = $1 AND c.case_id = $2",
        tenant.as_i64(),
        case_id.as_uuid(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    row.map(Row::read).transpose()
}

/// A row as the queries of this crate select it.
pub(super) struct Row {
    pub(super) tenant_id: i64,
    pub(super) case_id: Uuid,
    pub(super) case_no: String,
    pub(super) item: String,
    pub(super) text: String,
    pub(super) lon: f64,
    pub(super) lat: f64,
    pub(super) datum: String,
    pub(super) address: String,
    pub(super) drill: bool,
    pub(super) lane: i16,
    pub(super) voices: i32,
    pub(super) version: i64,
    pub(super) opened_at: jiff_sqlx::Timestamp,
    pub(super) bodies: Vec<String>,
    pub(super) community: Option<i64>,
    pub(super) grid: Option<String>,
    pub(super) placed_by: i64,
    pub(super) standing: String,
    pub(super) held_by: Option<String>,
    pub(super) closed_at: Option<jiff_sqlx::Timestamp>,
    pub(super) voices_left: i32,
}

impl Row {
    pub(super) fn read(self) -> Result<OpenCase, pg::Error> {
        let impossible = |column| move || pg::Error::impossible_row(column);
        let datum = datum_of(&self.datum).ok_or_else(impossible("triage.cases.datum"))?;
        let standing = Standing::of(&self.standing).ok_or_else(impossible("triage.cases.standing"))?;
        // The other closes are dispatch's.
        let ours = matches!(standing, Standing::Rejected | Standing::Merged);
        let place = Place { lon: self.lon, lat: self.lat, datum: datum.into(), address: self.address };
        Ok(OpenCase {
            tenant: TenantId::from_i64(self.tenant_id).map_err(|_| impossible("triage.cases.tenant_id")())?,
            case_id: self.case_id.into(),
            case_no: self.case_no,
            item: self.item,
            text: self.text,
            place,
            point: Point::from_degrees(self.lon, self.lat).ok_or_else(impossible("triage.cases.lon"))?,
            datum: self.datum,
            drill: self.drill,
            lane: Lane::from_rank(self.lane).map_err(|_| impossible("triage.cases.lane")())?,
            voices: u32::try_from(self.voices).map_err(|_| impossible("triage.cases.voices")())?,
            version: u64::try_from(self.version).map_err(|_| impossible("triage.cases.version")())?,
            opened_at: self.opened_at.to_jiff(),
            bodies: self.bodies,
            community: self
                .community
                .map(TenantId::from_i64)
                .transpose()
                .map_err(|_| impossible("triage.cases.community")())?,
            grid: self.grid,
            placed_by: u64::try_from(self.placed_by).map_err(|_| impossible("triage.cases.placed_by")())?,
            standing,
            held_by: self.held_by,
            ended_at: self.closed_at.filter(|_| ours).map(jiff_sqlx::Timestamp::to_jiff),
            voices_left: u32::try_from(self.voices_left)
                .map_err(|_| impossible("triage.cases.voices_left")())?,
        })
    }
}

/// Keeps new cases.
pub(crate) async fn insert(tx: &mut ScopedTx, opened: &[(&OpenCase, &NewCase)]) -> Result<(), pg::Error> {
    if opened.is_empty() {
        return Ok(());
    }
    let case = || opened.iter().map(|(case, _)| *case);
    let tenants: Vec<i64> = case().map(|c| c.tenant.as_i64()).collect();
    let ids: Vec<Uuid> = case().map(|c| c.case_id.as_uuid()).collect();
    let numbers: Vec<&str> = case().map(|c| c.case_no.as_str()).collect();
    let items: Vec<&str> = case().map(|c| c.item.as_str()).collect();
    let texts: Vec<&str> = case().map(|c| c.text.as_str()).collect();
    let lons: Vec<f64> = case().map(|c| c.place.lon).collect();
    let lats: Vec<f64> = case().map(|c| c.place.lat).collect();
    let datums: Vec<&str> = case().map(|c| c.datum.as_str()).collect();
    let addresses: Vec<&str> = case().map(|c| c.place.address.as_str()).collect();
    let lanes: Vec<i16> = case().map(|c| c.lane.rank()).collect();
    let drills: Vec<bool> = case().map(|c| c.drill).collect();
    let cells: Vec<i64> = case().map(|c| cell_of(c.point)).collect();
    let voices: Vec<i32> = case().map(|c| c.voices as i32).collect();
    let versions: Vec<i64> = case().map(|c| c.version as i64).collect();
    let openings: Vec<jiff_sqlx::Timestamp> = case().map(|c| c.opened_at.into()).collect();
    // Arrays of arrays do not unnest by row; names of bodies hold no comma.
    let bodies: Vec<String> = case().map(|c| c.bodies.join(",")).collect();
    let communities: Vec<Option<i64>> = case().map(|c| c.community.map(TenantId::as_i64)).collect();
    let grids: Vec<Option<&str>> = case().map(|c| c.grid.as_deref()).collect();
    let placed_by: Vec<i64> = case().map(|c| c.placed_by as i64).collect();
    let items_explained: Vec<&[u8]> = opened.iter().map(|(_, new)| new.item_explanation.as_bytes()).collect();
    let plans_explained: Vec<&[u8]> = opened.iter().map(|(_, new)| new.plan_explanation.as_bytes()).collect();
    let reporters: Vec<&str> = opened.iter().map(|(_, new)| new.reporter.as_str()).collect();
    let households: Vec<i32> = opened.iter().map(|(_, new)| new.households as i32).collect();
    let readings: Vec<Option<i64>> = opened.iter().map(|(_, new)| new.reading_milli).collect();
    let standings: Vec<&str> = case().map(|c| c.standing.as_str()).collect();
    let holders: Vec<Option<&str>> = case().map(|c| c.held_by.as_deref()).collect();
    let kept = sqlx::query!(
        "INSERT INTO triage.cases (tenant_id, case_id, case_no, item, text, lon, lat, datum, address, lane, drill,
             voices, version, opened_at, bodies, item_explanation, plan_explanation, cell, community, grid, placed_by,
             reporter, households, reading_milli, standing, held_by)
         SELECT tenant_id, case_id, case_no, item, text, lon, lat, datum, address, lane, drill, voices, version,
             opened_at, string_to_array(bodies, ','), item_explanation, plan_explanation, cell, community, grid, placed_by,
             reporter, households, reading_milli, standing, held_by
         FROM UNNEST($1::bigint[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::double precision[],
             $7::double precision[], $8::text[], $9::text[], $10::smallint[], $11::boolean[], $12::integer[],
             $13::bigint[], $14::timestamptz[], $15::text[], $16::bytea[], $17::bytea[],
             $18::bigint[], $19::bigint[], $20::text[], $21::bigint[], $22::text[], $23::integer[], $24::bigint[],
             $25::text[], $26::text[])
         AS c (tenant_id, case_id, case_no, item, text, lon, lat, datum, address, lane, drill, voices, version,
             opened_at, bodies, item_explanation, plan_explanation, cell, community, grid, placed_by, reporter, households, reading_milli,
             standing, held_by)",
        &tenants,
        &ids,
        &numbers as &[&str],
        &items as &[&str],
        &texts as &[&str],
        &lons,
        &lats,
        &datums as &[&str],
        &addresses as &[&str],
        &lanes,
        &drills,
        &voices,
        &versions,
        &openings,
        &bodies,
        &items_explained as &[&[u8]],
        &plans_explained as &[&[u8]],
        &cells,
        &communities as &[Option<i64>],
        &grids as &[Option<&str>],
        &placed_by,
        &reporters as &[&str],
        &households,
        &readings as &[Option<i64>],
        &standings as &[&str],
        &holders as &[Option<&str>],
    )
    .execute(&mut **tx)
    .await?;
    pg::rows_affected("keeping cases", kept.rows_affected(), opened.len())
}

/// Keeps what joining changed.
pub(crate) async fn update(tx: &mut ScopedTx, joined: &[&OpenCase]) -> Result<(), pg::Error> {
    if joined.is_empty() {
        return Ok(());
    }
    let tenants: Vec<i64> = joined.iter().map(|case| case.tenant.as_i64()).collect();
    let ids: Vec<Uuid> = joined.iter().map(|case| case.case_id.as_uuid()).collect();
    let voices: Vec<i32> = joined.iter().map(|case| case.voices as i32).collect();
    let versions: Vec<i64> = joined.iter().map(|case| case.version as i64).collect();
    let lanes: Vec<i16> = joined.iter().map(|case| case.lane.rank()).collect();
    let left: Vec<i32> = joined.iter().map(|case| case.voices_left as i32).collect();
    let kept = sqlx::query!(
        "UPDATE triage.cases c
         SET voices = j.voices, version = j.version, lane = j.lane, voices_left = j.voices_left
         FROM UNNEST($1::bigint[], $2::uuid[], $3::integer[], $4::bigint[], $5::smallint[], $6::integer[])
             AS j (tenant_id, case_id, voices, version, lane, voices_left)
         WHERE c.tenant_id = j.tenant_id AND c.case_id = j.case_id",
        &tenants,
        &ids,
        &voices,
        &versions,
        &lanes,
        &left,
    )
    .execute(&mut **tx)
    .await?;
    pg::rows_affected("joining cases", kept.rows_affected(), joined.len())
}

/// A case whose plan went out.
pub(crate) struct Released {
    pub tenant: TenantId,
    pub case_id: CaseId,
    pub version: u64,
    pub bodies: Vec<String>,
    pub plan_review: String,
}

/// Keeps that cases wait no more, and who has them.
pub(crate) async fn release(tx: &mut ScopedTx, released: &[Released]) -> Result<(), pg::Error> {
    let tenants: Vec<i64> = released.iter().map(|case| case.tenant.as_i64()).collect();
    let ids: Vec<Uuid> = released.iter().map(|case| case.case_id.as_uuid()).collect();
    let versions: Vec<i64> = released.iter().map(|case| case.version as i64).collect();
    let bodies: Vec<String> = released.iter().map(|case| case.bodies.join(",")).collect();
    let reviews: Vec<&[u8]> = released.iter().map(|case| case.plan_review.as_bytes()).collect();
    let kept = sqlx::query!(
        "UPDATE triage.cases c
         SET standing = 'open', held_by = NULL, version = r.version, bodies = string_to_array(r.bodies, ','),
             plan_review = r.plan_review
         FROM UNNEST($1::bigint[], $2::uuid[], $3::bigint[], $4::text[], $5::bytea[])
             AS r (tenant_id, case_id, version, bodies, plan_review)
         WHERE c.tenant_id = r.tenant_id AND c.case_id = r.case_id AND c.standing = 'reviewing'",
        &tenants,
        &ids,
        &versions,
        &bodies,
        &reviews as &[&[u8]],
    )
    .execute(&mut **tx)
    .await?;
    pg::rows_affected("releasing cases", kept.rows_affected(), released.len())
}

/// A case that waited is over before anybody had it, as it says: nothing joins it, and nobody closed it.
pub(crate) async fn end(
    tx: &mut ScopedTx,
    case: &OpenCase,
    plan_review: &str,
    now: Timestamp,
) -> Result<(), pg::Error> {
    let kept = sqlx::query!(
        "UPDATE triage.cases
         SET standing = $5, held_by = NULL, closed_at = $3, called_off = true, version = $4, plan_review = $6
         WHERE tenant_id = $1 AND case_id = $2 AND standing = 'reviewing'",
        case.tenant.as_i64(),
        case.case_id.as_uuid(),
        jiff_sqlx::Timestamp::from(now) as _,
        case.version as i64,
        case.standing.as_str(),
        plan_review.as_bytes(),
    )
    .execute(&mut **tx)
    .await?;
    pg::rows_affected("ending a case", kept.rows_affected(), 1)
}

/// A case that waits lies on another desk.
pub(crate) async fn pass_on(tx: &mut ScopedTx, case: &OpenCase) -> Result<(), pg::Error> {
    let kept = sqlx::query!(
        "UPDATE triage.cases SET version = $3, held_by = $4
         WHERE tenant_id = $1 AND case_id = $2 AND standing = 'reviewing'",
        case.tenant.as_i64(),
        case.case_id.as_uuid(),
        case.version as i64,
        case.held_by,
    )
    .execute(&mut **tx)
    .await?;
    pg::rows_affected("passing a case on", kept.rows_affected(), 1)
}

/// Whether a case is there and open.
pub(crate) async fn stands(tx: &mut ScopedTx, tenant: TenantId, case_id: CaseId) -> Result<bool, pg::Error> {
    let stands = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM triage.cases WHERE tenant_id = $1 AND case_id = $2 AND closed_at IS NULL)
             AS "stands!""#,
        tenant.as_i64(),
        case_id.as_uuid(),
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(stands)
}

/// Notes what dispatch said, where it is newer than what is known. A case not known here is passed over, and one that was merged
/// stays merged, whatever its orders came to meanwhile.
pub(crate) async fn remember(tx: &mut ScopedTx, heard: &[Heard]) -> Result<(), pg::Error> {
    let tenants: Vec<i64> = heard.iter().map(|news| news.tenant.as_i64()).collect();
    let ids: Vec<Uuid> = heard.iter().map(|news| news.case_id.as_uuid()).collect();
    let versions: Vec<i64> = heard.iter().map(|news| news.version as i64).collect();
    let closings: Vec<Option<jiff_sqlx::Timestamp>> =
        heard.iter().map(|news| news.closed_at.map(Into::into)).collect();
    sqlx::query!(
        "UPDATE triage.cases c SET closed_at = h.closed_at, called_off = h.called_off, heard_version = h.version
         FROM UNNEST($1::bigint[], $2::uuid[], $3::bigint[], $4::timestamptz[], $5::boolean[])
             AS h (tenant_id, case_id, version, closed_at, called_off)
         WHERE c.tenant_id = h.tenant_id AND c.case_id = h.case_id AND h.version > c.heard_version
             AND c.standing <> 'merged'",
        &tenants,
        &ids,
        &versions,
        &closings as &[Option<jiff_sqlx::Timestamp>],
        &heard.iter().map(|news| news.called_off).collect::<Vec<_>>(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
