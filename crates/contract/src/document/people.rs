//! The people part: who may act, and who is on duty. Members are evaluated by crate `access`, which maps these plain
//! words to its roles; posts and rotas by the directory.

use std::collections::BTreeMap;

use ids::{BodyRef, TenantId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::duty::{Post, Rota};

/// The people of a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct People {
    /// Grants by subject: the token's `sub`.
    pub members: BTreeMap<String, Vec<Grant>>,
    /// Keys of systems and devices by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub keys: BTreeMap<String, ApiKey>,
    /// Posts by key.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub posts: BTreeMap<String, Post>,
    /// Rotas by key.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub rotas: BTreeMap<String, Rota>,
}

/// What is known of a key: never itself, only what it hashes to. It is long and random, so that its plain SHA-256 tells
/// nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKey {
    /// SHA-256 of each key that is taken, in lower-case hexadecimal.
    pub sha256: Vec<String>,
    /// What its holder may do.
    pub grants: Vec<Grant>,
    /// From when on it is refused.
    pub expires_at: Timestamp,
}

/// What the subjects of keys begin with. No token's subject and no member's does.
pub const KEY_SUBJECT: &str = "key:";

/// What the subjects of links to one order begin with: `link:<id>`. No token and no member may be called so.
pub const LINK_SUBJECT: &str = "link:";

impl ApiKey {
    /// What the holder of a tenant's key is called: in grants, in the journal, in `who-can`.
    pub fn subject(tenant: TenantId, name: &str) -> String {
        format!("{KEY_SUBJECT}{tenant}:{name}")
    }
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
