//! The people part: who may act. Evaluated by crate `access`, which maps these plain words to its roles.

use std::collections::BTreeMap;

use ids::{BodyRef, TenantId};
use serde::{Deserialize, Serialize};

/// The members of a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct People {
    /// Grants by subject: the token's `sub`.
    pub members: BTreeMap<String, Vec<Grant>>,
}

/// One role in one scope.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Grant {
    /// In kebab-case: `grid-worker`, `resident`, `body-user`, `street-centre`, `verifier`, `district-centre`, `sre`.
    pub role: String,
    /// Where the role holds: a street, or a district and with it all its streets.
    pub scope: TenantId,
    /// The body the person acts for; always present for `body-user`.
    #[serde(default)]
    pub body: Option<BodyRef>,
}
