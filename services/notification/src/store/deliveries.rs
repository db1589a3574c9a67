//! `deliveries`: made once, claimed, settled. `verdicts` counts a delivery's events: its verdicts and its replays.

use bytes::Bytes;
use ids::{BodyRef, Lane};
use jiff::Timestamp;
use pg::ScopedTx;
use uuid::Uuid;

use super::{Key, columns, tenant};
use crate::tenants::EndpointId;

/// A delivery to be made. `suppressed` is a reason: then it is never sent.
#[derive(Debug, Clone)]
pub struct NewDelivery {
    /// Street and id.
    pub key: Key,
    /// The event that is told.
    pub source_event_id: Uuid,
    /// Its type.
    pub event_type: String,
    /// Its lane.
    pub lane: Lane,
    /// A rehearsal.
    pub drill: bool,
    /// The case; of a report that has none the report's own id (ADR 078).
    pub case_id: Uuid,
    /// The report, if it is about one that has no case.
    pub report_id: Option<Uuid>,
    /// The order, if it is about one.
    pub order_id: Option<Uuid>,
    /// Who is told.
    pub body: BodyRef,
    /// Where; `None` when the body has no endpoint.
    pub endpoint: Option<EndpointId>,
    /// The bytes.
    pub payload: Bytes,
    /// The trace.
    pub traceparent: String,
    /// Why it is not sent.
    pub suppressed: Option<&'static str>,
    /// Its first attempt is under way already, until then.
    pub lease_until: Option<Timestamp>,
}

/// Inserts those that do not exist; returns the keys of those that did not.
pub async fn insert(tx: &mut ScopedTx, now: Timestamp, new: &[NewDelivery]) -> Result<Vec<Key>, pg::Error> {
    let (tenants, ids) = columns(&new.iter().map(|d| d.key).collect::<Vec<_>>());
    let sources: Vec<Uuid> = new.iter().map(|d| d.source_event_id).collect();
    let types: Vec<String> = new.iter().map(|d| d.event_type.clone()).collect();
    let lanes: Vec<i16> = new.iter().map(|d| d.lane.rank()).collect();
    let drills: Vec<bool> = new.iter().map(|d| d.drill).collect();
    let cases: Vec<Uuid> = new.iter().map(|d| d.case_id).collect();
    let reports: Vec<Option<Uuid>> = new.iter().map(|d| d.report_id).collect();
    let orders: Vec<Option<Uuid>> = new.iter().map(|d| d.order_id).collect();
    let bodies: Vec<String> = new.iter().map(|d| d.body.to_string()).collect();
    let owners: Vec<Option<i64>> =
        new.iter().map(|d| d.endpoint.as_ref().map(|e| e.tenant.as_i64())).collect();
    let endpoints: Vec<Option<String>> =
        new.iter().map(|d| d.endpoint.as_ref().map(|e| e.key.clone())).collect();
    let payloads: Vec<&[u8]> = new.iter().map(|d| &d.payload[..]).collect();
    let traces: Vec<String> = new.iter().map(|d| d.traceparent.clone()).collect();
    let reasons: Vec<Option<String>> = new.iter().map(|d| d.suppressed.map(str::to_owned)).collect();
    let leases: Vec<Option<jiff_sqlx::Timestamp>> =
        new.iter().map(|d| d.lease_until.map(Into::into)).collect();
    let made = sqlx::query!(
        "INSERT INTO notification.deliveries (tenant_id, id, source_event_id, event_type, lane, drill, case_id,
             order_id, body, endpoint_tenant_id, endpoint_key, payload, traceparent, reason,
             next_attempt_at, state, attempts, verdicts, created_at, decided_at, report_id)
         SELECT d.tenant_id, d.id, d.source_event_id, d.event_type, d.lane, d.drill, d.case_id, d.order_id, d.body,
             d.endpoint_tenant_id, d.endpoint_key, d.payload, d.traceparent, d.reason,
             CASE WHEN d.reason IS NULL THEN coalesce(d.lease_until, $16::timestamptz) END,
             CASE WHEN d.reason IS NOT NULL THEN 'suppressed' WHEN d.lease_until IS NULL THEN 'pending' ELSE 'sending' END,
             CASE WHEN d.lease_until IS NULL THEN 0 ELSE 1 END,
             CASE WHEN d.reason IS NULL THEN 0 ELSE 1 END,
             $16::timestamptz,
             CASE WHEN d.reason IS NOT NULL THEN $16::timestamptz END, d.report_id
         FROM UNNEST($1::bigint[], $2::uuid[], $3::uuid[], $4::text[], $5::smallint[], $6::boolean[], $7::uuid[],
             $8::uuid[], $9::text[], $10::bigint[], $11::text[], $12::bytea[], $13::text[], $14::text[],
             $15::timestamptz[], $17::uuid[])
             AS d (tenant_id, id, source_event_id, event_type, lane, drill, case_id, order_id, body,
                 endpoint_tenant_id, endpoint_key, payload, traceparent, reason, lease_until, report_id)
         ON CONFLICT DO NOTHING
         RETURNING tenant_id, id",
        &tenants,
        &ids,
        &sources,
        &types,
        &lanes,
        &drills,
        &cases,
        &orders as &[Option<Uuid>],
        &bodies,
        &owners as &[Option<i64>],
        &endpoints as &[Option<String>],
        &payloads as &[&[u8]],
        &traces,
        &reasons as &[Option<String>],
        &leases as &[Option<jiff_sqlx::Timestamp>],
        jiff_sqlx::Timestamp::from(now) as jiff_sqlx::Timestamp,
        &reports as &[Option<Uuid>],
    )
    .fetch_all(&mut **tx)
    .await?;
    made.into_iter().map(|row| Ok((tenant(row.tenant_id, "deliveries.tenant_id")?, row.id))).collect()
}

/// A delivery as stored, locked until the transaction ends.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Street and id.
    pub key: Key,
    /// The event that is told.
    pub source_event_id: Uuid,
    /// Its type.
    pub event_type: String,
    /// Its lane.
    pub lane: Lane,
    /// A rehearsal.
    pub drill: bool,
    /// The case; of a report that has none the report's own id (ADR 078).
    pub case_id: Uuid,
    /// The report, if it is about one that has no case.
    pub report_id: Option<Uuid>,
    /// The order, if any.
    pub order_id: Option<Uuid>,
    /// Who is told.
    pub body: String,
    /// Where.
    pub endpoint: Option<EndpointId>,
    /// The trace.
    pub traceparent: String,
    /// pending, sending, delivered, dead_lettered or suppressed.
    pub state: String,
    /// Attempts so far.
    pub attempts: i32,
    /// Of these, not counted in the schedule.
    pub uncounted: i32,
    /// Verdicts and replays so far.
    pub verdicts: i32,
    /// When it is tried next, or its lease ends.
    pub next_attempt_at: Option<Timestamp>,
}

/// Locks and reads deliveries, in key order, the order everybody locks in.
pub async fn lock(tx: &mut ScopedTx, keys: &[Key]) -> Result<Vec<Delivery>, pg::Error> {
    let (tenants, ids) = columns(keys);
    let rows = sqlx::query_as!(
        Row,
        "SELECT d.tenant_id, d.id, d.source_event_id, d.event_type, d.lane, d.drill, d.case_id, d.report_id, d.order_id,
                  d.body, d.endpoint_tenant_id, d.endpoint_key, d.traceparent, d.state, d.attempts, d.uncounted, d.verdicts,
                  d.next_attempt_at, NULL::bytea AS payload
           FROM (SELECT * FROM UNNEST($1::bigint[], $2::uuid[]) AS k (tenant_id, id) ORDER BY tenant_id, id) k
           CROSS JOIN LATERAL (SELECT * FROM notification.deliveries d
               WHERE d.tenant_id = k.tenant_id AND d.id = k.id LIMIT 1 FOR UPDATE) d
           ORDER BY k.tenant_id, k.id",
        &tenants,
        &ids,
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter().map(|row| Ok(row.read()?.0)).collect()
}

/// Locks and reads claimed deliveries with their bytes, in the same order. One that somebody has in hand (its record
/// is being written, a person replays it) is left out: whoever claims holds wake-up rows that the other may move,
/// so waiting here could be waiting for each other.
pub async fn lock_free(tx: &mut ScopedTx, keys: &[Key]) -> Result<Vec<(Delivery, Bytes)>, pg::Error> {
    let (tenants, ids) = columns(keys);
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT d.tenant_id, d.id, d.source_event_id, d.event_type, d.lane, d.drill, d.case_id, d.report_id, d.order_id,
                  d.body, d.endpoint_tenant_id, d.endpoint_key, d.traceparent, d.state, d.attempts, d.uncounted, d.verdicts,
                  d.next_attempt_at, d.payload AS "payload?"
           FROM (SELECT * FROM UNNEST($1::bigint[], $2::uuid[]) AS k (tenant_id, id) ORDER BY tenant_id, id) k
           CROSS JOIN LATERAL (SELECT * FROM notification.deliveries d
               WHERE d.tenant_id = k.tenant_id AND d.id = k.id LIMIT 1 FOR UPDATE SKIP LOCKED) d
           ORDER BY k.tenant_id, k.id"#,
        &tenants,
        &ids,
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter().map(Row::read).collect()
}

struct Row {
    tenant_id: i64,
    id: Uuid,
    source_event_id: Uuid,
    event_type: String,
    lane: i16,
    drill: bool,
    case_id: Uuid,
    report_id: Option<Uuid>,
    order_id: Option<Uuid>,
    body: String,
    endpoint_tenant_id: Option<i64>,
    endpoint_key: Option<String>,
    traceparent: String,
    state: String,
    attempts: i32,
    uncounted: i32,
    verdicts: i32,
    next_attempt_at: Option<jiff_sqlx::Timestamp>,
    payload: Option<Vec<u8>>,
}

impl Row {
    fn read(self) -> Result<(Delivery, Bytes), pg::Error> {
        let endpoint = match (self.endpoint_tenant_id, self.endpoint_key) {
            (Some(owner), Some(key)) => {
                Some(EndpointId { tenant: tenant(owner, "deliveries.endpoint_tenant_id")?, key })
            }
            _ => None,
        };
        let delivery = Delivery {
            key: (tenant(self.tenant_id, "deliveries.tenant_id")?, self.id),
            source_event_id: self.source_event_id,
            event_type: self.event_type,
            lane: Lane::from_rank(self.lane).map_err(|_| pg::Error::impossible_row("deliveries.lane"))?,
            drill: self.drill,
            case_id: self.case_id,
            report_id: self.report_id,
            order_id: self.order_id,
            body: self.body,
            endpoint,
            traceparent: self.traceparent,
            state: self.state,
            attempts: self.attempts,
            uncounted: self.uncounted,
            verdicts: self.verdicts,
            next_attempt_at: self.next_attempt_at.map(jiff_sqlx::Timestamp::to_jiff),
        };
        Ok((delivery, self.payload.unwrap_or_default().into()))
    }
}

/// The event a delivery tells, and its bytes.
pub async fn told(tx: &mut ScopedTx, key: Key) -> Result<(Uuid, Bytes), pg::Error> {
    let row = sqlx::query!(
        "SELECT source_event_id, payload FROM notification.deliveries WHERE tenant_id = $1 AND id = $2",
        key.0.as_i64(),
        key.1,
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok((row.source_event_id, row.payload.into()))
}

/// One more event is told of a delivery that stays as it is.
pub async fn count_event(tx: &mut ScopedTx, key: Key) -> Result<(), pg::Error> {
    let counted = sqlx::query!(
        "UPDATE notification.deliveries SET verdicts = verdicts + 1 WHERE tenant_id = $1 AND id = $2",
        key.0.as_i64(),
        key.1,
    )
    .execute(&mut **tx)
    .await?;
    pg::rows_affected("counting an event", counted.rows_affected(), 1)
}

/// One more attempt is under way until `lease_until`. Locked deliveries, each found by its key and changed where it stands: joined to
/// the keys, all deliveries of these tenants are read while the table is small.
pub async fn start_sending(tx: &mut ScopedTx, keys: &[Key], lease_until: Timestamp) -> Result<(), pg::Error> {
    let (tenants, ids) = columns(keys);
    let started = sqlx::query!(
        "UPDATE notification.deliveries d
         SET state = 'sending', attempts = d.attempts + 1, next_attempt_at = $3
         FROM UNNEST($1::bigint[], $2::uuid[]) AS k (tenant_id, id)
         CROSS JOIN LATERAL (SELECT l.ctid AS place FROM notification.deliveries l
             WHERE l.tenant_id = k.tenant_id AND l.id = k.id LIMIT 1) l
         WHERE d.ctid = l.place AND d.state IN ('pending', 'sending')",
        &tenants,
        &ids,
        jiff_sqlx::Timestamp::from(lease_until) as jiff_sqlx::Timestamp,
    )
    .execute(&mut **tx)
    .await?;
    pg::rows_affected("starting to send", started.rows_affected(), keys.len())
}

/// Which of these deliveries have their first attempt under way under this very lease.
pub async fn under_way(
    tx: &mut ScopedTx,
    leases: &[(Key, Timestamp)],
) -> Result<Vec<(Key, Timestamp)>, pg::Error> {
    let (tenants, ids) = columns(&leases.iter().map(|(key, _)| *key).collect::<Vec<_>>());
    let ends: Vec<jiff_sqlx::Timestamp> = leases.iter().map(|(_, end)| (*end).into()).collect();
    let rows = sqlx::query!(
        r#"SELECT d.tenant_id, d.id, d.next_attempt_at AS "lease_until!"
         FROM UNNEST($1::bigint[], $2::uuid[], $3::timestamptz[]) AS k (tenant_id, id, lease_until)
         CROSS JOIN LATERAL (SELECT * FROM notification.deliveries d
             WHERE d.tenant_id = k.tenant_id AND d.id = k.id LIMIT 1) d
         WHERE d.state = 'sending' AND d.attempts = 1 AND d.next_attempt_at = k.lease_until"#,
        &tenants,
        &ids,
        &ends,
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter()
        .map(|row| {
            let key = (tenant(row.tenant_id, "deliveries.tenant_id")?, row.id);
            Ok((key, jiff_sqlx::Timestamp::to_jiff(row.lease_until)))
        })
        .collect()
}

/// What a delivery becomes.
#[derive(Debug, Clone)]
pub struct Settled {
    /// Street and id.
    pub key: Key,
    /// pending, delivered or dead_lettered.
    pub state: &'static str,
    /// Why, for dead_lettered.
    pub reason: Option<String>,
    /// Attempts not counted in the schedule.
    pub uncounted: i32,
    /// Verdicts and replays, this one included.
    pub verdicts: i32,
    /// For pending.
    pub next_attempt_at: Option<Timestamp>,
    /// For a verdict.
    pub decided_at: Option<Timestamp>,
}

/// Saves what became of locked deliveries.
pub async fn settle(tx: &mut ScopedTx, settled: &[Settled]) -> Result<(), pg::Error> {
    let (tenants, ids) = columns(&settled.iter().map(|s| s.key).collect::<Vec<_>>());
    let states: Vec<String> = settled.iter().map(|s| s.state.to_owned()).collect();
    let reasons: Vec<Option<String>> = settled.iter().map(|s| s.reason.clone()).collect();
    let uncounted: Vec<i32> = settled.iter().map(|s| s.uncounted).collect();
    let verdicts: Vec<i32> = settled.iter().map(|s| s.verdicts).collect();
    let next: Vec<Option<jiff_sqlx::Timestamp>> =
        settled.iter().map(|s| s.next_attempt_at.map(Into::into)).collect();
    let decided: Vec<Option<jiff_sqlx::Timestamp>> =
        settled.iter().map(|s| s.decided_at.map(Into::into)).collect();
    let saved = sqlx::query!(
        "UPDATE notification.deliveries d
         SET state = s.state, reason = s.reason, uncounted = s.uncounted, verdicts = s.verdicts,
             next_attempt_at = s.next_attempt_at, decided_at = s.decided_at
         FROM UNNEST($1::bigint[], $2::uuid[], $3::text[], $4::text[], $5::integer[], $6::integer[],
             $7::timestamptz[], $8::timestamptz[])
             AS s (tenant_id, id, state, reason, uncounted, verdicts, next_attempt_at, decided_at)
         CROSS JOIN LATERAL (SELECT l.ctid AS place FROM notification.deliveries l
             WHERE l.tenant_id = s.tenant_id AND l.id = s.id LIMIT 1) l
         WHERE d.ctid = l.place",
        &tenants,
        &ids,
        &states,
        &reasons as &[Option<String>],
        &uncounted,
        &verdicts,
        &next as &[Option<jiff_sqlx::Timestamp>],
        &decided as &[Option<jiff_sqlx::Timestamp>],
    )
    .execute(&mut **tx)
    .await?;
    pg::rows_affected("settling deliveries", saved.rows_affected(), settled.len())
}
