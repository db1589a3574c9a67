//! Where rows stand that a transaction has locked: what changes them later in it need not search for them again.

use std::collections::BTreeMap;

use ids::TenantId;
use uuid::Uuid;

/// What a row is known by: its tenant, its kind, its subject.
type Key = (TenantId, &'static str, Uuid);

/// Places (`ctid`, as text) of rows locked by this transaction. A locked row is moved by nobody else before the transaction ends;
/// whoever moves it takes its place out.
#[derive(Debug, Default)]
pub struct Places(BTreeMap<Key, String>);

impl Places {
    /// Notes where a locked row stands.
    pub fn note(&mut self, tenant: TenantId, kind: &'static str, subject_id: Uuid, place: String) {
        self.0.insert((tenant, kind, subject_id), place);
    }

    /// Where a row stands, for who moves or removes it now; nothing if it was not locked, or was moved since.
    pub fn take(&mut self, tenant: TenantId, kind: &'static str, subject_id: Uuid) -> Option<String> {
        self.0.remove(&(tenant, kind, subject_id))
    }
}
