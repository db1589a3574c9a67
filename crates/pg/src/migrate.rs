//! Roles, schemas and migrations. Run by `streetwise migrate` and by tests, as an administrator; never by a service.

use sqlx::migrate::{AppliedMigration, Migrate, Migrator};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, Connection, PgConnection, Postgres, Transaction};

use crate::error::Error;

/// One service's schema: its name and the migrations that make it, shared crates' first.
#[derive(Debug)]
pub struct Schema {
    /// The service; also schema and role.
    pub service: &'static str,
    /// In order. Each tracks itself in a table of its own (`sqlx.toml` of its crate).
    pub migrators: Vec<Migrator>,
}

/// The helpers of this crate; first in every schema.
pub fn base() -> Migrator {
    sqlx::migrate!("./migrations")
}

/// Makes roles, schema and tables. Repeatable; refuses to run backwards (a database with migrations this
/// binary does not know is an error).
pub async fn apply(admin_url: &str, schema: &Schema) -> Result<(), Error> {
    let service = schema.service;
    let mut admin = connect(admin_url).await?;
    run(&mut admin, roles_statement(service)).await?;
    become_owner(&mut admin, service).await?;
    for migrator in &schema.migrators {
        let applied = migrator.run(&mut admin).await;
        applied.map_err(|error| Error::broken(format!("migrating schema {service}"), error))?;
    }
    admin.close().await?;
    Ok(())
}

/// A connection in a service's schema as its owner, who sees every tenant's rows by the policy of maintenance: for the
/// command line's repairs, never for a service.
pub async fn as_owner(admin_url: &str, service: &'static str) -> Result<PgConnection, Error> {
    let mut admin = connect(admin_url).await?;
    become_owner(&mut admin, service).await?;
    Ok(admin)
}

/// A transaction of an owner's connection that only reads, all of it as of one instant while others go on writing.
pub async fn one_snapshot(owner: &mut PgConnection) -> Result<Transaction<'_, Postgres>, Error> {
    Ok(owner.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY").await?)
}

/// A schema beside what this binary would make of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Migrated to exactly this binary.
    Current,
    /// So many migrations of this binary are not applied.
    Behind(usize),
    /// So many were applied that this binary does not know: the database is ahead.
    Ahead(usize),
    /// So many were applied with another text under the same number.
    Changed(usize),
}

/// How a schema stands; reads only. A schema that is not there is behind by everything.
pub async fn standing(admin_url: &str, schema: &Schema) -> Result<Standing, Error> {
    let mut owner = as_owner(admin_url, schema.service).await?;
    let (mut behind, mut ahead, mut changed) = (0, 0, 0);
    for migrator in &schema.migrators {
        let applied = owner.list_applied_migrations(&migrator.table_name).await;
        let applied =
            applied.map_err(|error| Error::broken(format!("reading {}", migrator.table_name), error))?;
        let known = |version: i64| migrator.iter().find(|own| own.version == version);
        behind += migrator.iter().filter(|own| !applied.iter().any(|one| one.version == own.version)).count();
        ahead += applied.iter().filter(|one| known(one.version).is_none()).count();
        let other =
            |one: &&AppliedMigration| known(one.version).is_some_and(|own| own.checksum != one.checksum);
        changed += applied.iter().filter(other).count();
    }
    owner.close().await?;
    Ok(match (changed, ahead, behind) {
        (0, 0, 0) => Standing::Current,
        (0, 0, behind) => Standing::Behind(behind),
        (0, ahead, _) => Standing::Ahead(ahead),
        (changed, ..) => Standing::Changed(changed),
    })
}

/// The text of the one policy of tenant tables (D2) as this server prints it. It is made on a table of this
/// connection's own and taken back.
pub(crate) async fn tenant_policy_as_printed(admin: &mut PgConnection) -> Result<String, Error> {
    let make = "BEGIN; CREATE TEMPORARY TABLE pattern (tenant_id bigint); CREATE POLICY tenant ON pattern
        USING (tenant_id = ANY ((SELECT current_setting('app.tenants')::bigint[])::bigint[]))";
    sqlx::raw_sql(make).execute(&mut *admin).await?;
    let print =
        "SELECT pg_get_expr(polqual, polrelid) FROM pg_policy WHERE polrelid = 'pg_temp.pattern'::regclass";
    let printed: String = sqlx::query_scalar(print).fetch_one(&mut *admin).await?;
    sqlx::raw_sql("ROLLBACK").execute(admin).await?;
    Ok(printed)
}

/// A connection as whoever the address names, for `inspect`.
pub async fn as_administrator(admin_url: &str) -> Result<PgConnection, Error> {
    connect(admin_url).await
}

async fn connect(admin_url: &str) -> Result<PgConnection, Error> {
    let options: PgConnectOptions = admin_url.parse()?;
    Ok(PgConnection::connect_with(&options.options([("lock_timeout", "2s")])).await?)
}

async fn become_owner(admin: &mut PgConnection, service: &'static str) -> Result<(), Error> {
    run(admin, format!("SET ROLE {service}_owner; SET search_path = {service}")).await
}

async fn run(connection: &mut PgConnection, sql: String) -> Result<(), Error> {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await?;
    Ok(())
}

/// Two login roles and an owner without login (D5). The lock serialises parallel runs in one database. Roles are the
/// cluster's, which no lock is: whoever made one in another database a moment before made the same.
fn roles_statement(service: &str) -> String {
    let relay = format!("{service}_relay");
    let owner = format!("{service}_owner");
    let make = |role: &str, login: &str| {
        format!(
            "IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN BEGIN CREATE ROLE {role} {login} \
             NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOINHERIT; \
             EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END; END IF;"
        )
    };
    format!(
        "BEGIN; SELECT pg_advisory_xact_lock(7041001); DO $$ BEGIN {} {} {} END $$; COMMIT;
         BEGIN; SELECT pg_advisory_xact_lock(7041001);
         CREATE SCHEMA IF NOT EXISTS {service} AUTHORIZATION {owner};
         GRANT USAGE ON SCHEMA {service} TO {service}, {relay};
         DO $$ BEGIN
             EXECUTE format('GRANT CONNECT ON DATABASE %I TO {service}, {relay}', current_database());
         END $$; COMMIT;",
        make(&owner, "NOLOGIN"),
        make(service, "LOGIN"),
        make(&relay, "LOGIN"),
    )
}
