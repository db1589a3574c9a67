//! Giving positions: `console.positions`, `console.unsequenced` and `console.sequenced`. Each statement takes many
//! tenants at once.

use ids::TenantId;
use jiff::Timestamp;
use pg::ScopedTx;
use uuid::Uuid;

use crate::core::line::{Cause, Line, Traits};
use crate::core::sequence::{Need, Waiting};

/// Tenants with lines that wait, after one of them, in order. Finds each by one step in the key, however many lines
/// it has.
pub(crate) async fn tenants_waiting(
    tx: &mut ScopedTx,
    after: i64,
    limit: i64,
) -> Result<Vec<TenantId>, pg::Error> {
    let tenants = sqlx::query_scalar!(
        r#"WITH RECURSIVE waiting (tenant_id) AS (
               (SELECT tenant_id FROM console.unsequenced WHERE tenant_id > $1 ORDER BY tenant_id LIMIT 1)
               UNION ALL
               SELECT (SELECT u.tenant_id FROM console.unsequenced u WHERE u.tenant_id > w.tenant_id
                   ORDER BY u.tenant_id LIMIT 1)
               FROM waiting w WHERE w.tenant_id IS NOT NULL)
           SELECT tenant_id AS "tenant_id!" FROM waiting WHERE tenant_id IS NOT NULL LIMIT $2"#,
        after,
        limit,
    )
    .fetch_all(&mut **tx)
    .await?;
    tenants.into_iter().map(|tenant| read(tenant, "unsequenced.tenant_id")).collect()
}

/// Tenants with lines that wait and were heard since, among the first so many of those lines. In the order of the index
/// and with a bound: otherwise the planner, who cannot know how few of the rows are left, reads the whole table.
pub(crate) async fn tenants_fresh(
    tx: &mut ScopedTx,
    since: Timestamp,
    lines_max: i64,
) -> Result<Vec<TenantId>, pg::Error> {
    let tenants = sqlx::query_scalar!(
        "SELECT DISTINCT tenant_id FROM (
             SELECT tenant_id FROM console.unsequenced WHERE heard_at >= $1 ORDER BY heard_at LIMIT $2) AS fresh",
        jiff_sqlx::Timestamp::from(since) as jiff_sqlx::Timestamp,
        lines_max,
    )
    .fetch_all(&mut **tx)
    .await?;
    tenants.into_iter().map(|tenant| read(tenant, "unsequenced.tenant_id")).collect()
}

fn read(tenant: i64, column: &'static str) -> Result<TenantId, pg::Error> {
    TenantId::from_i64(tenant).map_err(|_| pg::Error::impossible_row(column))
}

/// Makes the rows of tenants that have none yet.
pub(crate) async fn enter(tx: &mut ScopedTx, tenants: &[i64]) -> Result<(), pg::Error> {
    sqlx::query!(
        "INSERT INTO console.positions (tenant_id, last)
         SELECT tenant_id, 0 FROM UNNEST($1::bigint[]) AS t (tenant_id) ORDER BY tenant_id
         ON CONFLICT (tenant_id) DO NOTHING",
        tenants,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Locks the tenants' rows in order and returns their last positions. Rows another sequencer holds are left to it.
pub(crate) async fn lock(tx: &mut ScopedTx, tenants: &[i64]) -> Result<Vec<(TenantId, i64)>, pg::Error> {
    let rows = sqlx::query!(
        "SELECT tenant_id, last FROM console.positions WHERE tenant_id = ANY ($1)
         ORDER BY tenant_id FOR UPDATE SKIP LOCKED",
        tenants,
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter().map(|row| Ok((read(row.tenant_id, "positions.tenant_id")?, row.last))).collect()
}

/// A row of `unsequenced`.
struct Row {
    tenant_id: i64,
    event_id: Uuid,
    heard_at: jiff_sqlx::Timestamp,
    cause_type: Option<String>,
    cause_id: Option<Uuid>,
    cause_version: Option<i64>,
    event_type: Option<String>,
    at: Option<jiff_sqlx::Timestamp>,
    version: Option<i64>,
    aggregate_id: Option<Uuid>,
    subject_id: Option<Uuid>,
}

impl From<Row> for Line {
    fn from(row: Row) -> Self {
        let Row { event_type, at, version, aggregate_id, subject_id, .. } = row;
        let traits = event_type.zip(at).zip(version).zip(aggregate_id);
        let traits = traits.map(|(((event_type, at), version), aggregate_id)| Traits {
            event_type,
            at: at.to_jiff(),
            version,
            aggregate_id,
            subject_id,
        });
        let version = row.cause_version;
        let caused = |(event_type, aggregate_id)| Cause { event_type, aggregate_id, version };
        Line {
            tenant_id: row.tenant_id,
            event_id: row.event_id,
            heard_at: row.heard_at.to_jiff(),
            cause: row.cause_type.zip(row.cause_id).map(caused),
            traits,
        }
    }
}

/// Waiting lines of these tenants that were heard since, the first heard first. Call it after [`lock`]: what another
/// gave meanwhile is then seen.
pub(crate) async fn fresh(
    tx: &mut ScopedTx,
    tenants: &[i64],
    since: Timestamp,
    limit: i64,
) -> Result<Vec<Line>, pg::Error> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT tenant_id, event_id, heard_at AS "heard_at!", cause_type, cause_id, cause_version, event_type,
               at, version, aggregate_id, subject_id
           FROM console.unsequenced WHERE heard_at >= $2 AND tenant_id = ANY ($1)
           ORDER BY heard_at LIMIT $3"#,
        tenants,
        jiff_sqlx::Timestamp::from(since) as jiff_sqlx::Timestamp,
        limit,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(Line::from).collect())
}

/// Waiting lines of these tenants, oldest ids first, so many of each. Call it after [`lock`], too.
pub(crate) async fn oldest(
    tx: &mut ScopedTx,
    tenants: &[i64],
    limit_each: i64,
) -> Result<Vec<Line>, pg::Error> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT u.tenant_id AS "tenant_id!", u.event_id AS "event_id!", u.heard_at AS "heard_at!", u.cause_type, u.cause_id,
               u.cause_version, u.event_type, u.at, u.version, u.aggregate_id, u.subject_id
           FROM UNNEST($1::bigint[]) AS chosen (tenant_id)
           CROSS JOIN LATERAL (SELECT * FROM console.unsequenced u WHERE u.tenant_id = chosen.tenant_id
               ORDER BY u.event_id LIMIT $2) u"#,
        tenants,
        limit_each,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(Line::from).collect())
}

/// What these lines wait for, by looking. A line waiting for something nobody has said is left out until it is overdue.
pub(crate) async fn waiting(
    tx: &mut ScopedTx,
    lines: &[Line],
    overdue_at: Timestamp,
) -> Result<Vec<(i64, Waiting)>, pg::Error> {
    let tenants: Vec<i64> = lines.iter().map(|line| line.tenant_id).collect();
    let events: Vec<Uuid> = lines.iter().map(|line| line.event_id).collect();
    let overdue: Vec<bool> = lines.iter().map(|line| line.heard_at <= overdue_at).collect();
    let causes = || lines.iter().map(|line| line.cause.as_ref());
    let cause_types: Vec<Option<String>> =
        causes().map(|cause| cause.map(|cause| cause.event_type.clone())).collect();
    let cause_ids: Vec<Option<Uuid>> = causes().map(|cause| cause.map(|cause| cause.aggregate_id)).collect();
    let cause_versions: Vec<Option<i64>> = causes().map(|cause| cause?.version).collect();
    let rows = sqlx::query!(
        r#"SELECT u.tenant_id AS "tenant_id!", u.event_id AS "event_id!", t.event_type, t.at, t.version,
               COALESCE(t.case_id, t.report_id) AS subject_id, u.overdue AS "overdue!", t.version > 1 AS "later!",
               u.cause_id IS NOT NULL AS "caused!", b.event_id AS "before_id?", c.event_id AS "cause_event_id?",
               -- As values, not EXISTS: that would be answered by reading the whole table once.
               COALESCE((SELECT true FROM console.unsequenced w
                   WHERE w.tenant_id = u.tenant_id AND w.event_id = b.event_id), false) AS "before_waits!",
               COALESCE((SELECT true FROM console.unsequenced w
                   WHERE w.tenant_id = u.tenant_id AND w.event_id = c.event_id), false) AS "cause_waits!"
           FROM UNNEST($1::bigint[], $2::uuid[], $3::boolean[], $4::text[], $5::uuid[], $6::bigint[])
               AS u (tenant_id, event_id, overdue, cause_type, cause_id, cause_version)
           -- One row by its key each time, whatever the planner thinks of a tenant's size.
           CROSS JOIN LATERAL (SELECT * FROM console.timeline t
               WHERE t.tenant_id = u.tenant_id AND t.event_id = u.event_id LIMIT 1) t
           -- Two publishers may have an aggregate of one id: a case.
           LEFT JOIN LATERAL (SELECT p.event_id FROM console.timeline p
               WHERE p.tenant_id = t.tenant_id AND p.aggregate_id = t.aggregate_id AND p.version = t.version - 1
                 AND split_part(p.event_type, '.', 1) = split_part(t.event_type, '.', 1)
               LIMIT 1) b ON t.version > 1
           LEFT JOIN LATERAL (SELECT p.event_id FROM console.timeline p
               WHERE p.tenant_id = u.tenant_id AND p.aggregate_id = u.cause_id AND p.event_type = u.cause_type
                 AND (u.cause_version IS NULL OR p.version = u.cause_version)
               LIMIT 1) c ON u.cause_id IS NOT NULL
           WHERE u.overdue OR ((t.version = 1 OR b.event_id IS NOT NULL)
               AND (u.cause_id IS NULL OR c.event_id IS NOT NULL))"#,
        &tenants,
        &events,
        &overdue,
        &cause_types as &[Option<String>],
        &cause_ids as &[Option<Uuid>],
        &cause_versions as &[Option<i64>],
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter()
        .map(|row| {
            let before = row.later.then(|| need(row.before_id, row.before_waits));
            let cause = row.caused.then(|| need(row.cause_event_id, row.cause_waits));
            let waiting = Waiting {
                event_id: row.event_id,
                event_type: row.event_type,
                at: jiff_sqlx::Timestamp::to_jiff(row.at),
                version: row.version,
                subject_id: row.subject_id,
                overdue: row.overdue,
                needs: [before, cause].into_iter().flatten().flatten().collect(),
            };
            Ok((row.tenant_id, waiting))
        })
        .collect()
}

/// What must still come before; nothing once it has its position.
fn need(event_id: Option<Uuid>, waits: bool) -> Option<Need> {
    match event_id {
        None => Some(Need::Unheard),
        Some(id) => waits.then_some(Need::Line(id)),
    }
}

/// Lines with their positions, as the columns of a statement.
#[derive(Debug, Default)]
pub(crate) struct Given {
    pub tenants: Vec<i64>,
    pub positions: Vec<i64>,
    pub events: Vec<Uuid>,
    pub subjects: Vec<Option<Uuid>>,
    pub early: Vec<bool>,
}

/// Enters positions.
pub(crate) async fn give(tx: &mut ScopedTx, given: &Given) -> Result<(), pg::Error> {
    let entered = sqlx::query!(
        "INSERT INTO console.sequenced (tenant_id, position, event_id, subject_id, early)
         SELECT * FROM UNNEST($1::bigint[], $2::bigint[], $3::uuid[], $4::uuid[], $5::boolean[])",
        &given.tenants,
        &given.positions,
        &given.events,
        &given.subjects as &[Option<Uuid>],
        &given.early,
    )
    .execute(&mut **tx)
    .await?;
    pg::rows_affected("giving positions", entered.rows_affected(), given.events.len())
}

/// These lines wait no longer. That each was still waiting is what makes a line's position its only one.
pub(crate) async fn settled(tx: &mut ScopedTx, given: &Given) -> Result<(), pg::Error> {
    let gone = sqlx::query!(
        "DELETE FROM console.unsequenced u
         USING UNNEST($1::bigint[], $2::uuid[]) AS given (tenant_id, event_id)
         WHERE u.tenant_id = given.tenant_id AND u.event_id = given.event_id",
        &given.tenants,
        &given.events,
    )
    .execute(&mut **tx)
    .await?;
    pg::rows_affected("settling lines", gone.rows_affected(), given.events.len())
}

/// Keeps the last positions given. The rows are locked.
pub(crate) async fn advance(tx: &mut ScopedTx, tenants: &[i64], lasts: &[i64]) -> Result<(), pg::Error> {
    let kept = sqlx::query!(
        "UPDATE console.positions p SET last = given.last
         FROM UNNEST($1::bigint[], $2::bigint[]) AS given (tenant_id, last)
         WHERE p.tenant_id = given.tenant_id",
        tenants,
        lasts,
    )
    .execute(&mut **tx)
    .await?;
    pg::rows_affected("keeping the last positions", kept.rows_affected(), tenants.len())
}

/// The last position given; 0 before the first.
pub(crate) async fn last(tx: &mut ScopedTx, tenant: TenantId) -> Result<i64, pg::Error> {
    let last =
        sqlx::query_scalar!("SELECT last FROM console.positions WHERE tenant_id = $1", tenant.as_i64(),)
            .fetch_optional(&mut **tx)
            .await?;
    Ok(last.unwrap_or(0))
}
