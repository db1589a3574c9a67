//! The moving part that makes the secret of every endpoint the documents name, before it is first needed.

use std::sync::Arc;
use std::time::Duration;

use bootstrap::part::Part;
use futures_util::future::BoxFuture;
use pg::TenantScope;
use snapshot::View;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::handle::Room;
use crate::handle::secrets::SecretError;
use crate::tenants::{EndpointId, Street};

/// How often it looks whether the documents have changed.
const POLL: Duration = Duration::from_millis(250);
/// Endpoints in one transaction at most.
const BATCH_MAX: usize = 200;

/// Follows the documents.
pub struct SecretKeeper {
    room: Arc<Room>,
    done: Mutex<Option<Arc<View<Street>>>>,
}

impl SecretKeeper {
    /// Not yet running.
    pub fn new(room: Arc<Room>) -> Self {
        Self { room, done: Mutex::default() }
    }

    /// Looks once; returns how many secrets were made.
    async fn look(&self) -> Result<usize, SecretError> {
        let mut done = self.done.lock().await;
        let view = self.room.house.snapshot.view();
        if done.as_ref().is_some_and(|done| Arc::ptr_eq(done, &view)) {
            return Ok(0);
        }
        let mut endpoints: Vec<EndpointId> =
            view.streets().flat_map(|street| street.of.endpoints().cloned()).collect();
        endpoints.sort();
        endpoints.dedup();
        let mut made = 0;
        for batch in endpoints.chunks(BATCH_MAX) {
            made += self.ensure(batch).await?;
        }
        *done = Some(view);
        Ok(made)
    }

    async fn ensure(&self, endpoints: &[EndpointId]) -> Result<usize, SecretError> {
        let house = &self.room.house;
        // The tenants are those of the documents' subjects.
        let owners = endpoints.iter().map(|endpoint| endpoint.tenant);
        let mut tx = house.pool.begin(TenantScope::of_subjects(owners)).await?;
        let now = house.clock.now(&mut tx).await?;
        let (secrets, made) = self.room.secrets.ensure(&mut tx, now, endpoints).await?;
        tx.commit().await?;
        secrets.iter().for_each(|(endpoint, secret)| self.room.secrets.drop_file(endpoint, secret));
        Ok(made)
    }
}

impl Part for SecretKeeper {
    fn run(self: Box<Self>, shutdown: CancellationToken) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            while !shutdown.is_cancelled() {
                if let Err(error) = self.look().await {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "endpoint secrets are made later"
                    );
                }
                tokio::select! {
                    () = shutdown.cancelled() => {}
                    () = tokio::time::sleep(POLL) => {}
                }
            }
        })
    }

    fn drain(&self) -> BoxFuture<'_, Result<usize, String>> {
        Box::pin(async move { self.look().await.map_err(|error| format!("{error:?}")) })
    }
}
