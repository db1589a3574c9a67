//! A schema of its own with one tenant table, made the way services make theirs.

use ids::TenantId;
use pg::migrate::{self, Schema};
use pg::{Pool, PoolConfig, ScopedTx, TenantScope};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use testkit::postgres::Database;

pub const SERVICE: &str = "trial";

pub struct Trial {
    pub database: Database,
    pub pool: Pool,
}

pub fn street(n: i64) -> TenantId {
    TenantId::from_i64(990_102_000_000 + n * 1000).unwrap()
}

impl Trial {
    pub async fn start(connections_max: u32) -> Self {
        let database = Database::fresh("pg_trial").await.unwrap();
        let schema = Schema { service: SERVICE, migrators: vec![migrate::base()] };
        migrate::apply(&database.admin_url(), &schema).await.unwrap();
        migrate::apply(&database.admin_url(), &schema).await.expect("repeatable");
        let tables = "SET ROLE trial_owner; SET search_path = trial;
            CREATE TABLE things (tenant_id bigint NOT NULL, id bigint NOT NULL, word text NOT NULL, at timestamptz,
                PRIMARY KEY (tenant_id, id));
            SELECT tenant_table('things');
            CREATE TABLE parts (tenant_id bigint NOT NULL, id bigint NOT NULL, thing_id bigint NOT NULL,
                PRIMARY KEY (tenant_id, id), FOREIGN KEY (tenant_id, thing_id) REFERENCES things (tenant_id, id));
            SELECT tenant_table('parts');";
        admin(&database, tables).await;
        let config = PoolConfig { connections_max, ..PoolConfig::default() };
        let pool = Pool::new(&database.url_for(SERVICE), SERVICE, &config).unwrap();
        Self { database, pool }
    }

    pub async fn begin(&self, tenants: &[TenantId]) -> ScopedTx {
        self.pool.begin(TenantScope::of_principal(tenants.iter().copied())).await.unwrap()
    }

    /// One word per tenant.
    pub async fn plant(&self, tenants: &[TenantId]) {
        let mut tx = self.begin(tenants).await;
        for tenant in tenants {
            insert(&mut tx, *tenant, 1, "planted").await.unwrap();
        }
        tx.commit().await.unwrap();
    }
}

pub async fn admin(database: &Database, sql: &'static str) {
    let mut connection = PgConnection::connect(&database.admin_url()).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
}

pub async fn insert(tx: &mut ScopedTx, tenant: TenantId, id: i64, word: &str) -> Result<u64, pg::Error> {
    let statement = sqlx::query("INSERT INTO things (tenant_id, id, word) VALUES ($1, $2, $3)");
    let done = statement.bind(tenant.as_i64()).bind(id).bind(word).execute(&mut **tx).await?;
    Ok(done.rows_affected())
}

pub async fn tenants_seen(tx: &mut ScopedTx) -> Vec<i64> {
    sqlx::query_scalar("SELECT DISTINCT tenant_id FROM things ORDER BY 1").fetch_all(&mut **tx).await.unwrap()
}
