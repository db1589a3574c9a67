//! Entering lines into `console.timeline`. A line is written once and never changed: its position stands in
//! `console.sequenced`; reading both is `lines.rs`.

use std::collections::HashSet;

use bytes::Bytes;
use contract::Envelope;
use jiff::Timestamp;
use pg::ScopedTx;
use uuid::Uuid;

use super::json;
use crate::core::news::Line;

/// A line to enter: the event as it came, and what was read from it.
#[derive(Debug, Clone)]
pub(crate) struct NewLine {
    pub envelope: Envelope,
    pub payload: Bytes,
    pub line: Line,
}

/// Enters lines, each with a note that it waits for its position since `now`. A known line stays as it is.
pub(crate) async fn insert(tx: &mut ScopedTx, now: Timestamp, new: &[NewLine]) -> Result<(), pg::Error> {
    let mut unknown = enter(tx, new).await?;
    // One event may be among them twice; it is entered and waits once.
    let entered: Vec<&NewLine> = new.iter().filter(|new| unknown.remove(&key(new))).collect();
    wait(tx, now, &entered).await
}

/// Tenant and event.
type Key = (i64, Uuid);

fn key(new: &NewLine) -> Key {
    (new.envelope.tenant.as_i64(), new.envelope.id.as_uuid())
}

/// Returns the keys of the lines that were not known.
async fn enter(tx: &mut ScopedTx, new: &[NewLine]) -> Result<HashSet<Key>, pg::Error> {
    let tenants: Vec<i64> = new.iter().map(|new| new.envelope.tenant.as_i64()).collect();
    let ids: Vec<Uuid> = new.iter().map(|new| new.envelope.id.as_uuid()).collect();
    let cases: Vec<Option<Uuid>> = new.iter().map(|new| new.line.case_id).collect();
    let reports: Vec<Option<Uuid>> = new.iter().map(|new| new.line.report_id).collect();
    let kinds: Vec<String> = new.iter().map(|new| new.envelope.event_type.to_string()).collect();
    let times: Vec<jiff_sqlx::Timestamp> = new.iter().map(|new| new.envelope.time.into()).collect();
    let lanes: Vec<i16> = new.iter().map(|new| new.envelope.lane.rank()).collect();
    let aggregates: Vec<Uuid> = new.iter().map(|new| new.envelope.aggregate_id).collect();
    let versions: Vec<i64> = new.iter().map(|new| new.envelope.version as i64).collect();
    let drills: Vec<bool> = new.iter().map(|new| new.envelope.drill).collect();
    let bodies: Vec<Option<String>> = new.iter().map(|new| new.line.body.clone()).collect();
    let actors: Vec<Option<String>> = new.iter().map(|new| new.line.actor.clone()).collect();
    let traces: Vec<Option<String>> = new.iter().map(|new| trace_id(&new.envelope)).collect();
    let details = new.iter().map(|new| json(&new.line.detail)).collect::<Result<Vec<_>, _>>()?;
    let payloads: Vec<&[u8]> = new.iter().map(|new| &new.payload[..]).collect();
    let entered = sqlx::query!(
        "INSERT INTO console.timeline (tenant_id, event_id, case_id, report_id, event_type, at, lane,
             aggregate_id, version, drill, body, actor, trace_id, detail, payload)
         SELECT * FROM UNNEST($1::bigint[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::timestamptz[],
             $7::smallint[], $8::uuid[], $9::bigint[], $10::boolean[], $11::text[], $12::text[], $13::text[],
             $14::jsonb[], $15::bytea[])
         ON CONFLICT (tenant_id, event_id) DO NOTHING
         RETURNING tenant_id, event_id",
        &tenants,
        &ids,
        &cases as &[Option<Uuid>],
        &reports as &[Option<Uuid>],
        &kinds,
        &times,
        &lanes,
        &aggregates,
        &versions,
        &drills,
        &bodies as &[Option<String>],
        &actors as &[Option<String>],
        &traces as &[Option<String>],
        &details,
        &payloads as &[&[u8]],
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(entered.into_iter().map(|row| (row.tenant_id, row.event_id)).collect())
}

/// Notes that these lines wait for their positions, with what those are decided by.
async fn wait(tx: &mut ScopedTx, now: Timestamp, lines: &[&NewLine]) -> Result<(), pg::Error> {
    let tenants: Vec<i64> = lines.iter().map(|new| new.envelope.tenant.as_i64()).collect();
    let ids: Vec<Uuid> = lines.iter().map(|new| new.envelope.id.as_uuid()).collect();
    let subjects: Vec<Option<Uuid>> =
        lines.iter().map(|new| new.line.case_id.or(new.line.report_id)).collect();
    let kinds: Vec<String> = lines.iter().map(|new| new.envelope.event_type.to_string()).collect();
    let times: Vec<jiff_sqlx::Timestamp> = lines.iter().map(|new| new.envelope.time.into()).collect();
    let aggregates: Vec<Uuid> = lines.iter().map(|new| new.envelope.aggregate_id).collect();
    let versions: Vec<i64> = lines.iter().map(|new| new.envelope.version as i64).collect();
    let causes = || lines.iter().map(|new| new.line.cause);
    let cause_types: Vec<Option<String>> =
        causes().map(|cause| cause.map(|cause| cause.event_type.to_string())).collect();
    let cause_ids: Vec<Option<Uuid>> = causes().map(|cause| cause.map(|cause| cause.aggregate_id)).collect();
    let cause_versions: Vec<Option<i64>> =
        causes().map(|cause| cause?.version.map(|version| version as i64)).collect();
    sqlx::query!(
        "INSERT INTO console.unsequenced (tenant_id, event_id, subject_id, event_type, at, aggregate_id, version,
             cause_type, cause_id, cause_version, heard_at)
         SELECT *, $11::timestamptz FROM UNNEST($1::bigint[], $2::uuid[], $3::uuid[], $4::text[], $5::timestamptz[],
             $6::uuid[], $7::bigint[], $8::text[], $9::uuid[], $10::bigint[])",
        &tenants,
        &ids,
        &subjects as &[Option<Uuid>],
        &kinds,
        &times,
        &aggregates,
        &versions,
        &cause_types as &[Option<String>],
        &cause_ids as &[Option<Uuid>],
        &cause_versions as &[Option<i64>],
        jiff_sqlx::Timestamp::from(now) as jiff_sqlx::Timestamp,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The trace id of a `traceparent`.
fn trace_id(envelope: &Envelope) -> Option<String> {
    envelope.traceparent.split('-').nth(1).map(str::to_owned)
}
