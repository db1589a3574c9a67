//! The key that wraps tenants' keys: 32 raw bytes in a mounted file.

use std::io;
use std::path::Path;

use ids::TenantId;
use ring::aead::LessSafeKey;

use crate::cipher::{self, OpenError, SealError, Sealed, Use};
use crate::data_key::DataKey;

/// Wraps and unwraps data keys. No Debug.
pub struct MasterKey(LessSafeKey);

/// A data key under the master key, bound to its tenant. What the store keeps.
pub type WrappedKey = Sealed;

/// Why there is no master key.
#[derive(Debug, thiserror::Error)]
pub enum MasterKeyError {
    /// The file cannot be read.
    #[error("could not read the seal key file")]
    Unreadable(#[source] io::Error),
    /// The file holds something else; a newline at the end counts.
    #[error("the seal key file must hold exactly 32 bytes")]
    NotAKey,
}

impl MasterKey {
    /// From the file named by `STREETWISE_SEAL_KEY_FILE`.
    pub fn from_file(path: &Path) -> Result<Self, MasterKeyError> {
        let bytes = std::fs::read(path).map_err(MasterKeyError::Unreadable)?;
        let bytes: [u8; 32] = bytes.try_into().map_err(|_| MasterKeyError::NotAKey)?;
        Ok(Self::from_bytes(&bytes))
    }

    /// From bytes the caller holds.
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        Self(cipher::key(bytes))
    }

    /// Wraps a data key for storage.
    pub fn wrap(&self, key: &DataKey) -> Result<WrappedKey, SealError> {
        cipher::seal(&self.0, Use::WrappedKey, key.tenant(), &[], key.as_bytes())
    }

    /// Unwraps the stored key of `tenant`; another tenant's is refused.
    pub fn unwrap(&self, tenant: TenantId, wrapped: &WrappedKey) -> Result<DataKey, OpenError> {
        let bytes = cipher::open(&self.0, Use::WrappedKey, tenant, &[], wrapped)?;
        let bytes = bytes.try_into().map_err(|_| OpenError::Refused)?;
        Ok(DataKey::from_bytes(tenant, bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant(code: &str) -> TenantId {
        code.parse().unwrap()
    }

    #[test]
    fn with_equal_key_bytes_the_tenant_still_binds() {
        let ours = DataKey::from_bytes(tenant("990102001000"), [9; 32]);
        let theirs = DataKey::from_bytes(tenant("990102002000"), [9; 32]);
        let sealed = ours.seal(b"report", b"138").unwrap();
        assert_eq!(ours.open(b"report", &sealed), Ok(b"138".to_vec()));
        assert_eq!(theirs.open(b"report", &sealed), Err(OpenError::Refused));
    }

    #[test]
    fn with_equal_key_bytes_a_wrapped_key_is_never_taken_for_a_field() {
        let key = DataKey::from_bytes(tenant("990102001000"), [9; 32]);
        let wrapped = MasterKey::from_bytes(&[9; 32]).wrap(&key).unwrap();
        assert_eq!(key.open(&[], &wrapped), Err(OpenError::Refused));
    }
}
