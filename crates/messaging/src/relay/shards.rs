//! The session that holds shards and reads their pending rows.

use ids::TenantId;
use pg::Pool;
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

use super::{RelayError, SHARDS, sql};

/// One pending row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pending {
    pub journal_id: Uuid,
    pub tenant_id: i64,
}

/// A dedicated connection with the shard locks it holds. Losing the connection loses the shards.
pub(crate) struct Session {
    connection: PgConnection,
    lock_space: i32,
    held: Vec<i16>,
}

impl Session {
    pub(crate) async fn open(service: &'static str, pool: &Pool) -> Result<Self, RelayError> {
        let connection = pool.dedicated().await?;
        Ok(Self { connection, lock_space: lock_space(service), held: Vec::new() })
    }

    /// Takes every shard nobody holds; returns those taken now.
    pub(crate) async fn take_free_shards(&mut self) -> Result<Vec<i16>, RelayError> {
        let mut taken = Vec::new();
        for shard in (0..SHARDS).filter(|shard| !self.held.contains(shard)) {
            if sql::try_lock(&mut self.connection, self.lock_space, i32::from(shard)).await? {
                taken.push(shard);
            }
        }
        self.held.extend(&taken);
        Ok(taken)
    }

    pub(crate) async fn pending(&mut self, rows_max: i64) -> Result<Vec<Pending>, RelayError> {
        Ok(sql::pending(&mut self.connection, &self.held, rows_max).await?)
    }

    pub(crate) async fn tenants_pending(&mut self, shards: &[i16]) -> Result<Vec<TenantId>, RelayError> {
        let tenants = sql::tenants_pending(&mut self.connection, shards).await?;
        Ok(tenants.into_iter().filter_map(|tenant| TenantId::from_i64(tenant).ok()).collect())
    }

    pub(crate) async fn pending_among(&mut self, ids: &[Uuid]) -> Result<Vec<Pending>, RelayError> {
        Ok(sql::pending_among(&mut self.connection, ids).await?)
    }

    /// Deletes what the broker has. Losing this delete only publishes again, so it does not wait for the disk.
    pub(crate) async fn forget(&mut self, ids: &[Uuid]) -> Result<(), RelayError> {
        if !ids.is_empty() {
            sql::delete_pending(&mut self.connection, ids).await?;
        }
        Ok(())
    }

    /// Ends the session, which frees its shards.
    pub(crate) async fn close(self) {
        // A connection that is already dead has freed its shards as well.
        let _ = self.connection.close().await;
    }
}

/// Advisory lock keys are the database's, not the schema's: each service gets a space of its own.
fn lock_space(service: &str) -> i32 {
    let hash =
        service.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(16_777_619));
    hash as i32
}
