//! The key of one tenant. It lives in memory only; stored it is always wrapped.

use ids::TenantId;

use crate::cipher::{self, OpenError, SealError, Sealed, Use};

/// Seals and opens the fields of one tenant. No Debug, no serialisation: it leaves only wrapped.
pub struct DataKey {
    bytes: [u8; 32],
    tenant: TenantId,
}

impl DataKey {
    /// A fresh random key for a tenant.
    pub fn generate(tenant: TenantId) -> Result<Self, SealError> {
        Ok(Self { bytes: cipher::random()?, tenant })
    }

    pub(crate) fn from_bytes(tenant: TenantId, bytes: [u8; 32]) -> Self {
        Self { bytes, tenant }
    }

    pub(crate) fn as_bytes(&self) -> &[u8; 32] {
        &self.bytes
    }

    /// Whose key this is.
    pub fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// Seals a value to its place: `context` names the row it belongs to (the report id's bytes).
    pub fn seal(&self, context: &[u8], plaintext: &[u8]) -> Result<Sealed, SealError> {
        cipher::seal(&cipher::key(&self.bytes), Use::Field, self.tenant, context, plaintext)
    }

    /// Opens what this key sealed to the same context.
    pub fn open(&self, context: &[u8], sealed: &Sealed) -> Result<Vec<u8>, OpenError> {
        cipher::open(&cipher::key(&self.bytes), Use::Field, self.tenant, context, sealed)
    }
}
