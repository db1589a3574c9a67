//! Who may come in. As everywhere, with two differences: the installation's administrators hold a grant before any
//! document names members, and a tenant may be asked for before it exists.

use access::{Action, Principal, Resource};
use bootstrap::Identity;
use bootstrap::door::Problem;
use ids::TenantId;

use super::Desk;

/// A caller that may do what it asked for.
#[derive(Debug, Clone)]
pub(crate) struct Admitted {
    pub subject: String,
    /// The tenant's district, as the documents say; for one that is not there yet, as its manifest says.
    pub district: TenantId,
}

impl Desk {
    /// May the caller do this in `tenant`? `claimed` is the district a manifest names: it counts only for a tenant
    /// nobody has applied yet, so that no district's administrator reaches another's street by claiming it.
    pub(crate) fn admit(
        &self,
        who: &Identity,
        action: Action,
        tenant: TenantId,
        claimed: Option<TenantId>,
    ) -> Result<Admitted, Problem> {
        let view = self.house.snapshot.view();
        let known = view.district_of(tenant).or_else(|| view.district(tenant).map(|_| tenant));
        // A removed street stays its district's, for the log and for whoever onboards it again; nobody reads it any more,
        // even while its rows are still there.
        let reads = matches!(action, Action::DocumentRead | Action::ClassifierRead);
        let removed = || view.removed(tenant).filter(|_| !reads);
        let known = known.or_else(|| removed().map(|removed| removed.district));
        let district = known.or(claimed).ok_or_else(Problem::not_found)?;
        let principal = self.principal(view.membership().principal(&who.subject));
        principal.may(action, &Resource::of(tenant, district))?;
        Ok(Admitted { subject: who.subject.clone(), district })
    }

    /// What the documents grant, and the configuration.
    fn principal(&self, by_documents: Principal) -> Principal {
        let mut membership = self.config.admins.clone();
        for grant in by_documents.grants() {
            membership.add(by_documents.subject(), grant.clone());
        }
        membership.principal(by_documents.subject())
    }
}
