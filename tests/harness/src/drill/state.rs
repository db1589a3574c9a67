//! What must be the same after a restore, as hashes: see docs/operations/restore.md for what is in them and why.
//!
//! *Record*: rows of tables that their service may only add to. A restore must bring back each that was in the dump to the
//! byte, and nothing that goes on afterwards may change one.
//! *Outcome*: what every report of the dump leads to, told without what is made anew each time (ids minted on the way,
//! instants, case numbers). The restored installation must arrive where the one before arrived.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use anyhow::Result;
use ring::digest::{Context, SHA256};
use sqlx::{AssertSqlSafe, PgPool};
use uuid::Uuid;

use crate::cluster::SERVICES;

/// How often each row (by its hash) stands in each table that is only added to.
pub(super) type Record = BTreeMap<String, BTreeMap<String, i64>>;

/// By service and report, what it led to, a line each thing, in order.
pub(super) type Outcome = BTreeMap<&'static str, BTreeMap<Uuid, Vec<String>>>;

/// The tables that their service may neither change nor remove rows of; outboxes are emptied by relays.
async fn only_added_to(admin: &PgPool) -> Result<Vec<String>> {
    let services: Vec<String> = SERVICES.iter().map(|service| (*service).to_owned()).collect();
    let query =
        "SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = ANY($1) AND c.relkind IN ('r', 'p') AND NOT c.relispartition
             AND has_table_privilege(n.nspname::text, c.oid, 'SELECT')
             AND NOT has_table_privilege(n.nspname::text, c.oid, 'UPDATE')
             AND NOT has_table_privilege(n.nspname::text, c.oid, 'DELETE')
             AND c.relname NOT LIKE 'outbox%' ORDER BY 1";
    Ok(sqlx::query_scalar(query).bind(&services).fetch_all(admin).await?)
}

pub(super) async fn record(admin: &PgPool) -> Result<Record> {
    let mut record = Record::new();
    for table in only_added_to(admin).await? {
        let query = format!("SELECT md5(t::text) AS row, count(*) FROM {table} t GROUP BY 1");
        let rows: Vec<(String, i64)> = sqlx::query_as(AssertSqlSafe(query)).fetch_all(admin).await?;
        record.insert(table, rows.into_iter().collect());
    }
    Ok(record)
}

/// Rows of `of` that `in_it` does not have, in words.
pub(super) fn lost(of: &Record, in_it: &Record) -> Vec<String> {
    let none = BTreeMap::new();
    let missing = |table: &String, rows: &BTreeMap<String, i64>| {
        let there = in_it.get(table).unwrap_or(&none);
        rows.iter().filter(|(row, times)| there.get(*row).unwrap_or(&0) < times).count()
    };
    let tables = of.iter().map(|(table, rows)| (table, missing(table, rows)));
    tables.filter(|(_, n)| *n > 0).map(|(table, n)| format!("{n} rows of {table}")).collect()
}

/// A hash for each service over the rows of `of`, as far as `in_it` has them: equal to that of `of` by itself only if
/// every one is there.
pub(super) fn hash_record(of: &Record, in_it: &Record) -> BTreeMap<&'static str, String> {
    let none = BTreeMap::new();
    let of_service = |service: &&'static str| {
        let mut hash = Context::new(&SHA256);
        for (table, rows) in of.iter().filter(|(table, _)| table.split('.').next() == Some(*service)) {
            let there = in_it.get(table).unwrap_or(&none);
            hash.update(table.as_bytes());
            for (row, times) in rows {
                let times = (*times).min(*there.get(row).unwrap_or(&0));
                hash.update(format!("{row} {times}\n").as_bytes());
            }
        }
        (*service, hex(hash))
    };
    SERVICES.iter().map(of_service).collect()
}

/// A hash for each service over what these reports led to.
pub(super) fn hash_outcome(outcome: &Outcome, of: &BTreeSet<Uuid>) -> BTreeMap<&'static str, String> {
    let of_service = |(service, reports): (&&'static str, &BTreeMap<Uuid, Vec<String>>)| {
        let mut hash = Context::new(&SHA256);
        for (report, lines) in reports.iter().filter(|(report, _)| of.contains(report)) {
            hash.update(report.as_bytes());
            lines.iter().for_each(|line| hash.update(format!("{line}\n").as_bytes()));
        }
        (*service, hex(hash))
    };
    outcome.iter().map(of_service).collect()
}

/// What differs between two outcomes for these reports: a few examples.
pub(super) fn differences(was: &Outcome, is: &Outcome, of: &BTreeSet<Uuid>) -> Vec<String> {
    let (none, nothing) = (BTreeMap::new(), Vec::new());
    let mut found = Vec::new();
    for (service, reports) in was {
        let now = is.get(service).unwrap_or(&none);
        for report in of {
            let before = reports.get(report).unwrap_or(&nothing);
            let after = now.get(report).unwrap_or(&nothing);
            if before != after {
                found.push(format!("{service} {report} led to {before:?}, now to {after:?}"));
            }
        }
    }
    found.truncate(10);
    found
}

/// The outcome by every service's own tables.
pub(super) async fn outcome(admin: &PgPool) -> Result<Outcome> {
    told(
        admin,
        &[
            ("intake", INTAKE),
            ("triage", TRIAGE),
            ("dispatch", DISPATCH),
            ("notification", NOTIFICATION),
            ("console", CONSOLE),
        ],
    )
    .await
}

/// The same, with the console's told by the tables and journals of those it hears: for an installation whose console was down.
pub(super) async fn outcome_by_owners(admin: &PgPool) -> Result<Outcome> {
    told(
        admin,
        &[
            ("intake", INTAKE),
            ("triage", TRIAGE),
            ("dispatch", DISPATCH),
            ("notification", NOTIFICATION),
            ("console", CONSOLE_BY_OWNERS),
        ],
    )
    .await
}

async fn told(admin: &PgPool, queries: &[(&'static str, &'static str)]) -> Result<Outcome> {
    let mut outcome = Outcome::new();
    for (service, query) in queries {
        let rows: Vec<(Uuid, String)> = sqlx::query_as(*query).fetch_all(admin).await?;
        let reports = outcome.entry(service).or_default();
        for (report, line) in rows {
            reports.entry(report).or_default().push(line);
        }
        reports.values_mut().for_each(|lines| lines.sort());
    }
    Ok(outcome)
}

fn hex(hash: Context) -> String {
    hash.finish().as_ref().iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

const INTAKE: &str = "SELECT report_id, t::text FROM intake.reports t
    UNION ALL SELECT report_id, t::text FROM intake.tracking_codes t";

const TRIAGE: &str = "SELECT v.report_id, concat_ws(' ', 'case', c.item, c.lane, c.voices, v.voice, c.community, c.grid,
        ARRAY(SELECT b FROM unnest(c.bodies) b ORDER BY b),
        ARRAY(SELECT w.report_id FROM triage.voices w WHERE w.tenant_id = v.tenant_id AND w.case_id = v.case_id ORDER BY 1),
        md5(c.item_explanation), md5(c.plan_explanation))
    FROM triage.voices v JOIN triage.cases c USING (tenant_id, case_id)
    UNION ALL SELECT report_id, concat_ws(' ', 'review', reason, lane, decided_item) FROM triage.reviews";

const DISPATCH: &str = "SELECT v.report_id, concat_ws(' ', 'case', d.item, d.policy, d.calendar, d.lane, d.round, d.phase, d.version)
    FROM triage.voices v JOIN dispatch.cases d ON d.tenant_id = v.tenant_id AND d.id = v.case_id
    UNION ALL SELECT v.report_id, concat_ws(' ', 'order', o.round, o.body, o.role, o.phase, o.version,
        (SELECT string_agg(concat_ws(' ', s.stage, s.calendar, s.verdict), ', ' ORDER BY s.stage) FROM dispatch.stages s
            WHERE s.tenant_id = o.tenant_id AND s.subject_kind = 'order' AND s.subject_id = o.id))
    FROM triage.voices v JOIN dispatch.orders o ON o.tenant_id = v.tenant_id AND o.case_id = v.case_id";

const NOTIFICATION: &str =
    "SELECT v.report_id, concat_ws(' ', d.event_type, d.body, o.round, o.role, d.endpoint_tenant_id,
        d.endpoint_key, d.state, d.reason)
    FROM triage.voices v JOIN notification.deliveries d ON d.tenant_id = v.tenant_id AND d.case_id = v.case_id
    LEFT JOIN dispatch.orders o ON o.tenant_id = d.tenant_id AND o.id = d.order_id";

const CONSOLE: &str = "SELECT v.report_id, concat_ws(' ', 'case', c.item, c.voices, c.phase, c.round)
    FROM triage.voices v JOIN console.cases c ON c.tenant_id = v.tenant_id AND c.case_id = v.case_id
    UNION ALL SELECT v.report_id, concat_ws(' ', 'order', o.round, o.body, o.role, o.phase, o.version)
    FROM triage.voices v JOIN console.case_orders o ON o.tenant_id = v.tenant_id AND o.case_id = v.case_id
    UNION ALL SELECT report_id, concat_ws(' ', 'line', event_type, count(*)) FROM (
        SELECT aggregate_id AS report_id, event_type FROM console.timeline WHERE event_type LIKE 'intake.%'
        UNION ALL SELECT v.report_id, t.event_type FROM console.timeline t
        JOIN triage.voices v ON v.tenant_id = t.tenant_id AND v.case_id = t.case_id
        WHERE t.event_type NOT LIKE 'intake.%') l GROUP BY report_id, event_type";

const CONSOLE_BY_OWNERS: &str = "SELECT v.report_id, concat_ws(' ', 'case', c.item, c.voices - c.voices_left, d.phase, d.round)
    FROM triage.voices v JOIN triage.cases c USING (tenant_id, case_id)
    JOIN dispatch.cases d ON d.tenant_id = v.tenant_id AND d.id = v.case_id
    UNION ALL SELECT v.report_id, concat_ws(' ', 'order', o.round, o.body, o.role, o.phase, o.version)
    FROM triage.voices v JOIN dispatch.orders o ON o.tenant_id = v.tenant_id AND o.case_id = v.case_id
    UNION ALL SELECT report_id, concat_ws(' ', 'line', event_type, count(*)) FROM (
        SELECT aggregate_id AS report_id, event_type FROM intake.journal
        UNION ALL SELECT v.report_id, j.event_type FROM triage.journal j
        JOIN triage.voices v ON v.tenant_id = j.tenant_id AND v.case_id = j.aggregate_id
        UNION ALL SELECT v.report_id, j.event_type FROM dispatch.journal j
        JOIN (SELECT tenant_id, id, case_id FROM dispatch.orders UNION ALL SELECT tenant_id, id, id FROM dispatch.cases) s
            ON s.tenant_id = j.tenant_id AND s.id = j.aggregate_id
        JOIN triage.voices v ON v.tenant_id = s.tenant_id AND v.case_id = s.case_id
        UNION ALL SELECT v.report_id, j.event_type FROM notification.journal j
        JOIN notification.deliveries d ON d.tenant_id = j.tenant_id AND d.id = j.aggregate_id
        JOIN triage.voices v ON v.tenant_id = d.tenant_id AND v.case_id = d.case_id) l GROUP BY report_id, event_type";

#[cfg(test)]
mod tests {
    use super::*;

    fn record(rows: &[(&str, i64)]) -> Record {
        let rows = rows.iter().map(|(row, times)| ((*row).to_owned(), *times)).collect();
        BTreeMap::from([("triage.journal".to_owned(), rows)])
    }

    #[test]
    fn a_row_that_is_lost_changes_the_hash_and_a_new_one_does_not() {
        let (dumped, more) = (record(&[("a", 1), ("b", 2)]), record(&[("a", 1), ("b", 2), ("c", 1)]));
        assert_eq!(hash_record(&dumped, &dumped), hash_record(&dumped, &more));
        assert_eq!(lost(&dumped, &more), [""; 0]);
        let less = record(&[("a", 1), ("b", 1)]);
        assert_ne!(hash_record(&dumped, &dumped), hash_record(&dumped, &less));
        assert_eq!(lost(&dumped, &less), ["1 rows of triage.journal"]);
    }

    #[test]
    fn an_outcome_is_compared_for_the_reports_of_the_dump_only() {
        let (kept, gone) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let lines = |text: &str| vec![text.to_owned()];
        let was = Outcome::from([("triage", BTreeMap::from([(kept, lines("x")), (gone, lines("y"))]))]);
        let is = Outcome::from([("triage", BTreeMap::from([(kept, lines("x"))]))]);
        let (of, all) = (BTreeSet::from([kept]), BTreeSet::from([kept, gone]));
        assert_eq!(hash_outcome(&was, &of), hash_outcome(&is, &of));
        assert_ne!(hash_outcome(&was, &all), hash_outcome(&is, &all));
        assert_eq!(differences(&was, &is, &of), [""; 0]);
        assert_eq!(differences(&was, &is, &all).len(), 1);
    }
}
