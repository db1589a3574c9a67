//! Looks for a street everywhere: every table of the catalogue, every message of every stream.

use std::collections::BTreeMap;

use async_nats::jetstream;
use contract::topology::streams;
use harness::cluster::Cluster;
use sqlx::PgPool;

use super::{CONTACT, WORDS};

/// What stays on purpose: that, when and how much was removed.
const DELETION_LOG: [&str; 2] = ["removals", "removal_log"];
const SCHEMAS: &str = "('intake', 'triage', 'dispatch', 'notification', 'directory', 'console')";

/// How many rows of each table name the street or hold one of the canaries, readable or as bytes. Tables without any
/// are left out, the deletion log is too.
pub(super) async fn tables(admin: &PgPool, street: &str) -> BTreeMap<String, i64> {
    let query = format!(
        "SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname IN {SCHEMAS} AND c.relkind = 'r' ORDER BY 1"
    );
    let tables: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(query)).fetch_all(admin).await.unwrap();
    assert!(tables.len() > 80, "the catalogue has fewer tables than it should: {}", tables.len());
    let mut found = BTreeMap::new();
    for table in tables {
        if DELETION_LOG.iter().any(|kept| table.ends_with(&format!(".{kept}"))) {
            continue;
        }
        let query = format!("SELECT count(*) FROM {table} t WHERE t::text LIKE ANY ($1)");
        let count: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(query))
            .bind(patterns(street))
            .fetch_one(admin)
            .await
            .unwrap();
        if count > 0 {
            found.insert(table, count);
        }
    }
    found
}

/// The street's code, the beginning of its case numbers and the canaries; bytes are shown in hex.
fn patterns(street: &str) -> Vec<String> {
    let case_numbers = format!("{}-", &street[..9]);
    let words = [street, &case_numbers, WORDS, CONTACT];
    let hex = |word: &str| word.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
    words.into_iter().flat_map(|word| [format!("%{word}%"), format!("%{}%", hex(word))]).collect()
}

/// Every table whose rows belong to tenants, with the column that says to whom.
pub(super) async fn tables_of_tenants(admin: &PgPool) -> Vec<(String, String)> {
    let query = format!(
        "SELECT n.nspname || '.' || c.relname, 'tenant_id' FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
         WHERE n.nspname IN {SCHEMAS} AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY 1"
    );
    sqlx::query_as(sqlx::AssertSqlSafe(query)).fetch_all(admin).await.unwrap()
}

/// Subjects of messages that name the street or hold a canary of it.
pub(super) async fn messages(cluster: &Cluster, street: &str) -> Vec<String> {
    let jetstream = jetstream::new(cluster.broker_keeper().await.unwrap());
    let mut found = Vec::new();
    for spec in streams() {
        let mut stream = jetstream.get_stream(spec.name).await.unwrap();
        let state = stream.info().await.unwrap().state.clone();
        for sequence in state.first_sequence..=state.last_sequence {
            // Interest and purges leave gaps.
            let Ok(message) = stream.get_raw_message(sequence).await else { continue };
            let payload = String::from_utf8_lossy(&message.payload).into_owned();
            if message.subject.contains(street)
                || [street, WORDS, CONTACT].iter().any(|word| payload.contains(word))
            {
                found.push(message.subject.to_string());
            }
        }
    }
    found
}
