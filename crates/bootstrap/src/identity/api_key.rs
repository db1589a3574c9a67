//! Keys of systems and devices: `swk_<tenant>_<name>_<64 hexadecimal digits>`, presented as a bearer token.
//!
//! What a key says of itself only finds its entry in the tenant's People document; what proves it is its SHA-256, which
//! stands there. A key has 256 random bits, so a plain hash tells nothing and comparing hashes tells nothing either:
//! who could choose them could break SHA-256. An entry that is gone from the document is refused as soon as this replica
//! has the document: within a second (D21).

use std::fmt;
use std::sync::Arc;

use contract::document::ApiKey;
use ids::{BodyKey, TenantId};
use jiff::Timestamp;
use ring::digest::{SHA256, digest};
use snapshot::Snapshot;

use super::{Identity, TokenRefusal};

/// What every key begins with, for people and for scanners of leaked secrets. No JWT begins like it.
pub const PREFIX: &str = "swk_";
const SECRET_BYTES: usize = 32;

type Find = dyn Fn(TenantId, &str) -> Option<ApiKey> + Send + Sync;

/// Where keys are looked up.
#[derive(Clone)]
pub struct KeyRing(Arc<Find>);

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyRing")
    }
}

impl KeyRing {
    /// The keys of the newest compiled view.
    pub fn of<S: Send + Sync + 'static>(snapshot: Snapshot<S>) -> Self {
        Self(Arc::new(move |tenant, name| snapshot.view().key(tenant, name).cloned()))
    }

    /// Whose key this is at `now`.
    pub(super) fn verify(&self, text: &str, now: Timestamp) -> Result<Identity, TokenRefusal> {
        let (tenant, name) = parsed(text).ok_or(TokenRefusal::Malformed)?;
        let key = (self.0)(tenant, name).ok_or(TokenRefusal::UnknownKey)?;
        let hash = hash(text);
        if !key.sha256.contains(&hash) {
            return Err(TokenRefusal::Invalid);
        }
        if now >= key.expires_at {
            return Err(TokenRefusal::Expired);
        }
        Ok(Identity { subject: ApiKey::subject(tenant, name), expires_at: key.expires_at })
    }
}

/// A new key of this secret, which must be random. The text is shown once and kept by nobody but its holder.
pub fn made(tenant: TenantId, name: &BodyKey, secret: [u8; SECRET_BYTES]) -> String {
    format!("{PREFIX}{tenant}_{name}_{}", hexadecimal(&secret))
}

/// What a manifest says of a key: what `printf %s "$KEY" | sha256sum` prints.
pub fn hash(text: &str) -> String {
    hexadecimal(digest(&SHA256, text.as_bytes()).as_ref())
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn parsed(text: &str) -> Option<(TenantId, &str)> {
    let mut parts = text.strip_prefix(PREFIX)?.split('_');
    let (tenant, name, secret) = (parts.next()?, parts.next()?, parts.next()?);
    let sound = secret.len() == 2 * SECRET_BYTES && parts.next().is_none();
    sound.then_some((tenant.parse().ok()?, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREET: &str = "990102001000";

    fn key(secret: u8) -> String {
        made(STREET.parse().unwrap(), &"sensors".parse().unwrap(), [secret; SECRET_BYTES])
    }

    fn ring(keys: &[String]) -> KeyRing {
        let sha256 = keys.iter().map(|key| hash(key)).collect();
        let entry =
            ApiKey { sha256, grants: Vec::new(), expires_at: "2027-01-01T00:00:00Z".parse().unwrap() };
        KeyRing(Arc::new(move |tenant, name| {
            (tenant.to_string() == STREET && name == "sensors").then(|| entry.clone())
        }))
    }

    fn verified(ring: &KeyRing, text: &str, now: &str) -> Result<String, TokenRefusal> {
        ring.verify(text, now.parse().unwrap()).map(|who| who.subject)
    }

    #[test]
    fn a_key_is_taken_until_it_ends_and_while_its_hash_stands_there() {
        let (old, new, now) = (key(1), key(2), "2026-12-31T23:59:59Z");
        let both = ring(&[old.clone(), new.clone()]);
        assert_eq!(verified(&both, &old, now).as_deref(), Ok("key:990102001000:sensors"));
        assert_eq!(verified(&both, &new, now).as_deref(), Ok("key:990102001000:sensors"));
        assert_eq!(verified(&ring(std::slice::from_ref(&new)), &old, now), Err(TokenRefusal::Invalid));
        assert_eq!(verified(&both, &new, "2027-01-01T00:00:00Z"), Err(TokenRefusal::Expired));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let (ring, now, good) = (ring(&[key(1)]), "2026-12-31T00:00:00Z", key(1));
        let of = |text: &str| verified(&ring, text, now).unwrap_err();
        assert_eq!(of("swk_"), TokenRefusal::Malformed);
        assert_eq!(of(&good[..good.len() - 1]), TokenRefusal::Malformed);
        assert_eq!(of(&format!("{good}_1")), TokenRefusal::Malformed);
        assert_eq!(of(&good.replace("sensors", "sensor")), TokenRefusal::UnknownKey);
        assert_eq!(of(&good.replace(STREET, "990102002000")), TokenRefusal::UnknownKey, "another street's");
        assert_eq!(of(&good.to_uppercase().replace("SWK", "swk")), TokenRefusal::UnknownKey);
        assert_eq!(of(&key(3)), TokenRefusal::Invalid);
    }
}
