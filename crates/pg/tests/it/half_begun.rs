//! A beginning that is given up while the server stands still leaves nothing open on its connection.

use std::process::Command;
use std::time::Duration;

use pg::{Pool, PoolConfig, TenantScope};
use testkit::wait::eventually;

use crate::trial::{self, SERVICE, Trial, street};

const WITHIN: Duration = Duration::from_secs(30);

/// The server's process for one connection, which can be made to stand still.
struct Backend(i32);

impl Backend {
    async fn of(pool: &Pool) -> Self {
        let mut tx = pool.begin(TenantScope::of_principal([street(1)])).await.unwrap();
        let pid = sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(&mut *tx).await.unwrap();
        tx.commit().await.unwrap();
        Self(pid)
    }

    fn signal(&self, name: &str) {
        let done = Command::new("kill").args([name, &self.0.to_string()]).status().unwrap();
        assert!(done.success(), "{name} {}", self.0);
    }
}

impl Drop for Backend {
    /// Gone by then, where all is well.
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-CONT", &self.0.to_string()]).output();
    }
}

#[tokio::test]
async fn what_is_begun_after_an_abandoned_beginning_can_write() {
    let trial = Trial::start(1).await;
    let config = PoolConfig { connections_max: 1, abandon_begin_ms: 1_000, ..PoolConfig::default() };
    let pool = Pool::new(&trial.database.url_for(SERVICE), SERVICE, &config).unwrap();
    let backend = Backend::of(&pool).await;
    // Back in the pool, or the beginning would wait for it and not for the server.
    eventually(WITHIN, "the connection to come back", async || (pool.connections().1 == 1).then_some(()))
        .await;
    backend.signal("-STOP");
    let all = TenantScope::for_snapshot([street(1)]);
    assert!(pool.begin(all).await.unwrap_err().to_string().contains("too long"), "it stands still");
    backend.signal("-CONT");
    // Out of the pool, or back in it: read only and with nobody who would end it.
    eventually(WITHIN, "the connection to go", async || {
        let (open, idle) = pool.connections();
        (u32::try_from(idle) == Ok(open)).then_some(())
    })
    .await;
    let mut tx = pool.begin(TenantScope::of_principal([street(1)])).await.unwrap();
    assert_eq!(trial::insert(&mut tx, street(1), 1, "written").await.unwrap(), 1);
    tx.commit().await.unwrap();
    let mut alone = pool.dedicated().await.unwrap();
    let idle =
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in%'";
    eventually(WITHIN, "no transaction that nobody ends", async || {
        let open: i64 = sqlx::query_scalar(idle).fetch_one(&mut alone).await.unwrap();
        (open == 0).then_some(())
    })
    .await;
}
