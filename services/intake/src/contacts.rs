//! Sealing contacts (D20): one data key per tenant, wrapped in the store, unwrapped in memory.
//!
//! Destroying a tenant's stored key makes its contacts unreadable; a process that still holds the key goes on
//! sealing with it until it ends, and what it seals is as unreadable.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bootstrap::House;
use ids::{ReportId, TenantId};
use pg::{ScopedTx, TenantScope};
use seal::{DataKey, MasterKey, Sealed, Sensitive, WrappedKey};
use tokio_util::task::TaskTracker;

use crate::store;
use crate::tenants::Street;

/// How long a key may take to be loaded: a connection that died unheard is not waited on for ever.
const LOAD_WITHIN: Duration = Duration::from_secs(5);

/// Seals contacts under their tenant's key. Cloning shares the keys.
#[derive(Clone)]
pub struct Contacts(Arc<Keys>);

struct Keys {
    master_key: MasterKey,
    /// One entry per tenant that was written for.
    open: Mutex<BTreeMap<TenantId, Arc<DataKey>>>,
    loading: TaskTracker,
}

/// Why a contact could not be sealed. Nothing was stored.
#[derive(Debug, thiserror::Error)]
pub enum ContactError {
    /// The tenant's key could not be read or kept.
    #[error("keeping a tenant's key: {0}")]
    Database(#[from] pg::Error),
    /// No randomness.
    #[error("sealing a contact")]
    Seal(#[from] seal::SealError),
    /// The stored key is not ours: another master key made it.
    #[error("opening a tenant's key")]
    Key(#[from] seal::OpenError),
    /// The tenant's key was destroyed.
    #[error("the tenant has no key any more")]
    Gone,
    /// Loading the key broke off.
    #[error("loading a tenant's key")]
    Broken(#[from] tokio::task::JoinError),
}

impl Contacts {
    /// With no key open yet.
    pub fn new(master_key: MasterKey) -> Self {
        let loading = TaskTracker::new();
        Self(Arc::new(Keys { master_key, open: Mutex::default(), loading }))
    }

    /// Seals one contact to its report.
    pub async fn seal(
        &self,
        house: &House<Street>,
        tenant: TenantId,
        report_id: ReportId,
        contact: &Sensitive<String>,
    ) -> Result<Sealed, ContactError> {
        let key = match self.0.known(tenant) {
            Some(key) => key,
            None => self.loaded(house.clone(), tenant).await?,
        };
        Ok(key.seal(report_id.as_uuid().as_bytes(), contact.expose().as_bytes())?)
    }

    /// Opens the contact of a report, in the caller's transaction. A tenant whose key was destroyed gets no other.
    pub async fn open(
        &self,
        tx: &mut ScopedTx,
        tenant: TenantId,
        report_id: ReportId,
        sealed: &Sealed,
    ) -> Result<Sensitive<String>, ContactError> {
        let key = match self.0.known(tenant) {
            Some(key) => key,
            None => {
                let stored = store::tenant_keys::found(tx, tenant).await?.ok_or(ContactError::Gone)?;
                Arc::new(self.0.master_key.unwrap(tenant, &WrappedKey::from_bytes(stored)?)?)
            }
        };
        let bytes = key.open(report_id.as_uuid().as_bytes(), sealed)?;
        Ok(Sensitive::new(String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// Forgets the open key of a tenant that is removed: its stored one is destroyed, and whoever is onboarded under the
    /// code again gets another.
    pub fn forget(&self, tenant: TenantId) {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&tenant);
    }

    /// Goes on by itself: a caller that stops in the middle, or that nobody reads, holds no connection.
    async fn loaded(&self, house: House<Street>, tenant: TenantId) -> Result<Arc<DataKey>, ContactError> {
        let keys = self.0.clone();
        self.0.loading.spawn(async move { pg::within(LOAD_WITHIN, keys.load(&house, tenant)).await }).await?
    }
}

impl Keys {
    fn known(&self, tenant: TenantId) -> Option<Arc<DataKey>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).get(&tenant).cloned()
    }

    /// The stored key, or a new one. Of two processes that make one at the same time the first to store wins.
    async fn load(&self, house: &House<Street>, tenant: TenantId) -> Result<Arc<DataKey>, ContactError> {
        let offered = self.master_key.wrap(&DataKey::generate(tenant)?)?;
        let mut tx = house.pool.begin(TenantScope::of_principal([tenant])).await?;
        let now = house.clock.now(&mut tx).await?;
        store::tenant_keys::offer(&mut tx, tenant, offered.as_bytes(), now).await?;
        let stored = store::tenant_keys::stored(&mut tx, tenant).await?;
        tx.commit().await?;
        let key = Arc::new(self.master_key.unwrap(tenant, &WrappedKey::from_bytes(stored)?)?);
        self.open.lock().unwrap_or_else(PoisonError::into_inner).insert(tenant, key.clone());
        Ok(key)
    }
}
