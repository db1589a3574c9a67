//! Endpoint secrets: made on first sight, sealed, opened for signing (D20).
//!
//! In development a secret is also dropped as a file for the sink, mode 0600; nowhere else does one leave.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ids::TenantId;
use jiff::{SignedDuration, Timestamp};
use pg::ScopedTx;
use ring::rand::{SecureRandom, SystemRandom};
use seal::{DataKey, MasterKey, SealError, Sealed};

use crate::core::signature::Secret;
use crate::events::Events;
use crate::store::secrets as store;
use crate::tenants::EndpointId;

/// Standard Webhooks asks for 24 to 64.
const SECRET_BYTES: usize = 32;

/// An opened secret is used this long before it is read again: a key that was destroyed stops signing by then.
const OPENED_FOR: SignedDuration = SignedDuration::from_secs(10);
/// Opened secrets kept at most; more than that are read each time.
const OPENED_MAX: usize = 10_000;

/// Why no secret was made.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The database said no, or nothing at all.
    #[error("keeping an endpoint secret: {0}")]
    Database(#[from] pg::Error),
    /// No randomness.
    #[error("sealing an endpoint secret")]
    Seal(#[from] SealError),
}

/// Makes and opens secrets.
pub struct Secrets {
    master: MasterKey,
    dir: Option<PathBuf>,
    events: Events,
    dropped: Mutex<BTreeSet<EndpointId>>,
    opened: Mutex<BTreeMap<EndpointId, Opened>>,
}

/// A secret and until when it may be used.
struct Opened {
    until: Timestamp,
    secret: Arc<Secret>,
}

impl Secrets {
    /// With the mounted key; `dir` in development only.
    pub fn new(master: MasterKey, dir: Option<PathBuf>, events: Events) -> Self {
        Self { master, dir, events, dropped: Mutex::default(), opened: Mutex::default() }
    }

    /// Forgets the secrets of a tenant that is removed; in development their files go too.
    pub fn forget(&self, tenant: TenantId) -> std::io::Result<()> {
        let of_tenant = |endpoint: &EndpointId| endpoint.tenant == tenant;
        self.opened.lock().unwrap_or_else(PoisonError::into_inner).retain(|endpoint, _| !of_tenant(endpoint));
        self.dropped.lock().unwrap_or_else(PoisonError::into_inner).retain(|endpoint| !of_tenant(endpoint));
        let Some(dir) = &self.dir else { return Ok(()) };
        for file in std::fs::read_dir(dir)? {
            let file = file?;
            if file.file_name().to_string_lossy().starts_with(&format!("{tenant}__")) {
                std::fs::remove_file(file.path())?;
            }
        }
        Ok(())
    }

    /// The secrets of endpoints for signing now: those opened a moment ago, the others from the database.
    pub async fn opened(
        &self,
        tx: &mut ScopedTx,
        now: Timestamp,
        endpoints: &BTreeSet<&EndpointId>,
    ) -> Result<BTreeMap<EndpointId, Arc<Secret>>, SecretError> {
        let mut found = self.at_hand(now, endpoints);
        let missing = endpoints.iter().filter(|endpoint| !found.contains_key(**endpoint));
        let missing: Vec<EndpointId> = missing.map(|endpoint| (*endpoint).clone()).collect();
        if missing.is_empty() {
            return Ok(found);
        }
        let (secrets, _) = self.ensure(tx, now, &missing).await?;
        let secrets: BTreeMap<_, _> =
            secrets.into_iter().map(|(key, secret)| (key, Arc::new(secret))).collect();
        self.keep_at_hand(now, &secrets);
        found.extend(secrets);
        Ok(found)
    }

    fn at_hand(
        &self,
        now: Timestamp,
        endpoints: &BTreeSet<&EndpointId>,
    ) -> BTreeMap<EndpointId, Arc<Secret>> {
        let opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        let good = |endpoint: &EndpointId| opened.get(endpoint).filter(|opened| now < opened.until);
        let found = endpoints
            .iter()
            .filter_map(|endpoint| good(endpoint).map(|opened| ((*endpoint).clone(), opened.secret.clone())));
        found.collect()
    }

    fn keep_at_hand(&self, now: Timestamp, secrets: &BTreeMap<EndpointId, Arc<Secret>>) {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        opened.retain(|_, opened| now < opened.until);
        for (endpoint, secret) in secrets.iter().take(OPENED_MAX.saturating_sub(opened.len())) {
            opened.insert(endpoint.clone(), Opened { until: now + OPENED_FOR, secret: secret.clone() });
        }
    }

    /// The secrets of endpoints, making those that are missing; also returns how many were made. The scope
    /// includes the owners. One that does not open (another seal key is mounted) is left out and logged, so that
    /// it holds up nobody else's.
    pub async fn ensure(
        &self,
        tx: &mut ScopedTx,
        now: Timestamp,
        endpoints: &[EndpointId],
    ) -> Result<(BTreeMap<EndpointId, Secret>, usize), SecretError> {
        let owners: BTreeSet<TenantId> = endpoints.iter().map(|endpoint| endpoint.tenant).collect();
        let keys = self.data_keys(tx, now, owners.into_iter().collect()).await?;
        let known: BTreeSet<EndpointId> =
            store::secrets(tx, endpoints).await?.into_iter().map(|(endpoint, _)| endpoint).collect();
        let mut made = 0;
        for endpoint in endpoints.iter().filter(|endpoint| !known.contains(endpoint)) {
            let Some(key) = keys.get(&endpoint.tenant) else { continue };
            let sealed = key.seal(endpoint.key.as_bytes(), &draw()?)?;
            made += usize::from(store::keep_secret(tx, now, endpoint, sealed.as_bytes()).await?);
        }
        let stored = store::secrets(tx, endpoints).await?;
        let opened = stored.into_iter().filter_map(|(endpoint, sealed)| {
            let key = keys.get(&endpoint.tenant)?;
            let plain =
                Sealed::from_bytes(sealed).and_then(|sealed| key.open(endpoint.key.as_bytes(), &sealed));
            let plain =
                plain.inspect_err(|error| self.events.secret_does_not_open(endpoint.tenant, error)).ok()?;
            Some((endpoint, Secret::new(plain)))
        });
        Ok((opened.collect(), made))
    }

    /// One data key per owner; of two made at once, the first kept counts.
    async fn data_keys(
        &self,
        tx: &mut ScopedTx,
        now: Timestamp,
        owners: Vec<TenantId>,
    ) -> Result<BTreeMap<TenantId, DataKey>, SecretError> {
        let known: BTreeSet<TenantId> =
            store::keys(tx, &owners).await?.into_iter().map(|(owner, _)| owner).collect();
        for owner in owners.iter().filter(|owner| !known.contains(owner)) {
            let wrapped = self.master.wrap(&DataKey::generate(*owner)?)?;
            store::keep_key(tx, now, *owner, wrapped.as_bytes()).await?;
        }
        let stored = store::keys(tx, &owners).await?;
        let unwrapped = stored.into_iter().filter_map(|(owner, wrapped)| {
            let key = Sealed::from_bytes(wrapped).and_then(|wrapped| self.master.unwrap(owner, &wrapped));
            let key = key.inspect_err(|error| self.events.secret_does_not_open(owner, error)).ok()?;
            Some((owner, key))
        });
        Ok(unwrapped.collect())
    }

    /// Drops the file of a demo secret, once a process; nothing outside development. Call it after the commit.
    pub fn drop_file(&self, endpoint: &EndpointId, secret: &Secret) {
        let Some(dir) = &self.dir else { return };
        let mut dropped = self.dropped.lock().unwrap_or_else(PoisonError::into_inner);
        if dropped.contains(endpoint) {
            return;
        }
        match write_private(dir, &format!("{}__{}", endpoint.tenant, endpoint.key), &secret.shown()) {
            Ok(()) => {
                dropped.insert(endpoint.clone());
            }
            Err(error) => {
                tracing::warn!(tenant = %endpoint.tenant, endpoint = endpoint.key, %error, "demo secret was not dropped");
            }
        }
    }
}

fn draw() -> Result<[u8; SECRET_BYTES], SealError> {
    let mut bytes = [0; SECRET_BYTES];
    SystemRandom::new().fill(&mut bytes).map_err(|_| SealError)?;
    Ok(bytes)
}

/// Whole or not at all: a reader never sees half a secret.
fn write_private(dir: &Path, name: &str, text: &str) -> io::Result<()> {
    let half = dir.join(format!(".{name}"));
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    options.open(&half)?.write_all(text.as_bytes())?;
    std::fs::rename(half, dir.join(name))
}
