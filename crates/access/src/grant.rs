//! A role held in a scope.

use std::fmt;
use std::str::FromStr;

use ids::{BodyRef, TenantId};
use serde::{Deserialize, Serialize};

/// What somebody is. The three administrators are separate on purpose: none of them reads cases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Walks a grid and reports (网格员).
    GridWorker,
    /// Lives here; reports and follows (居民).
    Resident,
    /// A system or a sensor that reports and does nothing else (系统与设备).
    Device,
    /// Works for a body and acts on its orders (承办单位).
    BodyUser,
    /// Sits in the street's command centre (街道中心).
    StreetCentre,
    /// Verifies what others handled (核查员).
    Verifier,
    /// Sits in the district's command centre (区中心).
    DistrictCentre,
    /// Keeps the installation running.
    Sre,
    /// Applies manifests (目录管理员).
    DirectoryAdmin,
    /// Learns classifiers from what people decided, and publishes them: a person, or the job that does so at night (模型训练).
    Trainer,
    /// Administers the system (系统管理员).
    SystemAdmin,
    /// Administers members and keys (安全管理员).
    SecurityAdmin,
    /// Reads the record of what was done (审计管理员).
    AuditAdmin,
}

/// A text that names no role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown role")]
pub struct UnknownRole;

impl Role {
    /// Every role, in the order of the rights table.
    pub const ALL: [Role; 13] = [
        Role::GridWorker,
        Role::Resident,
        Role::Device,
        Role::BodyUser,
        Role::StreetCentre,
        Role::Verifier,
        Role::DistrictCentre,
        Role::Sre,
        Role::DirectoryAdmin,
        Role::Trainer,
        Role::SystemAdmin,
        Role::SecurityAdmin,
        Role::AuditAdmin,
    ];

    /// The name in documents and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Role::GridWorker => "grid-worker",
            Role::Resident => "resident",
            Role::Device => "device",
            Role::BodyUser => "body-user",
            Role::StreetCentre => "street-centre",
            Role::Verifier => "verifier",
            Role::DistrictCentre => "district-centre",
            Role::Sre => "sre",
            Role::DirectoryAdmin => "directory-admin",
            Role::Trainer => "trainer",
            Role::SystemAdmin => "system-admin",
            Role::SecurityAdmin => "security-admin",
            Role::AuditAdmin => "audit-admin",
        }
    }
}

impl FromStr for Role {
    type Err = UnknownRole;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or(UnknownRole)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Where a role holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// One street.
    Street(TenantId),
    /// A district's own rows and those of all its streets.
    District(TenantId),
    /// The rows of one body. `home` is the tenant whose People document says so: a district for its bodies
    /// (`transport` in every street of it), a street for its own (`street-centre@…`). Two districts may both
    /// have a `transport`, therefore the key alone is no scope.
    Body {
        /// District or street the body belongs to.
        home: TenantId,
        /// The body.
        body: BodyRef,
    },
    /// Every tenant of the installation. Comes from configuration, never from a tenant's document.
    Installation,
}

/// The four kinds of [`Scope`], for the table of which role may be held where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ScopeKind {
    /// [`Scope::Street`].
    Street,
    /// [`Scope::District`].
    District,
    /// [`Scope::Body`].
    Body,
    /// [`Scope::Installation`].
    Installation,
}

impl Scope {
    /// The kind of this scope.
    pub const fn kind(&self) -> ScopeKind {
        match self {
            Scope::Street(_) => ScopeKind::Street,
            Scope::District(_) => ScopeKind::District,
            Scope::Body { .. } => ScopeKind::Body,
            Scope::Installation => ScopeKind::Installation,
        }
    }
}

/// A role in a scope it may be held in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Grant {
    role: Role,
    scope: Scope,
}

/// The role cannot be held in that kind of scope, e.g. a verifier of one body.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{role} cannot be held in this scope")]
pub struct ScopeMismatch {
    /// The role asked for.
    pub role: Role,
    /// The kind of scope asked for.
    pub scope: ScopeKind,
}

impl Grant {
    /// Refuses a pair the rights table does not know.
    pub fn new(role: Role, scope: Scope) -> Result<Self, ScopeMismatch> {
        let kind = scope.kind();
        if crate::rights::held_in(role).contains(&kind) {
            Ok(Self { role, scope })
        } else {
            Err(ScopeMismatch { role, scope: kind })
        }
    }

    /// The role.
    pub const fn role(&self) -> Role {
        self.role
    }

    /// Where it holds.
    pub const fn scope(&self) -> &Scope {
        &self.scope
    }
}
