//! SQL over the catalogue.

use sqlx::PgConnection;

pub(crate) struct Server {
    pub version: String,
    pub now: jiff_sqlx::Timestamp,
    pub fsync: String,
    pub full_page_writes: String,
    pub synchronous_commit: String,
    pub open: i64,
    pub at_most: i64,
}

pub(crate) struct Role {
    pub name: String,
    pub superuser: bool,
    pub bypasses: bool,
    pub makes_roles: bool,
    pub makes_databases: bool,
    pub logs_in: bool,
    pub member: bool,
    pub owns: bool,
}

pub(crate) struct Table {
    pub id: i64,
    pub schema: String,
    pub name: String,
    pub enabled: bool,
    pub forced: bool,
    pub partition: bool,
}

pub(crate) struct Policy {
    pub table_id: i64,
    pub name: String,
    pub all_commands: bool,
    pub permissive: bool,
    /// Empty for everybody.
    pub roles: Vec<String>,
    pub using: String,
    pub checked: Option<String>,
}

pub(crate) async fn server(connection: &mut PgConnection) -> Result<Server, sqlx::Error> {
    sqlx::query_as!(
        Server,
        r#"SELECT current_setting('server_version') AS "version!", clock_timestamp() AS "now!",
               current_setting('fsync') AS "fsync!", current_setting('full_page_writes') AS "full_page_writes!",
               current_setting('synchronous_commit') AS "synchronous_commit!",
               (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS "open!",
               current_setting('max_connections')::bigint AS "at_most!""#,
    )
    .fetch_one(connection)
    .await
}

pub(crate) async fn roles(connection: &mut PgConnection, names: &[String]) -> Result<Vec<Role>, sqlx::Error> {
    sqlx::query_as!(
        Role,
        r#"SELECT r.rolname::text AS "name!", r.rolsuper AS "superuser!", r.rolbypassrls AS "bypasses!",
               r.rolcreaterole AS "makes_roles!", r.rolcreatedb AS "makes_databases!", r.rolcanlogin AS "logs_in!",
               EXISTS (SELECT FROM pg_auth_members m WHERE m.member = r.oid) AS "member!",
               EXISTS (SELECT FROM pg_class c WHERE c.relowner = r.oid AND c.relkind IN ('r', 'p')) AS "owns!"
           FROM pg_roles r WHERE r.rolname = ANY($1) ORDER BY 1"#,
        names,
    )
    .fetch_all(connection)
    .await
}

pub(crate) async fn tables(
    connection: &mut PgConnection,
    schemas: &[String],
) -> Result<Vec<Table>, sqlx::Error> {
    sqlx::query_as!(
        Table,
        r#"SELECT c.oid::bigint AS "id!", n.nspname::text AS "schema!", c.relname::text AS "name!",
               c.relrowsecurity AS "enabled!", c.relforcerowsecurity AS "forced!", c.relispartition AS "partition!"
           FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
           WHERE n.nspname = ANY($1) AND c.relkind IN ('r', 'p') AND c.relname NOT LIKE 'migrations\_%'
           ORDER BY 2, 3"#,
        schemas,
    )
    .fetch_all(connection)
    .await
}

pub(crate) async fn policies(
    connection: &mut PgConnection,
    schemas: &[String],
) -> Result<Vec<Policy>, sqlx::Error> {
    sqlx::query_as!(
        Policy,
        r#"SELECT p.polrelid::bigint AS "table_id!", p.polname::text AS "name!", p.polcmd = '*' AS "all_commands!",
               p.polpermissive AS "permissive!",
               ARRAY(SELECT r.rolname::text FROM pg_roles r WHERE r.oid = ANY (p.polroles)) AS "roles!",
               coalesce(pg_get_expr(p.polqual, p.polrelid), '') AS "using!",
               pg_get_expr(p.polwithcheck, p.polrelid) AS checked
           FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace
           WHERE n.nspname = ANY($1) ORDER BY 1, 2"#,
        schemas,
    )
    .fetch_all(connection)
    .await
}
