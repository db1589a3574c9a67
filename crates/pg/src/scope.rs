//! Which tenants a transaction may see (D3). There are five ways to get a scope and no other.

use std::collections::BTreeSet;

use ids::TenantId;

/// The set of tenants of one transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantScope {
    tenants: BTreeSet<TenantId>,
    read_only: bool,
}

impl TenantScope {
    /// From a principal, after the access check: for a write exactly the street in the path, for a list the
    /// caller's streets.
    pub fn of_principal(streets: impl IntoIterator<Item = TenantId>) -> Self {
        Self::writable(streets)
    }

    /// From the subjects of a batch of messages, after payload tenant = subject tenant was checked.
    pub fn of_subjects(tenants: impl IntoIterator<Item = TenantId>) -> Self {
        Self::writable(tenants)
    }

    /// For a transaction that claims from infrastructure tables first: sees no tenant's row until
    /// [`crate::ScopedTx::narrow_to_claimed`] names the tenants of what it claimed.
    pub fn of_claim() -> Self {
        Self::writable([])
    }

    /// Adds parent districts, for the rows listed in the catalogue test (a district body's endpoint).
    pub fn with_district(mut self, districts: impl IntoIterator<Item = TenantId>) -> Self {
        self.tenants.extend(districts);
        self
    }

    /// All tenants, read only and as of one instant. Used by crate `snapshot` and the auditor, nowhere else.
    pub fn for_snapshot(tenants: impl IntoIterator<Item = TenantId>) -> Self {
        Self { read_only: true, ..Self::writable(tenants) }
    }

    fn writable(tenants: impl IntoIterator<Item = TenantId>) -> Self {
        Self { tenants: tenants.into_iter().collect(), read_only: false }
    }

    /// The tenants, in order.
    pub fn tenants(&self) -> impl Iterator<Item = TenantId> + '_ {
        self.tenants.iter().copied()
    }

    /// The transaction's first statement. Built from typed ids only, so nothing needs quoting.
    pub(crate) fn begin_statement(&self) -> String {
        // What is read for all tenants is read as of one instant.
        let mode = if self.read_only { " ISOLATION LEVEL REPEATABLE READ, READ ONLY" } else { "" };
        format!("BEGIN{mode}; {}", self.set_statement())
    }

    pub(crate) fn set_statement(&self) -> String {
        let list: Vec<String> = self.tenants.iter().map(|tenant| tenant.as_i64().to_string()).collect();
        format!("SET LOCAL app.tenants = '{{{}}}'", list.join(","))
    }
}
