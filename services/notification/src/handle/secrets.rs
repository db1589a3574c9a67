//! Endpoint secrets: made on first sight, sealed, opened for signing (D20), followed by others when somebody asks (ADR 070).
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

use crate::core::signature::{SIGNING_MAX, Secret, Signer, others_sign_until, signing};
use crate::events::Events;
use crate::store::secrets::{self as store, SealedSecret};
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
    /// The owner's data key was made under another master key.
    #[error("the owner's data key does not open")]
    Closed,
}

/// Makes and opens secrets.
pub struct Secrets {
    master: MasterKey,
    dir: Option<PathBuf>,
    events: Events,
    dropped: Mutex<BTreeSet<EndpointId>>,
    opened: Mutex<BTreeMap<EndpointId, Opened>>,
}

/// A secret that was made to follow another one.
pub struct Rotated {
    /// 1 for the first that followed.
    pub n: i32,
    /// To be shown once.
    pub secret: Secret,
    /// Until when every secret that signs beside it does so.
    pub others_sign_until: Timestamp,
}

/// What signs, and until when it may be used.
struct Opened {
    until: Timestamp,
    signer: Arc<Signer>,
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
    ) -> Result<BTreeMap<EndpointId, Arc<Signer>>, SecretError> {
        let mut found = self.at_hand(now, endpoints);
        let missing = endpoints.iter().filter(|endpoint| !found.contains_key(**endpoint));
        let missing: Vec<EndpointId> = missing.map(|endpoint| (*endpoint).clone()).collect();
        if missing.is_empty() {
            return Ok(found);
        }
        let (signers, _) = self.ensure(tx, now, &missing).await?;
        let signers: BTreeMap<_, _> =
            signers.into_iter().map(|(key, signer)| (key, Arc::new(signer))).collect();
        self.keep_at_hand(now, &signers);
        found.extend(signers);
        Ok(found)
    }

    fn at_hand(
        &self,
        now: Timestamp,
        endpoints: &BTreeSet<&EndpointId>,
    ) -> BTreeMap<EndpointId, Arc<Signer>> {
        let opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        let good = |endpoint: &EndpointId| opened.get(endpoint).filter(|opened| now < opened.until);
        let found = endpoints
            .iter()
            .filter_map(|endpoint| good(endpoint).map(|opened| ((*endpoint).clone(), opened.signer.clone())));
        found.collect()
    }

    fn keep_at_hand(&self, now: Timestamp, signers: &BTreeMap<EndpointId, Arc<Signer>>) {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        opened.retain(|_, opened| now < opened.until);
        for (endpoint, signer) in signers.iter().take(OPENED_MAX.saturating_sub(opened.len())) {
            opened.insert(endpoint.clone(), Opened { until: now + OPENED_FOR, signer: signer.clone() });
        }
    }

    /// What signs for endpoints, making the secrets that are missing; also returns how many were made. The scope
    /// includes the owners. One that does not open (another seal key is mounted) is left out and logged, so that
    /// it holds up nobody else's.
    pub async fn ensure(
        &self,
        tx: &mut ScopedTx,
        now: Timestamp,
        endpoints: &[EndpointId],
    ) -> Result<(BTreeMap<EndpointId, Signer>, usize), SecretError> {
        let owners: BTreeSet<TenantId> = endpoints.iter().map(|endpoint| endpoint.tenant).collect();
        let keys = self.data_keys(tx, now, owners.into_iter().collect()).await?;
        let mut stored = store::secrets(tx, endpoints, SIGNING_MAX).await?;
        let known: BTreeSet<&EndpointId> = stored.iter().map(|secret| &secret.endpoint).collect();
        let missing: Vec<&EndpointId> =
            endpoints.iter().filter(|endpoint| !known.contains(endpoint)).collect();
        let mut made = 0;
        for endpoint in &missing {
            let Some(key) = keys.get(&endpoint.tenant) else { continue };
            let sealed = key.seal(endpoint.key.as_bytes(), &draw()?)?;
            made += usize::from(store::keep_secret(tx, now, endpoint, sealed.as_bytes()).await?);
        }
        if !missing.is_empty() {
            stored = store::secrets(tx, endpoints, SIGNING_MAX).await?;
        }
        let of_each = stored.chunk_by(|one, next| one.endpoint == next.endpoint);
        let opened = of_each.filter_map(|newest_first| {
            let key = keys.get(&newest_first.first()?.endpoint.tenant)?;
            Some((newest_first.first()?.endpoint.clone(), self.open(key, now, newest_first)?))
        });
        Ok((opened.collect(), made))
    }

    /// What signs of one endpoint's secrets; nothing if the newest does not open.
    fn open(&self, key: &DataKey, now: Timestamp, newest_first: &[SealedSecret]) -> Option<Signer> {
        let made_at: Vec<Timestamp> = newest_first.iter().map(|secret| secret.made_at).collect();
        let open = |secret: &SealedSecret| {
            let plain = Sealed::from_bytes(secret.sealed.clone())
                .and_then(|sealed| key.open(secret.endpoint.key.as_bytes(), &sealed));
            let failed =
                |error: &seal::OpenError| self.events.secret_does_not_open(secret.endpoint.tenant, error);
            plain.inspect_err(failed).ok().map(Secret::new)
        };
        let (newest, followed) = newest_first[..signing(&made_at, now)].split_first()?;
        Some(Signer::new(open(newest)?, followed.iter().filter_map(open).collect()))
    }

    /// Makes the secret that follows the newest of an endpoint, which signs on for a day. Where as many as may sign at one time do so
    /// already: nothing, or by force one more, and the oldest signs no more.
    pub async fn rotate(
        &self,
        tx: &mut ScopedTx,
        now: Timestamp,
        endpoint: &EndpointId,
        by_force: bool,
    ) -> Result<Option<Rotated>, SecretError> {
        let endpoints = std::slice::from_ref(endpoint);
        self.ensure(tx, now, endpoints).await?;
        let keys = self.data_keys(tx, now, vec![endpoint.tenant]).await?;
        let key = keys.get(&endpoint.tenant).ok_or(SecretError::Closed)?;
        loop {
            let known = store::secrets(tx, endpoints, SIGNING_MAX).await?;
            let made_at: Vec<Timestamp> = known.iter().map(|secret| secret.made_at).collect();
            if signing(&made_at, now) >= SIGNING_MAX && !by_force {
                return Ok(None);
            }
            let plain = draw()?;
            let sealed = key.seal(endpoint.key.as_bytes(), &plain)?;
            let n = known.first().map_or(0, |newest| newest.n) + 1;
            // Somebody else's may have come first; it is committed by now, and counts.
            if store::keep_rotated(tx, now, endpoint, n, sealed.as_bytes()).await? {
                let others_sign_until = others_sign_until(&made_at, now);
                return Ok(Some(Rotated { n, secret: Secret::new(plain.to_vec()), others_sign_until }));
            }
        }
    }

    /// What was opened of an endpoint is of before: it is read again at its next use, and in development its file is written anew.
    pub fn rotated(&self, endpoint: &EndpointId) {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner).remove(endpoint);
        self.dropped.lock().unwrap_or_else(PoisonError::into_inner).remove(endpoint);
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
    pub fn drop_file(&self, endpoint: &EndpointId, signer: &Signer) {
        let Some(dir) = &self.dir else { return };
        let mut dropped = self.dropped.lock().unwrap_or_else(PoisonError::into_inner);
        if dropped.contains(endpoint) {
            return;
        }
        match write_private(dir, &format!("{}__{}", endpoint.tenant, endpoint.key), &signer.newest().shown())
        {
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
