//! What intake keeps of a street beside its rows, forgotten when the street is removed: the open data key, its shares of
//! the quota here and in Redis.

use std::sync::Arc;

use bootstrap::removal::Forget;
use futures_util::future::{BoxFuture, FutureExt};
use ids::TenantId;

use super::Room;
use crate::quotas::shared;

/// Forgets; also in Redis, where there is one.
pub struct Forgetting {
    /// The keys and buckets of this process.
    pub room: Arc<Room>,
    /// What replicas share.
    pub redis: Option<redis::Client>,
}

impl Forget for Forgetting {
    fn forget(
        &self,
        tenant: TenantId,
    ) -> BoxFuture<'_, Result<(), Box<dyn std::error::Error + Send + Sync>>> {
        async move {
            self.room.contacts.forget(tenant);
            self.room.quotas.forget(tenant);
            if let Some(redis) = &self.redis {
                shared::erase(redis, tenant).await?;
            }
            Ok(())
        }
        .boxed()
    }
}
