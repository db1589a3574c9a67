//! What notification keeps of a tenant beside its rows, forgotten when the tenant is removed: opened secrets.

use std::sync::Arc;

use bootstrap::removal::Forget;
use futures_util::future::{BoxFuture, FutureExt};
use ids::TenantId;

use super::Room;

/// Forgets.
pub struct Forgetting(pub Arc<Room>);

impl Forget for Forgetting {
    fn forget(
        &self,
        tenant: TenantId,
    ) -> BoxFuture<'_, Result<(), Box<dyn std::error::Error + Send + Sync>>> {
        async move { Ok(self.0.secrets.forget(tenant)?) }.boxed()
    }
}
