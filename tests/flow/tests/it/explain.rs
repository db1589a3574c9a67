//! Every compile-checked query keeps its index under row security (D7).
//!
//! Operators that are not leakproof lose their index behind a policy, and a claim becomes a thousand times slower.
//! So each query of `.sqlx/` is planned as its service's role, generically, with sequential scans made expensive:
//! a scan of a tenant's table that still has no index condition could not have one.

use std::path::PathBuf;

use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use testkit::postgres::Database;

const SERVICES: [&str; 6] = ["intake", "triage", "dispatch", "notification", "directory", "console"];

/// Queries that read a whole small table on purpose: the table, what such a query says, and why it may. Every addition is
/// a review.
const WHOLE_TABLES: &[(&str, &str, &str)] = &[
    ("document_revision", "UPDATE document_revision", "one row"),
    ("outbox_pending", "SELECT count(*)", "counted up to the high-water mark, at most once a second"),
    ("removals", "FROM removals r", "one row a removal: few in a year, fewer not done"),
    ("document_heads", "FROM removals r", "a hash beside those few"),
    ("pg_", "", "the server's own catalogue, read by a command of an administrator"),
    ("parked", "parked", "unsettled rows, by a partial index: short unless something is wrong"),
];

/// What neither a service nor its relay may do: said by an administrator's command.
const ADMINISTRATORS: &[&str] = &["INSERT INTO outbox_again"];

fn queries() -> Vec<String> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../.sqlx");
    let files = std::fs::read_dir(folder).expect("query data is committed");
    let read = |path: PathBuf| {
        let json: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        json["query"].as_str().unwrap().to_owned()
    };
    let queries = files.map(|file| read(file.unwrap().path()));
    queries.filter(|query| !ADMINISTRATORS.iter().any(|start| query.starts_with(start))).collect()
}

/// The service whose schema a query names outside of texts; shared tables are the same everywhere.
fn service_of(query: &str) -> &'static str {
    let code = query.lines().map(|line| line.split("--").next().unwrap_or_default());
    let names: String = code.flat_map(|line| line.split('\'').step_by(2)).collect();
    SERVICES.into_iter().find(|service| names.contains(&format!("{service}."))).unwrap_or("dispatch")
}

fn parameters(query: &str) -> usize {
    let numbers = query.split('$').skip(1).filter_map(|rest| {
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        digits.parse::<usize>().ok()
    });
    numbers.max().unwrap_or(0)
}

/// As the service, or as its relay for what only the relay may do.
async fn plan(database: &Database, query: &str) -> Result<Value, sqlx::Error> {
    let service = service_of(query);
    match plan_as(database, service, service, query).await {
        Err(error) if error.to_string().contains("permission denied") => {
            plan_as(database, service, &format!("{service}_relay"), query).await
        }
        outcome => outcome,
    }
}

async fn plan_as(database: &Database, service: &str, role: &str, query: &str) -> Result<Value, sqlx::Error> {
    let mut connection = PgConnection::connect(&database.url_for(role)).await?;
    let setup = format!(
        "SET search_path = {service}; SET app.tenants = '{{990102001000,990102002000}}'; SET enable_seqscan = off;
         SET plan_cache_mode = force_generic_plan; PREPARE q AS {query}"
    );
    sqlx::raw_sql(AssertSqlSafe(setup)).execute(&mut connection).await?;
    let nulls = vec!["NULL"; parameters(query)].join(", ");
    let call = if nulls.is_empty() { "q".to_owned() } else { format!("q({nulls})") };
    let explain = format!("EXPLAIN (FORMAT JSON) EXECUTE {call}");
    let row: Value = sqlx::query_scalar(AssertSqlSafe(explain)).fetch_one(&mut connection).await?;
    connection.close().await?;
    Ok(row[0]["Plan"].clone())
}

/// Scans of tables without any index condition, by table.
fn bare_scans(node: &Value, found: &mut Vec<String>) {
    let kind = node["Node Type"].as_str().unwrap_or_default();
    let bare = match kind {
        "Seq Scan" => true,
        "Index Scan" | "Index Only Scan" => node["Index Cond"].is_null() && node["Order By"].is_null(),
        _ => false,
    };
    if bare && let Some(table) = node["Relation Name"].as_str() {
        found.push(table.to_owned());
    }
    for child in node["Plans"].as_array().into_iter().flatten() {
        bare_scans(child, found);
    }
}

#[tokio::test]
async fn every_query_keeps_its_index_under_row_security() {
    let database = Database::fresh("explain").await.unwrap();
    for schema in harness::schemas() {
        pg::migrate::apply(&database.admin_url(), &schema).await.unwrap();
    }
    let queries = queries();
    assert!(queries.len() > 50, "query data is missing: {}", queries.len());
    let mut offences = Vec::new();
    for query in &queries {
        let plan = plan(&database, query).await.unwrap_or_else(|error| panic!("{query}: {error}"));
        let mut scans = Vec::new();
        bare_scans(&plan, &mut scans);
        scans.retain(|table| {
            let may =
                |(whole, part, _): &(&str, &str, &str)| table.starts_with(whole) && query.contains(part);
            !WHOLE_TABLES.iter().any(may)
        });
        if !scans.is_empty() {
            offences.push(format!("{scans:?} without an index condition in: {query}"));
        }
    }
    assert!(offences.is_empty(), "{}", offences.join("\n\n"));
}

/// The rule can fail: an arithmetic predicate loses its index.
#[tokio::test]
async fn a_predicate_without_an_index_is_found() {
    let database = Database::fresh("explain").await.unwrap();
    for schema in harness::schemas() {
        pg::migrate::apply(&database.admin_url(), &schema).await.unwrap();
    }
    let careless = "SELECT subject_id FROM wakeups WHERE due_at + interval '1 second' < $1";
    let mut scans = Vec::new();
    bare_scans(&plan(&database, careless).await.unwrap(), &mut scans);
    assert_eq!(scans, ["wakeups"]);
}
