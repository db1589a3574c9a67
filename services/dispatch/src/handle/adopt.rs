//! The policy in force for a case, looked up for the one act that asks for it.

use jiff::Timestamp;
use orders::Terms;

use super::{Denied, Room};
use crate::core::matter::Matter;
use crate::core::terms;

impl Room {
    /// None where the list has neither the policy of the case nor its item any more; "not ready" while the documents of its
    /// street are not loaded.
    pub(super) fn terms_in_force(&self, matter: &Matter, now: Timestamp) -> Result<Option<Terms>, Denied> {
        let view = self.house.snapshot.view();
        let street = view.street(matter.tenant()).ok_or(Denied::NotReady)?;
        let district = view.district(street.district).ok_or(Denied::NotReady)?;
        let policy = street.of.policy(district, &matter.facts.policy, &matter.facts.item, now);
        Ok(policy.as_ref().and_then(terms::of))
    }
}
