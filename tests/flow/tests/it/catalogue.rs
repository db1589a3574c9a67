//! The catalogue test: no table of any service is outside the rules of row security (reliability §6).

use pg::inspect::INFRASTRUCTURE;
use sqlx::PgPool;
use testkit::postgres::Database;

/// Functions that run as their owner. Every addition is a review.
const DEFINER_FUNCTIONS: &[&str] = &[
    "ensure_day_partitions",
    "make_day_partition",
    "drop_day_partition",
    "housekeeping",
    "begin_removal",
    "remove_tenant_rows",
    "end_removal",
    "drop_messages",
];
const SCHEMAS: &str = "('intake', 'triage', 'dispatch', 'notification', 'directory', 'console')";

async fn migrated() -> (Database, PgPool) {
    let database = Database::fresh("catalogue").await.unwrap();
    for schema in harness::schemas() {
        pg::migrate::apply(&database.admin_url(), &schema).await.unwrap();
    }
    let admin = PgPool::connect(&database.admin_url()).await.unwrap();
    (database, admin)
}

/// Runs a query that returns one text per offence.
async fn none(admin: &PgPool, rule: &str, query: String) {
    let offences: Vec<String> =
        sqlx::query_scalar(sqlx::AssertSqlSafe(query)).fetch_all(admin).await.unwrap();
    assert!(offences.is_empty(), "{rule}: {offences:?}");
}

fn quoted(names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("'{name}'")).collect();
    names.join(", ")
}

#[tokio::test]
async fn every_table_is_inside_the_rules() {
    let (_database, admin) = migrated().await;
    let tables = format!(
        "SELECT c.oid, n.nspname, c.relname, c.relkind, c.relrowsecurity, c.relforcerowsecurity, c.relispartition
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname IN {SCHEMAS} AND c.relkind IN ('r', 'p') AND c.relname NOT LIKE 'migrations_%'"
    );
    let infrastructure = quoted(INFRASTRUCTURE);
    none(&admin, "row security is enabled and forced", format!(
        "SELECT nspname || '.' || relname FROM ({tables}) t WHERE NOT (relrowsecurity AND relforcerowsecurity)"
    )).await;
    none(&admin, "a tenant table has tenant_id, not null", format!(
        "SELECT nspname || '.' || relname FROM ({tables}) t WHERE NOT relispartition AND relname NOT IN ({infrastructure})
         AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = t.oid AND a.attname = 'tenant_id' AND a.attnotnull)"
    )).await;
    none(&admin, "tenant_id is in every unique and foreign key of a tenant table", format!(
        "SELECT nspname || '.' || relname || ' ' || k.conname FROM ({tables}) t JOIN pg_constraint k ON k.conrelid = t.oid
         WHERE NOT relispartition AND relname NOT IN ({infrastructure}) AND k.contype IN ('p', 'u', 'f')
         AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = t.oid AND a.attnum = ANY (k.conkey)
             AND a.attname IN ('tenant_id', 'district_id'))"
    )).await;
    none(
        &admin,
        "a unique index of a tenant table has tenant_id",
        format!(
            "SELECT nspname || '.' || relname || ' ' || i.indexrelid::regclass FROM ({tables}) t
         JOIN pg_index i ON i.indrelid = t.oid
         WHERE NOT relispartition AND relname NOT IN ({infrastructure}) AND i.indisunique
         AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = t.oid AND a.attnum = ANY (i.indkey)
             AND a.attname = 'tenant_id')"
        ),
    )
    .await;
    none(&admin, "a tenant table's policies are exactly the reviewed two", format!(
        "SELECT nspname || '.' || relname || ' ' || p.polname || ' ' || pg_get_expr(p.polqual, p.polrelid)
         FROM ({tables}) t JOIN pg_policy p ON p.polrelid = t.oid
         WHERE relname NOT IN ({infrastructure}) AND NOT (
             (p.polname = 'tenant' AND p.polcmd = '*' AND p.polroles = '{{0}}'
              AND pg_get_expr(p.polqual, p.polrelid) LIKE '(tenant_id = ANY (( SELECT (current_setting(''app.tenants''%'
              AND pg_get_expr(p.polwithcheck, p.polrelid) = pg_get_expr(p.polqual, p.polrelid))
             OR (p.polname = 'maintenance' AND p.polroles = ARRAY[(nspname || '_owner')::regrole::oid]))"
    )).await;
    none(&admin, "an infrastructure table's policies are for its own service", format!(
        "SELECT nspname || '.' || relname || ' ' || p.polname FROM ({tables}) t JOIN pg_policy p ON p.polrelid = t.oid
         WHERE relname IN ({infrastructure}) AND NOT (p.polroles <@ ARRAY[nspname::regrole::oid,
             (nspname || '_relay')::regrole::oid, (nspname || '_owner')::regrole::oid])"
    )).await;
    none(&admin, "nobody has a grant on a partition child", format!(
        "SELECT t.nspname || '.' || t.relname FROM ({tables}) t JOIN pg_class c ON c.oid = t.oid, aclexplode(c.relacl) g
         WHERE t.relispartition AND g.grantee <> c.relowner"
    )).await;
    none(
        &admin,
        "no service may truncate, reference or trigger",
        format!(
            "SELECT t.nspname || '.' || t.relname || ' ' || g.privilege_type FROM ({tables}) t
         JOIN pg_class c ON c.oid = t.oid, aclexplode(c.relacl) g
         WHERE g.grantee <> c.relowner AND g.privilege_type IN ('TRUNCATE', 'REFERENCES', 'TRIGGER')"
        ),
    )
    .await;
}

#[tokio::test]
async fn no_role_gets_around_row_security() {
    let (_database, admin) = migrated().await;
    let roles = "rolname ~ '^(intake|triage|dispatch|notification|directory|console)(_relay|_owner)?$'";
    none(&admin, "no role bypasses", format!(
        "SELECT rolname::text FROM pg_roles WHERE {roles} AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb)"
    )).await;
    none(
        &admin,
        "owners cannot log in",
        format!(
            "SELECT rolname::text FROM pg_roles WHERE {roles} AND rolname LIKE '%_owner' AND rolcanlogin"
        ),
    )
    .await;
    none(&admin, "no role is a member of another", format!(
        "SELECT m.member::regrole::text FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member WHERE {roles}"
    )).await;
    none(
        &admin,
        "views and functions do not run as their owner unreviewed",
        format!(
        "SELECT n.nspname || '.' || p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
         WHERE n.nspname IN {SCHEMAS} AND p.prosecdef AND p.proname NOT IN ({})
         UNION ALL SELECT schemaname || '.' || viewname FROM pg_views WHERE schemaname IN {SCHEMAS}
         UNION ALL SELECT schemaname || '.' || matviewname FROM pg_matviews WHERE schemaname IN {SCHEMAS}",
        quoted(DEFINER_FUNCTIONS)
    ),
    )
    .await;
    none(
        &admin,
        "a service reaches no other service's schema",
        format!(
            "SELECT r.rolname || ' ' || n.nspname FROM pg_roles r, pg_namespace n
         WHERE {roles} AND n.nspname IN {SCHEMAS} AND r.rolname !~ ('^' || n.nspname || '(_relay|_owner)?$')
         AND has_schema_privilege(r.oid, n.oid, 'USAGE')"
        ),
    )
    .await;
}

/// The rules above can fail: a table made carelessly is found.
#[tokio::test]
#[should_panic(expected = "row security is enabled and forced")]
async fn a_careless_table_is_found() {
    let (_database, admin) = migrated().await;
    let careless = "CREATE TABLE triage.careless (tenant_id bigint NOT NULL, id uuid PRIMARY KEY)";
    sqlx::raw_sql(careless).execute(&admin).await.unwrap();
    none(
        &admin,
        "row security is enabled and forced",
        format!(
            "SELECT c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname IN {SCHEMAS} AND c.relkind IN ('r', 'p') AND c.relname NOT LIKE 'migrations_%'
         AND NOT (c.relrowsecurity AND c.relforcerowsecurity)"
        ),
    )
    .await;
}
