//! What the directory wants of tenant documents: the tree of tenants and who may do what, which every view has.

use std::sync::Arc;

use contract::document::{DistrictCore, StreetCore, Territory};
use snapshot::Project;

/// Compiles nothing of a street.
#[derive(Debug, Clone, Copy, Default)]
pub struct OnlyMembers;

impl Project for OnlyMembers {
    type Street = ();

    fn street(
        &self,
        _district: &DistrictCore,
        _street: &StreetCore,
        _territory: Option<&Arc<Territory>>,
    ) -> Result<(), String> {
        Ok(())
    }
}
