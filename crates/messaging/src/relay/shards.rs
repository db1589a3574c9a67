//! The session that holds shards and reads their pending rows.

use ids::TenantId;
use pg::Pool;
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

use super::event::Sealed;
use super::sql::Columns;
use super::{RelayError, sql};

/// One pending row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pending {
    pub journal_id: Uuid,
    pub tenant_id: i64,
    pub shard: i16,
    pub lane: i16,
}

/// How far back pending rows are looked for. Rows that were deleted stay in the index until a vacuum, and a look that
/// begins at the oldest steps over all of them: a minute's worth, or more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// Those of the last seconds.
    Quick,
    /// All.
    Thorough,
}

/// A dedicated connection with the shard locks it holds. Losing the connection loses the shards.
pub(crate) struct Session {
    connection: PgConnection,
    lock_space: i32,
    /// Shards it may take.
    mine: Vec<i16>,
    /// How many it may hold.
    held_max: usize,
    held: Vec<i16>,
    /// Nothing older waits, as far as is known: where a quick look begins.
    floor: Option<Uuid>,
}

/// How much older than the oldest rows of a round a quick look begins: transactions mint their ids at their start and
/// commit in another order.
const LATE_MS: u64 = 5_000;

impl Session {
    pub(crate) async fn open(
        service: &'static str,
        pool: &Pool,
        mine: Vec<i16>,
        held_max: usize,
    ) -> Result<Self, RelayError> {
        let mut connection = pool.dedicated().await?;
        sql::commit_without_waiting(&mut connection).await?;
        Ok(Self {
            connection,
            lock_space: lock_space(service),
            mine,
            held_max,
            held: Vec::new(),
            floor: None,
        })
    }

    /// Whether there is a shard it would take if nobody else held it.
    pub(crate) fn wants_more(&self) -> bool {
        self.held.len() < self.mine.len().min(self.held_max)
    }

    /// Takes shards nobody holds; returns those taken now.
    pub(crate) async fn take_free_shards(&mut self) -> Result<Vec<i16>, RelayError> {
        let first_taken = self.held.len();
        for shard in self.mine.clone() {
            if !self.wants_more() {
                break;
            }
            if !self.held.contains(&shard)
                && sql::try_lock(&mut self.connection, self.lock_space, i32::from(shard)).await?
            {
                self.held.push(shard);
                self.floor = None;
            }
        }
        Ok(self.held[first_taken..].to_vec())
    }

    /// What is to be published next. A quick look passes over what committed long after its id was minted, and over
    /// lanes this version does not know; a thorough one finds everything.
    pub(crate) async fn pending(&mut self, rows_max: i64, look: Look) -> Result<Vec<Pending>, RelayError> {
        let rows = match (look, self.floor) {
            (Look::Quick, Some(floor)) => {
                sql::pending_since(&mut self.connection, &self.held, floor, rows_max).await?
            }
            _ => sql::pending(&mut self.connection, &self.held, rows_max).await?,
        };
        // While a full batch is found there may be more of any age.
        let oldest = rows.iter().map(|row| row.journal_id).min();
        self.floor =
            if rows.len() as i64 >= rows_max { None } else { oldest.map(floor_below).or(self.floor) };
        Ok(rows)
    }

    pub(crate) async fn tenants_pending(&mut self, shards: &[i16]) -> Result<Vec<TenantId>, RelayError> {
        let tenants = sql::tenants_pending(&mut self.connection, shards).await?;
        Ok(tenants.into_iter().filter_map(|tenant| TenantId::from_i64(tenant).ok()).collect())
    }

    pub(crate) async fn pending_among(
        &mut self,
        shards: &[i16],
        ids: &[Uuid],
    ) -> Result<Vec<Pending>, RelayError> {
        Ok(sql::pending_among(&mut self.connection, shards, ids).await?)
    }

    /// What is to be published once more.
    pub(crate) async fn again(&mut self, rows_max: i64) -> Result<Vec<Pending>, RelayError> {
        Ok(sql::again(&mut self.connection, &self.held, rows_max).await?)
    }

    /// Deletes what was published once more.
    pub(crate) async fn forget_again(&mut self, rows: &[Pending]) -> Result<(), RelayError> {
        if !rows.is_empty() {
            sql::delete_again(&mut self.connection, &Columns::of(rows.iter())).await?;
        }
        Ok(())
    }

    /// Deletes what the broker has. Losing this delete only publishes again, so it does not wait for the disk.
    pub(crate) async fn forget(&mut self, events: &[Sealed]) -> Result<(), RelayError> {
        if !events.is_empty() {
            let rows = Columns::of(events.iter().map(|event| &event.pending));
            sql::delete_pending(&mut self.connection, &rows).await?;
        }
        Ok(())
    }

    /// Sets aside pending rows that name no journal row. Rows a new holder of the shard has deleted are not there any
    /// more; they need nothing.
    pub(crate) async fn quarantine(&mut self, missing: &[Pending]) -> Result<(), RelayError> {
        if missing.is_empty() {
            return Ok(());
        }
        let rows = sql::quarantine(&mut self.connection, &Columns::of(missing.iter())).await?;
        if rows > 0 {
            tracing::error!(rows, "pending rows without a journal row are set aside");
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

/// The first id of the instant [`LATE_MS`] before that of a UUIDv7 (RFC 9562: 48 bits of milliseconds in front).
fn floor_below(id: Uuid) -> Uuid {
    let minted_ms = (id.as_u128() >> 80) as u64;
    Uuid::from_u128(u128::from(minted_ms.saturating_sub(LATE_MS)) << 80)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quick_look_begins_seconds_before_the_oldest_row() {
        let id = Uuid::parse_str("0190163d-8694-739b-aea5-966c26f8ad91").unwrap();
        let floor = floor_below(id);
        let ms = |id: Uuid| id.as_u128() >> 80;
        assert_eq!(ms(id) - ms(floor), u128::from(LATE_MS));
        assert!(floor < id && floor.as_u128() << 48 == 0);
        assert_eq!(floor_below(Uuid::nil()), Uuid::nil());
    }
}
